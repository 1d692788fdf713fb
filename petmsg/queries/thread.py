"""Threads: list and show a client's conversation, with its windows and messages."""

import json
from datetime import UTC, datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums.messages import Direction
from petmsg.errors import NotFound
from petmsg.queries.lookup import find_client
from petmsg.queries.media_of_messages import MessageMedia, with_media
from petmsg.queries.org import OrgRow
from petmsg.queries.override import HoldingOverride, holding_override
from petmsg.queries.page import Page, newest_of
from petmsg.queries.row_ids import LARGEST_ID, message_id
from petmsg.queries.thread_calls import (
    Entry,
    ThreadCall,
    began_at,
    calls_by_id,
    calls_in,
    in_order,
)

_SINCE, _UNTIL = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
"""Before and after everything that is stored."""

_THREAD_COLUMNS = """t.id AS thread, c.ref AS client, c.name AS client_name,
       d.e164 AS default_number, p.e164 AS pool_number, t.created_at,
       (SELECT count(*) FROM assignment_window w WHERE w.thread_id = t.id) AS windows,
       (SELECT count(*) FROM message m WHERE m.thread_id = t.id)
         - (SELECT count(*) FROM call k WHERE k.client_id = t.client_id AND k.caller <> 'sitter'
             AND k.message_id IS NOT NULL) AS messages,
       (SELECT count(*) FROM call k WHERE k.client_id = t.client_id) AS calls"""
_THREADS_OF_ORG = """thread t
JOIN client c ON c.id = t.client_id
LEFT JOIN message_number d ON d.id = t.default_number_id
LEFT JOIN message_number p ON p.id = t.pool_number_id
WHERE t.org_id = :org_id"""
_THREADS = f"""
SELECT {_THREAD_COLUMNS},
       (SELECT max(m.created_at) FROM message m WHERE m.thread_id = t.id) AS last_message_at
FROM {_THREADS_OF_ORG}
"""
# A shown thread has its newest message below it: its time is not looked for in all of them.
_THREAD = f"""
SELECT {_THREAD_COLUMNS}, NULL AS last_message_at
FROM {_THREADS_OF_ORG} AND t.id = :id
"""

_WINDOWS = """
SELECT w.id AS window_id, b.ref AS booking, b.status, s.ref AS sitter, s.name AS sitter_name,
       w.starts_at, w.booked_until, w.ends_at
FROM assignment_window w
JOIN booking b ON b.id = w.booking_id
LEFT JOIN sitter s ON s.id = w.sitter_id
WHERE w.thread_id = :thread_id
"""

_RUNNING = " AND w.ends_at > :now AND w.starts_at <= :now ORDER BY w.starts_at DESC"

# Of the attempts that the provider accepted: the client never saw a rejected message.
_NUMBERS_SEEN = """
SELECT n.e164 AS number, n.class AS number_class, a.messages, a.last_used_at
FROM (
    SELECT number_id, count(*) AS messages, max(claimed_at) AS last_used_at FROM message_attempt
    WHERE thread_id = :thread_id AND provider_message_id IS NOT NULL GROUP BY number_id
) a
JOIN message_number n ON n.id = a.number_id
ORDER BY a.last_used_at DESC
"""

# `sitter` is who speaks or is addressed, `relay` why petmsg wrote it by itself, and `passed_on` how
# far the words are on their way to the sitter's own phone. `call` is the call whose entry in the
# inbox the message is. `media` is filled by `with_media`.
_MESSAGES = """
SELECT m.id AS message, m.direction, m.status, m.body, n.e164 AS number, m.created_at, m.sent_at,
       i.received_at, i.addressed_to, i.code, coalesce(i.media_count, m.media_count) AS media_count,
       NULL AS media, i.inbox_at, i.done_at, r.kind AS relay,
       (SELECT f.status FROM relay p JOIN message f ON f.id = p.message_id
         WHERE p.about_id = m.id AND p.kind = 'forward'
         ORDER BY p.message_id DESC LIMIT 1) AS passed_on,
       m.price_micros, m.price_currency, m.voice, a.ref AS author_ref, a.name AS author, m.decision,
       (SELECT k.id FROM call k WHERE k.message_id = m.id) AS call
FROM message m
LEFT JOIN message_number n ON n.id = m.number_id
LEFT JOIN inbound_text i ON i.message_id = m.id
LEFT JOIN relay r ON r.message_id = m.id
LEFT JOIN sitter a ON a.id = coalesce(i.sitter_id, r.sitter_id, m.as_sitter_id)
WHERE m.thread_id = :thread_id
"""


