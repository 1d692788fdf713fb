"""The field lists of routes: a decision, an addressee, and a stored decision beside today's."""

from petmsg.enums.numbers import NumberClass
from petmsg.enums.routing import Code, InboundCode, InboundRule, Outcome, Rule, SystemMessageRule
from petmsg.render.field_types import (
    ATTENTION_FLAG,
    COUNT,
    E164,
    FLAG,
    ID,
    INSTANT,
    NAME,
    REF,
    TEXT,
    WORD,
    list_of,
    object_of,
    one_of,
    or_null,
    rows_of,
)
from petmsg.render.fields import Field, nested

CHOSEN = (
    Field("e164", kind=E164),
    Field("class", kind=one_of(NumberClass)),
    Field("sitter", kind=or_null(REF)),
)
DECIDING_WINDOW = (
    Field("booking", kind=REF),
    Field("sitter", kind=or_null(REF)),
    Field("starts_at", kind=INSTANT),
    Field("booked_until", kind=INSTANT),
    Field("ends_at", kind=INSTANT),
)
TRACE = (
    Field("step", "Step", kind=COUNT),
    Field("rule", "Rule", kind=one_of(Rule)),
    Field("condition", kind=TEXT),
    Field("result", "Result", kind=FLAG),
    Field("code", "Code", kind=one_of(Code)),
    Field("explanation", "Explanation", kind=TEXT),
)
DECISION = (
    Field("org", kind=WORD),
    Field("client", kind=REF),
    Field("at", kind=INSTANT),
    Field("outcome", kind=one_of(Outcome)),
    Field("number", kind=or_null(object_of(CHOSEN))),
    Field("reason", kind=TEXT),
    Field("window", kind=or_null(object_of(DECIDING_WINDOW))),
    Field("warnings", kind=list_of(TEXT)),
    Field("ruleset", kind=WORD),
    Field("trace", kind=rows_of(TRACE)),
)
"""The decision about a message to a client."""
_OTHER = {
    "client": Field("client", kind=or_null(REF)),
    "trace": Field(
        "trace",
        kind=rows_of(
            field._replace(kind=one_of(Rule, SystemMessageRule)) if field.name == "rule" else field
            for field in TRACE
        ),
    ),
}
ANY_DECISION = tuple(_OTHER.get(field.name, field) for field in DECISION)
"""The decision about any sent message, also one outside a thread (to a sitter or a stranger)."""

INBOUND_TRACE = (
    Field("step", "Step", kind=ID),
    Field("rule", "Rule", kind=one_of(InboundRule)),
    Field("condition", kind=TEXT),
    Field("result", "Result", kind=FLAG),
    Field("code", "Code", kind=one_of(InboundCode)),
    Field("explanation", "Explanation", kind=TEXT),
)
ADDRESSEE = (
    Field("org", kind=WORD),
    Field("number", kind=E164),
    Field("at", kind=INSTANT),
    Field("client", kind=or_null(REF)),
    Field("addressed_to", kind=NAME),
    Field("code", kind=one_of(InboundCode)),
    Field("reason", kind=TEXT),
    Field("trace", kind=rows_of(INBOUND_TRACE)),
)

_BESIDE = TEXT._replace(wrap=NAME.wrap)
COMPARED = (
    Field("what", "Property", kind=NAME),
    Field("then", "Stored", kind=_BESIDE),
    Field("now", "Today", kind=_BESIDE),
    Field("differs", "Changed", kind=ATTENTION_FLAG),
)
STORED = (
    Field("message", "Message", kind=ID),
    Field("differences", "Differences", kind=list_of(TEXT)),
    Field(
        "compared",
        get=nested(COMPARED, "compared"),
        kind=rows_of(COMPARED),
    ),
    Field("stored", kind=object_of(DECISION)),
    Field("today", kind=object_of(DECISION)),
)
