"""Convert single values to CSV cells or JSON values, and back without loss.

In CSV an empty cell means NULL. Text that a spreadsheet would run as a formula is written with a
leading `'`, as in all CSV files of petmsg. Empty text and text that begins with a `'` get one as
well, so that removing one `'` restores the exact text.
"""

import json
import math
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from petmsg.clock import iso_utc
from petmsg.db.statements import instant_from_text
from petmsg.errors import quoted
from petmsg.phone import is_e164
from petmsg.services.transfer.table_schema import Column, Kind
from petmsg.text_inputs import FORMULA_STARTS

Value = str | int | float | bool | None
"""A value in a file: a time is text, a reference is the name or the number of its row."""

_INTEGER = re.compile(r"-?[0-9]{1,18}")
_FLOAT = re.compile(r"-?[0-9]{1,17}(?:\.[0-9]{1,17})?(?:e[+-]?[0-9]{1,3})?")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{6})?Z")
_NEEDS_QUOTES = re.compile(r'[",\r\n]|^\s|\s$')


class BadCell(ValueError):
    """A cell has an invalid value; the message says why."""


# ------------------------------------------------------------------------------------ from database


def from_database(column: Column, stored: Any) -> Value:
    """The value as it is exported.

    Raises `ValueError`, `TypeError` or `LookupError` for one that the column cannot hold.
    """
    return None if stored is None else _FROM_DATABASE[column.kind](stored)


def _instant(stored: Any) -> str:
    return iso_utc(instant_from_text(stored) if isinstance(stored, str) else stored)


def _text(stored: Any) -> str:
    if not isinstance(stored, str):
        raise TypeError
    return stored


def _float(stored: Any) -> float:
    number = float(stored)
    if not math.isfinite(number):
        raise ValueError
    return number


_FROM_DATABASE: dict[Kind, Callable[[Any], Value]] = {
    Kind.TEXT: _text,
    Kind.INTEGER: int,
    Kind.FLOAT: _float,
    Kind.BOOLEAN: lambda stored: {0: False, 1: True}[int(stored)],
    Kind.INSTANT: _instant,
    Kind.NAME: _text,
    Kind.ROW_NUMBER: int,
}


# --------------------------------------------------------------------------------------------- CSV


def csv_line(values: Sequence[Value]) -> str:
    """A row as a line of CSV, without the line end."""
    return ",".join(map(_csv_cell, values))


def _csv_cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return repr(value)
    text = _guarded(value)
    if _NEEDS_QUOTES.search(text):
        return '"' + text.replace('"', '""') + '"'
    return text


def _guarded(text: str) -> str:
    if not text or text[0] == "'":
        return "'" + text
    if text[0] in FORMULA_STARTS and not is_e164(text):
        return "'" + text
    return text


def value_of_cell(column: Column, cell: str) -> Value:
    """The value of a cell that `csv_line` wrote. Raises `BadCell`."""
    if cell == "":
        return _empty(column)
    if column.kind in (Kind.TEXT, Kind.NAME):
        return _checked(column, cell.removeprefix("'"))
    if column.kind is Kind.BOOLEAN:
        return _checked(column, {"true": True, "false": False}.get(cell, cell))
    if column.kind in (Kind.INTEGER, Kind.ROW_NUMBER) and _INTEGER.fullmatch(cell):
        return _checked(column, int(cell))
    if column.kind is Kind.FLOAT and _FLOAT.fullmatch(cell):
        return _checked(column, float(cell))
    return _checked(column, cell)


# -------------------------------------------------------------------------------------------- JSON


def json_line(header: Sequence[str], values: Sequence[Value]) -> str:
    """A row as a line of JSON, without the line end."""
    return json.dumps(
        dict(zip(header, values, strict=True)), ensure_ascii=False, separators=(",", ":")
    )


def value_of_json(column: Column, value: Any) -> Value:
    """The value that `json_line` wrote. Raises `BadCell`."""
    if value is None:
        return _empty(column)
    if column.kind is Kind.FLOAT and type(value) is int:
        return float(value)
    return _checked(column, value)


# ------------------------------------------------------------------------------------------ checks


def _empty(column: Column) -> Value:
    if not column.nullable:
        raise BadCell(f"{column.label} is empty")
    return None


def _checked(column: Column, value: Any) -> Value:
    if not _IS_VALID[column.kind](value):
        raise BadCell(f"{column.label} cannot be {_describe(column, value)}")
    if column.words is not None and value not in column.words:
        raise BadCell(f"{column.label} must be one of {', '.join(sorted(column.words))}")
    return value  # type: ignore[no-any-return] # because it was checked above


def _describe(column: Column, value: Any) -> str:
    """The value as an error may show it: of text that a person wrote only its type."""
    if isinstance(value, str) and column.kind not in (Kind.TEXT, Kind.NAME):
        return quoted(value)
    return f"a {type(value).__name__}"


def _is_instant(value: Any) -> bool:
    if not (isinstance(value, str) and _INSTANT.fullmatch(value)):
        return False
    try:
        instant(value)
    except ValueError:
        return False
    return True


def _is_unicode(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


_IS_VALID: dict[Kind, Callable[[Any], bool]] = {
    Kind.TEXT: _is_unicode,
    Kind.INTEGER: lambda value: type(value) is int,
    Kind.FLOAT: lambda value: type(value) is float and math.isfinite(value),
    Kind.BOOLEAN: lambda value: type(value) is bool,
    Kind.INSTANT: _is_instant,
    Kind.NAME: _is_unicode,
    Kind.ROW_NUMBER: lambda value: type(value) is int and value > 0,
}


def instant(text: str) -> datetime:
    """The time in a file, aware UTC. Raises `ValueError`."""
    return datetime.fromisoformat(text)
