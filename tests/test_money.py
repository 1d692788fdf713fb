"""Amounts of money are exact, and what is no amount is none."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petmsg.errors import OutOfRange
from petmsg.money import Money, decimal_text, parse_amount, read_money

AMOUNTS = st.decimals(min_value=0, max_value=999_999_999, places=6)


@given(AMOUNTS)
def test_an_amount_is_read_and_written_exactly(amount: Decimal) -> None:
    read = read_money(f"-{amount:f}", "usd")
    assert read == Money(int(amount * 1_000_000), "USD")
    assert Decimal(decimal_text(read.micros)) == amount


@given(st.decimals(min_value=0, max_value=999_999_999, places=12))
def test_a_finer_amount_is_rounded_half_up(amount: Decimal) -> None:
    rounded = (amount * 1_000_000).quantize(Decimal(1), ROUND_HALF_UP)
    assert parse_amount(f"{amount:f}") == int(rounded)


@pytest.mark.parametrize(
    ("micros", "text"),
    [(0, "0.00"), (7900, "0.0079"), (1_150_000, "1.15"), (-500_000, "-0.50"), (1, "0.000001")],
)
def test_at_least_two_decimals_are_written(micros: int, text: str) -> None:
    assert decimal_text(micros) == text
    assert str(Money(micros, "EUR")) == f"{text} EUR"


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        (None, "USD"),
        ("-0.0079", None),
        ("", "USD"),
        ("-", "USD"),
        ("0.0079", ""),
        ("0.0079", "dollars"),
        ("0.0079", "U$D"),
        ("NaN", "USD"),
        ("Infinity", "USD"),
        ("1e9", "USD"),
        ("1,5", "USD"),
        ("٣", "USD"),
        ("9" * 400, "USD"),
        (True, "USD"),
        (0.0079, "USD"),
        ({}, []),
    ],
)
def test_what_is_no_amount_is_none(amount: object, currency: object) -> None:
    assert read_money(amount, currency) is None


@pytest.mark.parametrize("text", ["", "-1", "1,15", "one", "1.", ".5", "1e3", "٣"])
def test_an_amount_that_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(OutOfRange) as refusal:
        parse_amount(text)
    assert "1.15" in (refusal.value.hint or "")
