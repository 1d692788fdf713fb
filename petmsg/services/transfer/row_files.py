"""Batch input: CSV with a header, or JSONL. The file is read before a transaction is opened.

A file that cannot be read at all is an error. An invalid row is an error of that row alone; the
other rows are still imported.
"""

import codecs
import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, NamedTuple

from petmsg.errors import MalformedFile, MalformedRow, PetmsgError
from petmsg.services.unit_of_work import Failure, UnitOfWork, run_in_savepoint
from petmsg.text_inputs import FORMULA_STARTS

CHUNK = 1000
_LONGEST_CELL = 4096
_PIECE = 1 << 20
_BEGIN = re.compile(rb"(?:\xef\xbb\xbf)?\s*(\S?)")
_COUNTS = {"lead_minutes"}
"""Columns whose values may be whole numbers in JSON lines, as petmsg prints them."""


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A row of a batch: its line in the file, and its cells or its `problem`.

    The cell of an absent column is None, an empty cell is an empty text. `faults` are those of
    single cells, whose columns are `faulty`: a service reads no cell of them, checks the others and
    refuses the row with all faults.
    """

    line: int
    cells: Mapping[str, str | None]
    problem: PetmsgError | None = None
    faults: tuple[PetmsgError, ...] = ()
    faulty: frozenset[str] = frozenset()

    @property
    def is_named(self) -> bool:
        """Whether importing the row again finds what it created."""
        return any(self.cells.get(name) for name in ("ref", "e164", "key"))

    @property
    def ref(self) -> str:
        """The name of the row in results: its ref or number if it has one, otherwise its line."""
        return (self.cells.get("ref") or self.cells.get("e164") or f"line {self.line}")[:64]


@dataclass(frozen=True, slots=True)
class RowDone:
    """A row that was imported: `result` is `created`, `updated` or `unchanged`.

    `notes` say what a person should look at: a likely double, a value that was left out.
    """

    row: int
    ref: str
    result: str
    notes: tuple[str, ...] = ()


class Batch(NamedTuple):
    """The rows of a file, parsed one at a time, and the file's number of lines without a header."""

    rows: Iterator[BatchRow]
    lines: int


