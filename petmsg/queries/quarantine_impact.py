"""The windows and threads that use a number, which a quarantine of it affects."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.queries.lookup import ClientKey, client_key

_WINDOWS = """
SELECT b.ref AS booking, w.thread_id, w.starts_at, w.ends_at, c.id AS client_id,
       c.ref AS client, c.name AS client_name, c.kind
FROM assignment_window w
JOIN booking b ON b.id = w.booking_id AND b.status = 'confirmed'
JOIN client c ON c.id = w.client_id
WHERE w.sitter_id = :sitter_id AND w.ends_at > :now AND w.starts_at < :until
ORDER BY w.starts_at, b.id
"""

# Counted by attempts, because a message may have tried another number first.
TEXTED = """
SELECT c.id AS client_id, c.ref AS client, c.name AS client_name, c.kind,
       count(DISTINCT m.id) AS texts, max(a.claimed_at) AS last_at
FROM message_attempt a
JOIN message m ON m.id = a.message_id
JOIN client c ON c.id = m.client_id
WHERE a.number_id = :number_id AND a.claimed_at > :since
  AND a.status NOT IN ('failed', 'put_back', 'absent')
GROUP BY c.id, c.ref, c.name, c.kind
ORDER BY last_at DESC, c.id
"""


class _Window(NamedTuple):
    booking: str
    thread_id: int
    starts_at: datetime
    ends_at: datetime
    client_id: int
    client: str
    client_name: str | None
    kind: str


class _Texted(NamedTuple):
    client_id: int
    client: str
    client_name: str | None
    kind: str
    texts: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class AffectedWindow:
    """A current or future window that starts before the quarantine's end."""

    booking: str
    thread_id: int
    starts_at: datetime
    ends_at: datetime
    client: ClientKey


@dataclass(frozen=True, slots=True)
class TextedClient:
    """A client, the number of messages they got from a number, and when the last one was sent."""

    client: ClientKey
    texts: int
    last_at: datetime


def affected_windows(
    cursor: Cursor, sitter_id: int, *, now: datetime, until: datetime
) -> list[AffectedWindow]:
    """The sitter's windows of confirmed bookings that overlap `[now, until)`, by start."""
    rows = cursor.all(_Window, _WINDOWS, sitter_id=sitter_id, now=now, until=until)
    return [
        AffectedWindow(
            booking=row.booking,
            thread_id=row.thread_id,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            client=client_key(row),
        )
        for row in rows
    ]


def texted_clients(cursor: Cursor, number_id: int, *, since: datetime) -> list[TextedClient]:
    """The clients who got messages from the number after `since` (aware UTC), the latest first."""
    rows = cursor.all(_Texted, TEXTED, number_id=number_id, since=since)
    return [TextedClient(client_key(row), row.texts, row.last_at) for row in rows]


def threads_of_pool_number(cursor: Cursor, number_id: int) -> int:
    """The number of threads that have it as their own pool number."""
    return int(cursor.value("SELECT count(*) FROM thread WHERE pool_number_id = :id", id=number_id))
