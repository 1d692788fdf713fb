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
    """How a call went, in a few words: `answered by the sitter, 2 min 5 s`, `voicemail, 23 s`."""
    if row.answered_by is not None:
        by = f"answered by the {row.answered_by.replace('_', ' ')}"
        if row.status == CallStatus.RINGING:
            return f"{by}, not over yet"
        return by if row.duration_seconds is None else f"{by}, {length_of(row.duration_seconds)}"
    if row.voicemail_seconds is not None:
        return f"missed, voicemail of {length_of(row.voicemail_seconds)}"
    return _NOT_ANSWERED[CallStatus(row.status)]


_NOT_ANSWERED = {
    CallStatus.RINGING: "ringing",
    CallStatus.COMPLETED: "answered",
    CallStatus.NO_ANSWER: "missed, no answer",
    CallStatus.BUSY: "missed, busy",
    CallStatus.FAILED: "missed, failed",
    CallStatus.REJECTED: "rejected",
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
    """The calls of a span: `5: 3 answered, 1 missed, 1 ringing`, or `none`."""
    if not counts.total:
        return "none"
    said = [
        f"{count} {words}"
        for count, words in (
            (counts.answered, "answered"),
            (counts.missed, "missed"),
            (counts.ringing, "not over"),
            (counts.rejected, "rejected"),
        )
        if count
    ]
    return f"{counts.total}{': ' if said else ''}{', '.join(said)}"


def _named(ref: str | None, name: str | None) -> str:
    return "[erased]" if ref is None else named(ref, name)
