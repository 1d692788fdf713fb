"""The fields of an explained error code. Standard library only."""

from typing import Any

from petmsg.render.fields import Field, View


def _in_report(row: Any, _: View) -> str:
    return "the same" if row.in_report == row.reaction else row.in_report or "-"


CODES = (
    Field("code", "Code"),
    Field("class", "Class", get=lambda row: row.of_class),
    Field("meaning", "Meaning"),
    Field("reaction", None),
    Field("in_report", None),
    Field("known", None),
    Field("source", None),
    Field("dated", None, get=lambda row: row.dated and row.dated.isoformat()),
)
"""Of a list."""

CODE = (
    Field("code", "Code"),
    Field("class", "Class", get=lambda row: row.of_class),
    Field("meaning", "Meaning"),
    Field("reaction", "What petmsg does"),
    Field("in_report", "In a delivery report", cell=_in_report),
    Field("known", None),
    Field("source", "Source"),
    Field("dated", "Dated", get=lambda row: row.dated and row.dated.isoformat()),
)
"""Of one code, explained."""
