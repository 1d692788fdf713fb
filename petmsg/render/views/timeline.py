"""The field list of a client's timeline, which `render.timeline_drawing` draws."""

from petmsg.enums.messages import Direction, MessageStatus
from petmsg.render.field_types import (
    E164,
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
from petmsg.render.fields import Field, nested
from petmsg.render.views.call_fields import THREAD_CALLS
from petmsg.render.views.media import OF_MESSAGE
from petmsg.render.views.simulate import SEGMENTS

_WINDOWS = (
    Field("booking", kind=REF),
    Field("sitter", kind=or_null(REF)),
    Field("sitter_name", kind=or_null(NAME)),
    Field("starts_at", kind=INSTANT),
    Field("booked_until", kind=INSTANT),
    Field("ends_at", kind=INSTANT),
    Field("booked_from", get=lambda row: row.visit_starts_at, kind=INSTANT),
)
_QUARANTINES = (
    Field("number", kind=E164),
    Field("from", get=lambda row: row.from_at, kind=INSTANT),
    Field("to", get=lambda row: row.to_at, kind=or_null(INSTANT)),
    Field("reason", kind=or_null(TEXT)),
)
_MESSAGES = (
    Field("message", kind=ID),
    Field("direction", kind=one_of(Direction)),
    Field("status", kind=one_of(MessageStatus)),
    Field("number", kind=or_null(E164)),
    Field("at", kind=INSTANT),
    OF_MESSAGE,
)


TIMELINE = (
    Field("org", kind=WORD),
    Field("client", kind=REF),
    Field("name", kind=or_null(NAME)),
    Field("timezone", kind=WORD),
    Field("from", get=lambda it: it.start, kind=INSTANT),
    Field("to", get=lambda it: it.end, kind=INSTANT),
    Field("segments", get=nested(SEGMENTS, "segments"), kind=rows_of(SEGMENTS)),
    Field("windows", get=nested(_WINDOWS, "windows"), kind=rows_of(_WINDOWS)),
    Field(
        "quarantines",
        get=nested(_QUARANTINES, "quarantines"),
        kind=rows_of(_QUARANTINES),
    ),
    Field("messages", get=nested(_MESSAGES, "messages"), kind=rows_of(_MESSAGES)),
    Field("calls", get=nested(THREAD_CALLS, "calls"), kind=rows_of(THREAD_CALLS)),
)
