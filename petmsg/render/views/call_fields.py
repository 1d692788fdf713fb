"""Fields of a call that other views show too: of threads, the inbox, timelines and counts."""

from typing import Any

from petmsg.enums.calls import (
    AnsweredBy,
    CallAddressee,
    CallerKind,
    CallStatus,
)
from petmsg.render.call_words import addressee_of, caller_of, caller_phone, length_of, result_of
from petmsg.render.field_types import (
    COUNT,
    E164,
    ID,
    INSTANT,
    NAME,
    RELATIVE_INSTANT,
    SENDER,
    keyed,
    one_of,
    one_word_of,
    or_null,
)
from petmsg.render.fields import Field, View
from petmsg.render.views.media import OF_MESSAGE
from petmsg.render.views.people import person


def _length(name: str, title: str | None) -> Field:
    def cell(row: Any, _: View) -> str:
        seconds = getattr(row, name)
        return "-" if seconds is None else length_of(seconds)

    return Field(name, title, cell=cell, kind=or_null(COUNT))


CALL_FIELDS = (
    Field("call", "Id", kind=ID),
    Field("started_at", "Started", kind=RELATIVE_INSTANT),
    Field(
        "caller",
        "Caller",
        cell=lambda row, view: caller_of(row, reveal=view.reveal),
        kind=one_of(CallerKind)._replace(wrap=NAME.wrap),
    ),
    Field("from", None, get=caller_phone, personal=True, kind=or_null(SENDER)),
    *person("client", None, is_optional=True),
    *person("sitter", None, is_optional=True),
    Field("number", "Number", kind=E164),
    Field(
        "addressed_to",
        "For",
        cell=lambda row, _: addressee_of(row),
        kind=one_of(CallAddressee)._replace(wrap=NAME.wrap),
    ),
    Field(
        "status",
        "Result",
        cell=lambda row, _: result_of(row),
        kind=one_of(CallStatus)._replace(wrap=NAME.wrap),
    ),
    Field("answered_by", "Answered by", kind=or_null(one_of(AnsweredBy))),
    _length("duration_seconds", "Duration"),
    _length("voicemail_seconds", "Voicemail"),
)
"""What is known of every call."""


def _call_shown(row: Any, _: View) -> str:
    return "-" if row.call is None else f"{row.call}: petmsg call show {row.call}"


OF_CALL = Field("call", None, cell=_call_shown, kind=or_null(ID))
"""The call that a message stands for: its entry in the inbox."""
VOICEMAIL = _length("voicemail_seconds", None)

_COUNTED = ("total", "answered", "missed", "voicemails", "ringing", "rejected")
CALL_COUNTS = keyed(**dict.fromkeys(_COUNTED, COUNT))
"""The calls of a day."""


def counted_calls(counts: Any) -> dict[str, int]:
    """The counts as JSON has them; values of `CALL_COUNTS`."""
    return {name: getattr(counts, name) for name in _COUNTED}


_OF_CLIENT = frozenset(("from", "client", "client_name"))
THREAD_CALLS = (
    *(field for field in CALL_FIELDS if field.name not in _OF_CLIENT),
    Field("answered_at", None, kind=or_null(INSTANT)),
    Field("ended_at", None, kind=or_null(INSTANT)),
    Field("message", None, kind=or_null(ID)),
    OF_MESSAGE,
)
"""The calls of a client's thread."""
ENTRIES = (
    Field("kind", kind=one_word_of("message", "call")),
    Field("at", kind=INSTANT),
    Field("message", kind=or_null(ID)),
    Field("call", kind=or_null(ID)),
)
"""The order of messages and calls: a call that nobody took also has its message."""
