"""The rows of a file of JSON lines. Its keys are the columns of petmsg; none is unknown."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from petmsg.errors import MalformedRow
from petmsg.spreadsheets.batch_row import LONGEST_CELL, BatchRow, without_guard
from petmsg.spreadsheets.columns import REASON, Layout

_COUNTS = {"lead_minutes"}
"""Columns whose values may be whole numbers in JSON lines, as petmsg prints them."""
_HALF_A_PAIR = re.compile("[\ud800-\udfff]")
"""JSON can name one half of a surrogate pair, which no database can store."""


def json_lines(lines: Iterable[str], layout: Layout) -> Iterator[BatchRow]:
    """The rows. A line that is not a JSON object of known columns is a row with a problem."""
    for line, written in enumerate(lines, start=1):
        if written.strip():
            yield _row(line, written, layout)


def _row(line: int, written: str, layout: Layout) -> BatchRow:
    def refused(why: str) -> BatchRow:
        hint = f"A line is an object with the keys {', '.join(layout.columns)}; values are text."
        return BatchRow(line, {}, MalformedRow(why, hint=hint), source=(written.rstrip("\r\n"),))

    try:
        found = json.loads(written)
    except (ValueError, RecursionError):
        return refused("The line is not JSON.")
    if not isinstance(found, dict):
        return refused("The line is not a JSON object.")
    found.pop(REASON, None)
    problem = _problem_of(found, layout)
    if problem is not None:
        return refused(problem)
    for name in _COUNTS & found.keys():
        if type(found[name]) is int:
            found[name] = str(found[name])
    for name, value in found.items():
        if not isinstance(value, str | None):
            return refused(f"The value of {name} is not text.")
        if value is not None and (len(value) > LONGEST_CELL or "\0" in value):
            return refused(f"The cell {name} is too long or contains a NUL.")
        if value is not None and _HALF_A_PAIR.search(value):
            return refused(f"The cell {name} is not valid Unicode.")
    cells = {name: without_guard(value or "").strip() for name, value in found.items()}
    return BatchRow(line, cells, source=(written.rstrip("\r\n"),))


def _problem_of(found: Mapping[str, object], layout: Layout) -> str | None:
    unknown = [name for name in found if name not in layout.columns]
    if unknown:
        return f"Unknown column {unknown[0][:40]!r}."
    missing = [name for name in layout.required if name not in found]
    if missing and ("ref" not in found or "ref" in missing):
        return f"The column {missing[0]} is missing."
    return None
