"""Single cells, and what a spreadsheet has made of them."""

import pytest

from petmsg.errors import MalformedPhone, MalformedRow
from petmsg.spreadsheets.cells import plain_cell, read_cell


@pytest.mark.parametrize(
    ("column", "written", "value"),
    [
        ("phone", "(415) 555-0171", "(415) 555-0171"),
        ("phone", "4155550171.0", "4155550171"),
        ("phone", "415-555-0171 ::: 415-555-0172", "415-555-0171\n415-555-0172"),
        ("phone", "'+14155550171", "+14155550171"),
        ("phone", '="4155550171"', "4155550171"),
        ("ref", '="007"', "007"),
        ("name", '=""', ""),
        ("name", "#1 Dog Mom", "#1 Dog Mom"),
        ("name", "O'Hara", "O'Hara"),
        ("ref", "1.5", "1.5"),
    ],
)
def test_the_value_of_a_cell(column: str, written: str, value: str) -> None:
    assert read_cell(column, written) == value


@pytest.mark.parametrize(
    ("column", "written", "told"),
    [
        ("name", "=A2&B2", "contains a formula, not a value"),
        ("name", "'=A2&B2", "contains a formula, not a value"),
        ("phone", "#N/A", "contains the spreadsheet's error '#N/A'"),
        ("name", "########", "contains the spreadsheet's error"),
        ("name", "Ann\0Ivers", "contains a NUL character"),
        ("name", "x" * 4097, "too long: it has 4,097 characters"),
        ("ref", "1.23457E+12", "the spreadsheet has shortened it"),
    ],
)
def test_what_is_no_value_is_refused_with_what_to_do(column: str, written: str, told: str) -> None:
    with pytest.raises(MalformedRow, match=told) as refused:
        read_cell(column, written)
    assert refused.value.hint


@pytest.mark.parametrize("written", ["4.15555E+09", "4,15555E+09", "4e9", "1.4155550E+10"])
def test_a_shortened_phone_is_refused_with_the_advice_to_format_it_as_text(written: str) -> None:
    with pytest.raises(MalformedPhone, match="the spreadsheet has shortened it") as refused:
        read_cell("phone", written)
    assert refused.value.hint.startswith("Format the column as text in the spreadsheet")


def test_a_file_that_is_written_for_petmsg_may_have_any_text() -> None:
    for written in ("=)", "#N/A", "4.15555E+09"):
        assert plain_cell("body", written) == written
