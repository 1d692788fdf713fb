"""The next window of a sitter: when they can write to a client again."""

from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor

NEXT_OF_SITTER = """
SELECT c.id AS client_id, c.ref AS client, c.name AS client_name, w.starts_at
FROM assignment_window w
JOIN booking b ON b.id = w.booking_id AND b.status = 'confirmed'
JOIN client c ON c.id = w.client_id AND c.forgotten_at IS NULL
JOIN sitter s ON s.id = w.sitter_id AND s.status = 'active'
WHERE w.org_id = :org_id AND w.sitter_id = :sitter_id AND w.ends_at > :at AND w.starts_at > :at
ORDER BY w.starts_at, w.id LIMIT 1
"""

NEXT_WITH_CLIENT = """
SELECT c.id AS client_id, c.ref AS client, c.name AS client_name, w.starts_at
FROM client c
JOIN thread t ON t.org_id = c.org_id AND t.client_id = c.id
JOIN assignment_window w ON w.thread_id = t.id
JOIN booking b ON b.id = w.booking_id AND b.status = 'confirmed'
JOIN sitter s ON s.id = w.sitter_id AND s.status = 'active'
WHERE c.org_id = :org_id AND c.id = :client_id AND c.forgotten_at IS NULL
  AND w.sitter_id = :sitter_id AND w.ends_at > :at AND w.starts_at > :at
ORDER BY w.starts_at, w.id LIMIT 1
"""


class NextWindow(NamedTuple):
    """A window that has not begun, and its client. `starts_at` is aware UTC, with the lead time."""

    client_id: int
    client: str
    client_name: str | None
    starts_at: datetime


def next_window(
    cursor: Cursor, org_id: int, sitter_id: int, *, at: datetime, client_id: int | None = None
) -> NextWindow | None:
    """The sitter's first window that begins after `at` (aware UTC), with this client if one is
    named. None if there is none, or if the sitter is not active."""
    whose = {"org_id": org_id, "sitter_id": sitter_id, "at": at}
    if client_id is None:
        found = cursor.all(NextWindow, NEXT_OF_SITTER, **whose)
    else:
        found = cursor.all(NextWindow, NEXT_WITH_CLIENT, client_id=client_id, **whose)
    return found[0] if found else None
