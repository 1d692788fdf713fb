"""The rows of a sheet of an XLSX workbook: text as it is, numbers with all digits, dates as ISO
8601, and formulas as the values that were stored with them.

The sheet is read once, from its first to its last row, into a temporary file: so a damaged workbook
is refused before a row is imported, and memory does not grow with the number of rows.
"""

import csv
import os
import tempfile
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import IO, Any

from petmsg.errors import ExtraMissing, MalformedFile, quoted
from petmsg.spreadsheets.batch_row import RawRow
from petmsg.suggestions import closest_words, did_you_mean

_MOST_PARTS = 5_000
_LARGEST = 512 << 20
_LARGEST_STRINGS = 128 << 20
"""What a workbook may unpack to. All of its strings are in memory, its rows are not."""
_LAST_ROW = 1_048_576
_PIECE = 1 << 20
_LONGEST = 50_000
"""Longer texts of a cell are cut; a service refuses them long before. With each character escaped
it is still less than the `csv` module reads as a cell."""
_DAMAGED = "Save it again in your spreadsheet program, or save the sheet as CSV UTF-8."


class Workbook:
    """A sheet of a workbook; each call of `rows` reads it from the start.

    `kept` is the descriptor of a file without a name, which is gone with the last reference.
    `others` are the titles of the sheets that could have been meant, if none was named.
    """

    is_plain = False
    delimiter = ","
    fills_up = True

    def __init__(
        self, described: str, lines: int, kept: int, *, others: Sequence[str] = ()
    ) -> None:
        self.described = described
        self.others = others
        self.lines = lines
        self._kept = kept

    def __del__(self) -> None:
        os.close(self._kept)

    def rows(self) -> Iterator[RawRow]:
        """The rows that are not blank, the header first."""
        for line, *cells in csv.reader(self._lines()):
            yield RawRow(int(line), [_unescaped(each) for each in cells])

    def _lines(self) -> Iterator[str]:
        place, begun = 0, b""
        while piece := os.pread(self._kept, _PIECE, place):
            place += len(piece)
            *lines, begun = (begun + piece).split(b"\n")
            for line in lines:
                yield line.decode("utf-8")


def open_workbook(content: bytes, sheet: str | None = None) -> Workbook:
    """Read a sheet: the one with that name, or the first one that is not hidden.

    Raises `MalformedFile` for a workbook that is damaged, too large or has no such sheet, and
    `ExtraMissing` where openpyxl is not installed.
    """
    _require_small(content)
    try:
        import openpyxl
    except ImportError:
        raise ExtraMissing("XLSX files need a library of the extra xlsx.", "xlsx") from None
    try:
        with warnings.catch_warnings():
            # What openpyxl leaves out of a workbook (styles, drawings) holds no row.
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(
                BytesIO(content), read_only=True, data_only=True, keep_links=False
            )
            found, described, others = _chosen(book, sheet)
            with tempfile.TemporaryFile(
                "w", encoding="utf-8", errors="replace", newline=""
            ) as file:
                lines = _keep(found, file)
                file.flush()
                return Workbook(described, lines, os.dup(file.fileno()), others=others)
    except MalformedFile:
        raise
    except Exception as problem:  # a damaged part raises whatever its reader stumbles over
        words = str(problem).splitlines()[:1] or [type(problem).__name__]
        raise MalformedFile(
            f"The workbook cannot be read: {_printable(words[0])}.", hint=_DAMAGED
        ) from problem


def _printable(text: str) -> str:
    return quoted(text)[1:-1].rstrip(".")


def _require_small(content: bytes) -> None:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as problem:
        raise MalformedFile(f"The workbook is damaged: {problem}.", hint=_DAMAGED) from None
    strings = max((p.file_size for p in parts if "sharedstrings" in p.filename.lower()), default=0)
    total = sum(part.file_size for part in parts)
    if len(parts) > _MOST_PARTS or total > _LARGEST or strings > _LARGEST_STRINGS:
        raise MalformedFile(
            f"The workbook unpacks to {total >> 20:,} MiB, which is too large.",
            hint="Save the sheet as CSV UTF-8, or import it in parts.",
        )


def _chosen(book: Any, name: str | None) -> tuple[Any, str, list[str]]:
    """The sheet, how it is described, and the titles of the others if no name was given."""
    sheets = list(book.worksheets)
    shown = [each for each in sheets if each.sheet_state == "visible"] or sheets
    if not shown:
        raise MalformedFile("The workbook has no sheet.", hint=_DAMAGED)
    if name is None:
        first, *others = shown
        count = f", the first of {len(shown)}" if others else ""
        titles = [each.title for each in others]
        return first, f"XLSX (sheet {quoted(first.title)}{count})", titles
    wanted = name.strip().casefold()
    found = [each for each in sheets if each.title.strip().casefold() == wanted]
    if not found:
        titles = [each.title for each in sheets]
        meant = did_you_mean([quoted(each) for each in closest_words(name, titles)])
        listed = ", ".join(quoted(each) for each in titles[:20])
        raise MalformedFile(
            f"The workbook has no sheet {quoted(name)}.",
            hint=f"{meant} Its sheets are {listed}.".lstrip(),
        )
    return found[0], f"XLSX (sheet {quoted(found[0].title)})", []


def _keep(sheet: Any, file: IO[str]) -> int:
    """Write the rows that are not blank, with their numbers; returns how many."""
    sheet.reset_dimensions()  # the size that a file claims is not always the size that it has
    writer = csv.writer(file, lineterminator="\n")
    count = 0
    for number, row in enumerate(sheet.iter_rows(), start=1):
        if number > _LAST_ROW:
            raise MalformedFile(f"The sheet has more than {_LAST_ROW:,} rows.", hint=_DAMAGED)
        cells = [_escaped(_text(cell)) for cell in row]
        if any(cells):
            writer.writerow([number, *_trimmed(cells)])
            count += 1
    return count


def _trimmed(cells: list[str]) -> Iterable[str]:
    """The cells without the empty ones at the end, which a sheet may have by the thousand."""
    end = len(cells)
    while end and not cells[end - 1]:
        end -= 1
    return cells[:end]


def _text(cell: Any) -> str:
    """The value of a cell as a CSV file would have it."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return value[:_LONGEST].strip()
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return _moment(value, str(cell.number_format).lower())
    if isinstance(value, time):
        return _whole_second(datetime.combine(date(2000, 1, 1), value)).strftime("%H:%M:%S")
    if isinstance(value, timedelta):
        minutes = round(value.total_seconds() / 60)
        return f"{minutes // 60}:{minutes % 60:02}"
    return value.isoformat() if isinstance(value, date) else str(value)


def _moment(value: datetime, number_format: str) -> str:
    moment = _whole_second(value)
    if moment.time() == time() and "h" not in number_format:
        return moment.date().isoformat()
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def _whole_second(value: datetime) -> datetime:
    """The nearest second: a workbook stores times as fractions of a day."""
    return (value + timedelta(milliseconds=500)).replace(microsecond=0)


def _escaped(text: str) -> str:
    """The text on one line, so that a kept row is one line."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r") if text else text


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    parts = text.split("\\\\")
    return "\\".join(part.replace("\\n", "\n").replace("\\r", "\r") for part in parts)
