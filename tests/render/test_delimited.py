"""Cells of TSV and CSV: no stranger's formula stands bare, no line break splits a row of TSV."""

import csv
import io

import pytest

from petmsg.render.delimited import csv_cell, tsv_cell

GUARDED = [
    ('=HYPERLINK("http://x","y")', '\'=HYPERLINK("http://x","y")'),
    ("+1-HYPERLINK(A1)", "'+1-HYPERLINK(A1)"),
    ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
    ("@SUM(A1)", "'@SUM(A1)"),
    ("|calc", "'|calc"),
    ("%1", "'%1"),
    ("\t=1", "'\\t=1"),
    ("+14155550101", "+14155550101"),
    ("+1*********01", "+1*********01"),
    ("-12.5", "-12.5"),
    ("Rex = a dog", "Rex = a dog"),
    ("'quoted'", "'quoted'"),
    ("", ""),
    (-3, "-3"),
    (True, "true"),
    (None, ""),
    (["B-1", "B-2"], '["B-1", "B-2"]'),
    ({"code": "x"}, '{"code": "x"}'),
]


@pytest.mark.parametrize(("value", "cell"), GUARDED)
def test_no_strangers_formula_stands_bare(value: object, cell: str) -> None:
    assert tsv_cell(value) == cell
    assert next(csv.reader([csv_cell(value) + ",x"], strict=True)) == [cell, "x"]


def test_a_line_break_is_kept_in_csv_and_an_escape_in_tsv() -> None:
    assert tsv_cell("a\nb\tc") == "a\\nb\\tc"
    assert csv_cell("a\nb\tc") == '"a\nb\\tc"'
    assert csv_cell("a\r\nb") == '"a\\r\nb"'


@pytest.mark.parametrize("text", ['a "b", c', " a ", "a,b", '"', "\n", "a\u2028b", "é 陳"])
def test_csv_is_read_back_by_any_reader(text: str) -> None:
    row = io.StringIO(f"{csv_cell(text)},next\r\n", newline="")
    (cells,) = csv.reader(row, strict=True)
    assert cells == [text.replace("\u2028", "\\u2028"), "next"]


@pytest.mark.parametrize("text", ["\x1b[2J", "\x9b2J", "\u202e", "\x07", "\x00"])
def test_no_cell_acts_on_a_terminal(text: str) -> None:
    assert text[0] not in tsv_cell(text) + csv_cell(text)
