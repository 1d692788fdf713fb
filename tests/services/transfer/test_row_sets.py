"""A chunk is imported as a set, or row by row where another transaction was faster."""

import sqlite3
from collections.abc import Sequence

import pytest

from petmsg.errors import ConflictingWrite, DatabaseUnusable, MalformedRow
from petmsg.services.transfer.row_files import BatchRow, RowDone
from petmsg.services.transfer.row_sets import import_as_set
from petmsg.services.unit_of_work import Failure, UnitOfWork
from tests.support.fixtures import build_org, looking, working

ROWS = [BatchRow(line, {"ref": f"T-{line}"}) for line in (2, 3, 4)]


def add_template(uow: UnitOfWork, name: str) -> None:
    """The simplest row that a unique constraint guards."""
    uow.cursor.run(
        "INSERT INTO ref_counter (org_id, noun, next_value) VALUES (:org_id, :noun, 1)",
        org_id=uow.org.id,
        noun=name,
    )
    uow.audit("template.set", "template", name)


def counters(url: str) -> list[str]:
    with looking(url) as cursor:
        return [
            row[0] for row in cursor.tuples("SELECT noun FROM ref_counter WHERE noun LIKE 'T-%'")
        ]


def test_all_rows_are_applied_by_one_call(migrated_sqlite: str) -> None:
    build_org(migrated_sqlite)
    calls: list[int] = []
    with working(migrated_sqlite) as uow:

        def apply(rows: Sequence[BatchRow]) -> list[RowDone | Failure]:
            calls.append(len(rows))
            return [RowDone(row.line, row.ref, "created") for row in rows]

        seen: list[None] = []
        uow.on_progress = lambda: seen.append(None)
        done = import_as_set(uow, ROWS, apply)
    assert (calls, len(seen)) == ([3], 3)
    assert [each.row for each in done] == [2, 3, 4]


def test_where_another_was_faster_each_row_is_applied_alone(migrated_url: str) -> None:
    build_org(migrated_url)
    with working(migrated_url) as uow:
        add_template(uow, "T-3")
    with working(migrated_url) as uow:

        def apply(rows: Sequence[BatchRow]) -> list[RowDone | Failure]:
            for row in rows:
                if row.line == 4:
                    return [Failure(row.ref, MalformedRow("No."))]
                add_template(uow, row.ref)
            return [RowDone(row.line, row.ref, "created") for row in rows]

        first, taken, refused = import_as_set(uow, ROWS, apply)
        assert [event.ref for event in uow.events] == ["T-2"]
    assert isinstance(first, RowDone)
    assert isinstance(taken, Failure)
    assert isinstance(taken.error, ConflictingWrite)
    assert isinstance(refused, Failure)
    assert (taken.row, refused.row) == (3, 4)
    assert sorted(counters(migrated_url)) == ["T-2", "T-3"]


def test_any_other_failure_of_the_database_stops_the_import(migrated_sqlite: str) -> None:
    build_org(migrated_sqlite)

    def apply(rows: Sequence[BatchRow]) -> list[RowDone | Failure]:
        raise sqlite3.OperationalError("disk I/O error")

    with pytest.raises(DatabaseUnusable, match="disk I/O"), working(migrated_sqlite) as uow:
        import_as_set(uow, ROWS, apply)
