"""The fields of an explained error code. Standard library only."""

from typing import Any

from petmsg.render.field_types import DAY, FLAG, TEXT, WORD, or_null
from petmsg.render.fields import Field, View


def _in_report(row: Any, _: View) -> str:
    return "the same" if row.in_report == row.reaction else row.in_report or "-"


CODES = (
    Field("code", "Code", kind=WORD),
    Field("class", "Class", get=lambda row: row.of_class, kind=WORD),
    Field("meaning", "Meaning", kind=TEXT),
    Field("reaction", None, kind=TEXT),
    Field("in_report", None, kind=or_null(TEXT)),
    Field("known", None, kind=FLAG),
    Field("source", None, kind=TEXT),
    Field("dated", None, get=lambda row: row.dated and row.dated.isoformat(), kind=or_null(DAY)),
)
"""Of a list."""

CODE = (
    Field("code", "Code", kind=WORD),
    Field("class", "Class", get=lambda row: row.of_class, kind=WORD),
    Field("meaning", "Meaning", kind=TEXT),
    Field("reaction", "What petmsg does", kind=TEXT),
    Field("in_report", "In a delivery report", cell=_in_report, kind=or_null(TEXT)),
    Field("known", None, kind=FLAG),
    Field("source", "Source", kind=TEXT),
    Field("dated", "Dated", get=lambda row: row.dated and row.dated.isoformat(), kind=or_null(DAY)),
)
"""Of one code, explained."""
