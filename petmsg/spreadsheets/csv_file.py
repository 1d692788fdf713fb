"""The rows of a CSV file: comma, semicolon, tab or pipe between the cells, whatever line ends."""

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from petmsg.errors import MalformedRow
from petmsg.spreadsheets.batch_row import RawRow
from petmsg.spreadsheets.columns import Layout, normal_header
from petmsg.spreadsheets.text_encoding import decoded, spoken

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
_SAMPLE_LINES = 40
_LONGEST_SAMPLE = 65_536
_LONGEST_CELL = 131_072
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
"""A first line by which Excel is told the delimiter."""


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A CSV file; each call of `rows` reads it from the start."""

    content: bytes
    encoding: str
    delimiter: str
    has_separator_line: bool = False
    fills_up: bool = False

    @property
    def lines(self) -> int:
        """About how many lines it has."""
        ends = max(self.content.count(b"\n"), self.content.count(b"\r"))
        return ends + (not self.content.endswith((b"\n", b"\r")))

    @property
    def described(self) -> str:
        """What was sniffed."""
        return f"CSV ({DELIMITERS[self.delimiter]}, {spoken(self.encoding)})"

    @property
    def is_plain(self) -> bool:
        """Whether it is as petmsg itself writes CSV."""
        return self.delimiter == "," and self.encoding in ("utf-8", "utf-8-sig")

    def rows(self) -> Iterator[RawRow]:
        """The rows, the header first; blank ones are left out."""
        lines = _Lines(decoded(self.content, self.encoding, newline=""))
        if self.has_separator_line:
            next(lines, "")
        csv.field_size_limit(_LONGEST_CELL)  # of the whole process; other readers set their own
        reader: Any = csv.reader(lines, delimiter=self.delimiter, strict=True)
        above = int(self.has_separator_line)
        while True:
            lines.kept.clear()
            line = reader.line_num + 1 + above
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as problem:
                last = reader.line_num + above
                yield RawRow(line, (), _not_csv(line, last, problem), "".join(lines.kept))
                continue
            if any(cells) and any(map(str.strip, cells)):
                yield RawRow(line, cells)


class _Lines:
    """The lines of a text; `kept` are those since it was cleared."""

    __slots__ = ("_read", "kept")

    def __init__(self, text: Iterator[str]) -> None:
        self._read = text.__next__
        self.kept: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._read()
        self.kept.append(line)
        return line


def csv_file(content: bytes, encoding: str, layout: Layout) -> CsvFile:
    """Sniff the delimiter: the one with which the first lines have the most known headers, then the
    most columns of which each line has the same number."""
    text = decoded(content, encoding, newline="").read(_LONGEST_SAMPLE)
    named = _SEPARATOR_LINE.match(text)
    if named is not None and named[1] in DELIMITERS:
        return CsvFile(content, encoding, named[1], has_separator_line=True)
    sample = text.splitlines(keepends=True)[:_SAMPLE_LINES]
    best = max(DELIMITERS, key=lambda each: _fit(sample, each, layout))
    return CsvFile(content, encoding, best)


def _fit(sample: Sequence[str], delimiter: str, layout: Layout) -> tuple[int, int, int]:
    rows: list[list[str]] = []
    with suppress(csv.Error):
        rows.extend(row for row in csv.reader(sample, delimiter=delimiter) if any(row))
    if not rows:
        return 0, 0, 0
    known = max(sum(normal_header(each) in layout.meanings for each in row) for row in rows[:6])
    width = len(rows[0])
    alike = sum(len(row) == width for row in rows) if width > 1 else 0
    return known, alike, width


def _not_csv(first: int, last: int, problem: csv.Error) -> MalformedRow:
    """The error for lines that are not CSV. An unclosed quote spans the lines up to the next quote,
    so it names all of them."""
    words = str(problem).replace("\t", "\\t")
    if "field larger" in words:
        return MalformedRow(
            f"The row has a cell of more than {_LONGEST_CELL:,} characters.",
            hint="Shorten the cell, or look for a double quote that is not closed.",
        )
    if last <= first:
        return MalformedRow(
            f"The row is not CSV: {words}.",
            hint="Put a cell that contains a double quote in double quotes, and double it.",
        )
    return MalformedRow(
        f"Lines {first} to {last} are not CSV: {words}; none of them was imported.",
        hint=f"A double quote opens in line {first} and is not closed: close it or double it.",
    )
