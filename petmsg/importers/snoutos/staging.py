"""A copy of the old tables in a scratch database, read once and queried as often as needed.

So it does not matter whether they come from a database or from files, how their rows are ordered,
or how long the import takes; and memory use stays flat.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from petmsg.db.scratch_database import scratch
from petmsg.errors import MalformedFile, MalformedRow
from petmsg.importers.snoutos.legacy_schema import (
    MALFORMED,
    OldRow,
    OldTableMissing,
    Source,
    Table,
    staged_time,
)
from petmsg.importers.snoutos.newer_schema import adapt, add_org, require_orgs
from petmsg.importers.snoutos.old_schemas import (
    STAGED,
    SchemaName,
    columns_of,
    schema_of,
)
from petmsg.importers.snoutos.report import Imported

_TEXT = None
CHUNK = 1000
"""How many old rows one transaction imports."""

_INDEXES = (
    ("Client", "id"),
    ("Sitter", "id"),
    ("MessageNumber", "id"),
    ("Thread", "id"),
    ("Thread", "clientId"),
    ("ClientContact", "clientId"),
    ("AssignmentWindow", "bookingRef"),
    ("AssignmentWindow", "id"),
    ("Message", "threadId"),
    ("Message", "providerMessageSid"),
    ("Message", "id"),
    ("MessageDelivery", "messageId"),
    ("Booking", "id"),
    ("OptOut", "e164"),
    ("SitterMaskedNumber", "messageNumberId"),
)
_ADDED = {
    "AssignmentWindow": ("hasGrace",),
    "Booking": ("isNew",),
    "MessageNumber": ("formerSitterId",),
    "OptOut": ("e164",),
    "Thread": ("assumed",),
}
"""Columns of the staged tables that the import fills in."""


class ColumnMissing(MalformedFile):
    code = "old_column_missing"


class Stage:
    """The staged tables. `unread` are the rows that could not be staged, by table.

    `schema_name` is the schema of the old system, and `old_names` are the names of its tables, by
    the staged ones.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.unread: dict[str, Imported] = {}
        self.schema_name: SchemaName | None = None
        self.old_names: dict[str, str] = {}

    def rows(self, sql: str, **parameters: Any) -> list[sqlite3.Row]:
        """Return all rows of a small result."""
        return self._connection.execute(sql, parameters).fetchall()

    def chunks(self, sql: str, **parameters: Any) -> Iterator[list[sqlite3.Row]]:
        """Yield the rows of a result in chunks for one transaction each."""
        answer = self._connection.execute(sql, parameters)
        while chunk := answer.fetchmany(CHUNK):
            yield chunk

    def among(self, sql: str, values: Sequence[str], **parameters: Any) -> list[sqlite3.Row]:
        """Return the rows of a statement with `IN (:values)`, for any number of values."""
        found: list[sqlite3.Row] = []
        for start in range(0, len(values), 500):
            named = {f"value_{i}": each for i, each in enumerate(values[start : start + 500])}
            listed = ", ".join(f":{name}" for name in named)
            found += self.rows(sql.replace(":values", listed), **named, **parameters)
        return found

    def write(self, sql: str, rows: Sequence[dict[str, Any]]) -> None:
        """Change staged rows."""
        self._connection.executemany(sql, rows)

    def add_org(self, org: str) -> None:
        """List an organisation that rows name although it is not listed."""
        add_org(self._connection, org)

    def count(self) -> int:
        """Return how many rows were staged."""
        return sum(
            self._connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]
            for table in STAGED
        )

    def load(self, source: Source, *, grace_minutes: int | None) -> None:
        """Read every table of the source. Raises `ColumnMissing`, and what the source raises.

        An old window ends `grace_minutes` after its visit; they are subtracted. None means as the
        schema has it.
        """
        schema = schema_of(source)
        self.schema_name = schema.name
        for name in STAGED:
            self._create(name)
        for table in schema.tables:
            self.old_names[table.name] = table.old_name
            self.unread.setdefault(table.name, Imported(table.name))
            existing = self._columns(table, source)
            if existing is not None:
                self._load(table, source, _columns_there(table, existing))
        for name, column in _INDEXES:
            self._connection.execute(f'CREATE INDEX "{name}_{column}" ON "{name}" ("{column}")')
        for table in schema.tables:
            if "id" in table.columns:
                self._drop_repeated(table)
        grace = schema.grace_minutes if grace_minutes is None else grace_minutes
        self._subtract_grace(timedelta(minutes=grace))
        if schema.name is SchemaName.NEWER:
            adapt(self._connection)
            if not self.rows('SELECT 1 FROM "ClientContact" WHERE id IS NOT NULL LIMIT 1'):
                self.old_names["ClientContact"] = "Client.phone"
        require_orgs(self._connection)
        self._connection.execute("ANALYZE")

    def _columns(self, table: Table, source: Source) -> Sequence[str] | None:
        """Return the table's columns; None if it does not exist and need not."""
        try:
            return source.columns(table.old_name)
        except OldTableMissing:
            if not table.may_lack:
                raise
        return None

    def _create(self, table: str) -> None:
        columns = [*columns_of(table), *_ADDED.get(table, ())]
        listed = ", ".join(f'"{column}" TEXT' for column in columns)
        self._connection.execute(f'CREATE TABLE "{table}" (line INTEGER, {listed})')

    def _subtract_grace(self, grace: timedelta) -> None:
        """Subtract the grace. A window that is too short keeps its end, and `hasGrace` says so."""
        last = 0
        while grace:
            rows = self.rows(
                'SELECT rowid, startsAt, endsAt FROM "AssignmentWindow" WHERE rowid > :last'
                f" ORDER BY rowid LIMIT {CHUNK}",
                last=last,
            )
            if not rows:
                return
            last = rows[-1]["rowid"]
            self.write(
                'UPDATE "AssignmentWindow" SET endsAt = :end, hasGrace = :short WHERE rowid = :row',
                [{"row": row["rowid"], **_without_grace(row, grace)} for row in rows],
            )

    def _load(self, table: Table, source: Source, there: dict[str, str]) -> None:
        """Read a table: the columns `there`, by the names in which they are staged."""
        columns = list(there)
        result = self.unread[table.name]
        named = ", ".join(f'"{column}"' for column in columns)
        marks = ", ".join("?" * (len(columns) + 1))
        insert = f'INSERT INTO "{table.name}" (line, {named}) VALUES ({marks})'
        kinds = [_TEXT if column == "body" else column in table.times for column in columns]
        needs_id = "id" in table.columns
        read = source.rows(table.old_name, list(there.values()))
        rows = self._sound(read, columns, result, needs_id=needs_id)
        while chunk := list(islice(rows, CHUNK)):
            self._connection.execute("BEGIN")
            self._connection.executemany(
                insert, [(row.line, *_staged(row.values, kinds)) for row in chunk]
            )
            self._connection.execute("COMMIT")

    def _sound(
        self, rows: Iterator[OldRow], columns: Sequence[str], result: Imported, *, needs_id: bool
    ) -> Iterator[OldRow]:
        """Yield the rows that can be staged; record the others."""
        place = columns.index("id") if "id" in columns else None
        for number, row in enumerate(rows, start=1):
            name = f"line {row.line}" if row.line else f"row {number}"
            if row.problem is not None:
                result.read += 1
                result.refuse(name, MalformedRow(row.problem))
            elif any("\0" in value for value in row.values if value is not None):
                result.read += 1
                result.refuse(name, MalformedRow("A cell contains a NUL character."))
            elif needs_id and place is not None and not (row.values[place] or "").strip():
                result.read += 1
                result.refuse(name, MalformedRow("The row has no ID."))
            else:
                yield row

    def _drop_repeated(self, table: Table) -> None:
        """Keep the first of several rows with the same ID."""
        result = self.unread[table.name]
        for row in self.rows(
            f'SELECT t.rowid, t.id FROM "{table.name}" t JOIN ('
            f' SELECT id, min(rowid) AS kept FROM "{table.name}" GROUP BY id HAVING count(*) > 1) r'
            " ON r.id = t.id AND r.kept <> t.rowid ORDER BY t.rowid"
        ):
            result.read += 1
            result.refuse(row["id"], MalformedRow("An earlier row has the same ID."))
            self._connection.execute(f'DELETE FROM "{table.name}" WHERE rowid = ?', [row["rowid"]])


