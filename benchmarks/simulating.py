"""Every change of number for all clients over a month, against reading the same rows.

The peer runs petmsg's own statements on the bare driver, in the same transaction, and fetches
their rows as they are. petmsg reads them too, and makes the segments of every client of them.
"""

import random
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

from benchmarks import company
from benchmarks.bench import Bench
from benchmarks.measure import Row, counted, seconds, take_turns
from petmsg.db.cursor import Cursor
from petmsg.db.location import locate
from petmsg.db.snapshot import snapshot
from petmsg.db.statements import for_psycopg, instant_to_text
from petmsg.queries import simulate, states_in_span
from petmsg.queries.org import OrgRow, find_org
from petmsg.queries.routing import AT_FIRST
from petmsg.queries.state_intervals import LARGEST_ID, Span
from petmsg.rules.routing import Decision, Facts, decide
from petmsg.rules.routing import simulate as simulating
from petmsg.services.routes.simulate import segments_by_client

SPAN = Span(company.NOW, company.NOW + timedelta(days=30), company.NOW)
WINDOWS_EACH = 100
ALL_CLIENTS = {"first_client_id": 0, "last_client_id": LARGEST_ID}
_QUARTER = timedelta(minutes=15)


def measure(bench: Bench) -> list[Row]:
    """The rows of simulating."""
    clients = bench.few(300, 20)

    def build(url: str) -> None:
        _add_month(url, clients)

    rows = []
    windows = clients * WINDOWS_EACH
    for kind in bench.databases:
        url = bench.company(kind, f"month-{clients}", build)
        with snapshot(locate(url)) as cursor:
            rows += _compared(bench, cursor, f"{clients:,} clients, 30 days", windows)
    return rows


def _compared(bench: Bench, cursor: Cursor, what: str, windows: int) -> list[Row]:
    org = find_org(cursor, None)
    assert _read(cursor, org) == windows
    took = take_turns(
        {
            "petmsg": lambda: seconds(lambda: _simulate(cursor, org)),
            "bare": lambda: seconds(lambda: _read(cursor, org)),
        },
        bench.few(11, 1),
    )
    kind, driver = ("SQLite", "sqlite3") if cursor.is_sqlite else ("PostgreSQL", "psycopg")
    compared = Row(
        "simulate",
        f"{what}, {windows:,} windows, {kind}",
        took["petmsg"],
        f"its statements on {driver}",
        took["bare"],
        at_most=5,
    )
    return [compared, _asked(cursor, org, windows)] if cursor.is_sqlite else [compared]


def _simulate(cursor: Cursor, org: OrgRow) -> int:
    return sum(len(each) for each in segments_by_client(cursor, org, SPAN, None))


def _asked(cursor: Cursor, org: OrgRow, windows: int) -> Row:
    """How often the rules are asked, for how many windows."""
    asked = 0

    def counting(facts: Facts, at: datetime) -> Decision:
        nonlocal asked
        asked += 1
        return decide(facts, at)

    with mock.patch.object(simulating, "decide", counting):
        _simulate(cursor, org)
    return Row("simulate", "decisions", counted(asked), "windows", counted(windows), at_most=1)


def _read(cursor: Cursor, org: OrgRow) -> int:
    """Fetch the rows of all statements as they are; how many windows there were."""
    raw: Any = cursor._raw
    at = {"since": SPAN.start, "until": SPAN.end}
    if cursor.is_sqlite:
        at = {name: instant_to_text(value) for name, value in at.items()}  # type: ignore[misc]

    def fetch(sql: str, **values: Any) -> list[Any]:
        text = sql if cursor.is_sqlite else for_psycopg(sql)
        raw.execute(text, {"org_id": org.id, **at, **values})
        found: list[Any] = raw.fetchall()
        return found

    fetch(states_in_span.SITTERS)
    fetch(states_in_span.LENT, pool_limit=0, most=AT_FIRST, **ALL_CLIENTS)
    fetch(states_in_span.LOWEST_AND_HIGHEST)
    next_id = windows = 0
    while clients := fetch(simulate.CLIENTS, first_client_id=next_id, most=simulate.AT_ONCE):
        ids = {"first_client_id": clients[0][0], "last_client_id": clients[-1][0]}
        windows += len(fetch(simulate.WINDOWS, **ids))
        next_id = clients[-1][0] + 1
    return windows


def _add_month(url: str, clients: int) -> None:
    """Three visits a day of each client at quarter hours, by three sitters; one in twenty lasts
    into the next.

    Some sitters' numbers are in quarantine for a while, and a third of the clients have an own pool
    number.
    """
    dice = random.Random(4)
    step = (SPAN.end - SPAN.start) / WINDOWS_EACH
    with company.writing(url) as begun:
        cursor = begun.cursor
        pool = [
            row[0] for row in cursor.tuples("SELECT id FROM message_number WHERE class = 'pool'")
        ]
        ids = range(1, clients + 1)
        company.insert(
            cursor,
            "client",
            [
                {
                    "ref": f"C-{c}",
                    "name": f"Client {c}",
                    "kind": "one_time" if c % 4 else "recurring",
                }
                for c in ids
            ],
        )
        company.insert(
            cursor,
            "thread",
            [{"client_id": c, "pool_number_id": None if c % 3 else dice.choice(pool)} for c in ids],
        )
        visits: list[dict[str, Any]] = []
        for number in range(WINDOWS_EACH):
            for client in ids:
                start = SPAN.start + (number * step // _QUARTER + dice.randint(0, 8)) * _QUARTER
                length = timedelta(hours=8 if dice.random() < 0.05 else dice.randint(1, 3))
                visits.append(
                    {
                        "client_id": client,
                        "sitter_id": (client + dice.randrange(3)) % company.SITTERS + 1,
                        "starts_at": start,
                        "ends_at": start + length,
                    }
                )
        company.insert(
            cursor,
            "booking",
            [
                {"ref": f"B-{number}", "status": "confirmed", **visit}
                for number, visit in enumerate(visits, start=1)
            ],
        )
        company.insert(
            cursor,
            "assignment_window",
            [
                {
                    **visit,
                    "thread_id": visit["client_id"],
                    "booking_id": number,
                    "booked_until": visit["ends_at"],
                    "ends_at": visit["ends_at"] + timedelta(hours=1),
                }
                for number, visit in enumerate(visits, start=1)
            ],
        )
        cursor.run(
            "UPDATE message_number SET status = 'quarantined', quarantine_reason = 'spam',"
            " quarantined_until = :until WHERE sitter_id IN (3, 7, 11)",
            until=SPAN.start + timedelta(days=12),
        )
