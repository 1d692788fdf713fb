"""The parameters of Twilio's requests about phone calls: their names and the form of their values.

As in `twilio_parameters`, each parameter that petmsg reads has a fixed form and occurs once, and no
other value may hold what could be cut off as a phone or a SID: the signature joins names and values
without separators. Some parameters hold anything: the caller's name, the tokens of their operator,
the answers of add-ons, the headers of SIP. They are never read.
Source: twilio.com/docs/voice/twiml, its pages for Dial, Gather and Record, and voice-webhooks.
"""

import re
from collections.abc import Mapping, Sequence

from petmsg.providers.twilio_parameters import Form, require_each_once

CALL_SID = r"CA[0-9a-fA-F]{32}"
RECORDING_SID = r"RE[0-9a-fA-F]{32}"
_RECORDING_URL = (
    r"https://api(?:\.[a-z0-9-]+){0,2}\.twilio\.com/2010-04-01/Accounts/AC[0-9a-fA-F]{32}"
    rf"/Recordings/(?P<recording>{RECORDING_SID})(?:\.[a-z0-9]{{3}})?"
)
_PARTY = r"\+?[0-9]{1,20}|(sips?|client|whatsapp):[!-~]{1,250}|[A-Za-z][A-Za-z ._-]{0,31}|"
"""A caller: a phone, an address of SIP, a browser, a word such as `anonymous`, or nothing."""
_SECONDS = r"-?[0-9]{1,7}|"
_WORD = r"[a-z-]{0,24}"

_SHAPES: Mapping[str, str] = {
    "CallSid": CALL_SID,
    "ParentCallSid": CALL_SID,
    "DialCallSid": rf"({CALL_SID})?",
    "AccountSid": r"AC[0-9a-fA-F]{32}",
    "From": _PARTY,
    "To": _PARTY,
    "Caller": _PARTY,
    "Called": _PARTY,
    "ForwardedFrom": _PARTY,
    "CallStatus": _WORD,
    "DialCallStatus": _WORD,
    "Direction": _WORD,
    "Digits": r"[0-9A-D*#w]{0,20}|hangup",
    "FinishedOnKey": r"[0-9*#]?",
    "CallDuration": _SECONDS,
    "Duration": _SECONDS,
    "DialCallDuration": _SECONDS,
    "RecordingDuration": _SECONDS,
    "RecordingSid": rf"({RECORDING_SID})?",
    "RecordingUrl": rf"({_RECORDING_URL})?",
    "RecordingStatus": _WORD,
    "ApiVersion": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "msg": r"[A-Za-z ]{0,64}",
}
_CITIES = ("From", "To", "Caller", "Called")
"""Longer names begin with these: `FromCity`, `CalledZip`."""
_ANYTHING = re.compile(
    r"AddOns|CallerName|CallToken|StirPassportToken|SpeechResult|SipHeader_[A-Za-z0-9_-]{1,100}"
)
_OTHER_SID = re.compile(r"[A-Z][A-Za-z]{1,40}Sid")
_SID = re.compile(r"([A-Z]{2}[0-9a-fA-F]{32})?")
_OTHER_NAME = re.compile(r"[A-Z][A-Za-z]{0,63}[0-9]{0,2}")
_CUT_OFF = re.compile(r"\+[1-9]|[A-Z]{2}[0-9a-fA-F]{32}")
"""Phones and SIDs; `+0000` is the time zone of a date."""


def require(form: Form, names: Sequence[str]) -> None:
    """Raises `MalformedWebhook` unless Twilio could send this, with all of these parameters."""
    require_each_once(form, names, _is_possible)


def recording_in(url: str) -> str | None:
    """The SID of the recording in a URL of Twilio's API; None for another URL."""
    found = re.fullmatch(_RECORDING_URL, url)
    return None if found is None else found["recording"]


def _is_possible(name: str, value: str) -> bool:
    shape = _SHAPES.get(name)
    if shape is not None:
        return re.fullmatch(shape, value) is not None
    if _ANYTHING.fullmatch(name):
        return True
    if any(name.startswith(each) for each in _SHAPES if each not in _CITIES):
        return False
    if _OTHER_SID.fullmatch(name):
        return _SID.fullmatch(value) is not None
    return _OTHER_NAME.fullmatch(name) is not None and _CUT_OFF.search(value) is None
