"""The rows of `petmsg today`: the visits of a day, the sitters, and who waits.

A fixed number of statements, however many rows there are.
"""

from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.queries.org import LONGEST_GRACE, OrgRow
from petmsg.queries.waiting import OPEN

# Not `status IN (…)`, which would be read by another index than that of the days. The visits of
# the days around it are read as well, because their lead or grace time may touch the day.
VISITS = """
SELECT b.ref AS booking, b.status, b.starts_at, b.ends_at, c.ref AS client, c.name AS client_name,
       s.ref AS sitter, s.name AS sitter_name, w.starts_at AS window_starts_at,
       w.ends_at AS window_ends_at
FROM booking b
JOIN client c ON c.id = b.client_id
LEFT JOIN sitter s ON s.id = b.sitter_id
LEFT JOIN assignment_window w ON w.booking_id = b.id
WHERE b.org_id = :org_id AND b.status <> 'cancelled'
  AND b.ends_at > :earliest AND b.starts_at < :latest
  AND ((b.ends_at > :since AND b.starts_at < :until)
    OR (w.ends_at > :since AND w.starts_at < :until))
ORDER BY b.starts_at, b.id
"""

SITTERS = """
SELECT s.ref AS sitter, s.name AS sitter_name
FROM sitter s WHERE s.org_id = :org_id AND s.status = 'active'
ORDER BY s.id
"""

NAMES_OF_WAITING = f"""
SELECT 'client' AS entity, c.ref, c.name FROM client c
WHERE c.org_id = :org_id AND c.id IN (
  SELECT m.client_id FROM inbound_text i JOIN message m ON m.id = i.message_id
  WHERE i.org_id = :org_id {OPEN} AND i.claimed_at IS NULL
)
UNION ALL
SELECT 'sitter', s.ref, s.name FROM sitter s
WHERE s.org_id = :org_id AND s.id IN (
  SELECT i.sitter_id FROM inbound_text i
  WHERE i.org_id = :org_id {OPEN} AND i.claimed_at IS NULL
)
"""


class DayVisit(NamedTuple):
    """A pending or confirmed booking, and the window of a confirmed one. Instants are aware UTC."""

    booking: str
    status: str
    starts_at: datetime
    ends_at: datetime
    client: str
    client_name: str | None
    sitter: str | None
    sitter_name: str | None
    window_starts_at: datetime | None
    window_ends_at: datetime | None


class DaySitter(NamedTuple):
    """An active sitter."""

    sitter: str
    sitter_name: str


class _Name(NamedTuple):
    entity: str
    ref: str
    name: str | None


def visits(cursor: Cursor, org: OrgRow, *, since: datetime, until: datetime) -> list[DayVisit]:
    """The bookings that overlap `[since, until)` (aware UTC), or of which only the window does, and
    that are not cancelled; by start."""
    return cursor.all(
        DayVisit,
        VISITS,
        org_id=org.id,
        since=since,
        until=until,
        earliest=since - LONGEST_GRACE,
        latest=until + LONGEST_GRACE,
    )


def active_sitters(cursor: Cursor, org: OrgRow) -> list[DaySitter]:
    """The org's active sitters."""
    return cursor.all(DaySitter, SITTERS, org_id=org.id)


def names_of_waiting(cursor: Cursor, org: OrgRow) -> dict[tuple[str, str], str | None]:
    """The names of the clients and sitters with open messages, by `client` or `sitter` and ref."""
    rows = cursor.all(_Name, NAMES_OF_WAITING, org_id=org.id)
    return {(row.entity, row.ref): row.name for row in rows}
