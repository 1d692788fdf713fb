"""Twilio's lists and messages as petmsg reads them. What has a wrong shape raises.

Twilio's description lets every field of a message and of a number be null or missing. One row
without a value must not keep petmsg from what lies behind it: the row is read with what it has.
"""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from petmsg.errors import ProviderUnavailable
from petmsg.providers.base import Delivery, ProviderNumber, ProviderText, ReceivedText
from petmsg.providers.twilio_errors import look_up

_MOST_PAGES = 50

_DELIVERIES = {
    "delivered": Delivery.DELIVERED,
    "read": Delivery.DELIVERED,
    "undelivered": Delivery.UNDELIVERED,
    "failed": Delivery.FAILED,
    "canceled": Delivery.FAILED,
}
_CAME_IN = ("received", "receiving")
NOT_DELIVERED = (Delivery.UNDELIVERED, Delivery.FAILED)


def records(first: Any, key: str) -> Iterator[Any]:
    """The records of a page and of those that follow it: all of them, or it raises."""
    page = first
    for _ in range(_MOST_PAGES):
        # The SDK takes any list for the records, also one of somebody else's answer.
        if not isinstance(page._payload[key], list):
            raise TypeError(key)
        yield from page
        page = page.next_page()
        if page is None:
            return
    raise ProviderUnavailable(f"Twilio lists too many: more than {_MOST_PAGES} pages.")


def text_of(message: Any, *, from_e164: str = "", to_e164: str = "") -> ProviderText:
    """A message of the SDK as petmsg reads it. Raises whatever a wrong shape makes it raise.

    The two numbers are those that were asked for: a row that does not name its own is of them. One
    without a time is taken for a new one, which nothing is sent again for.
    """
    delivery = delivery_of(optional(message.status))
    code = None
    if delivery in NOT_DELIVERED and message.error_code:
        code = int(message.error_code)
    return ProviderText(
        provider_message_id=_id_of(message),
        from_e164=optional(message.from_) or from_e164,
        to_e164=optional(message.to) or to_e164,
        body=optional(message.body),
        delivery=delivery,
        created_at=_first_time(message.date_created, message.date_sent, message.date_updated)
        or datetime.now(UTC),
        code=None if code is None else str(code),
        rejection_class=None if code is None else look_up(code).in_report,
    )


def delivery_of(status: str) -> Delivery:
    """How far a text is, by the word Twilio has for it."""
    return _DELIVERIES.get(status, Delivery.ON_ITS_WAY)


def optional(value: object) -> str:
    """A text, empty if it is not there. Raises `TypeError` for what is no text."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError("a word is something else")
    return value


def went_out(message: Any) -> bool:
    """Whether a message is one that was sent from the account, as far as the row says."""
    direction, status = optional(message.direction), optional(message.status)
    return direction.startswith("outbound") or (not direction and status not in _CAME_IN)


def came_in(message: Any) -> bool:
    """Whether a message came in. One that does not say so, nor the opposite, is shown to somebody
    rather than lost."""
    direction, status = optional(message.direction), optional(message.status)
    return direction == "inbound" or (not direction and status in ("", *_CAME_IN))


def received_text(message: Any) -> ReceivedText:
    """A text that came in, as the SDK lists it. A sender may be a short code or a name; the number
    it came to is empty where the row does not say."""
    return ReceivedText(
        provider_message_id=_id_of(message),
        from_phone=optional(message.from_),
        to_e164=optional(message.to),
        body=optional(message.body),
        received_at=_first_time(message.date_sent, message.date_created, message.date_updated),
        media_count=int(message.num_media or 0),
    )


def number_of(number: Any) -> ProviderNumber:
    """A number of the account; its phone is empty where the row does not say."""
    can = number.capabilities
    if can is not None and not isinstance(can, Mapping):
        raise TypeError("capabilities")
    if not (number.phone_number or number.sid):
        raise TypeError("a row says nothing")
    sends = None if can is None else can.get("sms")
    return ProviderNumber(
        optional(number.phone_number), optional(number.sid), None if sends is None else bool(sends)
    )


def _id_of(message: Any) -> str:
    """The message's id; one made of its other values, always the same, where it has none."""
    sid = optional(message.sid)
    if sid:
        return sid
    values = (message.from_, message.to, message.body, message.date_created, message.date_sent)
    if not any(values):
        raise TypeError("a row says nothing")
    return f"unnamed-{hashlib.sha256(repr(values).encode()).hexdigest()[:40]}"


def _first_time(*times: object) -> datetime | None:
    """The first time that is there. Raises `TypeError` for what is no time."""
    for time in times:
        if isinstance(time, datetime):
            return time
        if time is not None:
            raise TypeError("a time is something else")
    return None


def when(text: ReceivedText) -> datetime:
    """When a text came in (aware UTC); one without a time comes last, and is always a new one."""
    return text.received_at or datetime.max.replace(tzinfo=UTC)