class ThreadRow(NamedTuple):
    """A client's thread, with the counts of its windows, messages and calls. The entry in the inbox
    of a call that nobody took is no message."""

    thread: int
    client: str
    client_name: str | None
    default_number: str | None
    pool_number: str | None
    created_at: datetime
    windows: int
    messages: int
    calls: int
    last_message_at: datetime | None


class ThreadWindow(NamedTuple):
    """A window of a thread, with its booking and sitter."""

    window_id: int
    booking: str
    status: str
    sitter: str | None
    sitter_name: str | None
    starts_at: datetime
    booked_until: datetime
    ends_at: datetime


class NumberSeen(NamedTuple):
    """A number that the client has seen, and how many messages were sent from it."""

    number: str
    number_class: str
    messages: int
    last_used_at: datetime


class ThreadMessage(NamedTuple):
    """A message of a thread, with its sitter: the one it is addressed to or who wrote it, otherwise
    the one whose number it was sent from. `voice` says that the front desk wrote it, or answered a
    message. `at` is when it was received, sent or written."""

    message: int
    direction: str
    status: str
    body: str | None
    number: str | None
    created_at: datetime
    sent_at: datetime | None
    received_at: datetime | None
    addressed_to: str | None
    code: str | None
    media_count: int
    media: tuple[MessageMedia, ...] | None
    inbox_at: datetime | None
    done_at: datetime | None
    relay: str | None
    passed_on: str | None
    price_micros: int | None
    price_currency: str | None
    voice: str | None
    sitter: str | None
    sitter_name: str | None
    at: datetime


class ThreadDetails(NamedTuple):
    """A thread with its windows by time, the numbers that the client has seen, and its messages in
    the order in which they were written; the counts are those of the whole thread. `calls` are
    those between the messages, and `entries` says in which order both came."""

    thread: int
    client: str
    client_name: str | None
    default_number: str | None
    pool_number: str | None
    created_at: datetime
    window_count: int
    message_count: int
    windows: list[ThreadWindow]
    numbers_seen: list[NumberSeen]
    messages: list[ThreadMessage]
    override: HoldingOverride | None
    call_count: int
    calls: list[ThreadCall]
    entries: list[Entry]


class _MessageRow(NamedTuple):
    message: int
    direction: str
    status: str
    body: str | None
    number: str | None
    created_at: datetime
    sent_at: datetime | None
    received_at: datetime | None
    addressed_to: str | None
    code: str | None
    media_count: int
    media: tuple[MessageMedia, ...] | None
    inbox_at: datetime | None
    done_at: datetime | None
    relay: str | None
    passed_on: str | None
    price_micros: int | None
    price_currency: str | None
    voice: str | None
    author_ref: str | None
    author: str | None
    decision: str | None
    call: int | None


def list_threads(cursor: Cursor, org: OrgRow, page: Page) -> list[ThreadRow]:
    """The org's threads, the newest first."""
    before = _thread_id(cursor, org, page.before) if page.before else None
    return newest_of(
        cursor, ThreadRow, _THREADS, key="t.id", page=page, before_id=before, org_id=org.id
    )