def read_batch(content: bytes, *, columns: Sequence[str], required: Sequence[str]) -> Batch:
    """The rows of a CSV or JSONL file. Raises `MalformedFile`.

    A file that begins with an opening brace is JSONL. Unknown columns are refused, because a
    mistyped header would silently drop a column. `required` columns may be absent if there is a
    `ref` column: an absent column leaves the stored value unchanged.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content[:4096]:
        raise MalformedFile(
            "The file is not UTF-8 text.", hint="Save it as CSV UTF-8, not as UTF-16 or a workbook."
        )
    _check_encoding(content)
    begun = _BEGIN.match(content)
    first = begun[1] if begun is not None else b""
    if not first:
        raise MalformedFile("The file is empty.", hint=f"Its header: {','.join(columns)}")
    lines = content.count(b"\n") + (not content.endswith(b"\n"))
    # Read line by line: one text and a list of all rows would take ten times the memory.
    text = io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", newline="\n" if first == b"{" else "")
    if first == b"{":
        return Batch(_jsonl(text, columns=columns, required=required), lines)
    reader = csv.reader(text, strict=True)
    header = _header(reader, columns=columns, required=required)
    return Batch(_csv(reader, header), lines - 1)


def chunks(rows: Iterable[BatchRow]) -> Iterator[Sequence[BatchRow]]:
    """The rows in chunks, one transaction each."""
    rows = iter(rows)
    while piece := list(islice(rows, CHUNK)):
        yield piece


def import_one_by_one(
    uow: UnitOfWork,
    rows: Sequence[BatchRow],
    import_row: Callable[[UnitOfWork, Mapping[str, str | None]], tuple[str, str]],
) -> list[RowDone | Failure]:
    """Import each row in its own savepoint."""

    def take(row: BatchRow) -> RowDone:
        if row.problem is not None:
            raise row.problem
        ref, result = import_row(uow, row.cells)
        return RowDone(row.line, ref, result)

    results: list[RowDone | Failure] = []
    for row in rows:
        done = run_in_savepoint(uow, row, take, ref=lambda each_row: each_row.ref)
        results.append(replace(done, row=row.line) if isinstance(done, Failure) else done)
        uow.on_progress()
    return results


def _check_encoding(content: bytes) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(content), _PIECE):
            decoder.decode(content[start : start + _PIECE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        try:
            content.decode("utf-8")
        except UnicodeDecodeError as problem:
            line = content.count(b"\n", 0, problem.start) + 1
            raise MalformedFile(
                f"Line {line} is not UTF-8.", hint="Save the file as CSV UTF-8."
            ) from None


def _header(reader: Any, *, columns: Sequence[str], required: Sequence[str]) -> list[str]:
    try:
        header = [name.strip().lower() for name in next(reader)]
    except (csv.Error, StopIteration) as problem:
        raise MalformedFile(f"The header cannot be read: {problem}.") from None
    _check_header(header, columns=columns, required=required)
    return header


def _csv(reader: Any, header: Sequence[str]) -> Iterator[BatchRow]:
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            yield BatchRow(line, {}, _not_csv(line, reader.line_num, problem))
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            yield BatchRow(
                line,
                {},
                MalformedRow(
                    f"Line {line} has {len(cells)} cells, the header {len(header)}.",
                    hint="Put cells that contain a comma in double quotes.",
                ),
            )
            continue
        yield _checked(line, dict(zip(header, map(_from_spreadsheet, cells), strict=True)))


def _jsonl(
    text: Iterable[str], *, columns: Sequence[str], required: Sequence[str]
) -> Iterator[BatchRow]:
    for line, written in enumerate(text, start=1):
        if not written.strip():
            continue
        try:
            found = json.loads(written)
        except (ValueError, RecursionError):
            yield BatchRow(line, {}, MalformedRow(f"Line {line} is not JSON."))
            continue
        if not isinstance(found, dict):
            yield BatchRow(line, {}, MalformedRow(f"Line {line} is not a JSON object."))
            continue
        try:
            _check_header(list(found), columns=columns, required=required)
        except MalformedFile as problem:
            yield BatchRow(line, {}, MalformedRow(f"Line {line}: {problem.message}"))
            continue
        for name in _COUNTS & found.keys():
            if type(found[name]) is int:
                found[name] = str(found[name])
        if any(not isinstance(value, str | None) for value in found.values()):
            yield BatchRow(
                line, {}, MalformedRow(f"Line {line} contains a value that is not text.")
            )
            continue
        yield _checked(line, {name: value or "" for name, value in found.items()})


def _check_header(
    header: Sequence[str], *, columns: Sequence[str], required: Sequence[str]
) -> None:
    wanted = f"The columns are {','.join(columns)}."
    unknown = [name for name in header if name not in columns]
    if unknown:
        raise MalformedFile(f"Unknown column {unknown[0][:40]!r}.", hint=wanted)
    if len(set(header)) != len(header):
        raise MalformedFile("The header names a column twice.", hint=wanted)
    missing = [name for name in required if name not in header]
    if missing and ("ref" not in header or "ref" in missing):
        raise MalformedFile(f"The column {missing[0]} is missing.", hint=wanted)


def _not_csv(first: int, last: int, problem: csv.Error) -> MalformedRow:
    """The error for lines that are not CSV. An unclosed quote spans the lines up to the next quote,
    so it names all of them."""
    if last <= first:
        return MalformedRow(f"Line {first} is not CSV: {problem}.")
    return MalformedRow(
        f"Lines {first} to {last} are not CSV: {problem}; none of them was imported.",
        hint=f"A double quote opens in line {first} and is not closed: close it or double it.",
    )


def required_cell(row: Mapping[str, str | None], column: str) -> str:
    """The value of a cell that a new row must have. Raises `MalformedRow`."""
    cell = row.get(column)
    if not cell:
        raise MalformedRow(f"The {column} is missing.", hint="A new row needs it.")
    return cell


def _checked(line: int, cells: dict[str, str | None]) -> BatchRow:
    for name, cell in cells.items():
        if cell is not None and (len(cell) > _LONGEST_CELL or "\0" in cell):
            return BatchRow(
                line,
                {},
                MalformedRow(f"Line {line}: the cell {name} is too long or contains a NUL."),
            )
    return BatchRow(line, {name: cell.strip() if cell else cell for name, cell in cells.items()})


def _from_spreadsheet(cell: str) -> str:
    """Remove the `'` that petmsg writes before a cell that a spreadsheet would run as a formula."""
    if len(cell) > 1 and cell[0] == "'" and cell[1] in FORMULA_STARTS:
        return cell[1:]
    return cell
