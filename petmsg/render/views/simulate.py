"""The field list of timeline segments: the number a client sees over time."""

from typing import Any

from petmsg.clock import zone
from petmsg.enums.numbers import NumberClass
from petmsg.enums.routing import Code
from petmsg.render.field_types import BAD, E164, INSTANT, REF, TEXT, one_of, or_null
from petmsg.render.fields import NO_NUMBER, Field, View, local
from petmsg.render.views.people import CLIENT


def until(row: Any, view: View) -> str:
    """The end of a segment, without the parts it shares with its start."""
    place = zone(view.timezone)
    first, last = row.from_at.astimezone(place), row.to_at.astimezone(place)
    if first.date() == last.date() and first.utcoffset() == last.utcoffset():
        return f"{last:%H:%M}"
    if first.year == last.year:
        return f"{last:%m-%d %H:%M}"
    return local(row.to_at, view)


def _number(row: Any, name: str) -> Any:
    number = row.route.number
    return None if number is None else getattr(number, name)


SEGMENTS = (
    *CLIENT,
    Field("from", "From", get=lambda row: row.from_at, kind=INSTANT),
    Field("to", "To", get=lambda row: row.to_at, cell=until, kind=INSTANT),
    Field(
        "number",
        "Number",
        get=lambda row: _number(row, "e164"),
        cell=lambda row, _: _number(row, "e164") or NO_NUMBER,
        kind=or_null(E164)._replace(tones={NO_NUMBER: BAD}),
    ),
    Field(
        "class",
        None,
        get=lambda row: _number(row, "number_class"),
        kind=or_null(one_of(NumberClass)),
    ),
    Field("sitter", "Sitter", get=lambda row: _number(row, "sitter"), kind=or_null(REF)),
    Field("code", None, get=lambda row: row.route.code, kind=one_of(Code)),
    Field("gap", None, get=lambda row: row.route.gap, kind=or_null(one_of(Code))),
    Field("reason", "Reason", get=lambda row: row.route.reason, kind=TEXT),
)
