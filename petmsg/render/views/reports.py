"""The field lists of reports."""

from typing import Any

from petmsg.money import decimal_text
from petmsg.plurals import named
from petmsg.render.field_types import COUNT, MONEY, NAME, WORD, FieldType, or_null
from petmsg.render.fields import Field

_MINUTES = or_null(FieldType({"type": "number", "minimum": 0}, right=True))


def _said(row: Any, _: Any) -> str:
    if row.group is None:
        return "-"
    return named(row.group, row.name) if row.name else str(row.group)


_GROUP = (
    Field("group", "Group", cell=_said, kind=or_null(WORD)),
    Field("name", None, kind=or_null(NAME)),
)
VOLUME = (
    *_GROUP,
    Field("sent", "Sent", kind=COUNT),
    Field("delivered", "Delivered", kind=COUNT),
    Field("not_delivered", "Not delivered", kind=COUNT),
    Field("received", "Received", kind=COUNT),
    Field("segments_sent", "Segments sent", kind=COUNT),
    Field("segments_received", "Segments received", kind=COUNT),
)
COST = (
    *_GROUP,
    Field("messages", "Messages", kind=COUNT),
    Field("segments", "Segments", kind=COUNT),
    Field(
        "cost",
        "Cost",
        get=lambda row: None if row.micros is None else decimal_text(row.micros),
        cell=lambda row, _: "not known yet" if row.micros is None else decimal_text(row.micros),
        kind=or_null(MONEY),
    ),
    Field("currency", "Currency", kind=or_null(WORD)),
)
RESPONSES = (
    *_GROUP,
    Field("received", "Received", kind=COUNT),
    Field("answered", "Answered", kind=COUNT),
    Field("unanswered", "Not answered", kind=COUNT),
    Field("median_minutes", "Median (min)", kind=_MINUTES),
    Field("longest_minutes", "Longest (min)", kind=_MINUTES),
)
