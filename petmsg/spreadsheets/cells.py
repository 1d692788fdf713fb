"""The value of a single cell, and what is wrong with it."""

import re

from petmsg.errors import MalformedPhone, MalformedRow, PetmsgError, quoted
from petmsg.spreadsheets.batch_row import LONGEST_CELL, without_guard

PHONES = frozenset(("phone", "phone2", "e164"))
_SHORTENED = re.compile(r"[0-9](?:[.,][0-9]+)?E\+?[0-9]{1,3}", re.IGNORECASE)
_ALL_DIGITS = re.compile(r"([0-9])[.,]([0-9]{6,14})E\+?([0-9]{1,2})", re.IGNORECASE)
_BETWEEN_VALUES = " ::: "
"""How Google Contacts writes several values in a cell."""
_FAX = re.compile(r"\b(?:fax|pager)\b", re.IGNORECASE)
_LANDLINE = re.compile(r"\b(?:home|work|office|business|landline)\b", re.IGNORECASE)
_AS_FLOAT = re.compile(r"(\+?[0-9]{7,15})[.,]0+")
_INVISIBLE = re.compile(
    "[\u00ad\u200b\u2060\ufeff]|(?<=[\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])\u200d"
)
"""Characters that nobody sees, and what joins the parts of an emoji."""
_MARKS = "\u200c\u200d\u200e\u200f\u202a\u202c"
"""Marks without a width that a cell may have at its ends after it was copied."""
_NOTHING = frozenset(("-", "--", "---", "\u2013", "\u2014", "n/a", "n.a."))
"""What people write in a cell to say that it is empty, in every column."""
_NO_VALUE = {
    "phone": frozenset(("none", "null", "nil", "nan", "tbd", "unknown", "no phone")),
    "sitter": frozenset(("none", "null", "nil", "tbd", "tba", "unassigned", "not assigned")),
    "kind": frozenset(("none", "null", "unknown")),
    "ref": frozenset(("none", "null")),
}
"""The words of a single column that say so; a person may have them as a name."""
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
    place of a value, and `MalformedPhone` for a phone that the spreadsheet has shortened. The value
    of a cell such as `n/a` is empty."""
    if not cell.isascii():
        cell = _INVISIBLE.sub("", cell).strip(_MARKS).strip()
    value = plain_cell(column, cell)
    if _is_nothing(column, value):
        return ""
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


def _is_nothing(column: str, cell: str) -> bool:
    if len(cell) > 12:
        return False
    word = cell.casefold()
    return not word or word in _NOTHING or word in _NO_VALUE.get(column, ())


def _phone_cell(cell: str) -> str:
    cell = cell.strip("* ")
    if _SHORTENED.fullmatch(cell):
        return _unshortened(cell)
    as_float = _AS_FLOAT.fullmatch(cell)
    if as_float is not None:
        return as_float[1]
    return cell.replace(_BETWEEN_VALUES, "\n") if _BETWEEN_VALUES in cell else cell


def with_label(phones: str, label: str) -> str:
    """Each phone of a cell with what another cell says that it is, if it is a landline or a fax.

    Address books have such columns: `Phone 1 - Label`. They say `Home`, `* Mobile`, `Work Fax`.
    """
    word = "fax" if _FAX.search(label) else "home"
    if word == "home" and not _LANDLINE.search(label):
        return phones
    return "\n".join(f"{word}: {each}" for each in phones.split("\n") if each)


def _unshortened(cell: str) -> str:
    """`4.155550171E9` with all of its digits. Raises `MalformedPhone` if some are not there."""
    found = _ALL_DIGITS.fullmatch(cell)
    if found is None or len(found[2]) != int(found[3]):
        raise _shortened("phone", cell)
    return found[1] + found[2]


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
