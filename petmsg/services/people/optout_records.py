"""The rows of opt-outs: one that stands for a phone, by the phone's digest, and its end.

Every instant is when something was said (aware UTC), not when petmsg heard of it: a message may be
brought late, and the newest word counts.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from petmsg.enums import OptOutSource
from petmsg.phone import phone_key
from petmsg.queries.opt_out_records import (
    blocked_numbers,
    delete_blocked_pairs,
    end_opt_out,
    insert_opt_out,
    last_ended_at,
    say_again,
    show_phone,
    standing_opt_out,
)
from petmsg.services.unit_of_work import UnitOfWork


def key_of(uow: UnitOfWork, phone: str) -> str:
    """The digest of a phone in this org."""
    return phone_key(uow.org.slug, phone)


def note(
    uow: UnitOfWork,
    key: str,
    *,
    e164: str | None,
    source: OptOutSource,
    reason: str,
    at: datetime,
) -> bool:
    """A phone opted out at `at`; False if it was opted out before, which then was said again."""
    new = insert_opt_out(
        uow.cursor,
        uow.org.id,
        key=key,
        e164=e164,
        source=source.value,
        reason=reason,
        actor=uow.actor,
        opted_out_at=at,
        last_said_at=None,
    )
    if not new:
        say_again(uow.cursor, uow.org.id, key=key, at=at)
    return new


def end(uow: UnitOfWork, key: str, *, reason: str, said_at: datetime | None = None) -> list[str]:
    """End a phone's standing opt-out; its sources.

    `said_at` is when the opt-in was sent: one that is older than the opt-out ends nothing. None is
    an operator's, who ends what stands.
    """
    return end_opt_out(
        uow.cursor,
        uow.org.id,
        key=key,
        ended_at=uow.now if said_at is None else said_at,
        reason=reason,
        actor=uow.actor,
        even_newer=said_at is None,
    )


def stands(uow: UnitOfWork, key: str) -> bool:
    """Whether a phone is opted out."""
    return standing_opt_out(uow.cursor, uow.org.id, key) is not None


def ended_since(uow: UnitOfWork, key: str, at: datetime) -> datetime | None:
    """When the phone's newest opt-out ended, if that was after `at` and none stands."""
    ended_at = last_ended_at(uow.cursor, uow.org.id, key)
    return ended_at if ended_at is not None and ended_at > at else None


def carry(uow: UnitOfWork, phone: str, to: Iterable[str]) -> int:
    """A standing opt-out of a phone holds for these phones too, which are the same person's; for
    how many it is new. Does nothing where none stands."""
    standing = standing_opt_out(uow.cursor, uow.org.id, key_of(uow, phone))
    if standing is None:
        return 0
    new = 0
    for e164 in sorted(to):
        key = key_of(uow, e164)
        new += insert_opt_out(uow.cursor, uow.org.id, key=key, e164=e164, **standing._asdict())
        say_again(
            uow.cursor, uow.org.id, key=key, at=standing.last_said_at or standing.opted_out_at
        )
    return new


def show_as(uow: UnitOfWork, phone: str, shown_as: str | None) -> None:
    """Opt-outs of this phone show it; None: they know it by its digest only."""
    show_phone(uow.cursor, uow.org.id, shown_as=shown_as, key=key_of(uow, phone))


def unblock(uow: UnitOfWork, key: str, *, said_at: datetime | None = None) -> set[str]:
    """Forget which numbers a carrier kept from a phone (before `said_at`, if given); they."""
    until = datetime.max.replace(tzinfo=UTC) if said_at is None else said_at
    numbers = blocked_numbers(uow.cursor, uow.org.id, key=key, until=until)
    if numbers:
        delete_blocked_pairs(uow.cursor, uow.org.id, key=key, until=until)
    return set(numbers)
