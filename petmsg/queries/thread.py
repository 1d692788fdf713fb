"""Threads: the one conversation of a client, with its windows and texts."""

from typing import Any

from petmsg.db.cursor import Cursor
from petmsg.errors import NotFound
from petmsg.queries.lookup import find_client
from petmsg.queries.message import message_id
from petmsg.queries.org import OrgRow
from petmsg.queries.page import Page, newest

_THREADS = """
SELECT t.id AS thread, c.ref AS client, c.name AS client_name,
       d.e164 AS default_number, p.e164 AS pool_number, t.created_at,
       (SELECT count(*) FROM assignment_window w WHERE w.thread_id = t.id) AS windows,
       (SELECT count(*) FROM message m WHERE m.thread_id = t.id) AS messages,
       (SELECT max(m.created_at) FROM message m WHERE m.thread_id = t.id) AS last_message_at
FROM thread t
JOIN client c ON c.id = t.client_id
LEFT JOIN message_number d ON d.id = t.default_number_id
LEFT JOIN message_number p ON p.id = t.pool_number_id
WHERE t.org_id = :org_id
"""

_WINDOWS = """
SELECT w.id AS window_id, b.ref AS booking, b.status, s.ref AS sitter, s.name AS sitter_name,
       w.starts_at, w.booked_until, w.ends_at
FROM assignment_window w
JOIN booking b ON b.id = w.booking_id
LEFT JOIN sitter s ON s.id = w.sitter_id
WHERE w.thread_id = :thread_id
"""

# Of the attempts that the provider took: what it refused, she never saw.
_NUMBERS_SEEN = """
SELECT n.e164 AS number, n.class, count(*) AS messages, max(a.claimed_at) AS last_used_at
FROM message_attempt a
JOIN message_number n ON n.id = a.number_id
WHERE a.thread_id = :thread_id AND a.provider_message_id IS NOT NULL
GROUP BY n.id, n.e164, n.class
ORDER BY last_used_at DESC
"""

_MESSAGES = """
SELECT m.id AS message, m.direction, m.status, m.body, n.e164 AS number, m.created_at,
       m.sent_at
FROM message m
LEFT JOIN message_number n ON n.id = m.number_id
WHERE m.thread_id = :thread_id
"""


def list_threads(cursor: Cursor, org: OrgRow, page: Page) -> list[dict[str, Any]]:
    """The org's threads, the newest first."""
    before = _thread_id(cursor, org, page.before) if page.before else None
    return newest(cursor, _THREADS, key="t.id", page=page, before_id=before, org_id=org.id)


def show_thread(cursor: Cursor, org: OrgRow, client: str, page: Page) -> dict[str, Any]:
    """A client's thread: its windows by time, the numbers she has seen, its newest texts in the
    order in which they were written. `page.before` is a text's id. Raises `NotFound`."""
    thread_id = _thread_id(cursor, org, client)
    thread = cursor.rows(_THREADS + " AND t.id = :id", org_id=org.id, id=thread_id)[0]
    windows = newest(
        cursor,
        _WINDOWS,
        key="w.starts_at",
        page=Page(page.limit),
        thread_id=thread_id,
    )
    messages = newest(
        cursor,
        _MESSAGES,
        key="m.id",
        page=Page(page.limit),
        before_id=message_id(page.before) if page.before else None,
        thread_id=thread_id,
    )
    return {
        **thread,
        "window_count": thread["windows"],
        "message_count": thread["messages"],
        "windows": windows[::-1],
        "numbers_seen": cursor.rows(_NUMBERS_SEEN, thread_id=thread_id),
        "messages": messages[::-1],
    }


def _thread_id(cursor: Cursor, org: OrgRow, client: str) -> int:
    key = find_client(cursor, org.id, client)
    found = cursor.value(
        "SELECT id FROM thread WHERE org_id = :org_id AND client_id = :client_id",
        org_id=org.id,
        client_id=key.id,
    )
    if found is None:
        raise NotFound(
            "thread",
            key.ref,
            hint="A thread begins with the first confirmed booking or text of its client.",
        )
    return int(found)
