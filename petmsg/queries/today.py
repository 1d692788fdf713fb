"""The rows of `petmsg today`: the visits of a day, the sitters, who is away, and who waits.

A fixed number of statements, however many rows there are.
"""

from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.queries.org import OrgRow
from petmsg.queries.waiting import OPEN

# Not `status IN (…)`, which would be read by another index than that of the days.
VISITS = """
SELECT b.ref AS booking, b.status, b.starts_at, b.ends_at, c.ref AS client, c.name AS client_name,
       s.ref AS sitter, s.name AS sitter_name, w.starts_at AS window_starts_at,
       w.ends_at AS window_ends_at
FROM booking b
JOIN client c ON c.id = b.client_id
LEFT JOIN sitter s ON s.id = b.sitter_id
LEFT JOIN assignment_window w ON w.booking_id = b.id
WHERE b.org_id = :org_id AND b.status <> 'cancelled'
  AND b.ends_at > :since AND b.starts_at < :until
ORDER BY b.starts_at, b.id
"""

SITTERS = """
SELECT s.ref AS sitter, s.name AS sitter_name
FROM sitter s WHERE s.org_id = :org_id AND s.status = 'active'
ORDER BY s.id
"""

# An absence that was ended early lasts until then.
ABSENCES = """
SELECT s.ref AS sitter, s.name AS sitter_name, a.starts_at,
       CASE WHEN a.ended_at < a.ends_at THEN a.ended_at ELSE a.ends_at END AS ends_at, a.reason
FROM sitter_absence a
JOIN sitter s ON s.id = a.sitter_id AND s.status <> 'offboarded'
WHERE a.org_id = :org_id AND a.ends_at > :since AND a.starts_at < :until
  AND (a.ended_at IS NULL OR (a.ended_at > :since AND a.ended_at > a.starts_at))
ORDER BY a.starts_at, a.id
"""

NAMES_OF_WAITING = f"""
SELECT c.ref AS client, c.name AS client_name FROM client c
WHERE c.org_id = :org_id AND c.id IN (
  SELECT m.client_id FROM inbound_text i JOIN message m ON m.id = i.message_id
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


class DayAbsence(NamedTuple):
    """A sitter is away in `[starts_at, ends_at)` (aware UTC)."""

    sitter: str
    sitter_name: str
    starts_at: datetime
    ends_at: datetime
    reason: str


class _Name(NamedTuple):
    client: str
    client_name: str | None


def visits(cursor: Cursor, org: OrgRow, *, since: datetime, until: datetime) -> list[DayVisit]:
    """The bookings that overlap `[since, until)` (aware UTC) and are not cancelled, by start."""
    return cursor.all(DayVisit, VISITS, org_id=org.id, since=since, until=until)


def active_sitters(cursor: Cursor, org: OrgRow) -> list[DaySitter]:
    """The org's active sitters."""
    return cursor.all(DaySitter, SITTERS, org_id=org.id)


def absences(cursor: Cursor, org: OrgRow, *, since: datetime, until: datetime) -> list[DayAbsence]:
    """Who is away in `[since, until)` (aware UTC), by the start of their absence."""
    return cursor.all(DayAbsence, ABSENCES, org_id=org.id, since=since, until=until)


def names_of_waiting(cursor: Cursor, org: OrgRow) -> dict[str, str | None]:
    """The names of the clients with open messages, by ref."""
    rows = cursor.all(_Name, NAMES_OF_WAITING, org_id=org.id)
    return {row.client: row.client_name for row in rows}
