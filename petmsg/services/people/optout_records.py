"""The rows of opt-outs: at most one active opt-out per phone, stored by the phone's digest.

Every time is when a message was sent (aware UTC), not when petmsg received it: a message may arrive
late, and the newest one counts.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from petmsg.enums.opt_outs import OptOutSource
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
    """Return the digest of a phone in this org."""
    return phone_key(uow.org.slug, phone)


def opt_out(
    uow: UnitOfWork,
    key: str,
    *,
    e164: str | None,
    source: OptOutSource,
    reason: str,
    at: datetime,
) -> bool:
    """Opt a phone out at `at`; return False if it was already, which is then recorded as
    repeated."""
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
    """End a phone's active opt-out; return its sources.

    `said_at` is when the opt-in was sent: an opt-in older than the opt-out ends nothing. With None
    an operator ends whatever is active.
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


def is_opted_out(uow: UnitOfWork, key: str) -> bool:
    """Whether a phone is opted out."""
    return standing_opt_out(uow.cursor, uow.org.id, key) is not None


def ended_since(uow: UnitOfWork, key: str, at: datetime) -> datetime | None:
    """When the phone's newest opt-out ended, if that was after `at` and none is active."""
    ended_at = last_ended_at(uow.cursor, uow.org.id, key)
    return ended_at if ended_at is not None and ended_at > at else None


def copy_to(uow: UnitOfWork, phone: str, to: Iterable[str]) -> int:
    """Copy a phone's active opt-out to these phones of the same person; return how many are new.
    Does nothing without an active opt-out."""
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
    """Show this phone in its opt-outs; with None they show only its digest."""
    show_phone(uow.cursor, uow.org.id, shown_as=shown_as, key=key_of(uow, phone))


def unblock(uow: UnitOfWork, key: str, *, said_at: datetime | None = None) -> set[str]:
    """Remove the carrier's blocks of a phone (up to `said_at`, if given); return their numbers."""
    until = datetime.max.replace(tzinfo=UTC) if said_at is None else said_at
    numbers = blocked_numbers(uow.cursor, uow.org.id, key=key, until=until)
    if numbers:
        delete_blocked_pairs(uow.cursor, uow.org.id, key=key, until=until)
    return set(numbers)
