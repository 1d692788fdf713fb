"""What an event of Stripe's says of a booking that was paid. Pure; the signature is checked before.

Sources: docs.stripe.com/api/events/object, docs.stripe.com/checkout/fulfillment. The booking's ref
stands in the metadata of the session or the payment, and the org's slug where one Stripe account
serves several orgs.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from petmsg.errors import MalformedFile, UsageProblem

BOOKING_NAMES = ("booking", "booking_ref", "bookingRef")
ORG_NAME = "org"

_SESSIONS = frozenset(("checkout.session.completed", "checkout.session.async_payment_succeeded"))
_INTENT = "payment_intent.succeeded"
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
    payment was made for `booking`. It holds nothing of the person who paid."""

    event_id: str
    kind: str
    booking: str | None = None
    org: str | None = None
    ignored: str | None = None


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
    if kind not in _SESSIONS and kind != _INTENT:
        return Payment(event_id, kind, ignored="it says nothing of a payment")
    data = event.get("data")
    about = data.get("object") if isinstance(data, dict) else None
    if not isinstance(about, dict):
        raise MalformedEvent(f"Event {event_id} has no data.object.")
    metadata = about.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise MalformedEvent(f"The metadata of event {event_id} are no object.")
    booking = _value(metadata, BOOKING_NAMES, event_id)
    return Payment(
        event_id,
        kind,
        booking=booking,
        org=_value(metadata, (ORG_NAME,), event_id),
        ignored=_not_paid(kind, about, event_id)
        or ("its metadata name no booking" if booking is None else None),
    )


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
