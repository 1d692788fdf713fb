"""Reads Twilio's requests about phone calls.

The signature, which covers the query too, is checked before (`twilio_signature`). `call`, `ring`,
`choose` and `desk` stand in the query of the URLs that `twilio_voice` writes.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl

from petmsg.enums.calls import CallStatus
from petmsg.phone import is_e164
from petmsg.providers.call_events import (
    CallArrived,
    CallEnded,
    ClientChosen,
    RingAnswered,
    RingEnded,
    VoicemailLeft,
)
from petmsg.providers.twilio_call_parameters import CALL_SID, recording_in, require
from petmsg.providers.twilio_parameters import Form, MalformedWebhook, value_of

WITHHELD = frozenset(
    ("+266696687", "+1266696687", "+7378742833", "+2562533", "+8656696", "+86282452253")
)
"""What stands for a withheld phone: ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN and UNAVAILABLE, as
the keys of a phone have their letters (ITU-T E.161)."""

_ENDS: Mapping[str, CallStatus] = {
    "completed": CallStatus.COMPLETED,
    "answered": CallStatus.COMPLETED,
    "busy": CallStatus.BUSY,
    "no-answer": CallStatus.NO_ANSWER,
    "canceled": CallStatus.NO_ANSWER,
    "failed": CallStatus.FAILED,
}
_UNDER_WAY = frozenset(("queued", "initiated", "ringing", "in-progress"))
_QUERY = {"call": CALL_SID, "ring": r"[0-9]{1,2}", "choose": "1", "desk": "1"}
_LEFT = "completed"
"""The status of a recording that can be fetched. Without one the recording has just ended."""


class Parties(NamedTuple):
    """Who calls which number; None is withheld, or not told."""

    from_phone: str | None
    to_e164: str | None


def parties_of(form: Form) -> Parties:
    """Who calls which number, as a request about the caller's own leg says."""
    to = value_of(form, "To")
    return Parties(_phone(value_of(form, "From")), to if is_e164(to) else None)


def call_arrived(form: Form) -> CallArrived:
    """Somebody calls. Raises `MalformedWebhook`."""
    require(form, ("CallSid", "From", "To", "CallStatus"))
    parties = parties_of(form)
    if parties.to_e164 is None:
        raise MalformedWebhook("The request's To is not a number in E.164.")
    _known_status(form, "CallStatus")
    return CallArrived(value_of(form, "CallSid"), parties.from_phone, parties.to_e164)


def answered(query: str, form: Form) -> RingAnswered | ClientChosen:
    """Somebody who was rung picked up or pressed a key, or a sitter chose a client. Raises
    `MalformedWebhook`."""
    require(form, ("CallSid",))
    named = _named(query)
    call = named["call"]
    if "choose" in named:
        _require_own_leg(call, form)
        key = value_of(form, "Digits")
        return ClientChosen(call, int(key) if key.isdigit() else None)
    if "ParentCallSid" in form and value_of(form, "ParentCallSid") != call:
        raise _other_call()
    return RingAnswered(call, _ring(named), value_of(form, "Digits") if "Digits" in form else None)


def ended(query: str, form: Form) -> RingEnded | CallEnded | None:
    """A phone was rung, or a whole call has ended; None if it has not ended yet, or is a leg to
    somebody who was rung. A phone that was rung with another result than the known ones was not
    reached: the caller waits for what comes next. Raises `MalformedWebhook`."""
    if "DialCallStatus" in form:
        require(form, ("CallSid", "DialCallStatus"))
        named = _named(query)
        _require_own_leg(named["call"], form)
        return RingEnded(
            named["call"],
            _ring(named),
            _ENDS.get(value_of(form, "DialCallStatus"), CallStatus.FAILED),
            _seconds(form, "DialCallDuration"),
            by_desk="desk" in named,
        )
    require(form, ("CallSid", "CallStatus"))
    _known_status(form, "CallStatus")
    is_other_leg = "ParentCallSid" in form or value_of(form, "Direction").startswith("outbound")
    if is_other_leg or value_of(form, "CallStatus") in _UNDER_WAY:
        return None
    seconds = _seconds(form, "CallDuration")
    return CallEnded(
        value_of(form, "CallSid"), _end(form, "CallStatus"), seconds, *parties_of(form)
    )


def voicemail_left(query: str, form: Form) -> VoicemailLeft | None:
    """The caller left a voicemail; None if there is nothing to fetch. Raises `MalformedWebhook`."""
    require(form, ("CallSid",))
    call = _named(query)["call"]
    _require_own_leg(call, form)
    if value_of(form, "RecordingStatus") not in ("", _LEFT):
        return None
    recording = value_of(form, "RecordingSid") or recording_in(value_of(form, "RecordingUrl"))
    if recording is None:
        raise MalformedWebhook("The request has no RecordingSid.")
    return VoicemailLeft(call, recording, _seconds(form, "RecordingDuration"))


def _named(query: str) -> dict[str, str]:
    """The query of a URL that `twilio_voice` wrote, with a `call`. Raises `MalformedWebhook`."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True, max_num_fields=8)
    except ValueError:
        raise MalformedWebhook("The request names no call.") from None
    named = dict(pairs)
    is_ours = len(named) == len(pairs) and all(
        name in _QUERY and re.fullmatch(_QUERY[name], value) for name, value in pairs
    )
    if not is_ours or "call" not in named:
        raise MalformedWebhook("The request names no call.")
    return named


def _ring(named: Mapping[str, str]) -> int:
    if "ring" not in named:
        raise MalformedWebhook("The request names no ring.")
    return int(named["ring"])


def _require_own_leg(call: str, form: Form) -> None:
    """The caller's own leg is the call that the URL names."""
    if value_of(form, "CallSid") != call:
        raise _other_call()


def _other_call() -> MalformedWebhook:
    return MalformedWebhook("The request is about another call than its address.")


def _known_status(form: Form, name: str) -> None:
    if value_of(form, name) not in _ENDS and value_of(form, name) not in _UNDER_WAY:
        raise MalformedWebhook(f"The request has an unknown {name}.")


def _end(form: Form, name: str) -> CallStatus:
    end = _ENDS.get(value_of(form, name))
    if end is None:
        raise MalformedWebhook(f"The request has an unknown {name}.")
    return end


def _seconds(form: Form, name: str) -> int | None:
    value = value_of(form, name)
    return int(value) if value.isdigit() else None


def _phone(party: str) -> str | None:
    """The phone in E.164; None if it is withheld or no phone."""
    return party if is_e164(party) and party not in WITHHELD else None
