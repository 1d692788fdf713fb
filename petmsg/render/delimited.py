"""Cells of TSV and CSV. Lists and objects are JSON in both.

CSV is that of RFC 4180: a cell with a comma, a quote or a line break is quoted. TSV has one line a
row: a tab or a line break in a text is written as an escape.
"""

import re
from typing import Any

from petmsg.render.escape import escape, json_text
from petmsg.text_inputs import FORMULA_STARTS

_NUMERIC = re.compile(r"[+-][0-9*]+(\.[0-9]+)?")
_NEEDS_QUOTES = re.compile(r'[",\n]|^\s|\s$')


def tsv_cell(value: Any) -> str:
    """A plain value as a cell of TSV."""
    return escape(_guarded(value)) if isinstance(value, str) else _word(value)


def csv_cell(value: Any) -> str:
    """A plain value as a cell of CSV; the line breaks of a text are kept."""
    is_text = isinstance(value, str)
    text = escape(_guarded(value), keep_newlines=True) if is_text else _word(value)
    return '"' + text.replace('"', '""') + '"' if _NEEDS_QUOTES.search(text) else text


def _word(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json_text(value) if isinstance(value, dict | list) else str(value)


def _guarded(text: str) -> str:
    """The text, behind a `'` if a spreadsheet would run it as a formula. Phones and numbers are not
    formulas.

    Source: OWASP, CSV injection.
    """
    is_formula = text[:1] in FORMULA_STARTS and _NUMERIC.fullmatch(text) is None
    return f"'{text}" if text and is_formula else text
