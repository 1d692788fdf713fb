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
    TABLES,
    OldRow,
    OldTableMissing,
    Source,
    Table,
    staged_time,
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
)


class ColumnMissing(MalformedFile):
    code = "old_column_missing"


class Stage:
    """The staged tables. `unread` are the rows that could not be staged, by table."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.unread: dict[str, Imported] = {}

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

    def count(self) -> int:
        """Return how many rows were staged."""
        return sum(
            self._connection.execute(f'SELECT count(*) FROM "{table.name}"').fetchone()[0]
            for table in TABLES
        )

    def load(self, source: Source, *, grace_minutes: int) -> None:
        """Read every table of the source. Raises `ColumnMissing`, and what the source raises.

        An old window ends `grace_minutes` after its visit; they are subtracted.
        """
        for table in TABLES:
            existing = self._columns(table, source)
            if existing is None:
                continue
            missing = [column for column in table.columns if column not in existing]
            if missing:
                raise ColumnMissing(
                    f"The old table {table.name} has no column {missing[0]}.",
                    hint=f"It needs the columns {', '.join(table.columns)}.",
                )
            self._load(table, source, [each for each in table.all_columns if each in existing])
        for name, column in _INDEXES:
            self._connection.execute(f'CREATE INDEX "{name}_{column}" ON "{name}" ("{column}")')
        for table in TABLES:
            if "id" in table.columns:
                self._drop_repeated(table)
        self._subtract_grace(timedelta(minutes=grace_minutes))
        self._connection.execute("ANALYZE")

    def _columns(self, table: Table, source: Source) -> Sequence[str] | None:
        """Return the table's columns. If an optional table does not exist, create it empty and
        return None."""
        try:
            return source.columns(table.name)
        except OldTableMissing:
            if not table.may_lack:
                raise
        self._create(table)
        self.unread.setdefault(table.name, Imported(table.name))
        return None

    def _create(self, table: Table) -> None:
        listed = ", ".join(f'"{column}" TEXT' for column in table.all_columns)
        self._connection.execute(f'CREATE TABLE "{table.name}" (line INTEGER, {listed})')

    def _subtract_grace(self, grace: timedelta) -> None:
        """Subtract the grace. A window that is too short keeps its end, and `hasGrace` says so."""
        self._connection.execute('ALTER TABLE "AssignmentWindow" ADD COLUMN hasGrace INTEGER')
        for row in self.rows('SELECT rowid, id, startsAt, endsAt FROM "AssignmentWindow"'):
            starts_at, ends_at = row["startsAt"], row["endsAt"]
            if not grace or any(at is None or at >= MALFORMED for at in (starts_at, ends_at)):
                continue
            end = (datetime.fromisoformat(ends_at) - grace).isoformat(timespec="microseconds")
            if starts_at < end:
                self._connection.execute(
                    'UPDATE "AssignmentWindow" SET endsAt = ? WHERE rowid = ?', [end, row["rowid"]]
                )
            elif starts_at < ends_at:
                self._connection.execute(
                    'UPDATE "AssignmentWindow" SET hasGrace = 1 WHERE rowid = ?', [row["rowid"]]
                )

    def _load(self, table: Table, source: Source, columns: Sequence[str]) -> None:
        self._create(table)
        result = self.unread.setdefault(table.name, Imported(table.name))
        named = ", ".join(f'"{column}"' for column in columns)
        marks = ", ".join("?" * (len(columns) + 1))
        insert = f'INSERT INTO "{table.name}" (line, {named}) VALUES ({marks})'
        kinds = [_TEXT if column == "body" else column in table.times for column in columns]
        needs_id = "id" in table.columns
        rows = self._sound(source.rows(table.name, columns), columns, result, needs_id=needs_id)
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
def staged(source: AbstractContextManager[Source], *, grace_minutes: int) -> Iterator[Stage]:
    """Stage the source's tables; the source is closed as soon as they are read.

    `grace_minutes` is how long an old window lasts after its visit. The staged copy is always
    deleted at the end.
    """
    with scratch() as connection:
        stage = Stage(connection)
        with source as opened:
            stage.load(opened, grace_minutes=grace_minutes)
        yield stage


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
