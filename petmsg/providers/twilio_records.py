"""Reads Twilio's lists and messages.

Twilio documents every field of a message and of a number as nullable. One incomplete row must not
hide the rows after it: a field that is missing, null or of another type than documented reads as if
it was not there, and the row is read with the values it has.
"""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from petmsg import clock
from petmsg.errors import ProviderUnavailable
from petmsg.money import Money, read_money
from petmsg.providers.base import Bill, Delivery, ProviderMessage, ProviderNumber, ReceivedMessage
from petmsg.providers.twilio_errors import look_up

_MOST_PAGES = 50

_DELIVERIES = {
    "delivered": Delivery.DELIVERED,
    "read": Delivery.DELIVERED,
    "undelivered": Delivery.UNDELIVERED,
    "failed": Delivery.FAILED,
    "canceled": Delivery.FAILED,
}
_SENT_BY_US = frozenset(("accepted", "scheduled", "queued", "sending", "sent", *_DELIVERIES))
_CAME_IN = ("received", "receiving")
NOT_DELIVERED = (Delivery.UNDELIVERED, Delivery.FAILED)
_LONGEST_WORD = 64
_LARGEST_COUNT = 999
_LARGEST_CODE = 99_999_999
_YEARS = range(2000, 2100)
_UNNAMED = "unnamed-"


class Row:
    """One row of an answer. Every reader returns what the row says, or "nothing": an empty string
    or None."""

    def __init__(self, fields: object) -> None:
        self._raw = fields
        self._fields: Mapping[str, object] = fields if isinstance(fields, Mapping) else {}

    def word(self, name: str) -> str:
        """A short string that can be stored: an ID, a phone, a status."""
        value = self._fields.get(name)
        if not isinstance(value, str) or len(value) > _LONGEST_WORD or not value.isprintable():
            return ""
        return value

    def text(self, name: str) -> str:
        """A string as it is, or a number as it is written; it may hold any character."""
        value = self._fields.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        return value if isinstance(value, str) else ""

    def count(self, name: str, *, most: int = _LARGEST_COUNT) -> int | None:
        """A whole number from 0 to `most`, which Twilio may write as a string."""
        text = self.text(name)
        if not (text.isascii() and text.isdecimal()) or len(text) > len(str(most)):
            return None
        number = int(text)
        return number if number <= most else None

    def time(self, *names: str) -> datetime | None:
        """The first time that is present (RFC 2822), aware UTC."""
        return next((at for name in names if (at := _time_of(self._fields.get(name)))), None)

    def flag(self, name: str) -> bool | None:
        """True or false."""
        value = self._fields.get(name)
        return value if isinstance(value, bool) else None

    def part(self, name: str) -> "Row":
        """An object inside the row."""
        return Row(self._fields.get(name))

    def unnamed(self) -> str:
        """A stable ID for a row without one, made from what it says."""
        says: tuple[object, ...] = tuple(self._fields.get(name) for name in ("from", "to", "body"))
        says += (self.time("date_created"), self.time("date_sent"))
        known = says if any(says) else self._raw
        return _UNNAMED + hashlib.sha256(repr(known).encode()).hexdigest()[:40]


def records(first: Any, key: str) -> Iterator[Row]:
    """All records of a page and the pages after it; raises if they are not complete."""
    page = first
    for _ in range(_MOST_PAGES):
        # Not the SDK's own records: it reads whole rows, and one odd value ends the list.
        listed = page._payload[key]
        if not isinstance(listed, list):
            raise TypeError(key)
        yield from map(Row, listed)
        page = page.next_page()
        if page is None:
            return
    raise ProviderUnavailable(f"Twilio's list is too long: more than {_MOST_PAGES} pages.")


def one_record(context: Any, sid: str) -> Row:
    """The record that the SDK's context of one resource names. Raises as its `fetch`, and
    `TypeError` for an answer that is not about it."""
    row = Row(context._version.fetch("GET", context._uri))
    named = row.word("sid")
    if named != sid and (named or not row.word("status")):
        raise TypeError("an answer is about something else")
    return row


