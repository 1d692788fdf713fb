"""What PostgreSQL really does for each command, from its own log: no big table is read from end to
end, and ten times the company costs a command no more pages.

`auto_explain` writes the plan of every statement that was run, those of the ORM and of triggers
among them, with the pages it touched.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from benchmarks import company, scale, sending
from petmsg.db.engine import make_engine
from petmsg.db.location import locate
from petmsg.db.snapshot import snapshot
from petmsg.db.transaction import transaction
from petmsg.queries.org import find_org
from petmsg.queries.queue import due_texts, next_of_threads
from petmsg.workflows.worker.org_queue import LONG_AGO
from tests.support.consistency import raw
from tests.support.fixtures import run_cli
from tests.support.postgres import Copies, PostgresServer

pytestmark = pytest.mark.postgres

SMALL, LARGE = 500, 5_000
BIG = {
    "client", "client_phone", "thread", "booking", "assignment_window", "message",
    "message_attempt", "inbound_text", "audit_event", "call",
}  # fmt: skip
WRITING = (
    "client add Zoe --phone +13035550101 --ref Z-1",
    "booking add --client Z-1 --sitter S-3 --start 2026-02-14T14:00Z --end +3h --ref Z-1",
    "booking confirm Z-1",
    "booking confirm B-8 B-9 B-10",
    "booking reschedule B-11 --end +3d",
    "booking reassign B-12 --nobody",
    "booking cancel B-13 --reason sick --yes",
    "message send C-14 --body Hi --key k",
    "message send C-15 --body Hi --queue-only",
    "message dispatch",
    "message receive --from +12020000016 --to +14155580003 --body Hello --sid SM1",
    "message receive --from +12020000017 --to +14155580004 --body STOP --sid SM2",
    "inbox claim 1001",
    "inbox reply 1001 --body Hi",
    "inbox done --client C-101",
    "number quarantine +14155580005 --reason complaints",
    "number restore +14155580005 --reason better",
    "client phone add C-19 +13035550119",
    "client phone primary C-19 +13035550119",
    "client forget C-18 --reason asked --yes",
)
SETTINGS = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_buffers": "on",
    "auto_explain.log_nested_statements": "on",
    "auto_explain.log_format": "json",
}
Plan = dict[str, Any]


class Watched:
    """A company in a database whose plans are logged."""

    def __init__(self, server: PostgresServer, url: str) -> None:
        self.url = url
        self._logs, self._admin = server.folder, server.admin
        name = url.rpartition("/")[2]
        for setting, value in SETTINGS.items():
            server.admin.execute(f"ALTER DATABASE {name} SET {setting} = '{value}'")

    def plans(self, line: str) -> list[Plan]:
        """The plans of all statements of a command."""
        return self.logged(lambda: self._run(line))

    def logged(self, act: Callable[[], object]) -> list[Plan]:
        """The plans of what was done meanwhile."""
        log = max(self._logs.glob("log-*"))
        before, backends = log.stat().st_size, self._backends()
        act()
        deadline = time.monotonic() + 10
        while self._backends() > backends and time.monotonic() < deadline:
            time.sleep(0.01)  # the last plan of a connection is logged as it ends
        found = list(_plans(log, before))
        assert found, "nothing was logged"
        return found

    def _backends(self) -> int:
        """How many connections the database has."""
        sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
        row = self._admin.execute(sql, [self.url.rpartition("/")[2]]).fetchone()
        return int(row[0])

    def _run(self, line: str) -> None:
        ran = run_cli(self.url, *line.split())
        assert ran.code == 0, ran.err


def _grow(threads: int, url: str) -> None:
    """A company of that size with the inbox of a small one: a list reads the rows that it shows."""
    scale._build(threads, url)
    with raw(url) as cursor:
        cursor.run(
            "UPDATE inbound_text SET done_by = 'ann', done_at = inbox_at"
            f" WHERE done_at IS NULL AND message_id > {SMALL * 10}"
        )
    with psycopg.connect(locate(url).dsn or "", autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE inbound_text")


def _plans(log: Path, offset: int) -> Iterator[Plan]:
    decoder = json.JSONDecoder(strict=False)
    for piece in log.read_bytes()[offset:].decode().split(" plan:\n")[1:]:
        plan, _ = decoder.raw_decode(piece.lstrip())
        yield plan


def nodes(plan: Plan) -> Iterator[Plan]:
    """The node and all below it."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def scans(plans: list[Plan]) -> list[str]:
    """The big tables that are read from end to end, each with its statement."""
    return [
        f"{node['Relation Name']}: {' '.join(plan['Query Text'].split())[:200]}"
        for plan in plans
        for node in nodes(plan["Plan"])
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in BIG
    ]


