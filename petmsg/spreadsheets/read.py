"""Read a file of rows: sniff what it is, find its header and the order of its dates, then read its
rows one by one, so that memory does not grow with their number."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from petmsg.enums.files import DateOrder, ImportNoun
from petmsg.errors import MalformedFile, quoted
from petmsg.spreadsheets.batch_row import BatchRow, RawRow
from petmsg.spreadsheets.columns import REASON, Layout, normal_header
from petmsg.spreadsheets.csv_file import DELIMITERS, csv_file
from petmsg.spreadsheets.dates import OrderFinder, spoken
from petmsg.spreadsheets.file_kind import FileKind, kind_of, require_table
from petmsg.spreadsheets.header import Plan, plan
from petmsg.spreadsheets.json_lines import json_lines
from petmsg.spreadsheets.row_reader import RowReader
from petmsg.spreadsheets.text_encoding import decoded, encoding_of
from petmsg.spreadsheets.visit_times import DATES

_OPT_OUT = re.compile(
    r"\bopt(?:ed)? ?(?:in|out)\b|\bunsubscribed?\b|\bdo not (?:text|message|contact)\b"
)
_LISTED = 20
_TITLE_ROWS = 6
"""The header is in one of the first rows: some programs write a title above it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a user says that a file is to be read. `maps` and `saved` are from a header in normal
    form to a target; an empty target ignores the column."""

    maps: Mapping[str, str] = field(default_factory=dict)
    saved: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    date_order: DateOrder | None = None
    is_strict: bool = False
    sheet: str | None = None


class Table(Protocol):
    """A file of rows, read from the start at each call of `rows`."""

    @property
    def lines(self) -> int: ...
    @property
    def described(self) -> str: ...
    @property
    def is_plain(self) -> bool: ...
    @property
    def delimiter(self) -> str: ...
    @property
    def fills_up(self) -> bool: ...
    def rows(self) -> Iterator[RawRow]: ...


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a file, which can be read once, and what was found out about it.

    `lines` is about how many rows it has. `header` is None for JSON lines. `notes` are sentences
    for the user.
    """

    rows: Iterator[BatchRow]
    lines: int
    header: Sequence[str] | None
    delimiter: str
    notes: tuple[str, ...]
    order: DateOrder | None = None


def read_sheet(content: bytes, layout: Layout, reading: Reading | None = None) -> Sheet:
    """The rows of a CSV, JSONL or XLSX file, whatever its name is. Raises `MalformedFile`,
    `OutOfRange` for an unknown encoding, and `ExtraMissing` for a workbook that cannot be read."""
    reading = reading or Reading()
    kind = kind_of(content)
    require_table(kind)
    if kind is FileKind.XLSX:
        from petmsg.spreadsheets.workbook import open_workbook

        book = open_workbook(content, reading.sheet)
        try:
            return _sheet(book, layout, reading)
        except MalformedFile as problem:
            if book.others:
                listed = ", ".join(map(quoted, book.others[:_LISTED]))
                problem.hint = f"{problem.hint} Or name another sheet with --sheet: {listed}."
            raise
    if reading.sheet is not None:
        raise MalformedFile("Only a workbook (XLSX) has sheets.", hint="Omit --sheet.")
    encoding = encoding_of(content, reading.encoding)
    begin = decoded(content, encoding, newline="").read(65_536).lstrip("\ufeff \t\r\n")
    if not begin and not decoded(content, encoding, newline="").read().strip("\ufeff \t\r\n"):
        raise MalformedFile("The file is empty.", hint=f"Its header: {','.join(layout.columns)}")
    if begin.startswith("{"):
        rows = json_lines(decoded(content, encoding, newline="\n"), layout)
        return Sheet(rows, content.count(b"\n") + 1, None, ",", ())
    return _sheet(csv_file(content, encoding, layout), layout, reading)


def _sheet(table: Table, layout: Layout, reading: Reading) -> Sheet:
    above, header, found = _find_header(table, layout, reading)
    order = reading.date_order
    if order is None:
        order = _order(table, found, above)
    reader = RowReader(found, layout, order, fills_up=table.fills_up)
    filled = _filled(islice(table.rows(), above + 1, None), header, fills_up=table.fills_up)
    rows = map(reader.read, filled)
    notes = tuple(_notes(table, found, order, above, layout)) if layout.noun is not None else ()
    return Sheet(rows, max(0, table.lines - 1), header, table.delimiter, notes, order)


