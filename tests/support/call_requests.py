"""The forms of Twilio's requests about phone calls, with parameters that petmsg does not read."""

from typing import Any
from urllib.parse import urlencode

from tests.support.twilio_fake import ACCOUNT_SID

CALL = "CA" + "0" * 31 + "1"
LEG = "CA" + "a" * 31 + "2"
RECORDING = "RE" + "0" * 31 + "3"


def query(call: str = CALL, **more: Any) -> str:
    """The query of a URL that petmsg wrote."""
    return urlencode({"call": call, **more})


def call_form(sender: str, to: str, *, call: str = CALL, status: str = "ringing") -> dict[str, str]:
    """A request about the caller's own leg."""
    return {
        "CallSid": call,
        "AccountSid": ACCOUNT_SID,
        "ApiVersion": "2010-04-01",
        "CallStatus": status,
        "Direction": "inbound",
        "From": sender,
        "Caller": sender,
        "To": to,
        "Called": to,
        "FromCity": "",
        "CalledZip": "",
        "ToCountry": "US",
    }


def leg_form(
    caller_id: str, phone: str, *, call: str = CALL, status: str = "in-progress"
) -> dict[str, str]:
    """A request about the leg to somebody who was rung."""
    return call_form(caller_id, phone, call=LEG, status=status) | {
        "ParentCallSid": call,
        "Direction": "outbound-dial",
    }
