"""A made-up company in a fresh database, written row by row and not by petmsg's own services."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from petmsg.db import migrate
from petmsg.db.cursor import Cursor
from petmsg.db.engine import make_engine
from petmsg.db.location import locate
from petmsg.db.transaction import Transaction, transaction
from petmsg.services.orgs import org

NOW = datetime(2026, 2, 14, 15, 0, tzinfo=UTC)
ACTOR = "bench@bench"
ORG = "happy-paws"
CALL_DECISION = (
    '{"reason": "the window is active", "rings": [{"target": "sitter", "ref": "S-3", "name": "Eve",'
    ' "caller_id": "+14155580003", "seconds": 20, "needs_key": true}],'
    ' "addressed_to": "sitter", "ref": "S-3", "options": [], "trace": []}'
)
"""What `petmsg call show` reads of the decision that is stored with a call."""
SITTERS = 50
POOL = 4
CUSTODY = """
INSERT INTO number_custody (org_id, number_id, from_at, class, status, sitter_id, reason, actor)
SELECT n.org_id, n.id, :since, n.class, n.status, n.sitter_id, 'added', 'bench'
FROM message_number n
WHERE NOT EXISTS (SELECT 1 FROM number_custody c WHERE c.number_id = n.id)
"""
ACTIVITY = """
INSERT INTO sitter_activity (org_id, sitter_id, activated_at)
SELECT s.org_id, s.id, :since FROM sitter s
WHERE NOT EXISTS (SELECT 1 FROM sitter_activity a WHERE a.sitter_id = s.id)
"""
_HOUR = timedelta(hours=1)


def create(url: str) -> None:
    """A migrated database with one org, its front desk and pool numbers, and active sitters."""
    location = locate(url)
    migrate.upgrade(location.url, actor=ACTOR, now=NOW, create=location.is_sqlite)
    with writing(url) as begun:
        _, uow = org.add(
            begun,
            ORG,
            name="Happy Paws",
            timezone="America/New_York",
            front_desk="+14155550100",
            actor=ACTOR,
            now=NOW,
        )
        uow.finish()
        _add_numbers(begun.cursor)


def add_visits(url: str, counts: Sequence[int], *, confirmed: bool = True) -> None:
    """Clients `C-1`, `C-2` …, each with that many visits a day apart, the last of them today.

    Those of the odd clients last until after `NOW`, the others are over. Unless they are
    `confirmed` they are pending, and nobody has a thread.
    """
    with writing(url) as begun:
        cursor = begun.cursor
        insert(
            cursor,
            "client",
            [
                {"ref": f"C-{c}", "name": f"Client {c}", "kind": "recurring"}
                for c in range(1, len(counts) + 1)
            ],
        )
        visits = [
            _visit(client, days_ago)
            for client, count in enumerate(counts, start=1)
            for days_ago in range(count)
        ]
        status = "confirmed" if confirmed else "pending"
        bookings = [
            {"ref": f"B-{number}", "status": status, **visit}
            for number, visit in enumerate(visits, start=1)
        ]
        insert(cursor, "booking", bookings)
        if confirmed:
            clients = range(1, len(counts) + 1)
            insert(cursor, "thread", [{"client_id": client} for client in clients])
            windows = [
                {
                    **visit,
                    "thread_id": visit["client_id"],
                    "booking_id": number,
                    "booked_until": visit["ends_at"],
                    "ends_at": visit["ends_at"] + _HOUR,
                }
                for number, visit in enumerate(visits, start=1)
            ]
            insert(cursor, "assignment_window", windows)


def add_pool_numbers(url: str, count: int) -> None:
    """That many pool numbers more, and the beginning of every number's and sitter's history."""
    with writing(url) as begun:
        insert(
            begun.cursor,
            "message_number",
            [
                {"e164": f"+1415{number:07}", "class": "pool", "status": "active"}
                for number in range(2_000_000, 2_000_000 + count)
            ],
        )
        since = NOW - timedelta(days=500)
        begun.cursor.run(CUSTODY, since=since)
        begun.cursor.run(ACTIVITY, since=since)


def add_phones(url: str, phones: Sequence[str]) -> None:
    """The primary phones of the clients `C-1`, `C-2` …, one each."""
    with writing(url) as begun:
        insert(
            begun.cursor,
            "client_phone",
            [
                {"client_id": client, "e164": e164, "is_primary": True}
                for client, e164 in enumerate(phones, start=1)
            ],
        )


@contextmanager
def writing(url: str) -> Iterator[Transaction]:
    """A transaction on the database, by an engine of its own."""
    location = locate(url)
    engine = make_engine(location)
    try:
        with transaction(engine, location) as begun:
            yield begun
    finally:
        engine.dispose()


def _visit(client: int, days_ago: int) -> dict[str, Any]:
    # Not all at the same minute, as in life.
    start = NOW - timedelta(days=days_ago, hours=1 if client % 2 else 6, minutes=client % 60)
    sitter = (client + days_ago) % SITTERS + 1
    return {
        "client_id": client,
        "sitter_id": sitter,
        "starts_at": start,
        "ends_at": start + 2 * _HOUR,
    }


def _add_numbers(cursor: Cursor) -> None:
    sitters = range(1, SITTERS + 1)
    insert(
        cursor,
        "sitter",
        [
            {"ref": f"S-{s}", "name": f"Sitter {s}", "phone": f"+1415557{s:04}", "status": "active"}
            for s in sitters
        ],
    )
    numbers = [
        {"e164": f"+1415558{s:04}", "class": "sitter", "sitter_id": s, "first_sitter_id": s}
        for s in sitters
    ]
    numbers += [
        {"e164": f"+1415559{p:04}", "class": "pool", "sitter_id": None, "first_sitter_id": None}
        for p in range(POOL)
    ]
    insert(cursor, "message_number", [{**number, "status": "active"} for number in numbers])


def insert(cursor: Cursor, table: str, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows of the org. Ids follow the order, after those that `create` put there."""
    columns = ["org_id", "created_at", *rows[0]]
    values = ", ".join(f":{column}" for column in columns)
    cursor.run_many(
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})",
        [{"org_id": 1, "created_at": NOW, **row} for row in rows],
    )
