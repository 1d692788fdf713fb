"""What an event of Stripe's says of a booking that was paid. Pure; the signature is checked before.

Sources: docs.stripe.com/api/events/object, docs.stripe.com/checkout/fulfillment. The booking's ref
stands in the metadata of the session or the payment, or as the session's `client_reference_id`, and
the org's slug in the metadata where one Stripe account serves several orgs. Several bookings of one
payment stand there with commas between them, or as a JSON array.
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
_TROUBLES = {
    "charge.refunded": "refunded",
    "refund.created": "refunded",
    "charge.dispute.created": "disputed",
    "charge.dispute.funds_withdrawn": "disputed",
    "checkout.session.async_payment_failed": "failed",
    "payment_intent.payment_failed": "failed",
    "charge.failed": "failed",
}
"""What happened to a payment that is no payment any more, or none yet."""
_PAID = frozenset(("paid", "no_payment_required"))
_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")
_KIND = re.compile(r"[a-z0-9_.]{1,128}")
_LONGEST_VALUE = 500
"""Stripe takes no longer ones in metadata."""


class MalformedEvent(UsageProblem):
    """Something that cannot be an event of Stripe's."""

    code = "malformed_event"
    hint = "Give the event as Stripe sends it: a JSON object with id, type and data.object."


@dataclass(frozen=True, slots=True)
class Payment:
    """What petmsg takes from an event. `ignored` says why the event does not concern it; else a
    payment was made for `booking`, or `trouble` says what else became of it (`refunded`,
    `disputed`, `failed`). `payment_id` is Stripe's id of the payment. `is_certain` says that the
    booking stands in the metadata: a `client_reference_id` may be anything. It holds nothing of the
    person who paid."""

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
    """An event of a file: the how manieth it is, and what it says or what is wrong with it.

    `line` is its line, 0 in a file that is not of lines.
    """

    place: int
    payment: Payment | None
    problem: MalformedEvent | None = None
    line: int = 0


def read_event(event: object) -> Payment:
    """What a parsed event says. Raises `MalformedEvent`."""
    if not isinstance(event, dict) or event.get("object", "event") != "event":
        raise MalformedEvent("It is no event of Stripe's.")
    event_id, kind = event.get("id"), event.get("type")
    if not (isinstance(event_id, str) and _ID.fullmatch(event_id)):
        raise MalformedEvent("The event has no id.")
    if not (isinstance(kind, str) and _KIND.fullmatch(kind)):
        raise MalformedEvent(f"Event {event_id} has no type.")
    if kind not in _SESSIONS and kind != _INTENT and kind not in _TROUBLES:
        return Payment(event_id, kind, ignored="it says nothing of a payment")
    data = event.get("data")
    about = data.get("object") if isinstance(data, dict) else None
    if not isinstance(about, dict):
        raise MalformedEvent(f"Event {event_id} has no data.object.")
    metadata = about.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise MalformedEvent(f"The metadata of event {event_id} are no object.")
    named = _value(metadata, BOOKING_NAMES, event_id)
    booking = named or _value(about, ("client_reference_id",), event_id)
    trouble = _TROUBLES.get(kind)
    ignored = None
    if trouble is None:
        ignored = _not_paid(kind, about, event_id)
        if ignored is None and booking is None:
            ignored = "neither its metadata nor its client_reference_id name a booking"
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
    """The refs of a text that names several bookings: a JSON array, or with commas, semicolons or
    else blanks between them."""
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
    """The events of a file: one object, an array, a list as Stripe's API gives it, or JSON lines.

    A bad one is its own row's problem. Raises `MalformedFile` for what is none of these.
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
        WrittenEvent(place, None, MalformedEvent("It is not JSON."), line)
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
    """Why an event of a payment's kind is no payment yet."""
    if kind == _INTENT:
        return None
    if about.get("mode") == "setup":
        return "it only keeps a card for later"
    status = about.get("payment_status")
    if status == "unpaid":
        return "it is not paid yet"
    if status not in _PAID:
        raise MalformedEvent(f"Event {event_id} does not say whether it was paid.")
    return None


def _payment_id(about: dict[str, Any]) -> str | None:
    """The id of the payment intent, of the object itself or as it names it, whole or by its id."""
    for value in (about.get("payment_intent"), about.get("id"), about.get("charge")):
        found = value.get("id") if isinstance(value, dict) else value
        if isinstance(found, str) and _ID.fullmatch(found) and found.startswith(("pi_", "ch_")):
            return found
    return None


def _value(metadata: dict[str, Any], names: tuple[str, ...], event_id: str) -> str | None:
    """The first of the names that is there and not empty."""
    for name in names:
        value = metadata.get(name)
        if value is None:
            continue
        if not isinstance(value, str) or len(value) > _LONGEST_VALUE:
            raise MalformedEvent(f"The {name} in the metadata of event {event_id} is no text.")
        if value.strip():
            return value.strip()
    return None
