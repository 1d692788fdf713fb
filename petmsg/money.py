"""Amounts of money: whole millionths of a currency inside petmsg, decimal text outside.

Prices of messages are fractions of a cent, and binary fractions would not add up. Standard library
only.
"""

import re
from typing import NamedTuple

from petmsg.errors import OutOfRange, quoted

MICROS = 1_000_000
_AMOUNT = r"([0-9]{1,9})(?:\.([0-9]{1,12}))?"


class Money(NamedTuple):
    """An amount in millionths of a currency (ISO 4217)."""

    micros: int
    currency: str

    def __str__(self) -> str:
        return f"{decimal_text(self.micros)} {self.currency}"


def decimal_text(micros: int) -> str:
    """The amount with two to six decimals: `1.15`, `0.0079`."""
    whole, fraction = divmod(abs(micros), MICROS)
    decimals = f"{fraction:06}".rstrip("0").ljust(2, "0")
    return f"{'-' * (micros < 0)}{whole}.{decimals}"


def read_money(amount: object, currency: object) -> Money | None:
    """What a provider says as two texts, such as `-0.00790` and `usd`; None if it says nothing or
    what is no amount. Providers write charges as negative or positive amounts: the sign is dropped.
    """
    if not isinstance(amount, str) or not isinstance(currency, str):
        return None
    micros = _micros_of(amount.strip().lstrip("-"))
    word = currency.strip().upper()
    if micros is None or not re.fullmatch("[A-Z]{3}", word):
        return None
    return Money(micros, word)


def parse_amount(text: str) -> int:
    """The amount that a person typed, such as `1.15`, in millionths. Raises `OutOfRange`."""
    micros = _micros_of(text.strip(" \t"))
    if micros is None:
        raise OutOfRange(f"Invalid amount {quoted(text)}.", hint="Write an amount such as 1.15.")
    return micros


def _micros_of(text: str) -> int | None:
    """Millionths, rounded half up."""
    found = re.fullmatch(_AMOUNT, text, re.ASCII)
    if found is None:
        return None
    fraction = (found[2] or "").ljust(7, "0")
    return int(found[1]) * MICROS + int(fraction[:6]) + (fraction[6] >= "5")
