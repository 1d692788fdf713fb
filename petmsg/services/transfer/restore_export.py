"""Restore an export: all of its orgs in one transaction, or nothing.

The audit is restored unchanged and must verify. The restore itself is no audit event, so that the
checkpoints an operator keeps stay valid. In a database without orgs the rows keep their ids,
because audit events and people refer to messages by them; otherwise the rows get new ids.
"""

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from petmsg.db.cursor import Cursor
from petmsg.db.driver_errors import is_driver_error, is_retryable, translate
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
from petmsg.services.transfer.table_schema import (
    Column,
    Kind,
    TableSchema,
    table_schema_of,
    table_schemas,
)
from petmsg.services.transfer.values import BadCell, Value
from petmsg.services.unit_of_work import UnitOfWork

_CHUNK = 1000
_MOST_NAMES = 50_000


@dataclass(frozen=True, slots=True)
class Imported:
    """A restored org: the number of its tables, rows and verified audit events.

    `waiting` counts messages that are queued or being sent. `same_ids`: the rows kept their ids.
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
    on_progress: Callable[[], None],
) -> tuple[list[Imported], UnitOfWork]:
    """Restore the orgs; also returns a unit of work of the first one, for the caller to finish.

    Raises `AlreadyExists` if the database has one of them, `NumberTaken` for a number of another
    org, `BrokenExport`, and `ConflictingWrite` for a row that breaks a constraint. Then nothing is
    restored.
    """
    cursor = transaction.cursor
    # A lock, so that no other process adds an org before this is committed.
    lock_orgs(cursor)
    existing = {org.slug for org in all_orgs(cursor)}
    for org in orgs:
        if org.slug in existing:
            raise AlreadyExists(
                f"Org {org.slug} already exists in this database.",
                hint="Import into another database: --db URL",
            )
    done = [_OrgImport(cursor, org, same_ids=not existing).run(on_progress) for org in orgs]
    if not existing:
        KeptIds.count_on(cursor)
    return done, UnitOfWork(transaction, find_org(cursor, orgs[0].slug), actor, now)


class _OrgImport:
    """The restore of one org."""

    def __init__(self, cursor: Cursor, files: OrgFiles, *, same_ids: bool) -> None:
        self._cursor = cursor
        self._files = files
        self._same_ids = same_ids
        self._ids: Ids = KeptIds(files) if same_ids else NewIds(cursor)
        self._org_id = 0
        self._ids_by_table: dict[str, array[int]] = {}
        self._names: dict[str, dict[Value, int]] = {}

    def run(self, on_progress: Callable[[], None]) -> Imported:
        """Restore all tables of the org."""
        for schema in table_schemas():
            if schema.numbered:
                count = self._files.rows_of(schema.table)
                self._ids_by_table[schema.table] = array(
                    "q", self._ids.allocate(schema.table, count)
                )
        for schema in table_schemas():
            self._import_table(schema, on_progress)
        verified = audit.verify(self._cursor, find_org(self._cursor, self._files.slug))
        if not verified.ok:
            raise BrokenExport(
                f"The audit log of org {verified.org} is not intact: event {verified.broken_seq}, "
                f"{verified.problem}."
            )
        return Imported(
            org=self._files.slug,
            tables=len(table_schemas()),
            rows=sum(self._files.rows_of(schema.table) for schema in table_schemas()),
            events=verified.events,
            waiting=self._waiting(),
            same_ids=self._same_ids,
        )

    def _import_table(self, schema: TableSchema, on_progress: Callable[[], None]) -> None:
        ids = self._ids_of(schema)
        lines = self._files.lines(schema)
        while chunk := list(islice(lines, _CHUNK)):
            reader = chunk[0][0]
            self._load_names(schema, [line for _, line in chunk])
            rows = [self._row(schema, reader, line, ids) for _, line in chunk]
            if schema.table == "message_number":
                self._require_free([str(row["e164"]) for row in rows])
            self._insert(schema, reader, [line.number for _, line in chunk], rows)
            if schema.table == "org":
                self._require_one(reader, rows)
            for _ in chunk:
                on_progress()

    def _ids_of(self, schema: TableSchema) -> Iterator[int]:
        if schema.numbered:
            return iter(self._ids_by_table[schema.table])
        if schema.has_id:
            return self._ids.allocate(schema.table, self._files.rows_of(schema.table))
        return iter(())

    def _row(
        self, schema: TableSchema, reader: Reader, line: Line, ids: Iterator[int]
    ) -> dict[str, Any]:
        """The row as it is stored."""
        try:
            values = line.values
            if schema.table == "alert":
                values = alert_with_ids(values, lambda place: self._id_of_row("message", place))
            elif schema.table == "relay_question":
                values = question_with_ids(values, self._client_id)
            row = {
                column.name: self._stored(column, values[column.name]) for column in schema.columns
            }
        except BadCell as problem:
            raise reader.broken(line.number, str(problem)) from None
        if schema.has_id:
            row["id"] = next(ids, None)
            if row["id"] is None:
                raise reader.broken(line.number, "the file has more rows than the manifest says")
        if schema.table != "org":
            row["org_id"] = self._org_id
        return row

    def _stored(self, column: Column, value: Value) -> Any:
        if value is None:
            return None
        if column.kind is Kind.INSTANT:
            return cells.instant(str(value))
        if column.kind is Kind.ROW_NUMBER:
            return self._id_of_row(str(column.target), int(value))
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

    def _id_of_row(self, table: str, place: int) -> int:
        ids = self._ids_by_table[table]
        if not 0 < place <= len(ids):
            raise BadCell(f"the export has no row {place} of {table}")
        return ids[place - 1]

    def _load_names(self, schema: TableSchema, lines: Sequence[Line]) -> None:
        """Read the ids of the rows that these lines refer to by name, once per table."""
        wanted: dict[str, set[Value]] = {}
        for column in schema.columns:
            if column.kind is Kind.NAME:
                names = wanted.setdefault(str(column.target), set())
                names.update(line.values[column.name] for line in lines)
        for table, names in wanted.items():
            known = self._names.setdefault(table, {})
            if len(known) > _MOST_NAMES:
                known.clear()
            unknown = sorted(str(name) for name in names if name is not None and name not in known)
            expression, joins = name_of(table_schema_of(table), alias="t")
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
        self,
        schema: TableSchema,
        reader: Reader,
        numbers: Sequence[int],
        rows: list[dict[str, Any]],
    ) -> None:
        sql = insert_text(schema.table, list(rows[0]))
        set_savepoint(self._cursor, "chunk")
        try:
            self._cursor.run_many(sql, rows)
        except Exception as problem:
            if not is_driver_error(problem) or is_retryable(problem):
                raise
            undo_to_savepoint(self._cursor, "chunk")
            self._insert_one_by_one(sql, reader, numbers, rows)
        release_savepoint(self._cursor, "chunk")

    def _insert_one_by_one(
        self, sql: str, reader: Reader, numbers: Sequence[int], rows: Sequence[Mapping[str, Any]]
    ) -> None:
        """Insert row by row, to name the one that the database refuses."""
        for number, row in zip(numbers, rows, strict=True):
            try:
                self._cursor.run(sql, **row)
            except Exception as problem:
                if not is_driver_error(problem) or is_retryable(problem):
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
                hint="Nothing was imported, because a number can belong to one org only.",
            )

    def _require_one(self, reader: Reader, rows: Sequence[Mapping[str, Any]]) -> None:
        """Raise `BrokenExport` unless the org's file contains this org only; note its new id."""
        if [row["slug"] for row in rows] != [self._files.slug]:
            raise reader.broken(None, f"it must contain org {self._files.slug} and no other")
        self._org_id = rows[0]["id"]

    def _waiting(self) -> int:
        return unfinished_count(self._cursor, self._org_id)
