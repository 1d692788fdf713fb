"""The field list of what lacks a number. Times in a table are those of the row's own org."""

from typing import Any

from petmsg.render.fields import Field, View, local


def _instant(name: str, title: str) -> Field:
    def cell(row: Any, _: View) -> str:
        at = getattr(row, name)
        return "-" if at is None else local(at, View(timezone=row.timezone))

    return Field(name, title, cell=cell)


def _meanwhile(row: Any, _: View) -> str:
    if row.meanwhile is None:
        return "-"
    if row.meanwhile.number is None:
        return "NO NUMBER"
    return f"{row.meanwhile.number} ({row.meanwhile.number_class})"


GAPS = (
    Field("org", "Org"),
    Field("kind", None),
    Field("gap", "Gap"),
    Field("message", "What is so"),
    _instant("starts_at", "From"),
    _instant("ends_at", "To"),
    Field("booking", None),
    Field("client", None),
    Field("sitter", None),
    Field("number", None),
    Field("code", None),
    Field(
        "meanwhile",
        "Meanwhile from",
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
    ),
    Field("command", "What helps"),
    Field("details", None),
)