@contextmanager
def staged(source: AbstractContextManager[Source], *, grace_minutes: int | None) -> Iterator[Stage]:
    """Stage the source's tables; the source is closed as soon as they are read.

    `grace_minutes` is how long an old window lasts after its visit; None means as the schema of the
    source has it. The staged copy is always deleted at the end.
    """
    with scratch() as connection:
        stage = Stage(connection)
        with source as opened:
            stage.load(opened, grace_minutes=grace_minutes)
        yield stage


def _columns_there(table: Table, existing: Sequence[str]) -> dict[str, str]:
    """Return the old names of a table's columns, by the staged ones. Raises `ColumnMissing`."""
    there = {column: table.old_column(column, existing) for column in table.all_columns}
    missing = [column for column in table.columns if there[column] is None]
    if missing:
        needed = [table.written.get(column, (column,))[0] for column in table.columns]
        name = table.written.get(missing[0], missing)[0]
        raise ColumnMissing(
            f"The old table {table.old_name} has no column {name}.",
            hint=f"It needs the columns {', '.join(needed)}.",
        )
    return {column: name for column, name in there.items() if name is not None}


def _without_grace(row: sqlite3.Row, grace: timedelta) -> dict[str, Any]:
    """Return the end of a window without its grace, and whether it is too short to have one."""
    starts_at, ends_at = row["startsAt"], row["endsAt"]
    if any(at is None or at >= MALFORMED for at in (starts_at, ends_at)) or starts_at >= ends_at:
        return {"end": ends_at, "short": None}
    end = (datetime.fromisoformat(ends_at) - grace).isoformat(timespec="microseconds")
    return {"end": end, "short": None} if starts_at < end else {"end": ends_at, "short": 1}


def _staged(values: Sequence[str | None], kinds: Sequence[bool | None]) -> Iterator[str | None]:
    """Return the values as they are staged: without surrounding spaces, except in message
    bodies."""
    for value, is_time in zip(values, kinds, strict=True):
        if is_time is _TEXT or value is None:
            yield value
        elif is_time:
            yield staged_time(value)
        else:
            yield value.strip() or None
