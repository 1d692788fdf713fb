"""Reads Twilio's lists and messages. Values of the wrong type raise.

Twilio documents every field of a message and of a number as nullable. One incomplete row must not
hide the rows after it: it is read with the values it has.
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
    """All records of a page and the pages after it; raises if they are not complete."""
    page = first
    for _ in range(_MOST_PAGES):
        # The SDK accepts any list as records, even in an answer that is not Twilio's.
        if not isinstance(page._payload[key], list):
            raise TypeError(key)
        yield from page
        page = page.next_page()
        if page is None:
            return
    raise ProviderUnavailable(f"Twilio's list is too long: more than {_MOST_PAGES} pages.")


def text_of(message: Any, *, from_e164: str = "", to_e164: str = "") -> ProviderText:
    """A sent message of the SDK. Raises if a value has the wrong type.

    `from_e164` and `to_e164` are the phones that were searched for; they stand in for missing ones.
    A row without a time counts as new, so that nothing is sent again because of it.
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
        media_count=_count_of(message.num_media),
    )


def _count_of(number: object) -> int | None:
    """A number that Twilio writes as a text; None if it is missing or says nothing."""
    text = str(number)
    return int(text) if text.isascii() and text.isdecimal() else None


def delivery_of(status: str) -> Delivery:
    """The delivery status for Twilio's word."""
    return _DELIVERIES.get(status, Delivery.ON_ITS_WAY)


def optional(value: object) -> str:
    """A string, empty if it is missing. Raises `TypeError` for other types."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError("a word is something else")
    return value


def went_out(message: Any) -> bool:
    """Whether a message was sent from the account, as far as the row says."""
    direction, status = optional(message.direction), optional(message.status)
    return direction.startswith("outbound") or (not direction and status not in _CAME_IN)


def came_in(message: Any) -> bool:
    """Whether a message was received. A row that does not say counts as received, so that it is
    not lost."""
    direction, status = optional(message.direction), optional(message.status)
    return direction == "inbound" or (not direction and status in ("", *_CAME_IN))


def received_text(message: Any) -> ReceivedText:
    """A received message of the SDK. The sender may be a short code or a name; the number is empty
    if the row does not name it."""
    return ReceivedText(
        provider_message_id=_id_of(message),
        from_phone=optional(message.from_),
        to_e164=optional(message.to),
        body=optional(message.body),
        received_at=_first_time(message.date_sent, message.date_created, message.date_updated),
        media_count=int(message.num_media or 0),
    )


def number_of(number: Any) -> ProviderNumber:
    """A number of the account; its phone is empty if the row does not name it."""
    can = number.capabilities
    if can is not None and not isinstance(can, Mapping):
        raise TypeError("capabilities")
    if not (number.phone_number or number.sid):
        raise TypeError("a row says nothing")
    sends, mms = (None if can is None else can.get(kind) for kind in ("sms", "mms"))
    return ProviderNumber(
        optional(number.phone_number),
        optional(number.sid),
        None if sends is None else bool(sends),
        None if mms is None else bool(mms),
    )


def _id_of(message: Any) -> str:
    """The message's ID; if it has none, a stable ID made from its other values."""
    sid = optional(message.sid)
    if sid:
        return sid
    values = (message.from_, message.to, message.body, message.date_created, message.date_sent)
    if not any(values):
        raise TypeError("a row says nothing")
    return f"unnamed-{hashlib.sha256(repr(values).encode()).hexdigest()[:40]}"


def _first_time(*times: object) -> datetime | None:
    """The first time that is present. Raises `TypeError` for other types."""
    for time in times:
        if isinstance(time, datetime):
            return time
        if time is not None:
            raise TypeError("a time is something else")
    return None


def when(text: ReceivedText) -> datetime:
    """When a message was received (aware UTC). One without a time sorts last and counts as new."""
    return text.received_at or datetime.max.replace(tzinfo=UTC)
