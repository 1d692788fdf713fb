"""The counts of `petmsg status`: rows, today's visits, the queue and the inbox of an org.

A count of its own is one line in `COUNTS` and one field in `render.status`.
"""

from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.queries.org import OrgRow

COUNTS = {
    "clients": "SELECT count(*) FROM client WHERE org_id = :org_id AND forgotten_at IS NULL",
    "threads": "SELECT count(*) FROM thread WHERE org_id = :org_id",
    "bookings_pending": (
        "SELECT count(*) FROM booking"
        " WHERE org_id = :org_id AND status = 'pending' AND ends_at > :now"
    ),
    "overrides": (
        "SELECT count(*) FROM route_override WHERE org_id = :org_id AND starts_at <= :now"
        " AND coalesce(ended_at, until_at) > :now"
    ),
}
"""Each a number of the org at `:now`."""

_SITTERS = "SELECT status, count(*) FROM sitter WHERE org_id = :org_id GROUP BY status"

_NUMBERS = """
SELECT class, status, count(*) FROM message_number WHERE org_id = :org_id GROUP BY class, status
"""

_ALERTS = """
SELECT severity, count(*) FROM alert WHERE org_id = :org_id AND done_at IS NULL GROUP BY severity
"""

# Each count by the partial index of its messages, whose condition is repeated word for word; in it
# SQLite may read all states for `=`, but not for a range. What failed lately is found by the
# attempts, because what failed ever may be much.
_QUEUE = """
SELECT
  (SELECT count(*) FROM message
    WHERE org_id = :org_id AND status = 'queued' AND due_at > :now) AS not_due,
  (SELECT count(*) FROM message
    WHERE org_id = :org_id AND status = 'queued' AND due_at <= :now) AS due,
  (SELECT count(*) FROM message WHERE org_id = :org_id AND direction = 'outbound'
    AND status IN ('sending', 'unknown') AND status = 'sending') AS sending,
  (SELECT count(*) FROM message WHERE org_id = :org_id AND direction = 'outbound'
    AND status IN ('sending', 'unknown') AND status = 'unknown') AS in_doubt,
  (SELECT count(*) FROM message WHERE org_id = :org_id
    AND status IN ('failed', 'undelivered', 'held', 'unknown', 'cancelled')
    AND status BETWEEN 'held' AND 'held') AS held,
  (SELECT count(DISTINCT m.id)
    FROM message_number n
    CROSS JOIN message_attempt a
    CROSS JOIN message m
    WHERE n.org_id = :org_id AND a.number_id = n.id AND a.claimed_at > :since
      AND m.id = a.message_id AND m.status IN ('failed', 'undelivered')) AS failed_24h
"""

# Of the messages on their way, and of the newest of all: no index has the others by that time.
_LAST_SYNC = """
SELECT max(at) FROM (
  SELECT max(synced_at) AS at FROM message WHERE org_id = :org_id AND status = 'sent'
  UNION ALL
  SELECT max(newest.synced_at) FROM (
    SELECT synced_at FROM message WHERE org_id = :org_id ORDER BY id DESC LIMIT 500
  ) newest
) asked
"""

_LAST_TRY = """
SELECT max(a.claimed_at) AS last_try_at
FROM message_number n
JOIN message_attempt a ON a.number_id = n.id
     AND a.claimed_at = (SELECT max(l.claimed_at) FROM message_attempt l WHERE l.number_id = n.id)
WHERE n.org_id = :org_id
"""

_VISITS = """
SELECT s.ref AS sitter, s.name, count(*) AS visits, min(b.starts_at) AS starts_at,
       max(b.ends_at) AS ends_at, n.e164 AS number, n.status AS number_status,
       sum(CASE WHEN b.starts_at <= :now AND b.ends_at > :now THEN 1 ELSE 0 END) AS running,
       sum(CASE WHEN b.ends_at > :now THEN 1 ELSE 0 END) AS not_over
FROM booking b
LEFT JOIN sitter s ON s.id = b.sitter_id
LEFT JOIN message_number n ON n.sitter_id = s.id
WHERE b.org_id = :org_id AND b.status = 'confirmed' AND b.ends_at > :since AND b.starts_at < :until
GROUP BY s.ref, s.name, n.e164, n.status
ORDER BY starts_at, sitter
"""

