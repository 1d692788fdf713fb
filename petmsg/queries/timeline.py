"""What a client's timeline shows beside its segments: windows, quarantines, messages. Standard
library only.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.queries.lookup import ClientKey
from petmsg.queries.media_of_messages import MessageMedia, with_media
from petmsg.queries.org import OrgRow

MOST_MESSAGES = 2000

WINDOWS = """
SELECT b.ref AS booking, s.ref AS sitter, s.name AS sitter_name, w.starts_at, w.booked_until,
       w.ends_at, b.starts_at AS visit_starts_at
FROM thread t
JOIN assignment_window w ON w.thread_id = t.id AND w.ends_at > :since AND w.starts_at < :until
JOIN booking b ON b.id = w.booking_id AND b.status = 'confirmed'
LEFT JOIN sitter s ON s.id = w.sitter_id
WHERE t.org_id = :org_id AND t.client_id = :client_id
ORDER BY w.starts_at, b.id
"""

# A quarantine is over when its time is, when the number is in use again, or when it is retired.
QUARANTINES = """
SELECT n.e164 AS number, c.from_at, c.quarantined_until, c.reason,
       (SELECT min(l.from_at) FROM number_custody l
         WHERE l.number_id = c.number_id AND l.from_at > c.from_at) AS next_at
FROM message_number n
JOIN number_custody c ON c.number_id = n.id AND c.status = 'quarantined'
WHERE n.org_id = :org_id AND n.e164 IN (:numbers)
  AND c.from_at < :until AND (c.quarantined_until IS NULL OR c.quarantined_until > :since)
ORDER BY c.from_at, n.e164
"""

# When a message was received, or sent, or written; without the entries of calls. `with_media` fills
# `media`.
MESSAGES = """
SELECT m.id AS message, m.direction, m.status, n.e164 AS number,
       coalesce(i.received_at, m.sent_at, m.created_at) AS at,
       coalesce(i.media_count, m.media_count) AS media_count, NULL AS media
FROM thread t
JOIN message m ON m.thread_id = t.id
LEFT JOIN inbound_text i ON i.message_id = m.id
LEFT JOIN message_number n ON n.id = m.number_id
WHERE t.org_id = :org_id AND t.client_id = :client_id
  AND coalesce(i.received_at, m.sent_at, m.created_at) >= :since
  AND coalesce(i.received_at, m.sent_at, m.created_at) < :until
  AND NOT EXISTS (SELECT 1 FROM call k WHERE k.message_id = m.id)
ORDER BY m.id DESC LIMIT :most
"""

NUMBERS_OF_SITTERS = """
SELECT DISTINCT n.e164
FROM sitter s
JOIN number_custody c ON c.sitter_id = s.id
JOIN message_number n ON n.id = c.number_id
WHERE s.org_id = :org_id AND s.ref IN (:sitters)
"""


class TimelineWindow(NamedTuple):
    """A window of a confirmed booking, booked `[visit_starts_at, booked_until)`."""

    booking: str
    sitter: str | None
    sitter_name: str | None
    starts_at: datetime
    booked_until: datetime
    ends_at: datetime
    visit_starts_at: datetime


class TimelineMessage(NamedTuple):
    """A message with its pictures, `at` (aware UTC) when it came in, was sent, or was written."""

    message: int
    direction: str
    status: str
    number: str | None
    at: datetime
    media_count: int
    media: tuple[MessageMedia, ...] | None


class Quarantine(NamedTuple):
    """A quarantine of a number, to `to_at` (aware UTC, None: without end)."""

    number: str
    from_at: datetime
    reason: str | None
    to_at: datetime | None


class _Number(NamedTuple):
    e164: str


class _LedgerRow(NamedTuple):
    number: str
    from_at: datetime
    quarantined_until: datetime | None
    reason: str
    next_at: datetime | None


def windows_in(
    cursor: Cursor, org: OrgRow, client: ClientKey, *, since: datetime, until: datetime
) -> list[TimelineWindow]:
    """The client's windows of confirmed bookings that touch `[since, until)` (aware UTC)."""
    return cursor.all(
        TimelineWindow, WINDOWS, org_id=org.id, client_id=client.id, since=since, until=until
    )


def messages_in(
    cursor: Cursor, org: OrgRow, client: ClientKey, *, since: datetime, until: datetime
) -> list[TimelineMessage]:
    """The newest messages of the thread in `[since, until)` (aware UTC), the oldest first."""
    rows = cursor.all(
        TimelineMessage,
        MESSAGES,
        org_id=org.id,
        client_id=client.id,
        since=since,
        until=until,
        most=MOST_MESSAGES,
    )
    return sorted(with_media(cursor, rows), key=lambda row: (row.at, row.message))


def numbers_of(cursor: Cursor, org: OrgRow, sitters: Sequence[str]) -> set[str]:
    """Every number that these sitters hold, or held."""
    rows = cursor.all_in_list(_Number, NUMBERS_OF_SITTERS, "sitters", sitters, org_id=org.id)
    return {row.e164 for row in rows}


def quarantines_in(
    cursor: Cursor, org: OrgRow, numbers: Sequence[str], *, since: datetime, until: datetime
) -> list[Quarantine]:
    """The quarantines of these numbers that touch `[since, until)` (aware UTC)."""
    rows = cursor.all_in_list(
        _LedgerRow, QUARANTINES, "numbers", numbers, org_id=org.id, since=since, until=until
    )
    found = []
    for row in rows:
        ends = [each for each in (row.quarantined_until, row.next_at) if each is not None]
        to_at = min(ends) if ends else None
        if to_at is None or to_at > since:
            found.append(Quarantine(row.number, row.from_at, row.reason, to_at))
    return sorted(found, key=lambda row: (row.from_at, row.number))
