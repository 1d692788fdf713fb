"""What happens in a call that is only simulated."""

from enum import StrEnum


class PickUp(StrEnum):
    """What happens at a phone that rings."""

    ANSWER = "answer"
    NO_ANSWER = "no_answer"
    BUSY = "busy"


class Leg(StrEnum):
    """Whose end of the call it is: the caller's, or that of the phone that is rung."""

    CALLER = "caller"
    RUNG = "rung"


class Happening(StrEnum):
    """What one of the two people does or hears.

    `rings`, `answers`, `no_answer`, `busy` and `connected` are about the phone that is rung, the
    others about either. `waits` is the end of the time in which a key was expected. `speaks` is a
    voicemail. `hangs_up` is what the caller does, `ends` what petmsg does with either of them.
    `error` is the sentence that the provider speaks where it got no usable answer.
    """

    CALLS = "calls"
    RINGS = "rings"
    ANSWERS = "answers"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    HEARS = "hears"
    PRESSES = "presses"
    WAITS = "waits"
    CONNECTED = "connected"
    SPEAKS = "speaks"
    REJECTED = "rejected"
    HANGS_UP = "hangs_up"
    ENDS = "ends"
    ERROR = "error"
