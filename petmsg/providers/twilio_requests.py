"""What a request to send says: the fields of a message at Twilio, made from one of petmsg.

Twilio drops a message that is still in its queue after `ValidityPeriod` seconds (error 30036).
"""

from math import isinf
from typing import Any

from petmsg.providers.base import (
    TOO_LATE,
    OutgoingMessage,
    Rejected,
    RejectionClass,
    RetryLater,
)

LONGEST_VALIDITY = 36_000
"""Seconds that Twilio keeps a message in its queue at most, and without a `ValidityPeriod` (source:
Twilio's Message resource, and its errors 21624 and 90007: 1 to 36,000)."""


def content_of(text: OutgoingMessage, *, uptime: float) -> dict[str, Any] | Rejected | RetryLater:
    """The fields of the message beside its phones; or why it cannot be sent.

    `uptime` is the present moment in seconds of `clock.uptime`. A message that expires is valid for
    whole seconds, rounded down, so that it is not delivered after its end.
    """
    try:
        text.body.encode()
    except UnicodeEncodeError:
        return Rejected("unencodable", RejectionClass.CONTENT, "The message is not valid Unicode.")
    if not all(media.url for media in text.media):
        return Rejected("no_media_url", RejectionClass.CONTENT, "A file of the message has no URL.")
    content: dict[str, Any] = {"body": text.body} if text.body or not text.media else {}
    if text.media:
        content["media_url"] = [media.url for media in text.media]
    if text.messaging_service:
        content["messaging_service_sid"] = text.messaging_service
    if isinf(text.deliver_by):
        return content
    seconds = int(text.deliver_by - uptime)
    if seconds < 1:
        return TOO_LATE
    if seconds < LONGEST_VALIDITY:
        content["validity_period"] = seconds
    return content
