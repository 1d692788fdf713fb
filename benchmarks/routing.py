"""One routing decision in process: facts, decide and trace, against its bare statement."""

import sqlite3
from collections.abc import Callable
from typing import Any

from benchmarks import company
from benchmarks import ruleset_1 as facts_of_ruleset_1
from benchmarks.bench import Bench
from benchmarks.measure import Row, Sample, counted, seconds, take_turns
from petmsg.db.cursor import Cursor
from petmsg.db.location import locate
from petmsg.db.snapshot import snapshot
from petmsg.db.statements import for_psycopg, instant_to_text
from petmsg.queries.lookup import ClientKey, find_client
from petmsg.queries.org import OrgRow, find_org
from petmsg.queries.routing import AT_FIRST, read_facts
from petmsg.queries.routing_now import NOW
from petmsg.rules.routing import decide
from tests.rules.routing import ruleset_1


def measure(bench: Bench) -> list[Row]:
    """The rows of routing."""
    rows = []
    steps = {}
    small, large = 1_000, bench.few(30_000, 2_000)
    for windows in (small, large):
        url = bench.company("SQLite", f"windows-{windows}", _clients_with(windows))
        with snapshot(locate(url)) as cursor:
            steps[windows] = counted(_steps(cursor))
            if windows == large:
                took = _compared(bench, cursor)
                what = f"decision, {windows:,} windows"
                rows.append(Row("routing", what, *_sides(took, "sqlite3"), at_most=2))
    rows.append(
        Row(
            "routing",
            f"SQLite's steps, {large:,} windows",
            steps[large],
            f"{small:,} windows",
            steps[small],
            at_most=1.2,
        )
    )
    rows += (_against_ruleset_1(bench, kind) for kind in bench.databases)
    rows.append(_long_history(bench))
    if "PostgreSQL" in bench.databases:
        url = bench.company("PostgreSQL", "windows-1000", _clients_with(1_000))
        with snapshot(locate(url)) as cursor:
            took = _compared(bench, cursor)
        rows.append(
            Row("routing", "decision, PostgreSQL", *_sides(took, "psycopg, prepared"), at_most=1.6)
        )
    return rows


def _clients_with(windows: int) -> Callable[[str], None]:
    def build(url: str) -> None:
        each = 5 if windows <= 10_000 else 50
        company.add_visits(url, [each] * (windows // each))

    return build


def _sides(took: dict[str, Sample], peer: str) -> tuple[Sample, str, Sample]:
    return took["petmsg"], f"the statement on {peer}", took["bare"]


def _compared(bench: Bench, cursor: Cursor) -> dict[str, Sample]:
    """Seconds per decision, over all of some clients, half of them within a window."""
    org = find_org(cursor, None)
    clients = [find_client(cursor, org.id, f"C-{number}") for number in range(1, 41)]
    repeats = bench.few(10, 1)

    def petmsg() -> None:
        for _ in range(repeats):
            for client in clients:
                _decide(cursor, org, client)

    fetch = _bare(cursor, org)

    def bare() -> None:
        for _ in range(repeats):
            for client in clients:
                fetch(client)

    petmsg()
    bare()
    took = take_turns(
        {"petmsg": lambda: seconds(petmsg), "bare": lambda: seconds(bare)}, bench.few(11, 1)
    )
    each = repeats * len(clients)
    return {name: Sample(tuple(value / each for value in one.values)) for name, one in took.items()}


def _decide(cursor: Cursor, org: OrgRow, client: ClientKey) -> object:
    facts = read_facts(cursor, org, client, at=company.NOW, past=False)
    return decide(facts, company.NOW).trace


def _against_ruleset_1(bench: Bench, kind: str) -> Row:
    """A decision and what the same one cost under ruleset 1, in turns, on one cursor.

    Many short turns, because a difference of some hundredths is less than what else the machine
    does makes of a long one.
    """
    url = bench.company(kind, "windows-1000", _clients_with(1_000))
    repeats = bench.few(3, 1)
    with snapshot(locate(url)) as cursor:
        org = find_org(cursor, None)
        clients = [find_client(cursor, org.id, f"C-{number}") for number in range(1, 41)]

        def was(client: ClientKey) -> object:
            facts = facts_of_ruleset_1.read_facts(cursor, org, client, at=company.NOW)
            return ruleset_1.decide(facts, company.NOW).trace

        def each_of(deciding: Callable[[ClientKey], object]) -> Callable[[], float]:
            def run() -> None:
                for _ in range(repeats):
                    for client in clients:
                        deciding(client)

            run()
            return lambda: seconds(run) / (repeats * len(clients))

        sides = {"is": each_of(lambda client: _decide(cursor, org, client)), "was": each_of(was)}
        took = take_turns(sides, bench.few(61, 1))
    return Row("routing", f"decision, {kind}", took["is"], "ruleset 1's", took["was"], at_most=1.05)


def _bare(cursor: Cursor, org: OrgRow) -> Callable[[ClientKey], object]:
    """The same statement on the driver alone, in the same transaction, rows fetched as they are."""
    raw: Any = cursor._raw
    values: dict[str, Any] = {
        "org_id": org.id,
        "at": company.NOW,
        "pool_limit": 0,
        "most": AT_FIRST,
    }
    if cursor.is_sqlite:
        values["at"] = instant_to_text(company.NOW)
        return lambda client: raw.execute(NOW, {**values, "client_id": client.id}).fetchall()
    text = for_psycopg(NOW)
    return lambda client: raw.execute(
        text, {**values, "client_id": client.id}, prepare=True
    ).fetchall()


def _steps(cursor: Cursor) -> int:
    """How many steps SQLite's virtual machine takes for client `C-1`."""
    org = find_org(cursor, None)
    client = find_client(cursor, org.id, "C-1")
    connection: sqlite3.Connection = cursor._raw.connection
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    connection.set_progress_handler(step, 1)
    try:
        read_facts(cursor, org, client, at=company.NOW, past=False)
    finally:
        connection.set_progress_handler(None, 0)
    return steps


def _long_history(bench: Bench) -> Row:
    """Two threads of one database: many windows that are over, and ten."""
    many = bench.few(10_000, 1_000)

    def build(url: str) -> None:
        company.add_visits(url, [many, 1, 10])

    repeats = bench.few(300, 1)
    with snapshot(locate(bench.company("SQLite", "history", build))) as cursor:
        org = find_org(cursor, None)

        def deciding(ref: str) -> Callable[[], float]:
            client = find_client(cursor, org.id, ref)

            def run() -> None:
                for _ in range(repeats):
                    _decide(cursor, org, client)

            return lambda: seconds(run) / repeats

        took = take_turns({"many": deciding("C-1"), "few": deciding("C-3")}, bench.few(11, 1))
    return Row(
        "routing",
        f"decision, {many:,} windows in one thread",
        took["many"],
        "10 windows",
        took["few"],
        at_most=2,
    )
