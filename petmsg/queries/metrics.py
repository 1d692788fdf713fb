"""The figures that `petmsg metrics` and `petmsg serve` expose, per org.

None counts all messages or all clients, so that each costs the same in a large database as in a
small one. What waits is read from the partial index of what waits, up to `MOST` rows. What happened
is read from a window of time: attempts of the last hour by number, and of the messages that failed,
are held or were cancelled the newest `NEWEST_TROUBLED` of each state.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.queries.org import OrgRow

MOST = 50_000
"""The largest count of what waits: a longer queue is reported as this."""
NEWEST = 2_000
"""How many attempts are looked at one by one."""
NEWEST_TROUBLED = 500
"""How many messages of each state are looked at."""
TROUBLED = ("failed", "undelivered", "held", "cancelled")
"""The states of `newest_troubled`."""

_QUEUED = """
SELECT count(*) AS queued, coalesce(sum(CASE WHEN due_at <= :now THEN 1 ELSE 0 END), 0) AS due,
       min(CASE WHEN wanted_at <= :now THEN wanted_at END) AS oldest_at
FROM (SELECT due_at, coalesce(send_at, created_at) AS wanted_at FROM message
      WHERE org_id = :org_id AND status = 'queued' ORDER BY due_at, id LIMIT :most) q
"""

_IN_FLIGHT = """
SELECT status, count(*) FROM message
WHERE org_id = :org_id AND direction = 'outbound' AND status IN ('sending', 'unknown')
GROUP BY status
"""

# All states of the partial index are named: SQLite uses it for its very condition only. For `=` it
# may read all of them, for a range of one it does not.
_HELD = """
SELECT count(*) FROM (
  SELECT 1 AS one FROM message
  WHERE org_id = :org_id AND status IN ('failed', 'undelivered', 'held', 'unknown', 'cancelled')
    AND status BETWEEN 'held' AND 'held' LIMIT :most) h
"""

_TROUBLED = """
SELECT t.code, count(*) FROM (
  SELECT error_code AS code, created_at FROM message
  WHERE org_id = :org_id AND status IN ('failed', 'undelivered', 'held', 'unknown', 'cancelled')
    AND status BETWEEN :status AND :status ORDER BY status DESC, id DESC LIMIT :newest) t
WHERE t.created_at > :since GROUP BY t.code
"""

_ATTEMPTS = """
SELECT a.status, a.code, count(*)
FROM message_number n
JOIN message_attempt a ON a.number_id = n.id AND a.claimed_at > :since
WHERE n.org_id = :org_id
GROUP BY a.status, a.code
"""

# Not in the order of an index: SQLite would read every attempt ever made in it.
_LATEST = """
SELECT a.claimed_at, a.ended_at, m.decision
FROM message_number n
JOIN message_attempt a ON a.number_id = n.id AND a.claimed_at > :since
JOIN message m ON m.id = a.message_id
WHERE n.org_id = :org_id
ORDER BY a.id + 0 DESC LIMIT :newest
"""

_ALERTS = """
SELECT kind, severity, count(*) FROM alert WHERE org_id = :org_id AND done_at IS NULL
GROUP BY kind, severity
"""

_NUMBERS = """
SELECT class, status, count(*), count(refused_at) FROM message_number
WHERE org_id = :org_id GROUP BY class, status
"""

_HEAD = "SELECT seq FROM audit_head WHERE org_id = :org_id"


class Queued(NamedTuple):
    """How many messages wait, how many of them are due, and since when (aware UTC) the oldest of
    those should have been sent."""

    queued: int
    due: int
    oldest_at: datetime | None


class Attempt(NamedTuple):
    """An attempt to send: when it was claimed and ended (aware UTC), and the decision of its
    message as JSON."""

    claimed_at: datetime
    ended_at: datetime | None
    decision: str | None


def queued(cursor: Cursor, org: OrgRow, *, now: datetime) -> Queued:
    """The org's queue at `now` (aware UTC), up to `MOST` messages."""
    return cursor.all(Queued, _QUEUED, org_id=org.id, now=now, most=MOST)[0]


def in_flight(cursor: Cursor, org: OrgRow) -> dict[str, int]:
    """How many messages are being sent (`sending`), or have an unknown outcome (`unknown`)."""
    return dict(cursor.tuples(_IN_FLIGHT, org_id=org.id))


def held(cursor: Cursor, org: OrgRow) -> int:
    """How many messages are held for a person, up to `MOST`."""
    return int(cursor.value(_HELD, org_id=org.id, most=MOST) or 0)


def newest_troubled(
    cursor: Cursor, org: OrgRow, *, since: datetime
) -> dict[str, dict[str | None, int]]:
    """By state, then by error code: the messages created after `since` (aware UTC) that failed,
    were not delivered, are held or were cancelled. Of each state the newest `NEWEST_TROUBLED`."""
    return {
        status: dict(
            cursor.tuples(
                _TROUBLED, org_id=org.id, status=status, since=since, newest=NEWEST_TROUBLED
            )
        )
        for status in TROUBLED
    }


def attempts(
    cursor: Cursor, org: OrgRow, *, since: datetime
) -> Sequence[tuple[str, str | None, int]]:
    """The attempts claimed after `since` (aware UTC), by outcome and code."""
    rows = cursor.tuples(_ATTEMPTS, org_id=org.id, since=since)
    return [(row[0], row[1], row[2]) for row in rows]


def latest_attempts(cursor: Cursor, org: OrgRow, *, since: datetime) -> list[Attempt]:
    """The newest `NEWEST` attempts that were claimed after `since` (aware UTC)."""
    return cursor.all(Attempt, _LATEST, org_id=org.id, since=since, newest=NEWEST)


def open_alerts(cursor: Cursor, org: OrgRow) -> Sequence[tuple[str, str, int]]:
    """The open alerts by kind and severity."""
    return [(row[0], row[1], row[2]) for row in cursor.tuples(_ALERTS, org_id=org.id)]


def numbers(cursor: Cursor, org: OrgRow) -> Sequence[tuple[str, str, int, int]]:
    """The numbers by class and status; and how many of each the provider refuses for now."""
    return [(row[0], row[1], row[2], row[3]) for row in cursor.tuples(_NUMBERS, org_id=org.id)]


def audit_events(cursor: Cursor, org: OrgRow) -> int:
    """How many events the org's audit chain has: the number of its last event."""
    return int(cursor.value(_HEAD, org_id=org.id) or 0)
