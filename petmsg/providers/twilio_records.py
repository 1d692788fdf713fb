"""Twilio's lists and messages as petmsg reads them. What has a wrong shape raises."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from petmsg.errors import ProviderUnavailable
from petmsg.providers.base import Delivery, ProviderText, ReceivedText
from petmsg.providers.twilio_errors import look_up

_MOST_PAGES = 50

_DELIVERIES = {
    "delivered": Delivery.DELIVERED,
    "read": Delivery.DELIVERED,
    "undelivered": Delivery.UNDELIVERED,
    "failed": Delivery.FAILED,
    "canceled": Delivery.FAILED,
}
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


def text_of(message: Any) -> ProviderText:
    """A message of the SDK as petmsg reads it. Raises whatever a wrong shape makes it raise."""
    delivery = delivery_of(word(message.status))
    code = None
    if delivery in NOT_DELIVERED and message.error_code:
        code = int(message.error_code)
    created_at = message.date_created
    if not isinstance(created_at, datetime):
        raise TypeError("date_created")
    return ProviderText(
        provider_message_id=word(message.sid),
        from_e164=word(message.from_),
        to_e164=word(message.to),
        body=message.body if isinstance(message.body, str) else "",
        delivery=delivery,
        created_at=created_at,
        code=None if code is None else str(code),
        rejection_class=None if code is None else look_up(code).in_report,
    )


def delivery_of(status: str) -> Delivery:
    """How far a text is, by the word Twilio has for it."""
    return _DELIVERIES.get(status, Delivery.ON_ITS_WAY)


def word(value: object) -> str:
    """A text that is there. Raises `TypeError`."""
    if not isinstance(value, str) or not value:
        raise TypeError("a word is missing")
    return value


def received_text(message: Any) -> ReceivedText:
    """A text that came in, as the SDK lists it. A sender may be a short code or a name."""
    received_at = message.date_sent or message.date_created
    if not isinstance(received_at, datetime):
        raise TypeError("date_sent")
    return ReceivedText(
        provider_message_id=word(message.sid),
        from_phone=message.from_ if isinstance(message.from_, str) else "",
        to_e164=word(message.to),
        body=message.body if isinstance(message.body, str) else "",
        received_at=received_at,
        media_count=int(message.num_media or 0),
    )


def when(text: ReceivedText) -> datetime:
    """When a text came in (aware UTC)."""
    return text.received_at or datetime.min.replace(tzinfo=UTC)
