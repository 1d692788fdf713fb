"""Single cells, and what a spreadsheet has made of them."""

import pytest

from petmsg.errors import MalformedPhone, MalformedRow
from petmsg.spreadsheets.cells import plain_cell, read_cell, with_label


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
        ("phone", "4155550171,0", "4155550171"),
        ("phone", "*415-555-0171", "415-555-0171"),
        ("e164", "1.4155550171E10", "14155550171"),
        ("phone", "4,155550171E+09", "4155550171"),
        ("name", "\u200bAnn\u00a0Ivers\ufeff", "Ann\u00a0Ivers"),
        ("name", "Bo \U0001f469\u200d\U0001f467", "Bo \U0001f469\U0001f467"),
        ("name", "\u0645\u06cc\u200c\u0631", "\u0645\u06cc\u200c\u0631"),
    ],
)
def test_the_value_of_a_cell(column: str, written: str, value: str) -> None:
    assert read_cell(column, written) == value


@pytest.mark.parametrize(
    ("column", "written"),
    [
        ("phone", "n/a"), ("phone", "None"), ("phone", "-"), ("phone", "'-"), ("phone", "TBD"),
        ("sitter", "Unassigned"), ("kind", "N/A"), ("ref", "none"), ("name", "\u2014"),
        ("end_time", "--"), ("name", "\u200b"), ("phone", "nan"),
    ],
)  # fmt: skip
def test_a_cell_that_says_that_it_is_empty_is_empty(column: str, written: str) -> None:
    assert read_cell(column, written) == ""


@pytest.mark.parametrize("written", ["None", "Null", "Tbd", "Unassigned"])
def test_a_person_may_have_such_a_word_as_a_name(written: str) -> None:
    assert read_cell("name", written) == written


@pytest.mark.parametrize(
    ("label", "found"),
    [
        ("Mobile", "1\n2"),
        ("", "1\n2"),
        ("* Home", "home: 1\nhome: 2"),
        ("Work Fax", "fax: 1\nfax: 2"),
        ("Ann's office", "home: 1\nhome: 2"),
    ],
)
def test_a_label_of_another_cell_is_written_before_each_phone(label: str, found: str) -> None:
    assert with_label("1\n2", label) == found


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
