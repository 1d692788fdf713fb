"""Taking an export back: whole orgs, in one transaction, or nothing of them.

The audit is taken as it was, and must verify; taking it back is no event of its own, so that the
heads an operator keeps stay right. In a database without any org the ids of rows stay as they were,
because events of the audit, and people, name texts by them; elsewhere rows get new ones.
"""

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from petmsg.db.cursor import Cursor
from petmsg.db.driver_errors import is_driver_error, is_passing, translate
from petmsg.db.transaction import Transaction
from petmsg.errors import AlreadyExists, ConflictingWrite, NumberTaken
from petmsg.queries.client import client_id_of
from petmsg.queries.message import unfinished_count
from petmsg.queries.org import all_orgs, find_org
from petmsg.queries.row_locks import lock_orgs
from petmsg.queries.savepoint import release_savepoint, set_savepoint, undo_to_savepoint
from petmsg.queries.transfer import ids_of_names, insert_text, taken_numbers
from petmsg.services import audit
from petmsg.services.transfer import values as cells
from petmsg.services.transfer.export import name_of
from petmsg.services.transfer.files import BrokenExport, Line, Reader
from petmsg.services.transfer.id_ranges import Ids, KeptIds, NewIds
from petmsg.services.transfer.manifest import OrgFiles
from petmsg.services.transfer.references import alert_with_ids, question_with_ids
from petmsg.services.transfer.table_schema import Column, Kind, TableSchema, shape_of, shapes
from petmsg.services.transfer.values import BadCell, Value
from petmsg.services.unit_of_work import UnitOfWork

_CHUNK = 1000
_MOST_NAMES = 50_000


@dataclass(frozen=True, slots=True)
class Imported:
    """An org that was taken back: how many rows of how many tables, and how many events hold.

    `waiting` texts are in its queue or under way. `same_ids`: its rows kept their ids.
    """

    org: str
    tables: int
    rows: int
    events: int
    waiting: int
    same_ids: bool


def restore(
    transaction: Transaction,
    orgs: Sequence[OrgFiles],
    *,
    actor: str,
    now: datetime,
    moved_on: Callable[[], None],
) -> tuple[list[Imported], UnitOfWork]:
    """Take the orgs back. Raises `AlreadyExists` if one of them is there, `NumberTaken`,
    `BrokenExport`, and `ConflictingWrite` for a row that breaks a rule: then nothing is taken."""
    cursor = transaction.cursor
    # So that a database without an org stays without one until this is committed.
    lock_orgs(cursor)
    there = {org.slug for org in all_orgs(cursor)}
    for org in orgs:
        if org.slug in there:
            raise AlreadyExists(
                f"Org {org.slug} is in this database already.",
                hint="Name another database to import into: --db URL.",
            )
    done = [_OrgImport(cursor, org, same_ids=not there).run(moved_on) for org in orgs]
    if not there:
        KeptIds.count_on(cursor)
    return done, UnitOfWork(transaction, find_org(cursor, orgs[0].slug), actor, now)


