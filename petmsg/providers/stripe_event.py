"""Reads which booking a Stripe event says was paid. Pure; the signature is checked before.

Sources: docs.stripe.com/api/events/object, docs.stripe.com/checkout/fulfillment,
docs.stripe.com/api/invoices/object. The booking's ref is in the metadata of the session, the
payment, the invoice or its subscription, or is the session's `client_reference_id`. The org's slug
is in the metadata if one Stripe account serves several orgs. Several bookings of one payment are
separated by commas, or are a JSON array.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from petmsg.errors import MalformedFile, UsageProblem

BOOKING_NAMES = ("booking", "booking_ref", "bookingRef", "bookings", "booking_refs", "bookingRefs")
ORG_NAME = "org"

_SESSIONS = frozenset(("checkout.session.completed", "checkout.session.async_payment_succeeded"))
_INTENT = "payment_intent.succeeded"
_INVOICES = frozenset(("invoice.paid", "invoice.payment_succeeded"))
_PAYMENTS = _SESSIONS | _INVOICES | {_INTENT}
_TROUBLES = {
    "charge.refunded": "refunded",
    "refund.created": "refunded",
    "charge.dispute.created": "disputed",
    "charge.dispute.funds_withdrawn": "disputed",
    "checkout.session.async_payment_failed": "failed",
    "payment_intent.payment_failed": "failed",
    "invoice.payment_failed": "failed",
    "charge.failed": "failed",
}
"""Event types of payments that failed, were refunded or are disputed."""
_PAID = frozenset(("paid", "no_payment_required"))
_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")
_KIND = re.compile(r"[a-z0-9_.]{1,128}")
_LONGEST_VALUE = 500
"""Maximum length of a metadata value at Stripe."""


class MalformedEvent(UsageProblem):
    """Something that is not a Stripe event."""

    code = "malformed_event"
    hint = "Give the event as Stripe sends it: a JSON object with id, type and data.object."


@dataclass(frozen=True, slots=True)
class Payment:
    """What petmsg reads from an event.

    `ignored` says why the event is not relevant. Otherwise a payment was made for `booking` (None
    if the event names none), or `trouble` says what happened to it (`refunded`, `disputed`,
    `failed`). `payment_id` is Stripe's ID of the payment, or of the invoice if the event does not
    hold the payment's. `is_certain` is true if the booking is named in the metadata: a
    `client_reference_id` may be anything. Nothing about the person who paid is stored.
    """

    event_id: str
    kind: str
    booking: str | None = None
    org: str | None = None
    ignored: str | None = None
    trouble: str | None = None
    payment_id: str | None = None
    is_certain: bool = True


@dataclass(frozen=True, slots=True)
class WrittenEvent:
    """An event of a file: its position, and its content or the error in it.

    `line` is its line number, 0 if the file does not consist of lines.
    """

    place: int
    payment: Payment | None
    problem: MalformedEvent | None = None
    line: int = 0


def read_event(event: object) -> Payment:
    """Read a parsed event. Raises `MalformedEvent`."""
    if not isinstance(event, dict) or event.get("object", "event") != "event":
        raise MalformedEvent("This is not a Stripe event.")
    event_id, kind = event.get("id"), event.get("type")
    if not (isinstance(event_id, str) and _ID.fullmatch(event_id)):
        raise MalformedEvent("The event has no id.")
    if not (isinstance(kind, str) and _KIND.fullmatch(kind)):
        raise MalformedEvent(f"Event {event_id} has no type.")
    if kind not in _PAYMENTS and kind not in _TROUBLES:
        return Payment(event_id, kind, ignored="it is not about a payment")
    data = event.get("data")
    about = data.get("object") if isinstance(data, dict) else None
    if not isinstance(about, dict):
        raise MalformedEvent(f"Event {event_id} has no data.object.")
    metadata = _metadata(about, event_id)
    named = _value(metadata, BOOKING_NAMES, event_id)
    booking = named or _value(about, ("client_reference_id",), event_id)
    trouble = _TROUBLES.get(kind)
    ignored = None
    if trouble is None:
        ignored = _not_paid(kind, about, event_id)
        if ignored is None and booking is None and _is_free(about):
            ignored = "nothing had to be paid, and it names no booking"
    return Payment(
        event_id,
        kind,
        booking=booking,
        org=_value(metadata, (ORG_NAME,), event_id),
        ignored=ignored,
        trouble=trouble,
        payment_id=_payment_id(about),
        is_certain=named is not None,
    )


def refs_in(written: str) -> tuple[str, ...]:
    """The refs in a value that names several bookings: a JSON array, or a list separated by commas,
    semicolons or else spaces.
    """
    if written.startswith("["):
        try:
            found = json.loads(written)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, list) and found and all(isinstance(each, str) for each in found):
            return tuple(dict.fromkeys(each.strip() for each in found))
    parts = re.split(r"[,;]", written) if re.search(r"[,;]", written) else written.split()
    return tuple(dict.fromkeys(part.strip() for part in parts if part.strip())) or (written,)


def read_events(content: bytes) -> list[WrittenEvent]:
    """The events of a file: one object, an array, a list as Stripe's API returns it, or JSON lines.

    A malformed event is an error of its own row. Raises `MalformedFile` if the file is none of
    these.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise MalformedFile("The file is not UTF-8 text.", hint="Save it as UTF-8.") from None
    if not text.strip():
        raise MalformedFile("The file is empty.", hint=MalformedEvent.hint)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return _lines(text)
    if isinstance(found, dict) and found.get("object") == "list":
        found = found.get("data")
    events = found if isinstance(found, list) else [found]
    return [_written(place, event) for place, event in enumerate(events, start=1)]


