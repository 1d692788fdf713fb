"""Reads Twilio's webhook requests, and builds the URLs that Twilio calls.

The signature is checked before (`twilio_signature`). The values may be written by strangers.
"""

import re
from dataclasses import replace

from petmsg.enums.opt_outs import Keyword
from petmsg.providers.base import DeliveryReport, ReceivedMedia, ReceivedMessage
from petmsg.providers.public_url import STATUS, checked_public_url
from petmsg.providers.twilio_errors import look_up
from petmsg.providers.twilio_parameters import (
    Form,
    MalformedWebhook,
    require_inbound,
    require_report,
    value_of,
)
from petmsg.providers.twilio_records import NOT_DELIVERED, delivery_of

_LONGEST_ADDRESS = 64
_OPT_OUT_TYPES = {keyword.value.upper(): keyword for keyword in Keyword}
"""Twilio's names for STOP, START and HELP in its Advanced Opt-Out."""
_MOST_NAMED = 100
"""A parameter's number has at most two digits."""
_MEDIA_URL = re.compile(
    r"https://api(?:\.[a-z0-9-]+){0,2}\.twilio\.com/2010-04-01/Accounts/AC[0-9a-fA-F]{32}"
    r"/Messages/(?P<message>[SM]M[0-9a-fA-F]{32})/Media/(?P<media>ME[0-9a-fA-F]{32})"
)
_CONTENT_TYPE = re.compile(r"[a-z]+/[A-Za-z0-9.+_-]{1,100}")


def status_callback(public_url: str | None) -> str | None:
    """The URL for delivery receipts; None if there is no public https URL.

    A URL of this machine is for testing only: Twilio rejects messages that name one. Raises
    `Misconfigured`.
    """
    if not public_url:
        return None
    url = checked_public_url(public_url)
    return url + STATUS if url.startswith("https:") else None


def received_message(form: Form) -> ReceivedMessage:
    """A received message. Raises `MalformedWebhook`."""
    require_inbound(form)
    return ReceivedMessage(
        provider_message_id=value_of(form, "MessageSid"),
        from_phone=value_of(form, "From")[:_LONGEST_ADDRESS],
        to_e164=_address(form, "To"),
        body=value_of(form, "Body"),
        media_count=int(value_of(form, "NumMedia")),
        media=_media(form),
        opt_out_type=_OPT_OUT_TYPES.get(value_of(form, "OptOutType").strip().upper()),
    )


def delivery_report(form: Form) -> DeliveryReport:
    """The delivery receipt of a sent message. Raises `MalformedWebhook`."""
    require_report(form)
    report = DeliveryReport(
        value_of(form, "MessageSid"),
        delivery_of(value_of(form, "MessageStatus")),
        from_e164=value_of(form, "From"),
        to_e164=value_of(form, "To"),
    )
    code = value_of(form, "ErrorCode")
    if report.delivery not in NOT_DELIVERED or not code:
        return report
    return replace(report, code=str(int(code)), rejection_class=look_up(int(code)).in_report)


def _media(form: Form) -> tuple[ReceivedMedia, ...]:
    """The files of a message, in their order."""
    count = min(int(value_of(form, "NumMedia")), _MOST_NAMED)
    return tuple(
        ReceivedMedia(
            content_type=_content_type(value_of(form, f"MediaContentType{place}")),
            provider_media_id=_media_id(form, value_of(form, f"MediaUrl{place}")),
        )
        for place in range(count)
    )


def _media_id(form: Form, url: str) -> str | None:
    """The file's SID in a URL of Twilio's API; None if it is of another host or message.

    Only the SID is kept: a file is never fetched from a URL that a request names.
    """
    found = _MEDIA_URL.fullmatch(url)
    if found is None or found["message"] != value_of(form, "MessageSid"):
        return None
    return found["media"]


def _content_type(named: str) -> str | None:
    """The media type without its parameters, in lower case; None if it is not one."""
    plain = named.partition(";")[0].strip().lower()
    return plain if _CONTENT_TYPE.fullmatch(plain) else None


def _address(form: Form, name: str) -> str:
    address = value_of(form, name)
    if not 0 < len(address) <= _LONGEST_ADDRESS:
        raise MalformedWebhook(f"The request has no {name}.")
    return address
