"""What only triggers can hold, on both databases and on any stranger's connection.

`assert_refused` connects without petmsg's settings: on SQLite foreign keys and recursive triggers
are off, so what is refused there is refused everywhere.
"""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text

from petmsg.models import metadata
from petmsg.rules.audit_chain import GENESIS
from tests.support.migration_support import (
    Book,
    add_event,
    assert_refused,
    at,
    begun,
    broken_links,
    dump,
    rows,
    run,
    upgrade,
)
from tests.support.postgres import Copies

LAST = "(SELECT hash FROM audit_event WHERE org_id = 1 AND seq = 2)"
NOT_AFTER = "a custody row must begin after the last one of its number"


def prepare(url: str) -> None:
    """A database at the head: an org with two events, three numbers, two ledger rows, a thread."""
    upgrade(url)
    with begun(url) as connection:
        book = Book(connection)
        book.org(1, "happy-paws")
        for id_ in (1, 2):
            book.add(
                "sitter", id=id_, org_id=1, ref=f"S-{id_}", name="S", phone="+1", status="active"
            )
        for number in (1, 2, 3):
            book.pool_number(number)
        for id_, hours in ((1, 1), (2, 5)):
            book.add(
                "number_custody",
                **{"id": id_, "org_id": 1, "number_id": 1, "from_at": at(hours), "class": "pool"},
                status="active",
                reason="r",
                actor="a",
            )
        book.client(1, "C-1")
        connection.execute(
            metadata.tables["thread"].insert().values(id=1, org_id=1, client_id=1, created_at=at(0))
        )
        for seq in (1, 2):
            add_event(connection, org=1, slug="happy-paws", seq=seq)


@pytest.fixture
def url(database_copies: Copies) -> str:
    return database_copies("triggers", prepare)


def event(seq: int, previous: str) -> str:
    """The rest of an INSERT of an event, whose hash is `h` and its number."""
    return (
        "INTO audit_event"
        " (org_id, seq, at, actor, event, entity, ref, payload, previous_hash, hash) VALUES"
        f" (1, {seq}, '2026-01-01 00:00:00.000000', 'eve', 'x.done', 'x', 'X', '{{}}',"
        f" {previous}, 'h{seq}')"
    )


def custody(url: str, id: int, *, number: int, clock: str) -> str:  # noqa: A002 - the column's name
    """The rest of an INSERT of a ledger row."""
    zone = "+00" if url.startswith("postgresql") else ""
    return (
        "INTO number_custody (id, org_id, number_id, from_at, class, status, reason, actor) VALUES"
        f" ({id}, 1, {number}, '2026-01-01 {clock}.000000{zone}', 'pool', 'active', 'r', 'eve')"
    )


# ------------------------------------------------------------------------------------------- audit


def test_the_next_event_is_accepted(url: str) -> None:
    """Also two of them in one statement, and the first one of another org."""
    run(url, f"INSERT {event(3, LAST)}")
    second = event(5, "'h4'").partition("VALUES")[2]
    fourth = event(4, "'h3'")
    run(url, f"INSERT {fourth}, {second}")
    with begun(url) as connection:
        Book(connection).org(2, "other")
        add_event(connection, org=2, slug="other")
    query = "SELECT org_id, max(seq) FROM audit_event GROUP BY 1 ORDER BY 1"
    assert rows(url, query) == [(1, 5), (2, 1)]


@pytest.mark.parametrize(
    ("seq", "previous"),
    [
        pytest.param(2, "'h1'", id="one that exists"),
        pytest.param(4, LAST, id="a gap"),
        pytest.param(4, f"'{GENESIS}'", id="a gap that claims to begin a chain"),
        pytest.param(0, LAST, id="before the first"),
        pytest.param(3, f"'{GENESIS}'", id="not chained to the last"),
    ],
)
def test_an_event_out_of_order_is_refused(url: str, seq: int, previous: str) -> None:
    words = "an audit event must follow the last one of its org"
    assert_refused(url, f"INSERT {event(seq, previous)}", words)


def test_an_event_is_never_changed_or_deleted(url: str) -> None:
    before = dump(url)
    assert_refused(url, "UPDATE audit_event SET actor = 'eve'", "an audit event is never changed")
    assert_refused(url, "DELETE FROM audit_event", "an audit event is never deleted")
    if url.startswith("postgresql"):
        assert_refused(url, "TRUNCATE audit_event", "an audit event is never deleted")
    assert dump(url) == before
    assert broken_links(url) == []