def _find_header(table: Table, layout: Layout, reading: Reading) -> tuple[int, Sequence[str], Plan]:
    """The first row that has the required columns, with the number of rows above it.

    If there is none, the error is that of the first row with two known headers, or else of the
    first one with more than a title.
    """
    refusal: MalformedFile | None = None
    is_title = False
    for above, row in enumerate(islice(table.rows(), _TITLE_ROWS)):
        if row.problem is not None:
            refusal = refusal or MalformedFile(
                f"The header cannot be read: {row.problem.message}", hint=row.problem.hint
            )
            continue
        try:
            found = plan(
                row.cells,
                layout,
                maps=reading.maps,
                saved=reading.saved,
                is_strict=reading.is_strict or layout.noun is None,
            )
        except MalformedFile as found_fault:
            problem = _quoted_lines(row.cells, layout) or found_fault
            is_row = sum(map(bool, map(str.strip, row.cells))) > 1
            if refusal is None or (is_title and is_row) or _known(row.cells, layout) > 1:
                refusal = problem
                is_title = not is_row
            if layout.noun is None or _known(row.cells, layout) > 1:
                break
            continue
        return above, [each.strip() for each in row.cells], found
    raise refusal or MalformedFile(
        "The file is empty.", hint=f"Its header: {','.join(layout.columns)}"
    )


def _quoted_lines(cells: Sequence[str], layout: Layout) -> MalformedFile | None:
    """The error for a file of which each line is one cell in quotes; None if it is not one."""
    if len(cells) != 1 or all(_known(cells[0].split(each), layout) < 2 for each in DELIMITERS):
        return None
    return MalformedFile(
        "Each line of the file is in double quotes, and so it is a single cell.",
        hint="Remove the double quotes at both ends of each line, or export the file again.",
    )


def _filled(rows: Iterable[RawRow], header: Sequence[str], *, fills_up: bool) -> Iterable[RawRow]:
    """The rows without those that have nothing but the reason of an earlier refusal, and without
    those of a workbook that have something beside the columns alone."""
    at = next((at for at, each in enumerate(header) if normal_header(each) == REASON), None)
    if at is None and not fills_up:
        return rows
    width = len(header) if fills_up else None
    return (
        row
        for row in rows
        if row.problem or any(c.strip() for n, c in enumerate(row.cells[:width]) if n != at)
    )


def _known(cells: Sequence[str], layout: Layout) -> int:
    return sum(layout.meaning(each) is not None for each in cells)


def _order(table: Table, found: Plan, above: int) -> DateOrder | None:
    """The order of the file's dates: all of them are looked at before a row is read."""
    places = [at for name in DATES for at in found.places(name)]
    if not places:
        return None
    finder = OrderFinder()
    for row in islice(table.rows(), above + 1, None):
        cells = row.cells
        for at in places:
            if at < len(cells) and cells[at]:
                finder.see(cells[at], row.line)
    return finder.found()


def _instead(found: Plan, layout: Layout) -> str:
    """How to use a header that another one was preferred to."""
    header = found.unused[0]
    meant = layout.meaning(header)
    if meant is None:
        return ""
    return f" To use {quoted(header)} instead: --map {quoted(f'{header}={meant[0]}')}"


def _notes(
    table: Table, found: Plan, order: DateOrder | None, above: int, layout: Layout
) -> Iterator[str]:
    if not (table.is_plain and found.is_plain and order is None and not above):
        said = [f"Read as {table.described}"]
        if order is not None:
            said.append(f"dates with the {spoken(order)}")
        if above:
            said.append("the header below a title")
        used = sorted(found.meanings, key=lambda each: each.at)
        columns = ", ".join(f"{each.header} = {each.target}" for each in used)
        yield f"{'; '.join(said)}; columns: {columns}."
    if found.unused:
        listed = ", ".join(map(quoted, found.unused))
        yield f"Not used, because another column means the same: {listed}.{_instead(found, layout)}"
    if found.unknown:
        yield f"Ignored columns: {', '.join(map(quoted, found.unknown))}."
    opt_outs = [each for each in found.unknown if _OPT_OUT.search(normal_header(each))]
    if opt_outs and layout.noun in (ImportNoun.CLIENT, ImportNoun.SITTER):
        yield (
            f"Opt-outs are not imported ({', '.join(map(quoted, opt_outs))}). For each person who "
            "wants no messages: petmsg optout add WHO"
        )
