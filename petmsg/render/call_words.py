"""Phone calls in words. Standard library only."""

from typing import Any

from petmsg.enums.calls import CallAddressee, CallerKind, CallStatus
from petmsg.phone import mask_phone
from petmsg.plurals import named

WITHHELD = "withheld"
"""What stands for the phone of a caller who did not show it."""
_ANONYMOUS = "anonymous"
"""What the provider gives for it."""


def is_withheld(text: str) -> bool:
    """Whether a person means a caller who does not show their phone."""
    return text.strip().casefold() in (WITHHELD, _ANONYMOUS)


def length_of(seconds: int) -> str:
    """A duration as people read it: `23 s`, `2 min 5 s`, `1 h 2 min`."""
    minutes, rest = divmod(seconds, 60)
    if not minutes:
        return f"{seconds} s"
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def caller_phone(row: Any) -> str | None:
    """The phone of a caller whom the company does not know; None for a client or a sitter."""
    is_unknown = row.caller == CallerKind.UNKNOWN and row.client is None
    return row.from_phone if is_unknown else None


def caller_of(row: Any, *, reveal: bool) -> str:
    """Who called: `client C-1 Ann`, `sitter S-1 Maya`, or a masked phone."""
    if row.caller == CallerKind.SITTER:
        return f"sitter {_named(row.sitter, row.sitter_name)}"
    if row.caller == CallerKind.CLIENT or row.client is not None:
        return f"client {_named(row.client, row.client_name)}"
    phone = caller_phone(row)
    if phone is None:
        return WITHHELD
    return phone if reveal else mask_phone(phone)


def addressee_of(row: Any) -> str:
    """For whom a call is: `sitter S-1 Maya`, `client C-1 Ann`, `client, not chosen` while a
    sitter with several visits has chosen none, or `front_desk`."""
    if row.addressed_to == CallAddressee.SITTER and row.sitter is not None:
        return f"sitter {_named(row.sitter, row.sitter_name)}"
    if row.addressed_to == CallAddressee.CLIENT and row.client is not None:
        return f"client {_named(row.client, row.client_name)}"
    if row.addressed_to == CallAddressee.CLIENT and row.caller == CallerKind.SITTER:
        return "client, not chosen"
    return str(row.addressed_to)


def outcome_of(row: Any) -> str:
    """How a call went, in a few words: `answered by the sitter, 2 min 5 s`, `missed, voicemail of
    23 s`."""
    is_timed = row.answered_by is not None and row.status != CallStatus.RINGING
    if not is_timed or row.duration_seconds is None:
        return result_of(row)
    return f"{result_of(row)}, {length_of(row.duration_seconds)}"


def result_of(row: Any) -> str:
    """How a call went, without how long people talked. A call that a sitter makes and that the
    client does not take is not missed: nobody waits for an answer to it."""
    if row.answered_by is not None:
        by = f"answered by the {row.answered_by.replace('_', ' ')}"
        return f"{by}, not over yet" if row.status == CallStatus.RINGING else by
    if row.voicemail_seconds is not None:
        return f"missed, voicemail of {length_of(row.voicemail_seconds)}"
    by_sitter = row.caller == CallerKind.SITTER and row.addressed_to in _OF_SITTERS
    return (_OF_SITTERS_CALLS if by_sitter else _NOT_ANSWERED)[CallStatus(row.status)]


_OF_SITTERS = (CallAddressee.CLIENT, CallAddressee.NOBODY)
_NOT_ANSWERED = {
    CallStatus.RINGING: "ringing",
    CallStatus.COMPLETED: "answered",
    CallStatus.NO_ANSWER: "missed, no answer",
    CallStatus.BUSY: "missed, busy",
    CallStatus.FAILED: "missed, failed",
    CallStatus.REJECTED: "rejected",
}
_OF_SITTERS_CALLS = {
    **_NOT_ANSWERED,
    CallStatus.NO_ANSWER: "not answered",
    CallStatus.BUSY: "not answered, busy",
    CallStatus.FAILED: "not connected",
}


def call_in_words(row: Any) -> str:
    """A call of a client's thread in a line."""
    who = f"sitter {_named(row.sitter, row.sitter_name)}"
    if row.caller == CallerKind.SITTER:
        said = f"from {who}"
    else:
        said = f"for {who}" if row.addressed_to == CallAddressee.SITTER else "for the front desk"
        said = f"to {row.number}" + (
            "" if row.addressed_to == CallAddressee.NOBODY else f", {said}"
        )
    return f"call {row.call} {said}: {outcome_of(row)}"


def calls_in_words(counts: Any) -> str:
    """The calls of a span: `5: 3 answered, 1 missed, 1 ringing`, or `none`. Each call is in one
    of these counts."""
    if not counts.total:
        return "none"
    said = [
        f"{count} {words}"
        for count, words in (
            (counts.answered, "answered"),
            (counts.missed, "missed"),
            (counts.unanswered, "of sitters not answered"),
            (counts.waiting, "ringing"),
            (counts.rejected, "rejected"),
        )
        if count
    ]
    return f"{counts.total}{': ' if said else ''}{', '.join(said)}"


def _named(ref: str | None, name: str | None) -> str:
    return "[erased]" if ref is None else named(ref, name)
