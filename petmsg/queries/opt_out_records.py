"""The rows of opt-outs: the one that stands for a phone, by the phone's digest, and its end."""

from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor

_INSERT_BLOCKED_PAIR = """
INSERT INTO blocked_pair (org_id, number_id, phone_key, code, blocked_at)
VALUES (:org_id, :number_id, :key, :code, :now)
ON CONFLICT (number_id, phone_key) DO NOTHING
"""

_LAST_ENDED_AT = """
SELECT CASE WHEN count(*) = count(ended_at) THEN max(ended_at) END AS ended_at FROM opt_out
WHERE org_id = :org_id AND phone_key = :key
"""

_GOT_THROUGH = """
SELECT 1 FROM message_attempt a JOIN message m ON m.id = a.message_id
WHERE a.number_id = :number_id AND a.claimed_at > :since AND a.claimed_at < :before
  AND a.status IN ('sent', 'delivered') AND m.org_id = :org_id AND m.to_e164 = :to_e164
LIMIT 1
"""

_INSERT_OPT_OUT = """
INSERT INTO opt_out (
  org_id, phone_key, e164, source, reason, actor, opted_out_at, last_said_at
) VALUES (
  :org_id, :key, :e164, :source, :reason, :actor, :opted_out_at, :last_said_at
) ON CONFLICT (org_id, phone_key) WHERE ended_at IS NULL DO NOTHING
"""

_STANDING = "org_id = :org_id AND phone_key = :key AND ended_at IS NULL"

# Nothing stands after it that was said later.
_SAID = "coalesce(last_said_at, opted_out_at)"

_STANDING_OPT_OUT = f"""
SELECT source, reason, actor, opted_out_at, last_said_at FROM opt_out WHERE {_STANDING}
"""

_END = f"""
UPDATE opt_out SET ended_at = :ended_at, end_reason = :reason, end_actor = :actor
WHERE {_STANDING}
"""

_SAY_AGAIN = f"UPDATE opt_out SET last_said_at = :at WHERE {_STANDING} AND {_SAID} < :at"

_BLOCKED_NUMBERS = """
SELECT n.e164 FROM blocked_pair b JOIN message_number n ON n.id = b.number_id
WHERE b.org_id = :org_id AND b.phone_key = :key AND b.blocked_at <= :until
"""

_DELETE_BLOCKED_PAIRS = """
DELETE FROM blocked_pair WHERE org_id = :org_id AND phone_key = :key AND blocked_at <= :until
"""


class StandingOptOut(NamedTuple):
    """An opt-out that has not ended. Instants are when it was said (aware UTC)."""

    source: str
    reason: str | None
    actor: str
    opted_out_at: datetime
    last_said_at: datetime | None


_SHOW_PHONE = "UPDATE opt_out SET e164 = :shown_as WHERE org_id = :org_id AND phone_key = :key"


def insert_blocked_pair(
    cursor: Cursor, org_id: int, *, number_id: int, key: str, code: str, now: datetime
) -> bool:
    """The carrier keeps messages from this number from this phone; False if that is known."""
    return bool(
        cursor.run(
            _INSERT_BLOCKED_PAIR, org_id=org_id, number_id=number_id, key=key, code=code, now=now
        )
    )


def last_ended_at(cursor: Cursor, org_id: int, key: str) -> datetime | None:
    """When (aware UTC) the phone's newest opt-out ended.

    None if one stands, or there never was one.
    """
    return cursor.instant(_LAST_ENDED_AT, org_id=org_id, key=key)


def got_through(
    cursor: Cursor, org_id: int, *, number_id: int, since: datetime, before: datetime, to_e164: str
) -> bool:
    """Whether the carrier took a message from the number to the phone.

    Of those that were claimed between the two instants (aware UTC).
    """
    return (
        cursor.value(
            _GOT_THROUGH,
            org_id=org_id,
            number_id=number_id,
            since=since,
            before=before,
            to_e164=to_e164,
        )
        is not None
    )


def insert_opt_out(
    cursor: Cursor,
    org_id: int,
    *,
    key: str,
    e164: str | None,
    source: str,
    reason: str | None,
    actor: str,
    opted_out_at: datetime,
    last_said_at: datetime | None,
) -> bool:
    """A phone opted out at that time (aware UTC); False if it was opted out before."""
    new = cursor.run(
        _INSERT_OPT_OUT,
        org_id=org_id,
        key=key,
        e164=e164,
        source=source,
        reason=reason,
        actor=actor,
        opted_out_at=opted_out_at,
        last_said_at=last_said_at,
    )
    return bool(new)


def standing_opt_out(cursor: Cursor, org_id: int, key: str) -> StandingOptOut | None:
    """The opt-out of a phone that has not ended, None if there is none."""
    return cursor.first(StandingOptOut, _STANDING_OPT_OUT, org_id=org_id, key=key)


def end_opt_out(
    cursor: Cursor,
    org_id: int,
    *,
    key: str,
    ended_at: datetime,
    reason: str,
    actor: str,
    even_newer: bool,
) -> list[str]:
    """End a phone's standing opt-out; its sources.

    One that was said later than `ended_at` (aware UTC) stays, unless `even_newer`.
    """
    newer = "" if even_newer else f" AND {_SAID} <= :ended_at"
    ended = cursor.tuples(
        f"{_END}{newer} RETURNING source",
        ended_at=ended_at,
        reason=reason,
        actor=actor,
        org_id=org_id,
        key=key,
    )
    return [row[0] for row in ended]


def say_again(cursor: Cursor, org_id: int, *, key: str, at: datetime) -> None:
    """A standing opt-out was said once more at `at` (aware UTC)."""
    cursor.run(_SAY_AGAIN, at=at, org_id=org_id, key=key)


def blocked_numbers(cursor: Cursor, org_id: int, *, key: str, until: datetime) -> list[str]:
    """The numbers a carrier kept from a phone up to `until` (aware UTC)."""
    found = cursor.tuples(_BLOCKED_NUMBERS, org_id=org_id, key=key, until=until)
    return [row[0] for row in found]


def delete_blocked_pairs(cursor: Cursor, org_id: int, *, key: str, until: datetime) -> None:
    """Delete the numbers that `blocked_numbers` gives."""
    cursor.run(_DELETE_BLOCKED_PAIRS, org_id=org_id, key=key, until=until)


def show_phone(cursor: Cursor, org_id: int, *, shown_as: str | None, key: str) -> None:
    """The opt-outs of a phone show it as that; None: they know it by its digest only."""
    cursor.run(_SHOW_PHONE, org_id=org_id, shown_as=shown_as, key=key)