# ------------------------------------------------------------------------------------------ ledger


def test_a_later_ledger_row_is_accepted(url: str) -> None:
    """And any row of a number that has none."""
    run(url, f"INSERT {custody(url, 3, number=1, clock='05:00:01')}")
    run(url, f"INSERT {custody(url, 4, number=2, clock='00:00:00')}")
    assert rows(url, "SELECT count(*) FROM number_custody") == [(4,)]


@pytest.mark.parametrize("clock", ["00:30:00", "01:00:00", "03:00:00", "05:00:00"])
def test_a_ledger_row_that_is_not_the_latest_is_refused(url: str, clock: str) -> None:
    assert_refused(url, f"INSERT {custody(url, 3, number=1, clock=clock)}", NOT_AFTER)


def test_a_ledger_row_is_never_changed_or_deleted(url: str) -> None:
    before = dump(url)
    assert_refused(url, "UPDATE number_custody SET reason = 'x'", "a custody row is never changed")
    assert_refused(url, "DELETE FROM number_custody", "a custody row is never deleted")
    if url.startswith("postgresql"):
        assert_refused(url, "TRUNCATE number_custody", "a custody row is never deleted")
    assert dump(url) == before


@pytest.mark.postgres
def test_two_ledger_rows_of_one_number_wait_for_each_other(postgres_template: Copies) -> None:
    """The later row is written first and not committed yet when the earlier one comes."""
    url = postgres_template("triggers", prepare)
    refused: list[bool] = []

    def write_the_earlier_one() -> None:
        assert_refused(url, f"INSERT {custody(url, 4, number=1, clock='06:00:00')}", NOT_AFTER)
        refused.append(True)

    with begun(url) as connection:
        connection.execute(text(f"INSERT {custody(url, 3, number=1, clock='07:00:00')}"))
        other = threading.Thread(target=write_the_earlier_one)
        other.start()
        other.join(timeout=0.5)
        assert other.is_alive()
    other.join(timeout=20)
    assert refused == [True]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (f"INSERT OR REPLACE {event(2, LAST)}", "an audit event must follow"),
        (f"INSERT OR IGNORE {event(2, LAST)}", "an audit event must follow"),
        ("UPDATE OR REPLACE audit_event SET seq = 2", "an audit event is never changed"),
        (f"INSERT OR REPLACE {custody('', 1, number=1, clock='09:00:00')}", NOT_AFTER),
        (f"INSERT OR REPLACE {custody('', 2, number=2, clock='09:00:00')}", NOT_AFTER),
    ],
)
def test_replacing_does_not_walk_past_the_triggers(
    sqlite_copies: Copies, statement: str, words: str
) -> None:
    """SQLite deletes without a DELETE trigger there, unless recursive_triggers is on."""
    url = sqlite_copies("triggers", prepare)
    before = dump(url)
    assert_refused(url, statement, words)
    assert dump(url) == before


# ------------------------------------------------------------------------------ numbers and threads


def test_a_number_keeps_its_first_sitter_for_ever(url: str) -> None:
    words = "a number is never given to a second sitter"
    run(url, "UPDATE message_number SET first_sitter_id = 1 WHERE id = 1")
    run(url, "UPDATE message_number SET first_sitter_id = 1, class = 'sitter' WHERE id = 1")
    assert_refused(url, "UPDATE message_number SET first_sitter_id = 2", words)
    assert_refused(url, "UPDATE message_number SET first_sitter_id = NULL", words)
    query = "SELECT id, first_sitter_id FROM message_number ORDER BY 1"
    assert rows(url, query) == [(1, 1), (2, None), (3, None)]


def test_a_retired_number_stays_retired(url: str) -> None:
    run(url, "UPDATE message_number SET status = 'retired' WHERE id = 1")
    run(url, "UPDATE message_number SET status = 'retired', last_used_at = NULL WHERE id = 1")
    assert_refused(
        url, "UPDATE message_number SET status = 'active'", "a retired number stays retired"
    )


@pytest.mark.parametrize(
    ("table", "words"),
    [("message_number", "a number is never deleted"), ("thread", "a thread is never deleted")],
)
def test_numbers_and_threads_are_never_deleted(url: str, table: str, words: str) -> None:
    assert_refused(url, f"DELETE FROM {table}", words)
    if url.startswith("postgresql"):
        assert_refused(url, f"TRUNCATE {table} CASCADE", "a .* is never deleted")
