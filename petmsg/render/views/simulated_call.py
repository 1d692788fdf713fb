"""The field lists of a simulated call."""

from typing import Any

from petmsg.enums.calls import RingTarget
from petmsg.enums.simulated_calls import Happening
from petmsg.plurals import named
from petmsg.providers.public_url import CALL_VOICEMAIL
from petmsg.render.field_types import (
    COUNT,
    FREE,
    ID,
    NAME,
    REF,
    TEXT,
    WORD,
    one_of,
    one_word_of,
    or_null,
    rows_of,
)
from petmsg.render.fields import Field, nested

CALLER = "caller"
_WHO = one_word_of(
    CALLER, RingTarget.SITTER.value, RingTarget.CLIENT.value, RingTarget.FRONT_DESK.value
)
_WHO_WORDS = {
    CALLER: "Caller",
    RingTarget.SITTER: "Sitter",
    RingTarget.CLIENT: "Client",
    RingTarget.FRONT_DESK: "Front desk",
}
_WORDS = {
    Happening.CALLS: "calls {shows}",
    Happening.RINGS: "the phone rings for up to {seconds} s and shows {shows}",
    Happening.ANSWERS: "picks up",
    Happening.NO_ANSWER: "does not pick up",
    Happening.BUSY: "is on the phone already",
    Happening.HEARS: "hears: {text}",
    Happening.PRESSES: "presses {text}",
    Happening.WAITS: "presses no key",
    Happening.CONNECTED: "talks with the caller",
    Happening.SPEAKS: "leaves a voicemail of {seconds} s",
    Happening.REJECTED: "is rejected",
    Happening.HANGS_UP: "hangs up",
    Happening.ENDS: "the call ends",
    Happening.ERROR: "hears that an application error has occurred",
}


def _who(event: Any) -> str:
    return named(event.ref, event.name) if event.ref else _WHO_WORDS[event.who]


def _what(event: Any) -> str:
    shows = event.shows or "no number"
    return _WORDS[event.does].format(text=event.text, shows=shows, seconds=event.seconds)


def _reported(line: Any) -> str:
    """What the provider reports in a request whose answer nobody hears."""
    if line.request == CALL_VOICEMAIL:
        return "the provider reports the voicemail"
    return "the provider reports the end"


_EVENT = (
    Field("who", kind=_WHO),
    Field("ref", kind=or_null(REF)),
    Field("name", kind=or_null(NAME)),
    Field("does", kind=one_of(Happening)),
    Field("text", kind=or_null(TEXT)),
    Field("shows", kind=or_null(WORD)),
    Field("seconds", kind=or_null(COUNT)),
)


STEPS = (
    Field("step", "Step", kind=ID),
    Field("request", "Request", kind=WORD),
    Field("tells", "Tells", kind=FREE),
    Field("status", "Status", kind=COUNT),
    Field("twiml", "TwiML", kind=or_null(TEXT)),
    Field("events", "Events", get=nested(_EVENT, "events"), kind=rows_of(_EVENT)),
)
LINES = (
    Field("step", "Step", cell=lambda row, _: str(row.step or ""), kind=or_null(ID)),
    Field("request", "Request", cell=lambda row, _: row.request or "", kind=or_null(WORD)),
    Field("who", "Who", get=lambda row: _who(row.event) if row.event else "-", kind=NAME),
    Field(
        "what",
        "What happens",
        get=lambda row: _what(row.event) if row.event else _reported(row),
        kind=TEXT,
    ),
)
"""The events of the steps as a table, a line for each."""
