"""The field lists of opt-outs: JSON keys and table columns."""

from typing import Any

from petmsg.enums.opt_outs import OptOutSource
from petmsg.render.field_types import (
    ATTENTION_FLAG,
    COUNT,
    E164,
    ID,
    INSTANT,
    NAME,
    PHONE,
    TEXT,
    WORD,
    list_of,
    one_of,
    one_word_of,
    or_null,
    rows_of,
)
from petmsg.render.fields import UNCHANGED, Field, nested
from petmsg.render.views.people import ANY_CLIENT, ANY_SITTER


def _whose(row: Any) -> str:
    if row.client is not None:
        return "client"
    return "unknown" if row.sitter is None else "sitter"


WHOSE = Field("whose", None, get=_whose, kind=one_word_of("client", "sitter", "unknown"))
"""Whose opt-out it is: a client's, a sitter's, or that of a phone of nobody the company knows."""

OPT_OUTS = (
    Field("opt_out", "Id", kind=ID),
    *ANY_CLIENT,
    *ANY_SITTER,
    WHOSE,
    Field("phone", "Phone", personal=True, kind=or_null(PHONE)),
    Field("source", "Source", kind=one_of(OptOutSource)),
    Field("reason", "Reason", kind=or_null(TEXT)),
    Field("opted_out_at", "Since", kind=INSTANT),
    Field("ended_at", "Ended", kind=or_null(INSTANT)),
    Field("end_reason", None, kind=or_null(TEXT)),
    Field("actor", "Actor", kind=NAME),
)
BLOCKED = (
    Field("number", "Number", kind=E164),
    Field("phone", "Unreachable phone", personal=True, kind=PHONE),
    Field("code", "Code", kind=or_null(WORD)),
    Field("blocked_at", "Since", kind=INSTANT),
)


def _rows(name: str, fields: tuple[Field, ...]) -> Field:
    """Nested rows with their own fields; a table shows them below."""
    return Field(name, None, get=nested(fields, name), personal=True, kind=rows_of(fields))


OPT_OUT = (
    *ANY_CLIENT,
    *ANY_SITTER,
    WHOSE,
    Field("opted_out", "Opted out", kind=ATTENTION_FLAG),
    Field("opted_out_at", "Since", kind=or_null(INSTANT)),
    _rows("history", OPT_OUTS),
    _rows("blocked", BLOCKED),
)
OPTED_OUT = (
    *ANY_CLIENT,
    *ANY_SITTER,
    WHOSE,
    Field("phones", "Opted-out phones", personal=True, kind=list_of(PHONE)),
    Field("waiting", "Messages waiting", kind=COUNT),
    UNCHANGED,
)
OPTED_IN = (
    *ANY_CLIENT,
    *ANY_SITTER,
    WHOSE,
    Field("phones", "Opted-in phones", personal=True, kind=list_of(PHONE)),
    Field("unblocked", "Unblocked numbers", kind=list_of(E164)),
    Field("carrier_blocks", "Carrier block", kind=ATTENTION_FLAG),
    Field("waiting", "Messages waiting", kind=COUNT),
    UNCHANGED,
)
