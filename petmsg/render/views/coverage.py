"""The field list of coverage gaps. A table shows times in the timezone of the row's org."""

from typing import Any

from petmsg.enums.bookings import GapKind
from petmsg.enums.numbers import NumberClass
from petmsg.enums.routing import Code
from petmsg.render.field_types import (
    BAD_FLAG,
    E164,
    FREE,
    INSTANT,
    REF,
    TEXT,
    WORD,
    keyed,
    one_of,
    or_null,
)
from petmsg.render.fields import Field, View, local
from petmsg.render.views.people import person


def _instant(name: str, title: str) -> Field:
    def cell(row: Any, _: View) -> str:
        at = getattr(row, name)
        return "-" if at is None else local(at, View(timezone=row.timezone))

    return Field(name, title, cell=cell, kind=or_null(INSTANT))


def _meanwhile(row: Any, _: View) -> str:
    if row.meanwhile is None:
        return "-"
    if row.meanwhile.number is None:
        return "NO NUMBER"
    return f"{row.meanwhile.number} ({row.meanwhile.number_class})"


GAPS = (
    Field("org", "Org", kind=WORD),
    Field("kind", None, kind=one_of(GapKind)),
    Field("gap", "Gap", kind=BAD_FLAG),
    Field("message", "Finding", kind=TEXT),
    _instant("starts_at", "From"),
    _instant("ends_at", "To"),
    Field("booking", None, kind=or_null(REF)),
    *person("client", None, is_optional=True),
    *person("sitter", None, is_optional=True),
    Field("number", None, kind=or_null(E164)),
    Field("code", None, kind=or_null(one_of(Code))),
    Field(
        "meanwhile",
        "Fallback number",
        get=lambda row: (
            None
            if row.meanwhile is None
            else {
                "number": row.meanwhile.number,
                "class": row.meanwhile.number_class,
                "reason": row.meanwhile.reason,
            }
        ),
        cell=_meanwhile,
        kind=or_null(
            keyed(
                **{
                    "number": or_null(E164),
                    "class": or_null(one_of(NumberClass)),
                    "reason": TEXT,
                }
            )
        ),
    ),
    Field("command", "Fix", kind=or_null(TEXT)),
    Field("details", None, kind=FREE),
)
