"""The field list of a decision about a phone call."""

from petmsg.enums.call_routing import CallCode, CallRule, RingCode
from petmsg.enums.calls import CallAddressee, CallerKind, RingTarget
from petmsg.enums.routing import InboundCode, InboundRule
from petmsg.render.field_types import (
    COUNT,
    E164,
    FLAG,
    ID,
    INSTANT,
    NAME,
    REF,
    TEXT,
    WORD,
    one_of,
    or_null,
    rows_of,
)
from petmsg.render.fields import Field

CALL_CODE = one_of(CallCode)
"""Why a call is for whom it is for."""
RINGS = (
    Field("target", kind=one_of(RingTarget)),
    Field("ref", kind=or_null(REF)),
    Field("name", kind=or_null(NAME)),
    Field("caller_id", kind=or_null(E164)),
    Field("seconds", kind=COUNT),
    Field("needs_key", kind=FLAG),
)
OPTIONS = (
    Field("key", kind=ID),
    Field("client", kind=REF),
    Field("name", kind=or_null(NAME)),
    Field("caller_id", kind=or_null(E164)),
)
CALL_TRACE = (
    Field("step", "Step", kind=ID),
    Field("rule", "Rule", kind=one_of(InboundRule, CallRule)),
    Field("condition", kind=TEXT),
    Field("result", "Result", kind=FLAG),
    Field("code", "Code", kind=one_of(InboundCode, CallCode, RingCode)),
    Field("explanation", "Explanation", kind=TEXT),
)
CALL_DECISION = (
    Field("org", kind=WORD),
    Field("number", kind=E164),
    Field("at", kind=INSTANT),
    Field("caller", kind=one_of(CallerKind)),
    Field("caller_ref", kind=or_null(REF)),
    Field("addressed_to", kind=one_of(CallAddressee)),
    Field("ref", kind=or_null(REF)),
    Field("code", kind=CALL_CODE),
    Field("reason", kind=TEXT),
    Field("rings", kind=rows_of(RINGS)),
    Field("options", kind=rows_of(OPTIONS)),
    Field("ring_seconds", kind=COUNT),
    Field("trace", kind=rows_of(CALL_TRACE)),
)
"""The decision about a call: whom it is for, who is rung, and why."""
