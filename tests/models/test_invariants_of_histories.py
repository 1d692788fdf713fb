"""The audit and the assignment history of numbers only grow: attacked by raw SQL."""

from contextlib import suppress
from datetime import timedelta

import psycopg
import pytest

from petmsg.models import metadata
from petmsg.rules.audit_chain import GENESIS
from tests.support.attacks import Database, RolledBack
from tests.support.consistency import PRAGMAS, raw
from tests.support.fixtures import NOW

# ------------------------------------------------------------------------------------- 8: the audit


@pytest.mark.parametrize(
    "change",
    [
        "at = at", "actor = 'x'", "event = 'x.y'", "entity = 'x'", "ref = 'x'", "reason = 'x'",
        "payload = '{}'", "previous_hash = hash", "hash = previous_hash", "seq = seq + 1000",
        "org_id = 2",
    ],
)  # fmt: skip
def test_invariant_8_no_column_of_an_event_is_changed(database: Database, change: str) -> None:
    words = database.refuses(f"UPDATE audit_event SET {change} WHERE org_id = 1")
    assert "an audit event is never changed" in words


def test_invariant_8_no_event_is_deleted(database: Database) -> None:
    assert "never deleted" in database.refuses("DELETE FROM audit_event")
    database.refuses(
        "DELETE FROM audit_event WHERE org_id = 1"
        " AND seq = (SELECT max(seq) FROM audit_event WHERE org_id = 1)"
    )
    if not database.is_sqlite:
        for table in ("audit_event", "org", "org, audit_event"):
            assert "never" in database.refuses(f"TRUNCATE {table} CASCADE")


@pytest.fixture(params=["as petmsg", "as any program"])
def pragmas(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """petmsg's own settings of an SQLite connection, and those SQLite starts with."""
    return PRAGMAS if request.param == "as petmsg" else ("foreign_keys=OFF",)


@pytest.mark.parametrize("verb", ["INSERT", "INSERT OR REPLACE", "REPLACE", "INSERT … UPDATE"])
def test_invariant_8_no_event_is_replaced(world: str, pragmas: tuple[str, ...], verb: str) -> None:
    """Also not by a program that leaves SQLite's own settings as they are."""
    with suppress(RolledBack), raw(world, pragmas=pragmas) as cursor:
        database = Database(world, cursor)
        if "REPLACE" in verb and not database.is_sqlite:
            pytest.skip("PostgreSQL has no INSERT OR REPLACE")
        row = database.row("audit_event", "org_id = 1 AND seq = 3")
        sql, values = database.copying(
            row, "audit_event", verb=verb.removesuffix(" … UPDATE"), payload="{}"
        )
        if verb.endswith("UPDATE"):
            sql += " ON CONFLICT (org_id, seq) DO UPDATE SET payload = '{}'"
        database.refuses(sql, **values)
        raise RolledBack


@pytest.mark.parametrize("gap", [-1, 0, 2, 100])
def test_invariant_8_events_follow_each_other_without_a_gap(database: Database, gap: int) -> None:
    last = database.row("audit_event", "org_id = 1 DESC")
    sql, values = database.copying(
        last, "audit_event", seq=last["seq"] + gap, previous_hash=last["hash"]
    )
    database.refuses(sql, **values)


@pytest.mark.parametrize("previous", [GENESIS, "", "0" * 63, "own"])
def test_invariant_8_an_event_carries_the_hash_of_the_one_before(
    database: Database, previous: str
) -> None:
    rows = database.cursor.rows("SELECT * FROM audit_event WHERE org_id = 1 ORDER BY seq")
    assert [row["previous_hash"] for row in rows] == [GENESIS, *(row["hash"] for row in rows[:-1])]
    last = rows[-1]
    wrong = last["previous_hash"] if previous == "own" else previous
    sql, values = database.copying(
        last, "audit_event", seq=last["seq"] + 1, previous_hash=wrong, hash="f" * 64
    )
    database.refuses(sql, **values)
    values["previous_hash"] = last["hash"]
    database.accepts(sql, **values)


def test_invariant_8_triggers_are_not_skipped_by_the_switch_for_replication(
    database: Database,
) -> None:
    """The switch for replication, which skips triggers, is the superuser's."""
    if database.is_sqlite:
        pytest.skip("SQLite has no such switch")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        database.cursor.run("SET session_replication_role = replica")


# ------------------------------------------------------------------------------------ 9: the ledger


@pytest.mark.parametrize("change", ["from_at = :from_at", "status = 'retired'", "reason = 'x'"])
def test_invariant_9_no_row_of_the_ledger_is_changed(database: Database, change: str) -> None:
    values = {"from_at": NOW - timedelta(days=9)} if ":" in change else {}
    words = database.refuses(f"UPDATE number_custody SET {change} WHERE org_id = 1", **values)
    assert "a custody row is never changed" in words


def test_invariant_9_no_row_of_the_ledger_is_deleted(database: Database) -> None:
    assert "never deleted" in database.refuses("DELETE FROM number_custody")
    database.refuses("DELETE FROM message_number WHERE org_id = 1 AND sitter_id IS NULL")
    if not database.is_sqlite:
        database.refuses("TRUNCATE number_custody")
        database.refuses("TRUNCATE message_number CASCADE")


@pytest.mark.parametrize("later", [timedelta(0), timedelta(microseconds=-1), timedelta(days=-9)])
def test_invariant_9_a_row_begins_after_the_last_one_of_its_number(
    database: Database, later: timedelta
) -> None:
    last = database.row("number_custody", "number_id = 2 DESC")
    sql, values = database.copying(last, "number_custody", from_at=last["from_at"] + later)
    database.refuses(sql, **values)
    values["from_at"] = last["from_at"] + timedelta(microseconds=1)
    database.accepts(sql, **values)


def test_invariant_9_no_row_of_the_ledger_is_replaced(world: str, pragmas: tuple[str, ...]) -> None:
    with suppress(RolledBack), raw(world, pragmas=pragmas) as cursor:
        database = Database(world, cursor)
        if not database.is_sqlite:
            pytest.skip("PostgreSQL has no INSERT OR REPLACE")
        row = database.row("number_custody", "number_id = 2")
        later = row["from_at"] + timedelta(days=99)
        for id_, from_at in (
            (row["id"], row["from_at"]),
            (row["id"], later),
            (9999, row["from_at"]),
        ):
            sql, values = database.copying(
                row, "number_custody", verb="INSERT OR REPLACE", id=id_, from_at=from_at
            )
            database.refuses(sql, **values)
        raise RolledBack


def test_invariant_9_the_ledger_of_a_number_is_whole(database: Database) -> None:
    """A row ends where the next begins: only `from_at` is stored, so nothing can lie between."""
    columns = set(metadata.tables["number_custody"].columns.keys())
    assert "from_at" in columns
    assert not columns & {"until", "to_at", "ends_at", "until_at"}
    rows = database.cursor.tuples(
        "SELECT number_id, count(*), count(DISTINCT from_at) FROM number_custody GROUP BY number_id"
    )
    assert rows
    assert all(count == distinct for _, count, distinct in rows)
