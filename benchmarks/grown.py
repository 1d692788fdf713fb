"""A company that has grown: for each client a thread, a visit, ten messages, a call and an event.

The same rows on both databases. Nearly all are old, as in life: what commands look for are a
week's visits, a day's messages and a queue.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from benchmarks import company
from petmsg.db.cursor import Cursor
from petmsg.rules.audit_chain import event_hash

EACH = 10
"""Messages of a thread."""
_CHUNK = 10_000
_OF_THESE_DAYS = 500
"""Visits of today and yesterday, whose threads have a pool number. All others are two months old
and older."""
_HOUR = timedelta(hours=1)


def build(threads: int) -> Callable[[str], None]:
    """What fills a company that has none with that many threads."""

    def fill(url: str) -> None:
        with company.writing(url) as begun:
            add(begun.cursor, threads)

    return fill


def with_one_thread(messages: int) -> Callable[[str], None]:
    """What fills a company that has none with one client, whose thread has that many messages."""

    def fill(url: str) -> None:
        company.add_visits(url, [1])
        company.add_phones(url, [_phone(1)])
        with company.writing(url) as begun:
            add_messages(begun.cursor, messages, each=messages)

    return fill


def add(cursor: Cursor, threads: int) -> None:
    """Add the rows of that many threads to a company that has none."""
    numbers = range(1, threads + 1)
    _insert(
        cursor,
        "client",
        ({"ref": f"C-{i}", "name": f"Client {i}", "kind": "recurring"} for i in numbers),
    )
    _insert(
        cursor,
        "client_phone",
        ({"client_id": i, "e164": _phone(i), "is_primary": True} for i in numbers),
    )
    _insert(cursor, "thread", map(_thread, numbers))
    _insert(
        cursor,
        "booking",
        ({"ref": f"B-{i}", "status": "confirmed", **_visit(i)} for i in numbers),
    )
    _insert(
        cursor,
        "assignment_window",
        (
            {
                **_visit(i),
                "thread_id": i,
                "booking_id": i,
                "booked_until": _visit(i)["ends_at"],
                "ends_at": _visit(i)["ends_at"] + _HOUR,
            }
            for i in numbers
        ),
    )
    cursor.run(company.CUSTODY, since=company.NOW - timedelta(days=500))
    add_messages(cursor, threads * EACH)
    _insert(cursor, "call", map(_call, numbers), created=False)
    _insert(cursor, "audit_event", _events(cursor, threads), created=False)


def add_messages(cursor: Cursor, count: int, *, each: int = EACH) -> None:
    """Add messages to threads that exist, so many to `each`; every other one was sent."""
    texts = range(1, count + 1)
    _insert(cursor, "message", (_message(i, each) for i in texts))
    _insert(cursor, "message_attempt", (_attempt(i, each) for i in texts[1::2]), created=False)
    _insert(cursor, "inbound_text", map(_inbound, texts[::2]), created=False)


def _events(cursor: Cursor, threads: int) -> Iterator[dict[str, Any]]:
    seq, previous = cursor.tuples("SELECT seq, hash FROM audit_head")[0]
    for i in range(1, threads + 1):
        event: dict[str, Any] = {
            "seq": seq + i,
            "at": company.NOW,
            "actor": company.ACTOR,
            "event": "client.added",
            "entity": "client",
            "ref": f"C-{i}",
            "payload": "{}",
        }
        hashed = event_hash(org=company.ORG, reason=None, previous=previous, **event)
        yield {**event, "previous_hash": previous, "hash": hashed}
        previous = hashed
    cursor.run("UPDATE audit_head SET seq = :seq, hash = :hash", seq=seq + threads, hash=previous)


def _visit(number: int) -> dict[str, Any]:
    start = company.NOW - _HOUR * (number // company.SITTERS + 1)
    if number > _OF_THESE_DAYS:
        start -= timedelta(days=60)
    return {
        "client_id": number,
        "sitter_id": number % company.SITTERS + 1,
        "starts_at": start,
        "ends_at": start + 2 * _HOUR,
    }


def _message(number: int, each: int) -> dict[str, Any]:
    thread = (number - 1) // each + 1
    out = number % 2 == 0
    phone, ours = _phone(thread), f"+1415558{_number(thread) - 1:04}"
    status = "received"
    if out:
        status = "failed" if number % 100 == 0 else "delivered"
    at = _written(number)
    return {
        "created_at": at,
        "thread_id": thread,
        "client_id": thread,
        "direction": "outbound" if out else "inbound",
        "status": status,
        "body": f"message {number}",
        "from_e164": ours if out else phone,
        "to_e164": phone if out else ours,
        "number_id": _number(thread),
        "rule": "active_window" if out else None,
        "provider": "sandbox",
        "provider_message_id": f"SB-{number}",
        "segments": 1,
        "attempts": 1 if out else 0,
        "actor": company.ACTOR,
        "claimed_at": at if out else None,
        "sent_at": at if out else None,
        "synced_at": at if out else None,
        "urgent": False,
    }


def _attempt(number: int, each: int) -> dict[str, Any]:
    at, thread = _written(number), (number - 1) // each + 1
    return {
        "message_id": number,
        "attempt": 1,
        "thread_id": thread,
        "number_id": _number(thread),
        "rule": "active_window",
        "status": "failed" if number % 100 == 0 else "delivered",
        "provider_message_id": f"SB-{number}",
        "claimed_at": at,
        "ended_at": at,
    }


def _inbound(number: int) -> dict[str, Any]:
    at = _written(number)
    return {
        "message_id": number,
        "received_at": at,
        "addressed_to": "front_desk",
        "code": "NO_ACTIVE_WINDOW",
        "media_count": 0,
        "inbox_at": at,
        "done_by": company.ACTOR,
        "done_at": at,
    }


def _call(number: int) -> dict[str, Any]:
    """The call of a client: one of seven nobody took, and its entry is their first message."""
    at, missed = _written((number - 1) * EACH + 1), number % 7 == 0
    return {
        "provider": "sandbox",
        "provider_call_id": f"CA-{number}",
        "number_id": _number(number),
        "from_phone": _phone(number),
        "caller": "client",
        "client_id": number,
        "sitter_id": number % company.SITTERS + 1,
        "addressed_to": "sitter",
        "code": "SITTER_RINGS",
        "decision": company.CALL_DECISION,
        "status": "no_answer" if missed else "completed",
        "answered_by": None if missed else "sitter",
        "started_at": at,
        "answered_at": None if missed else at,
        "ended_at": at,
        "duration_seconds": 20,
        "message_id": (number - 1) * EACH + 1 if missed else None,
    }


def _written(number: int) -> datetime:
    """When a message was written: a month and more ago."""
    return company.NOW - timedelta(days=400) + timedelta(minutes=number % 500_000)


def _thread(number: int) -> dict[str, Any]:
    of_pool = 2 + company.SITTERS + number % company.POOL
    return {
        "client_id": number,
        "pool_number_id": of_pool if number <= _OF_THESE_DAYS else None,
    }


def _number(thread: int) -> int:
    """The id of the number that the client of a thread knows: of one of forty sitters."""
    return 10 + thread % 40


def _phone(client: int) -> str:
    return f"+1202{client:07}"


def _insert(
    cursor: Cursor, table: str, rows: Iterable[dict[str, Any]], *, created: bool = True
) -> None:
    waiting = iter(rows)
    while chunk := list(islice(waiting, _CHUNK)):
        fixed: dict[str, Any] = {"org_id": 1}
        if created and "created_at" not in chunk[0]:
            fixed["created_at"] = company.NOW
        columns = [*fixed, *chunk[0]]
        values = ", ".join(f":{column}" for column in columns)
        cursor.run_many(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})",
            [{**fixed, **row} for row in chunk],
        )