def rows_read(plans: list[Plan]) -> int:
    """How many rows the steps of the plans gave or threw away."""
    return sum(
        (node["Actual Rows"] + node.get("Rows Removed by Join Filter", 0)) * node["Actual Loops"]
        for plan in plans
        for node in nodes(plan["Plan"])
    )


def pages(plans: list[Plan]) -> int:
    """How many pages the statements touched."""
    return sum(
        plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"] for plan in plans
    )


@pytest.fixture
def watched(postgres_server: PostgresServer, postgres_template: Copies) -> Callable[[int], Watched]:
    def grown(threads: int) -> Watched:
        url = postgres_template(f"grown-{threads}", partial(_grow, threads))
        return Watched(postgres_server, url)

    return grown


def test_no_reading_command_reads_a_big_table_from_end_to_end(
    watched: Callable[[int], Watched],
) -> None:
    large = watched(LARGE)
    found = {line: scans(large.plans(line)) for line in (*scale.COMMANDS, "metrics")}
    assert {line: each for line, each in found.items() if each} == {}


def test_no_writing_command_reads_a_big_table_from_end_to_end(
    watched: Callable[[int], Watched],
) -> None:
    large = watched(LARGE)
    found = {line: scans(large.plans(line)) for line in WRITING}
    assert {line: each for line, each in found.items() if each} == {}


@pytest.mark.parametrize(
    ("lines", "most"),
    # The metrics look each number up, in an index that is a level deeper.
    [(scale.COMMANDS, 1.5), (WRITING, 2), (("metrics",), 3)],
    ids=["reading", "writing", "metrics"],
)
def test_ten_times_the_company_takes_no_more_pages(
    watched: Callable[[int], Watched], lines: Sequence[str], most: float
) -> None:
    """Pages, unlike times, are the same on a busy machine. An index of ten times the rows may be a
    level deeper, and a small table is read whole."""
    small, large = watched(SMALL), watched(LARGE)
    touched = {line: (pages(small.plans(line)), pages(large.plans(line))) for line in lines}
    assert {line: each for line, each in touched.items() if each[1] > most * each[0]} == {}


def test_a_queue_the_server_has_no_statistics_of_is_not_compared_with_itself(
    postgres_server: PostgresServer, postgres_template: Copies
) -> None:
    """As after an import, until the server has counted."""
    texts = 1_000

    def build(url: str) -> None:
        company.create(url)
        with raw(url) as cursor:
            cursor.run("ALTER TABLE message SET (autovacuum_enabled = false)")
        sending._add_queue(url, texts, 10)

    fresh = Watched(postgres_server, postgres_template("uncounted-queue", build))
    with raw(fresh.url) as cursor:
        org, now = find_org(cursor, None), datetime.now(UTC)

        def look() -> None:
            assert len(due_texts(cursor, org, now=now, after=LONG_AGO, limit=texts)) == texts
            threads = range(1, texts + 1)
            assert len(next_of_threads(cursor, org, threads, now=now)) == texts

        assert rows_read(fresh.logged(look)) < 20 * texts


def test_the_server_compiles_no_statement_of_ours(
    watched: Callable[[int], Watched],
) -> None:
    location = locate(watched(SMALL).url)
    engine = make_engine(location)
    with snapshot(location) as reading, transaction(engine, location) as writing:
        assert [each.value("SHOW jit") for each in (reading, writing.cursor)] == ["off", "off"]
    engine.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT id FROM message WHERE body = 'text 7'",
        "SELECT c.id FROM client c WHERE EXISTS (SELECT 1 FROM message WHERE from_e164 = c.name)",
        "UPDATE booking SET status = 'confirmed' WHERE created_at < '1999-01-01'",
    ],
    ids=["alone", "below", "update"],
)
def test_a_scan_would_be_noticed(watched: Callable[[int], Watched], statement: str) -> None:
    small = watched(SMALL)
    with raw(small.url) as cursor:
        plans = small.logged(lambda: cursor.run(statement))
    assert scans(plans) != []
