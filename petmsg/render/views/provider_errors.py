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
    Field("to_do", None, kind=or_null(TEXT)),
    Field("known", None, kind=FLAG),
    Field("source", None, kind=TEXT),
    Field("dated", None, get=lambda row: row.dated and row.dated.isoformat(), kind=or_null(DAY)),
)
"""The fields of a list of codes."""

CODE = (
    Field("code", "Code", kind=WORD),
    Field("class", "Class", get=lambda row: row.of_class, kind=WORD),
    Field("meaning", "Meaning", kind=TEXT),
    Field("reaction", "Reaction", kind=TEXT),
    Field("in_report", "Delivery receipt", cell=_in_report, kind=or_null(TEXT)),
    Field("to_do", "What to do", kind=or_null(TEXT)),
    Field("known", None, kind=FLAG),
    Field("source", "Source", kind=TEXT),
    Field(
        "dated",
        "Source date",
        get=lambda row: row.dated and row.dated.isoformat(),
        kind=or_null(DAY),
    ),
)
"""The fields of one explained code."""