def show_thread(
    cursor: Cursor, org: OrgRow, client: str, page: Page, *, now: datetime
) -> ThreadDetails:
    """A client's thread: its windows by time, the numbers the client has seen, and its newest
    messages and calls in the order in which they came. `page.before` is a message's id.

    Windows that are active at `now` (aware UTC) come before newer ones. Raises `NotFound`.
    """
    thread_id = _thread_id(cursor, org, client)
    thread = cursor.all(ThreadRow, _THREAD, org_id=org.id, id=thread_id)[0]
    windows = newest_of(
        cursor,
        ThreadWindow,
        _WINDOWS,
        key="w.starts_at",
        page=Page(page.limit),
        thread_id=thread_id,
    )
    client_id = find_client(cursor, org.id, thread.client).id
    messages, calls, entries = _conversation(cursor, org, thread_id, client_id, page)
    return ThreadDetails(
        thread=thread.thread,
        client=thread.client,
        client_name=thread.client_name,
        default_number=thread.default_number,
        pool_number=thread.pool_number,
        created_at=thread.created_at,
        window_count=thread.windows,
        message_count=thread.messages,
        windows=_with_running(cursor, thread_id, windows, now),
        numbers_seen=cursor.all(NumberSeen, _NUMBERS_SEEN, thread_id=thread_id),
        messages=messages,
        override=holding_override(cursor, client_id, now),
        call_count=thread.calls,
        calls=calls,
        entries=entries,
    )


def _conversation(
    cursor: Cursor, org: OrgRow, thread_id: int, client_id: int, page: Page
) -> tuple[list[ThreadMessage], list[ThreadCall], list[Entry]]:
    """The newest messages and calls of a page, and their order."""
    before_id = message_id(page.before) if page.before else None
    found = newest_of(
        cursor,
        _MessageRow,
        _MESSAGES,
        key="m.id",
        page=Page(page.limit),
        before_id=before_id,
        thread_id=thread_id,
    )[::-1]
    since, until = _SINCE, _UNTIL
    if page.limit is not None and len(found) >= page.limit:
        since = found[0].created_at
    if before_id is not None:
        until = began_at(cursor, org.id, before_id) or until
    most = LARGEST_ID if page.limit is None else page.limit
    rows = calls_in(cursor, client_id, since=since, until=until, most=most)
    known = {row.call for row in rows}
    others = [row.call for row in found if row.call is not None and row.call not in known]
    rows += calls_by_id(cursor, org.id, others) if others else []
    written = [row for row in found if row.call is None]
    messages = [_spoken(row) for row in with_media(cursor, written)]
    entries = _newest(in_order(messages, {row.call: row for row in rows}), page.limit)
    shown = {each.message for each in entries if each.call is None}
    called = {each.call for each in entries}
    return (
        [row for row in messages if row.message in shown],
        sorted((row for row in rows if row.call in called), key=lambda row: row.started_at),
        entries,
    )


def _newest(entries: list[Entry], limit: int | None) -> list[Entry]:
    """As many of the last ones. Where some are left out, the first one has a message, which
    `--before` can name; calls before it are on the page before."""
    if limit is None or len(entries) <= limit:
        return entries
    last = entries[-limit:]
    first = next((place for place, each in enumerate(last) if each.message is not None), 0)
    return last[first:]


def _with_running(
    cursor: Cursor, thread_id: int, newest_first: list[ThreadWindow], now: datetime
) -> list[ThreadWindow]:
    """As many windows, by time: those that run now, and the newest of the others."""
    running = cursor.all(ThreadWindow, _WINDOWS + _RUNNING, thread_id=thread_id, now=now)
    shown = {each.window_id: each for each in running}
    for each in newest_first:
        if len(shown) >= len(newest_first):
            break
        shown.setdefault(each.window_id, each)
    return sorted(shown.values(), key=lambda each: (each.starts_at, each.window_id))


def _spoken(row: _MessageRow) -> ThreadMessage:
    """A message with its sitter, and its time."""
    decision = json.loads(row.decision or "{}")
    number = decision.get("number") if row.direction == Direction.OUTBOUND else None
    sitter, name = row.author_ref, row.author
    if sitter is None and isinstance(number, dict) and number.get("sitter"):
        sitter, name = number["sitter"], decision["reason"].rpartition("for sitter ")[2]
    at = row.received_at or row.sent_at or row.created_at
    return ThreadMessage(*row[:-4], sitter=sitter, sitter_name=name, at=at)


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
            hint="The client's first confirmed booking or message creates it.",
        )
    return int(found)
