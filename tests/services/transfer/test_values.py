"""Exported values are read back exactly, and invalid ones are refused."""

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petmsg.services.transfer.table_schema import Column, Kind
from petmsg.services.transfer.values import (
    BadCell,
    csv_line,
    from_database,
    json_line,
    value_of_cell,
    value_of_json,
)
from petmsg.text_inputs import FORMULA_STARTS
from tests.support.exported_company import ODD_TEXTS

TEXT = Column("body", "body", Kind.TEXT, nullable=True)
COLUMNS = {kind: Column(kind.value, kind.value, kind, nullable=True) for kind in Kind}


def column(kind: Kind, *, nullable: bool = False, words: frozenset[str] | None = None) -> Column:
    return Column("it", "it", kind, nullable=nullable, words=words)


def cells_of(line: str) -> list[str]:
    """The cells of a line as any CSV reader parses them."""
    rows = list(csv.reader(io.StringIO(line + "\n", newline=""), strict=True))
    assert len(rows) == 1
    return rows[0]


def there_and_back(value: Any, kind: Kind = Kind.TEXT) -> Any:
    (cell,) = cells_of(csv_line([value])) or [""]
    return value_of_cell(COLUMNS[kind], cell)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_text_is_read_back_exactly(text: str) -> None:
    assert there_and_back(text) == text
    line = json_line(["body"], [text])
    assert "\n" not in line
    assert value_of_json(TEXT, json.loads(line)["body"]) == text


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_odd_texts_are_read_back_exactly(text: str) -> None:
    assert there_and_back(text) == text
    assert there_and_back(text, Kind.NAME) == text


def test_null_and_an_empty_text_differ() -> None:
    assert there_and_back(None) is None
    assert there_and_back("") == ""


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9))
def test_a_spreadsheet_reads_no_text_as_a_formula(text: str) -> None:
    (cell,) = cells_of(csv_line([text]))
    assert cell[0] not in FORMULA_STARTS or cell == text == "+" + text[1:]


def test_a_phone_is_written_unchanged() -> None:
    assert csv_line(["+14155551001", "+1415555100x"]) == "+14155551001,'+1415555100x"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.INTEGER, -17),
        (Kind.FLOAT, 0.1),
        (Kind.FLOAT, 1e-7),
        (Kind.FLOAT, 1000.0),
        (Kind.BOOLEAN, True),
        (Kind.BOOLEAN, False),
        (Kind.INSTANT, "2026-02-14T15:00:00Z"),
        (Kind.INSTANT, "2026-02-14T15:00:00.000001Z"),
        (Kind.ROW_NUMBER, 812),
    ],
)
def test_other_values_are_read_back_exactly(kind: Kind, value: Any) -> None:
    assert there_and_back(value, kind) == value
    assert value_of_json(COLUMNS[kind], json.loads(json_line(["x"], [value]))["x"]) == value


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        (Kind.INTEGER, "x"),
        (Kind.INTEGER, "1.5"),
        (Kind.INTEGER, "١٢"),
        (Kind.INTEGER, "9" * 30),
        (Kind.FLOAT, "nan"),
        (Kind.FLOAT, "1e999"),
        (Kind.BOOLEAN, "yes"),
        (Kind.BOOLEAN, "1"),
        (Kind.INSTANT, "2026-02-14 15:00"),
        (Kind.INSTANT, "2026-02-30T15:00:00Z"),
        (Kind.INSTANT, "2026-02-14T15:00:00+01:00"),
        (Kind.ROW_NUMBER, "0"),
        (Kind.ROW_NUMBER, "C-1"),
    ],
)
def test_a_wrong_cell_is_refused(kind: Kind, cell: str) -> None:
    with pytest.raises(BadCell, match="it"):
        value_of_cell(column(kind), cell)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.TEXT, 1),
        (Kind.TEXT, "\ud800"),
        (Kind.INTEGER, True),
        (Kind.INTEGER, "1"),
        (Kind.FLOAT, float("inf")),
        (Kind.BOOLEAN, 1),
        (Kind.INSTANT, 1770000000),
        (Kind.ROW_NUMBER, "1"),
        (Kind.NAME, 1),
    ],
)
def test_a_wrong_json_value_is_refused(kind: Kind, value: Any) -> None:
    with pytest.raises(BadCell, match="it"):
        value_of_json(column(kind), value)


@pytest.mark.parametrize("kind", Kind)
def test_a_missing_required_value_is_refused(kind: Kind) -> None:
    with pytest.raises(BadCell, match="it is empty"):
        value_of_cell(column(kind), "")
    with pytest.raises(BadCell, match="it is empty"):
        value_of_json(column(kind), None)


def test_a_value_outside_the_enum_is_refused() -> None:
    with pytest.raises(BadCell, match="it must be one of a, b"):
        value_of_cell(column(Kind.TEXT, words=frozenset("ab")), "c")


def test_an_error_does_not_repeat_what_a_person_wrote() -> None:
    with pytest.raises(BadCell) as refused:
        value_of_json(column(Kind.TEXT), ["my phone is +14155551001"])
    assert "+1415" not in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "stored"),
    [(Kind.INTEGER, "many"), (Kind.INSTANT, "soon"), (Kind.BOOLEAN, 7), (Kind.TEXT, b"bytes")],
)
def test_a_stored_value_that_cannot_be_one_is_not_exported(kind: Kind, stored: Any) -> None:
    with pytest.raises((ValueError, TypeError, LookupError)):
        from_database(column(kind), stored)
