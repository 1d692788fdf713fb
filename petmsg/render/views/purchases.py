"""The field lists of numbers for sale, and of purchases."""

from typing import Any

from petmsg.enums.numbers import NumberClass
from petmsg.enums.purchases import PurchaseKind, PurchaseStatus
from petmsg.money import Money, decimal_text
from petmsg.render.field_types import E164, FLAG, MONEY, NAME, TEXT, WORD, one_of, or_null
from petmsg.render.fields import Field


def _monthly(money: Money | None) -> str | None:
    return None if money is None else decimal_text(money.micros)


def _bought(row: Any) -> Money | None:
    return None if row.micros is None else Money(row.micros, row.currency)


OFFERS = (
    Field("number", "Number", kind=E164),
    Field("place", "Place", kind=or_null(NAME)),
    Field("mms", "Pictures", kind=or_null(FLAG)),
    Field("voice", "Calls", kind=or_null(FLAG)),
    Field(
        "monthly",
        "A month",
        get=lambda row: _monthly(row.monthly),
        cell=lambda row, _: str(row.monthly or "-"),
        kind=or_null(MONEY),
    ),
    Field(
        "currency",
        None,
        get=lambda row: None if row.monthly is None else row.monthly.currency,
        kind=or_null(WORD),
    ),
)
PURCHASES = (
    Field("number", "Number", kind=E164),
    Field("kind", "Kind", kind=one_of(PurchaseKind)),
    Field("status", "Status", kind=one_of(PurchaseStatus)),
    Field("class", "Class", get=lambda row: row.number_class, kind=or_null(one_of(NumberClass))),
    Field(
        "monthly",
        "A month",
        get=lambda row: _monthly(_bought(row)),
        cell=lambda row, _: str(_bought(row) or "-"),
        kind=or_null(MONEY),
    ),
    Field("currency", None, kind=or_null(WORD)),
    Field("code", "Code", kind=or_null(WORD)),
    Field("note", "Note", kind=or_null(TEXT)),
)
