"""The refused rows of a file, to be corrected and imported again.

CSV has the header and the delimiter of the file and a column `reason` after it; it is UTF-8 with a
byte order mark and CRLF, because Excel reads any other UTF-8 file as another encoding. Cells that a
spreadsheet would run as formulas begin with a `'`, which is removed when they are read.
"""

import csv
import io
import json

from petmsg.errors import PetmsgError
from petmsg.spreadsheets.batch_row import BatchRow, with_guard
from petmsg.spreadsheets.cells import TEXT_FORMULA
from petmsg.spreadsheets.columns import REASON, normal_header
from petmsg.spreadsheets.read import Sheet


class RefusedRows:
    """Writes refused rows as text, in the form of the file that they are of."""

    def __init__(self, sheet: Sheet) -> None:
        header = sheet.header
        self._is_json = header is None
        self._delimiter = sheet.delimiter
        names = list(header or ())
        found = [at for at, name in enumerate(names) if normal_header(name) == REASON]
        self._at = found[0] if found else len(names)
        self._header = names if found else [*names, REASON]

    @property
    def head(self) -> str:
        """What stands before the rows."""
        return "" if self._is_json else "\ufeff" + self._line(self._header)

    def row(self, row: BatchRow, problem: PetmsgError) -> str:
        """A row with its reason. One that could not be read has its text in the first cell."""
        reason = problem.with_hint
        if self._is_json:
            return _json_line(row.source[0] if row.source else "", reason)
        cells = [*row.source]
        cells += [""] * (len(self._header) - len(cells))
        # Cells beyond the header stand behind the reason, so that it stays in its column.
        if self._at == len(self._header) - 1 and len(row.source) > self._at:
            is_own = len(row.source) == len(self._header)
            cells = [*row.source[: self._at], reason, *row.source[self._at + is_own :]]
        else:
            cells[self._at] = reason
        return self._line(cells)

    def _line(self, cells: list[str]) -> str:
        text = io.StringIO()
        csv.writer(text, delimiter=self._delimiter, lineterminator="\r\n").writerow(
            [each if TEXT_FORMULA.fullmatch(each) else with_guard(each) for each in cells]
        )
        return text.getvalue()


def _json_line(source: str, reason: str) -> str:
    """The line with its reason; a line that is no object is kept as it is."""
    try:
        found = json.loads(source)
    except (ValueError, RecursionError):
        return f"{source}\n"
    if not isinstance(found, dict):
        return f"{source}\n"
    return json.dumps({**found, REASON: reason}, ensure_ascii=False) + "\n"
