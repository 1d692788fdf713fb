"""The field lists of prices: of one message, and of what was fetched."""

from typing import Any

from petmsg.money import decimal_text
from petmsg.render.field_types import COUNT, DAY, MONEY, WORD, or_null
from petmsg.render.fields import Field


def _amount(row: Any) -> str | None:
    return None if row.price_micros is None else decimal_text(row.price_micros)


CURRENCY = Field("currency", None, get=lambda row: row.price_currency, kind=or_null(WORD))
LISTED = (Field("price", None, get=_amount, kind=or_null(MONEY)), CURRENCY)
"""The price of a message in a list, whose table has no room for it."""
SHOWN = (
    Field(
        "price",
        "Price",
        get=_amount,
        cell=lambda row, _: (
            "-" if row.price_micros is None else f"{_amount(row)} {row.price_currency}"
        ),
        kind=or_null(MONEY),
    ),
    CURRENCY,
)
"""The price of the one message that is shown."""
PRICED = (
    Field("org", "Org", kind=WORD),
    Field("day", "Day (UTC)", get=lambda row: row.day.isoformat(), kind=DAY),
    Field("messages", "Messages", kind=COUNT),
    Field("priced", "Priced now", kind=COUNT),
    Field("unpriced", "Without a price", kind=COUNT),
)