def message_of(
    message: Row, *, sid: str = "", from_e164: str = "", to_e164: str = ""
) -> ProviderMessage:
    """A sent message. Raises `TypeError` for a row that does not say which message it is.

    `sid`, `from_e164` and `to_e164` are what was asked for; they stand in for missing values. A row
    without a time counts as new, so that nothing is sent again because of it.
    """
    sid = message.word("sid") or sid
    if not sid and not (message.text("body") or message.time("date_created", "date_sent")):
        raise TypeError("a row says nothing")
    delivery = delivery_of(message.word("status"))
    code = None
    if delivery in NOT_DELIVERED:
        code = message.count("error_code", most=_LARGEST_CODE) or None
    return ProviderMessage(
        provider_message_id=sid or message.unnamed(),
        from_e164=message.word("from") or from_e164,
        to_e164=message.word("to") or to_e164,
        body=message.text("body"),
        delivery=delivery,
        created_at=message.time("date_created", "date_sent", "date_updated") or clock.now(),
        code=None if code is None else str(code),
        rejection_class=None if code is None else look_up(code).in_report,
        media_count=message.count("num_media"),
        price=_price_of(message),
        segments=_segments_of(message),
    )


def bill_of(message: Row) -> Bill:
    """What Twilio charged for a message.

    The price is null until it is known: `price` "is populated after the message has been
    sent/received, and may not be immediately available" (Twilio, "Messages resource").
    """
    sid = message.word("sid") or message.unnamed()
    return Bill(sid, _price_of(message), _segments_of(message))


def _price_of(message: Row) -> Money | None:
    return read_money(message.word("price"), message.word("price_unit"))


def _segments_of(message: Row) -> int | None:
    """How many segments Twilio counted; it says 0 until a Messaging Service has chosen a sender."""
    return message.count("num_segments") or None


def delivery_of(status: str) -> Delivery:
    """The delivery status for Twilio's word."""
    return _DELIVERIES.get(status, Delivery.IN_TRANSIT)


def went_out(message: Row) -> bool:
    """Whether a message was sent from the account. One that does not say counts as sent, so that
    nothing is sent again because of it."""
    direction = _direction_of(message)
    if direction:
        return direction != "inbound"
    return message.word("status") not in _CAME_IN


def came_in(message: Row) -> bool:
    """Whether a message was received. A row that does not say counts as received, so that it is
    not lost."""
    direction = _direction_of(message)
    if direction:
        return direction == "inbound"
    return message.word("status") not in _SENT_BY_US


def _direction_of(message: Row) -> str:
    direction = message.word("direction")
    return direction if direction == "inbound" or direction.startswith("outbound") else ""


def received_message(message: Row) -> ReceivedMessage:
    """A received message. The sender may be a short code or a name; sender and number are empty if
    the row does not name them."""
    sid = message.word("sid")
    count = message.count("num_media")
    if count is None:
        count = 1 if sid.startswith("MM") else 0  # such IDs are those of messages with files
    return ReceivedMessage(
        provider_message_id=sid or message.unnamed(),
        from_phone=message.word("from"),
        to_e164=message.word("to"),
        body=message.text("body"),
        received_at=message.time("date_sent", "date_created", "date_updated"),
        media_count=count,
    )


def number_of(number: Row) -> ProviderNumber:
    """A number of the account; its phone is empty if the row does not name it."""
    e164, sid, can = number.word("phone_number"), number.word("sid"), number.part("capabilities")
    return ProviderNumber(
        e164,
        sid or ("" if e164 else number.unnamed()),
        can.flag("sms"),
        can.flag("mms"),
        can.flag("voice"),
    )


def _time_of(value: object) -> datetime | None:
    if not isinstance(value, str) or len(value) > _LONGEST_WORD:
        return None
    try:
        at = parsedate_to_datetime(value)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return at if at.year in _YEARS else None


def when(text: ReceivedMessage) -> datetime:
    """When a message was received (aware UTC). One without a time sorts last and counts as new."""
    return text.received_at or datetime.max.replace(tzinfo=UTC)
