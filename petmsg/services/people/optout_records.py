"""The rows of opt-outs: one that stands for a phone, by the phone's digest, and its end.

Every instant is when something was said (aware UTC), not when petmsg heard of it: a message may be
brought late, and the newest word counts.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from petmsg.enums import OptOutSource
from petmsg.phone import phone_key
from petmsg.services.unit_of_work import UnitOfWork

# Nothing stands after it that was said later.
_SAID = "coalesce(last_said_at, opted_out_at)"
_STANDING = "org_id = :org_id AND phone_key = :key AND ended_at IS NULL"


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
    new = uow.cursor.run(
        "INSERT INTO opt_out (org_id, phone_key, e164, source, reason, actor, opted_out_at)"
        " VALUES (:org_id, :key, :e164, :source, :reason, :actor, :at)"
        " ON CONFLICT (org_id, phone_key) WHERE ended_at IS NULL DO NOTHING",
        org_id=uow.org.id,
        key=key,
        e164=e164,
        source=source.value,
        reason=reason,
        actor=uow.actor,
        at=at,
    )
    if not new:
        _say_again(uow, key, at)
    return bool(new)


def end(uow: UnitOfWork, key: str, *, reason: str, said_at: datetime | None = None) -> list[str]:
    """End a phone's standing opt-out; its sources.

    `said_at` is when the opt-in was sent: one that is older than the opt-out ends nothing. None is
    an operator's, who ends what stands.
    """
    newer = "" if said_at is None else f" AND {_SAID} <= :ended_at"
    rows = uow.cursor.tuples(
        "UPDATE opt_out SET ended_at = :ended_at, end_reason = :reason, end_actor = :actor"
        f" WHERE {_STANDING}{newer} RETURNING source",
        ended_at=uow.now if said_at is None else said_at,
        reason=reason,
        actor=uow.actor,
        org_id=uow.org.id,
        key=key,
    )
    return [row[0] for row in rows]


def stands(uow: UnitOfWork, key: str) -> bool:
    """Whether a phone is opted out."""
    found = uow.cursor.value(f"SELECT 1 FROM opt_out WHERE {_STANDING}", org_id=uow.org.id, key=key)
    return found is not None


def ended_since(uow: UnitOfWork, key: str, at: datetime) -> datetime | None:
    """When the phone's newest opt-out ended, if that was after `at` and none stands."""
    row = uow.cursor.one(
        "SELECT CASE WHEN count(*) = count(ended_at) THEN max(ended_at) END AS ended_at"
        " FROM opt_out WHERE org_id = :org_id AND phone_key = :key",
        org_id=uow.org.id,
        key=key,
    )
    ended_at: datetime | None = None if row is None else row["ended_at"]
    return ended_at if ended_at is not None and ended_at > at else None


def carry(uow: UnitOfWork, phone: str, to: Iterable[str]) -> int:
    """A standing opt-out of a phone holds for these phones too, which are the same person's; for
    how many it is new. Does nothing where none stands."""
    row = uow.cursor.one(
        f"SELECT source, reason, actor, opted_out_at, last_said_at FROM opt_out WHERE {_STANDING}",
        org_id=uow.org.id,
        key=key_of(uow, phone),
    )
    if row is None:
        return 0
    new = 0
    for e164 in sorted(to):
        new += uow.cursor.run(
            "INSERT INTO opt_out (org_id, phone_key, e164, source, reason, actor, opted_out_at,"
            " last_said_at) VALUES (:org_id, :key, :e164, :source, :reason, :actor, :opted_out_at,"
            " :last_said_at) ON CONFLICT (org_id, phone_key) WHERE ended_at IS NULL DO NOTHING",
            org_id=uow.org.id,
            key=key_of(uow, e164),
            e164=e164,
            **row,
        )
        _say_again(uow, key_of(uow, e164), row["last_said_at"] or row["opted_out_at"])
    return new


def show_as(uow: UnitOfWork, phone: str, shown_as: str | None) -> None:
    """Opt-outs of this phone show it; None: they know it by its digest only."""
    uow.cursor.run(
        "UPDATE opt_out SET e164 = :shown_as WHERE org_id = :org_id AND phone_key = :key",
        shown_as=shown_as,
        org_id=uow.org.id,
        key=key_of(uow, phone),
    )


def unblock(uow: UnitOfWork, key: str, *, said_at: datetime | None = None) -> set[str]:
    """Forget which numbers a carrier kept from a phone (before `said_at`, if given); they."""
    until = datetime.max.replace(tzinfo=UTC) if said_at is None else said_at
    found = {"org_id": uow.org.id, "key": key, "until": until}
    rows = uow.cursor.tuples(
        "SELECT n.e164 FROM blocked_pair b JOIN message_number n ON n.id = b.number_id"
        " WHERE b.org_id = :org_id AND b.phone_key = :key AND b.blocked_at <= :until",
        **found,
    )
    if rows:
        uow.cursor.run(
            "DELETE FROM blocked_pair WHERE org_id = :org_id AND phone_key = :key"
            " AND blocked_at <= :until",
            **found,
        )
    return {row[0] for row in rows}


def _say_again(uow: UnitOfWork, key: str, at: datetime) -> None:
    uow.cursor.run(
        f"UPDATE opt_out SET last_said_at = :at WHERE {_STANDING} AND {_SAID} < :at",
        at=at,
        org_id=uow.org.id,
        key=key,
    )
