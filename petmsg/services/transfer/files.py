"""The files of an export: written with mode 0600, and read row by row.

The SHA-256 of a file is computed while it is written and again while it is read.
"""

import csv
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from petmsg.enums.output import FileFormat
from petmsg.errors import MalformedFile, quoted
from petmsg.services.transfer import values as cells
from petmsg.services.transfer.table_schema import ROW, Column, Kind, TableSchema
from petmsg.services.transfer.values import BadCell, Value

_LONGEST_CELL = 64 * 1024 * 1024
_BATCH = 256

ROW_NUMBER = Column(ROW, ROW, Kind.ROW_NUMBER, nullable=False)
"""The first column of a numbered file: the row number."""

IDS = TableSchema(
    table="ids",
    columns=(
        Column("table", "table", Kind.TEXT, nullable=False),
        ROW_NUMBER,
        Column("id", "id", Kind.ROW_NUMBER, nullable=False),
        Column("count", "count", Kind.ROW_NUMBER, nullable=False),
    ),
    order=(),
    has_id=False,
    name=(),
    numbered=False,
)
"""The file of database ids: the `count` rows of `table` from `row` on had the ids from `id` on."""


class BrokenExport(MalformedFile):
    """A file of the export is damaged or was changed."""

    code = "broken_export"
    hint = "Nothing was imported. Copy the export again, or export again."


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was written: its number of rows and its SHA-256."""

    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a file: the number of its first line, and its values by column name."""

    number: int
    values: dict[str, Value]


class ExportFile:
    """A file of an export that is being written."""

    def __init__(self, path: Path, schema: TableSchema, file_format: FileFormat) -> None:
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self._header = schema.header
        self._is_csv = file_format is FileFormat.CSV
        self._waiting: list[str] = [",".join(schema.header)] if self._is_csv else []
        self._sum = hashlib.sha256()
        self.rows = 0

    def __enter__(self) -> "ExportFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, values: Sequence[Value]) -> None:
        """Write a row; its values are in the order of the header."""
        self.rows += 1
        self._waiting.append(
            cells.csv_line(values) if self._is_csv else cells.json_line(self._header, values)
        )
        if len(self._waiting) >= _BATCH:
            self._flush()

    def close(self) -> Written:
        """Write the buffered rows and sync the file; returns its entry for the manifest."""
        self._flush()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return Written(self.rows, self._sum.hexdigest())

    def _flush(self) -> None:
        if self._waiting:
            written = ("\n".join(self._waiting) + "\n").encode()
            self._sum.update(written)
            self._file.write(written)
            self._waiting.clear()


class Reader:
    """A file of an export, which is read once from start to end.

    `sha256` is known after the last line was read.
    """

    def __init__(self, path: Path, schema: TableSchema, file_format: FileFormat) -> None:
        self.path = path
        self.schema = schema
        self.sha256 = ""
        self._is_csv = file_format is FileFormat.CSV

    @property
    def display_name(self) -> str:
        """The name of the file in messages: its folder and its name."""
        return f"{self.path.parent.name}/{self.path.name}"

    def lines(self) -> Iterator[Line]:
        """All rows. Raises `BrokenExport`, which names the line."""
        try:
            with self.path.open("rb") as file:
                summed = _Summed(file)
                try:
                    yield from self._csv(summed) if self._is_csv else self._jsonl(summed)
                except UnicodeDecodeError:
                    raise self.broken(None, "it is not UTF-8") from None
                self.sha256 = summed.sum.hexdigest()
        except OSError as problem:
            raise BrokenExport(f"{self.display_name} cannot be read: {problem.strerror}.") from None

    def broken(self, line: int | None, what: str) -> BrokenExport:
        """The error for a problem in this line of the file."""
        return BrokenExport(f"{self.display_name}{f', line {line}' if line else ''}: {what}.")

    def _csv(self, source: "_Summed") -> Iterator[Line]:
        csv.field_size_limit(_LONGEST_CELL)
        reader = csv.reader(source.lines(), strict=True)
        try:
            columns = self._columns(next(reader, []), line=1)
            while True:
                number = reader.line_num + 1
                row = next(reader, None)
                if row is None:
                    return
                if len(columns) == 1:
                    row = row or [""]  # an empty line is one empty cell
                if len(row) != len(columns):
                    what = f"it has {len(row)} cells, the header has {len(columns)}"
                    raise self.broken(number, what)
                yield self._line(number, columns, row, cells.value_of_cell)
        except csv.Error as problem:
            raise self.broken(reader.line_num, f"it is not CSV ({problem})") from None

    def _jsonl(self, source: "_Summed") -> Iterator[Line]:
        for number, text in enumerate(source.lines(), start=1):
            try:
                found = json.loads(text)
            except (ValueError, RecursionError):
                raise self.broken(number, "it is not JSON") from None
            if not isinstance(found, dict):
                raise self.broken(number, "it is not a JSON object")
            columns = self._columns(list(found), line=number)
            yield self._line(number, columns, list(found.values()), cells.value_of_json)

    def _columns(self, header: Sequence[str], *, line: int) -> list[Column]:
        """The columns of the header, in its order."""
        known = {column.label: column for column in self.schema.columns}
        if self.schema.numbered:
            known[ROW] = ROW_NUMBER
        for label in known:
            if label not in header:
                raise self.broken(line, f"the column {label} is missing")
        for label in header:
            if label not in known or header.count(label) > 1:
                raise self.broken(line, f"unknown or repeated column {quoted(label)}")
        return [known[label] for label in header]

    def _line(
        self,
        number: int,
        columns: Sequence[Column],
        written: Sequence[Any],
        value_of: Callable[[Column, Any], Value],
    ) -> Line:
        values = {}
        for column, each in zip(columns, written, strict=True):
            try:
                values[column.name] = value_of(column, each)
            except BadCell as problem:
                raise self.broken(number, str(problem)) from None
        return Line(number, values)


class _Summed:
    """The lines of a file; their SHA-256 is computed while they are read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.sum = hashlib.sha256()

    def lines(self) -> Iterator[str]:
        for line in self._file:
            self.sum.update(line)
            yield line.decode()
