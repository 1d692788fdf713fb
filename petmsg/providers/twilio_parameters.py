"""The parameters of Twilio's webhook requests: their names and the form of their values.

The signature joins names and values without separators, so a genuine request can be cut into other
parameters without changing the signature: the `0` of `NumMedia` could move to the name, or the end
of a body could become another message's SID. So each parameter that petmsg reads has a fixed form
and occurs once, and no other value may contain something that could be cut off as a phone or a SID.
Twilio adds parameters without notice; those are accepted if neither name nor value could be such a
piece.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from petmsg.errors import UsageProblem

Form = Mapping[str, Sequence[str]]
"""The parameters of a request, each with all its values."""

_MESSAGE = r"(SM|MM)[0-9a-fA-F]{32}"
_PHONE = r"([a-z]{2,12}:)?(\+[0-9]{2,15}|[0-9]{3,8})"
_SENDER = rf"{_PHONE}|[0-9A-Za-z][0-9A-Za-z ._&'-]{{0,20}}|"
_WORD = r"[A-Za-z_-]{0,32}"

_SHAPES = {
    "MessageSid": _MESSAGE,
    "SmsSid": _MESSAGE,
    "SmsMessageSid": _MESSAGE,
    "AccountSid": r"AC[0-9a-fA-F]{32}",
    "MessagingServiceSid": r"(MG[0-9a-fA-F]{32})?",
    "From": _SENDER,
    "To": _SENDER,
    "NumMedia": r"[0-9]{1,3}",
    "NumSegments": r"[0-9]{1,3}",
    "MessageStatus": _WORD,
    "SmsStatus": _WORD,
    "OptOutType": _WORD,
    "ErrorCode": r"[0-9]{0,8}",
    "ErrorMessage": r"(?s:.){0,2000}",
    "ApiVersion": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
}
_MEDIA = re.compile(r"(Referral)?Media(ContentType|Url)[0-9]{0,2}")
_MEDIA_VALUE = re.compile(r"https://\S{1,2000}|[a-z]+/[A-Za-z0-9.+;=_ -]{1,200}|")
_OTHER_NAME = re.compile(r"[A-Z][A-Za-z]{0,63}[0-9]{0,2}")
_CUT_OFF = re.compile(r"\+[0-9]|[A-Z]{2}[0-9a-fA-F]{32}")
"""Phones and SIDs: must not occur in a value without a fixed form."""
_BODY = "Body"
_SAME = ("SmsSid", "SmsMessageSid")
_INBOUND = ("MessageSid", "From", "To", _BODY, "NumMedia")
_REPORT = ("MessageSid", "MessageStatus")


class MalformedWebhook(UsageProblem):
    """A request that Twilio would not send."""

    code = "malformed_webhook"


def value_of(form: Form, name: str) -> str:
    """The value of a parameter that occurs once at most; empty if it is missing."""
    values = form.get(name, ())
    return values[0] if values else ""


def require_inbound(form: Form) -> None:
    """Raises `MalformedWebhook` unless Twilio could send this for a received message."""
    _require(form, _INBOUND)


def require_report(form: Form) -> None:
    """Raises `MalformedWebhook` unless Twilio could send this as a delivery receipt."""
    _require(form, _REPORT)


def require_each_once(
    form: Form, names: Sequence[str], is_possible: Callable[[str, str], bool]
) -> None:
    """Raises `MalformedWebhook` unless each of these is there, and each parameter is possible."""
    for name in names:
        if name not in form:
            raise MalformedWebhook(f"The request has no {name}.")
    for name, values in form.items():
        if len(values) != 1:
            raise MalformedWebhook("The request has a parameter twice.")
        if not is_possible(name, values[0]):
            raise MalformedWebhook("The request has a parameter that Twilio does not send.")


def _require(form: Form, names: Sequence[str]) -> None:
    require_each_once(form, names, _is_possible)
    sid = form["MessageSid"][0]
    if any(form[name][0] != sid for name in _SAME if name in form):
        raise MalformedWebhook("The request has two sids of one message.")


def _is_possible(name: str, value: str) -> bool:
    shape = _SHAPES.get(name)
    if shape is not None:
        return re.fullmatch(shape, value) is not None
    if name == _BODY:
        return True
    if _MEDIA.fullmatch(name):
        return _MEDIA_VALUE.fullmatch(value) is not None
    longer = any(name.startswith(each) for each in _SHAPES if each not in ("From", "To"))
    is_name = _OTHER_NAME.fullmatch(name) is not None and not longer
    return is_name and not name.startswith(_BODY) and _CUT_OFF.search(value) is None