_RELEASES = """
SELECT n.e164 AS number, n.class AS number_class, s.ref AS sitter,
       s.name AS sitter_name, n.quarantined_until
FROM message_number n
LEFT JOIN sitter s ON s.id = n.sitter_id
WHERE n.org_id = :org_id AND n.status = 'quarantined'
ORDER BY n.quarantined_until, n.id LIMIT :limit
"""


_HELD = """
SELECT refused_code AS code, count(*) AS numbers, min(e164) AS number,
       min(refused_at) AS refused_at, min(refused_until) AS refused_until
FROM message_number WHERE org_id = :org_id AND refused_code IS NOT NULL
GROUP BY refused_code ORDER BY 4, 1
"""


class HeldRow(NamedTuple):
    """How many numbers are held back for a code, one of them, since when, and when the next message
    is tried (aware UTC)."""

    code: str
    numbers: int
    number: str
    refused_at: datetime
    refused_until: datetime


class QueueCounts(NamedTuple):
    """How many messages wait, are being sent, need a person, or failed lately."""

    queued: int
    due: int
    sending: int
    in_doubt: int
    held: int
    failed_24h: int


class VisitRow(NamedTuple):
    """The visits of a sitter, or those without a sitter. Times are aware UTC."""

    sitter: str | None
    name: str | None
    visits: int
    starts_at: datetime
    ends_at: datetime
    number: str | None
    number_status: str | None
    running: int
    not_over: int


class ReleaseRow(NamedTuple):
    """A quarantined number, and when (aware UTC) its quarantine ends."""

    number: str
    number_class: str
    sitter: str | None
    sitter_name: str | None
    quarantined_until: datetime


def counts(cursor: Cursor, org: OrgRow, *, now: datetime) -> dict[str, int]:
    """The org's `COUNTS` at `now` (aware UTC)."""
    return {
        name: int(cursor.value(sql, org_id=org.id, now=now) or 0) for name, sql in COUNTS.items()
    }


def sitters(cursor: Cursor, org: OrgRow) -> dict[str, int]:
    """How many sitters of the org are of which status."""
    return dict(cursor.tuples(_SITTERS, org_id=org.id))


def numbers(cursor: Cursor, org: OrgRow) -> list[tuple[str, str, int]]:
    """How many numbers of the org are of which class and status."""
    return [(row[0], row[1], row[2]) for row in cursor.tuples(_NUMBERS, org_id=org.id)]


def open_alerts(cursor: Cursor, org: OrgRow) -> dict[str, int]:
    """How many open alerts of the org are of which severity."""
    return dict(cursor.tuples(_ALERTS, org_id=org.id))


def queue(cursor: Cursor, org: OrgRow, *, now: datetime, since: datetime) -> QueueCounts:
    """The org's messages that wait, are under way, need a person, or failed after `since` (aware
    UTC)."""
    later, due, *others = cursor.tuples(_QUEUE, org_id=org.id, now=now, since=since)[0]
    return QueueCounts(later + due, due, *others)


def last_sync(cursor: Cursor, org: OrgRow) -> datetime | None:
    """When the provider was last asked about a message of the org (aware UTC): one that is on its
    way, or one of the newest 500."""
    return cursor.instant(_LAST_SYNC, org_id=org.id)


def last_try(cursor: Cursor, org: OrgRow) -> datetime | None:
    """When a message of the org was last handed to a provider, or tried to be."""
    return cursor.instant(_LAST_TRY, org_id=org.id)


def held(cursor: Cursor, org: OrgRow) -> list[HeldRow]:
    """The numbers of the org that are held back, by code."""
    return cursor.all(HeldRow, _HELD, org_id=org.id)


def visits(
    cursor: Cursor, org: OrgRow, *, now: datetime, since: datetime, until: datetime
) -> list[VisitRow]:
    """The confirmed visits that overlap `[since, until)` (aware UTC), a row per sitter, by start;
    how many of them are `running` at `now`, and `not_over` yet."""
    return cursor.all(VisitRow, _VISITS, org_id=org.id, now=now, since=since, until=until)


def releases(cursor: Cursor, org: OrgRow, *, limit: int) -> list[ReleaseRow]:
    """The numbers of the org whose quarantine ends next."""
    return cursor.all(ReleaseRow, _RELEASES, org_id=org.id, limit=limit)
