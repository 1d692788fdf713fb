"""What PostgreSQL really does for each command: no table that grows is read from end to end, with
statistics and before there are any, and ten times the company costs a command no more pages.

What SQLite does is in `test_steps`; `tests/support/reading.py` has the commands that read.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import chain

import psycopg
import pytest

from benchmarks import company, scale, sending
from petmsg.db.engine import make_engine
from petmsg.db.location import locate
from petmsg.db.snapshot import snapshot
from petmsg.db.transaction import transaction
from petmsg.queries import latest_events
from petmsg.queries.org import find_org
from petmsg.queries.queue import due_messages, next_of_threads
from petmsg.workflows.worker.org_queue import LONG_AGO
from tests.support import reading
from tests.support.consistency import raw
from tests.support.plans import Watched, pages, rows_read, scanned, scans
from tests.support.postgres import Copies, PostgresServer, server_of

pytestmark = pytest.mark.postgres

SMALL, LARGE, HUGE = 500, 5_000, 20_000
"""Threads. In the huge company an index is the cheapest way to a hundred rows of any table."""
MOST_PAGES = 3_000
READING = (*chain.from_iterable(reading.LINES.values()), *reading.WORKING, *reading.COUNTING)
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


def _grow(threads: int, url: str) -> None:
    """A company of that size with the inbox of a small one: a list reads the rows that it shows.

    The rows are not checked and no trigger sees them, which takes half the time."""
    with _unchecked(url):
        company.create(url)
        scale.build(threads, url)
    reading.add_one_of_each(url, now=company.NOW)
    with raw(url) as cursor:
        cursor.run(
            "UPDATE inbound_text SET done_by = 'ann', done_at = inbox_at"
            f" WHERE done_at IS NULL AND message_id > {SMALL * 10}"
        )
    with psycopg.connect(locate(url).dsn or "", autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE inbound_text")


@contextmanager
def _unchecked(url: str) -> Iterator[None]:
    server = server_of(url)
    assert server is not None
    with server.unchecked(url.rpartition("/")[2]):
        yield


@pytest.fixture
def watched(postgres_server: PostgresServer, postgres_template: Copies) -> Callable[[int], Watched]:
    def grown(threads: int) -> Watched:
        url = postgres_template(f"grown-{threads}", partial(_grow, threads))
        return Watched(postgres_server, url)

    return grown


def test_no_reading_command_reads_a_big_table_from_end_to_end(
    watched: Callable[[int], Watched],
) -> None:
    whole = [line for line, _ in reading.WHOLE.values() if line != "doctor"]
    expected = {line: tables for line, (tables, _) in reading.SCANNING.items()}
    assert _scanned(watched(HUGE), [*READING, *whole]) == expected


def test_nor_before_the_server_has_statistics(
    watched: Callable[[int], Watched], postgres_server: PostgresServer
) -> None:
    """As after an import, until the server has counted."""
    huge = watched(HUGE)
    postgres_server.forget_statistics(huge.url)
    expected = {line: tables for line, (tables, _) in reading.GUESSING.items()}
    assert _scanned(huge, READING) == expected


def test_no_writing_command_reads_a_big_table_from_end_to_end(
    watched: Callable[[int], Watched],
) -> None:
    assert _scanned(watched(HUGE), WRITING) == {}


def _scanned(grown: Watched, lines: Sequence[str]) -> dict[str, set[str]]:
    """The commands that read tables from end to end, and which."""
    found = {}
    for line in lines:
        may_fail = line == "audit verify"  # the server made up the hashes
        found[line] = scanned(grown.plans(line, now=company.NOW, may_fail=may_fail))
    return {line: tables for line, tables in found.items() if tables}


def test_a_reading_command_touches_few_of_the_pages(watched: Callable[[int], Watched]) -> None:
    """A hundred rows, each with what it is joined with; the messages alone have 5,000 pages. Pages,
    unlike times, are the same on a busy machine."""
    huge = watched(HUGE)
    lines = [line for line in READING if line != "db check"]  # it reads the catalog
    touched = {line: pages(huge.plans(line, now=company.NOW)) for line in lines}
    assert {line: each for line, each in touched.items() if each > MOST_PAGES} == {}


@pytest.mark.parametrize(
    ("lines", "most"),
    # The metrics look each number up, in an index that is a level deeper.
    [(WRITING, 2), (("metrics",), 3)],
    ids=["writing", "metrics"],
)
def test_ten_times_the_company_takes_no_more_pages(
    watched: Callable[[int], Watched], lines: Sequence[str], most: float
) -> None:
    """An index of ten times the rows may be a level deeper, and a small table is read whole."""
    touched = _touched(watched(SMALL), watched(LARGE), lines)
    assert {line: each for line, each in touched.items() if each[1] > most * each[0]} == {}


def _touched(small: Watched, large: Watched, lines: Sequence[str]) -> dict[str, tuple[int, int]]:
    """The pages that each command touches in both companies."""
    return {line: (pages(small.plans(line)), pages(large.plans(line))) for line in lines}


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
            assert len(due_messages(cursor, org, now=now, after=LONG_AGO, limit=texts)) == texts
            threads = range(1, texts + 1)
            assert len(next_of_threads(cursor, org, threads, now=now)) == texts

        assert rows_read(fresh.logged(look)) < 20 * texts


def test_what_events_name_is_not_compared_with_every_row(
    watched: Callable[[int], Watched], postgres_server: PostgresServer
) -> None:
    """What `doctor` asks, before the server has statistics."""
    fresh = watched(SMALL)
    messages = SMALL * 10
    with _unchecked(fresh.url), raw(fresh.url) as cursor:
        cursor.run(
            "INSERT INTO audit_event (org_id, seq, at, actor, event, entity, ref, payload,"
            " previous_hash, hash) SELECT m.org_id, h.seq + m.id, m.created_at, 'x',"
            " 'message.queued', 'message', CAST(m.id AS VARCHAR), '{}', 'x', 'x'"
            " FROM message m, audit_head h"
        )
    postgres_server.forget_statistics(fresh.url)
    with raw(fresh.url) as cursor:
        org = find_org(cursor, None)

        def look() -> None:
            for entity in latest_events.STANDING:
                latest_events.missing(cursor, org, entity)

        assert rows_read(fresh.logged(look)) < 20 * messages


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