class _OrgImport:
    """One org."""

    def __init__(self, cursor: Cursor, files: OrgFiles, *, same_ids: bool) -> None:
        self._cursor = cursor
        self._files = files
        self._same_ids = same_ids
        self._ids: Ids = KeptIds(files) if same_ids else NewIds(cursor)
        self._org_id = 0
        self._places: dict[str, array[int]] = {}
        self._names: dict[str, dict[Value, int]] = {}

    def run(self, moved_on: Callable[[], None]) -> Imported:
        """Take all of its tables."""
        for shape in shapes():
            if shape.numbered:
                count = self._files.rows_of(shape.table)
                self._places[shape.table] = array("q", self._ids.take(shape.table, count))
        for shape in shapes():
            self._take(shape, moved_on)
        verified = audit.verify(self._cursor, find_org(self._cursor, self._files.slug))
        if not verified.ok:
            raise BrokenExport(
                f"The audit of org {verified.org} does not hold: event {verified.broken_seq}, "
                f"{verified.problem}."
            )
        return Imported(
            org=self._files.slug,
            tables=len(shapes()),
            rows=sum(self._files.rows_of(shape.table) for shape in shapes()),
            events=verified.events,
            waiting=self._waiting(),
            same_ids=self._same_ids,
        )

    def _take(self, shape: TableSchema, moved_on: Callable[[], None]) -> None:
        ids = self._ids_of(shape)
        lines = self._files.lines(shape)
        while chunk := list(islice(lines, _CHUNK)):
            reader = chunk[0][0]
            self._learn_names(shape, [line for _, line in chunk])
            rows = [self._row(shape, reader, line, ids) for _, line in chunk]
            if shape.table == "message_number":
                self._require_free([str(row["e164"]) for row in rows])
            self._insert(shape, reader, [line.number for _, line in chunk], rows)
            if shape.table == "org":
                self._require_one(reader, rows)
            for _ in chunk:
                moved_on()

    def _ids_of(self, shape: TableSchema) -> Iterator[int]:
        if shape.numbered:
            return iter(self._places[shape.table])
        if shape.has_id:
            return self._ids.take(shape.table, self._files.rows_of(shape.table))
        return iter(())

    def _row(
        self, shape: TableSchema, reader: Reader, line: Line, ids: Iterator[int]
    ) -> dict[str, Any]:
        """A row as it is stored."""
        try:
            values = line.values
            if shape.table == "alert":
                values = alert_with_ids(values, lambda place: self._at_place("message", place))
            elif shape.table == "relay_question":
                values = question_with_ids(values, self._client_id)
            row = {
                column.name: self._stored(column, values[column.name]) for column in shape.columns
            }
        except BadCell as problem:
            raise reader.broken(line.number, str(problem)) from None
        if shape.has_id:
            row["id"] = next(ids, None)
            if row["id"] is None:
                raise reader.broken(line.number, "the manifest says that there are fewer rows")
        if shape.table != "org":
            row["org_id"] = self._org_id
        return row

    def _stored(self, column: Column, value: Value) -> Any:
        if value is None:
            return None
        if column.kind is Kind.INSTANT:
            return cells.instant(str(value))
        if column.kind is Kind.PLACE:
            return self._at_place(str(column.target), int(value))
        if column.kind is Kind.NAME:
            found = self._names[str(column.target)].get(value)
            if found is None:
                raise BadCell(f"{column.label} names no {column.target} of the export")
            return found
        return value

    def _client_id(self, ref: Value) -> int:
        found = client_id_of(self._cursor, self._org_id, str(ref))
        if found is None:
            raise BadCell("options names no client of the export")
        return found

    def _at_place(self, table: str, place: int) -> int:
        ids = self._places[table]
        if not 0 < place <= len(ids):
            raise BadCell(f"the export has no row {place} of {table}")
        return ids[place - 1]

    def _learn_names(self, shape: TableSchema, lines: Sequence[Line]) -> None:
        """Look up the ids of the rows that these lines name, all of a table at once."""
        wanted: dict[str, set[Value]] = {}
        for column in shape.columns:
            if column.kind is Kind.NAME:
                names = wanted.setdefault(str(column.target), set())
                names.update(line.values[column.name] for line in lines)
        for table, names in wanted.items():
            known = self._names.setdefault(table, {})
            if len(known) > _MOST_NAMES:
                known.clear()
            unknown = sorted(str(name) for name in names if name is not None and name not in known)
            expression, joins = name_of(shape_of(table), alias="t")
            known.update(
                ids_of_names(
                    self._cursor,
                    self._org_id,
                    table=table,
                    expression=expression,
                    joins=joins,
                    names=unknown,
                )
            )

    def _insert(
        self, shape: TableSchema, reader: Reader, numbers: Sequence[int], rows: list[dict[str, Any]]
    ) -> None:
        sql = insert_text(shape.table, list(rows[0]))
        set_savepoint(self._cursor, "chunk")
        try:
            self._cursor.run_many(sql, rows)
        except Exception as problem:
            if not is_driver_error(problem) or is_passing(problem):
                raise
            undo_to_savepoint(self._cursor, "chunk")
            self._insert_one_by_one(sql, reader, numbers, rows)
        release_savepoint(self._cursor, "chunk")

    def _insert_one_by_one(
        self, sql: str, reader: Reader, numbers: Sequence[int], rows: Sequence[Mapping[str, Any]]
    ) -> None:
        """Find the row that the database refuses, and say which."""
        for number, row in zip(numbers, rows, strict=True):
            try:
                self._cursor.run(sql, **row)
            except Exception as problem:
                if not is_driver_error(problem) or is_passing(problem):
                    raise
                known = translate(problem)
                words = known.message.rstrip(".")
                if isinstance(known, ConflictingWrite):
                    raise ConflictingWrite(
                        f"{reader.display_name}, line {number}: {words}. Nothing was imported."
                    ) from None
                raise reader.broken(number, words) from None

    def _require_free(self, numbers: Sequence[str]) -> None:
        taken = taken_numbers(self._cursor, numbers)
        if taken:
            raise NumberTaken(
                f"{taken[0]} belongs to another org of this database.",
                hint="Nothing was imported: a number is of one org alone.",
            )

    def _require_one(self, reader: Reader, rows: Sequence[Mapping[str, Any]]) -> None:
        """The org's file holds the org and no other."""
        if [row["slug"] for row in rows] != [self._files.slug]:
            raise reader.broken(None, f"it does not hold org {self._files.slug} alone")
        self._org_id = rows[0]["id"]

    def _waiting(self) -> int:
        return unfinished_count(self._cursor, self._org_id)
