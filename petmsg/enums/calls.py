"""Phone calls: who called, for whom the call is, and how it ended."""

from enum import StrEnum


class CallerKind(StrEnum):
    """Whose phone a call came from; `unknown` also stands for a withheld phone."""

    CLIENT = "client"
    SITTER = "sitter"
    UNKNOWN = "unknown"


class CallAddressee(StrEnum):
    """For whom a call is. `nobody`: it was rejected, or the caller heard a sentence only."""

    SITTER = "sitter"
    CLIENT = "client"
    FRONT_DESK = "front_desk"
    NOBODY = "nobody"


class CallStatus(StrEnum):
    """The state of a call. `ringing` until its end is reported, even while people talk.

    `completed`: somebody answered. `no_answer`, `busy` and `failed`: nobody did, and a voicemail
    may have been left. `rejected`: it was never put through.
    """

    RINGING = "ringing"
    COMPLETED = "completed"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    FAILED = "failed"
    REJECTED = "rejected"


class RingTarget(StrEnum):
    """Who is rung, one after the other; `voicemail` ends the list, or a sentence (`sentence`)."""

    SITTER = "sitter"
    CLIENT = "client"
    FRONT_DESK = "front_desk"
    VOICEMAIL = "voicemail"
    SENTENCE = "sentence"


class AnsweredBy(StrEnum):
    """Who took a call."""

    SITTER = "sitter"
    CLIENT = "client"
    FRONT_DESK = "front_desk"


class Sentence(StrEnum):
    """What a caller is told before the call ends; the words are in
    `petmsg.providers.spoken_words`.

    `no_visit`: a sitter calls outside their windows. `nobody_answers`: nobody took the call, and no
    voicemail is taken. `client_does_not_answer`: the client whom a sitter called does not answer.
    `no_choice`: the sitter pressed a key of no client, or none. `thanks`: after a voicemail.
    `trouble`: the call could not be connected. `ended`: a phone rang, and petmsg could not find out
    whether anybody took the call.
    """

    NO_VISIT = "no_visit"
    NOBODY_ANSWERS = "nobody_answers"
    CLIENT_DOES_NOT_ANSWER = "client_does_not_answer"
    NO_CHOICE = "no_choice"
    THANKS = "thanks"
    TROUBLE = "trouble"
    ENDED = "ended"
