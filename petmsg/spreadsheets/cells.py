"""The value of a single cell, and what is wrong with it."""

import re

from petmsg.errors import MalformedPhone, MalformedRow, PetmsgError, quoted
from petmsg.spreadsheets.batch_row import LONGEST_CELL, without_guard

PHONES = frozenset(("phone", "phone2", "e164"))
_SHORTENED = re.compile(r"[0-9](?:[.,][0-9]+)?E\+?[0-9]{1,3}", re.IGNORECASE)
_BETWEEN_VALUES = " ::: "
"""How Google Contacts writes several values in a cell."""
_AS_FLOAT = re.compile(r"(\+?[0-9]{7,15})\.0+")
_EXCEL_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!|SPILL!|CALC!|#+)")
TEXT_FORMULA = re.compile(r'="([^"]*)"')
"""`="0123"`: how some programs keep Excel from reading a number."""


def plain_cell(column: str, cell: str) -> str:
    """The value of a cell that is not empty, without petmsg's guard against formulas.

    Raises `MalformedRow` for one that is too long or contains a NUL.
    """
    if len(cell) > LONGEST_CELL:
        raise MalformedRow(
            f"The cell {column} is too long: it has {len(cell):,} characters.",
            hint=f"A cell has at most {LONGEST_CELL:,} characters.",
        )
    if "\0" in cell:
        raise MalformedRow(
            f"The cell {column} contains a NUL character.",
            hint="Save the file again in your spreadsheet program.",
        )
    return without_guard(cell)


def read_cell(column: str, cell: str) -> str:
    """`plain_cell` of a spreadsheet. Raises `MalformedRow` also for a formula or an error in the
    place of a value, and `MalformedPhone` for a phone that the spreadsheet has shortened."""
    value = plain_cell(column, cell)
    if value is not cell:
        return _calculated(column, value) if value[0] == "=" else value
    if cell[0] in "=#":
        return _calculated(column, cell)
    if column in PHONES:
        return _phone_cell(cell)
    if column == "ref" and _SHORTENED.fullmatch(cell):
        raise _shortened(column, cell)
    return cell


def _calculated(column: str, cell: str) -> str:
    kept = TEXT_FORMULA.fullmatch(cell)
    if kept is not None:
        return read_cell(column, kept[1].strip()) if kept[1].strip() else ""
    if cell[0] == "=":
        raise MalformedRow(
            f"The cell {column} contains a formula, not a value: {quoted(cell)}.",
            hint="Export the values, or paste them as values in the spreadsheet.",
        )
    if _EXCEL_ERROR.fullmatch(cell):
        raise MalformedRow(
            f"The cell {column} contains the spreadsheet's error {quoted(cell)}.",
            hint="Fix the formula or widen the column in the spreadsheet, then export it again.",
        )
    return cell


def _phone_cell(cell: str) -> str:
    if _SHORTENED.fullmatch(cell):
        raise _shortened("phone", cell)
    as_float = _AS_FLOAT.fullmatch(cell)
    if as_float is not None:
        return as_float[1]
    return cell.replace(_BETWEEN_VALUES, "\n") if _BETWEEN_VALUES in cell else cell


def _shortened(column: str, cell: str) -> PetmsgError:
    hint = (
        "Format the column as text in the spreadsheet and enter the values again; their last "
        "digits are not in this file."
    )
    why = "the spreadsheet has shortened it"
    if column != "phone":
        return MalformedRow(f"Invalid {column} {quoted(cell)}: {why}.", hint=hint)
    problem = MalformedPhone(cell, why=why)
    problem.hint = hint
    return problem