def _lines(text: str) -> list[WrittenEvent]:
    # Not splitlines(): a JSON text may hold U+2028 and its like as they are.
    rows = [
        (line, _parsed(written))
        for line, written in enumerate(text.split("\n"), start=1)
        if written.strip()
    ]
    if not any(isinstance(event, dict) for _, event in rows):
        raise MalformedFile("The file is not JSON.", hint=MalformedEvent.hint)
    return [
        WrittenEvent(place, None, MalformedEvent("This line is not JSON."), line)
        if event is None
        else _written(place, event, line=line)
        for place, (line, event) in enumerate(rows, start=1)
    ]


def _parsed(written: str) -> object:
    try:
        return json.loads(written)
    except (ValueError, RecursionError):
        return None


def _written(place: int, event: object, *, line: int = 0) -> WrittenEvent:
    try:
        return WrittenEvent(place, read_event(event), line=line)
    except MalformedEvent as problem:
        return WrittenEvent(place, None, problem, line)


def _not_paid(kind: str, about: dict[str, Any], event_id: str) -> str | None:
    """Why an event about a payment is not a payment yet."""
    if kind == _INTENT:
        return None
    if kind in _INVOICES:
        return None if about.get("status") in (None, "paid") else "it is not paid yet"
    if about.get("mode") == "setup":
        return "it only saves a card"
    status = about.get("payment_status")
    if status == "unpaid":
        return "it is not paid yet"
    if status not in _PAID:
        raise MalformedEvent(f"Event {event_id} does not say whether it was paid.")
    return None


def _is_free(about: dict[str, Any]) -> bool:
    """Whether a session or an invoice was over nothing, such as the one of a trial period."""
    return about.get("amount_total", about.get("amount_paid")) == 0


def _metadata(about: dict[str, Any], event_id: str) -> dict[str, Any]:
    """The metadata of the object; an invoice's own go before those of its subscription."""
    parent = about.get("parent")
    places = [
        about,
        about.get("subscription_details"),
        parent.get("subscription_details") if isinstance(parent, dict) else None,
    ]
    merged: dict[str, Any] = {}
    for place in places:
        found = (place.get("metadata") or {}) if isinstance(place, dict) else {}
        if not isinstance(found, dict):
            raise MalformedEvent(f"The metadata of event {event_id} is not an object.")
        merged = {**found, **merged}
    return merged


def _payment_id(about: dict[str, Any]) -> str | None:
    """The ID of the payment intent: of the object itself, or as the object refers to it. Without
    one, the ID of the invoice: since 2025 an invoice does not hold its payment."""
    names = ("payment_intent", "id", "charge", "invoice")
    values = [about.get(name) for name in names]
    found = [value.get("id") if isinstance(value, dict) else value for value in values]
    ids = [each for each in found if isinstance(each, str) and _ID.fullmatch(each)]
    for starts in (("pi_", "ch_"), ("in_",)):
        for each in ids:
            if each.startswith(starts):
                return each
    return None


def _value(metadata: dict[str, Any], names: tuple[str, ...], event_id: str) -> str | None:
    """The first of these names that has a value."""
    for name in names:
        value = metadata.get(name)
        if value is None:
            continue
        if not isinstance(value, str) or len(value) > _LONGEST_VALUE:
            raise MalformedEvent(f"The {name} in the metadata of event {event_id} is not text.")
        if value.strip():
            return value.strip()
    return None
