"""Payments, from whatever brings Stripe's events to the one service that confirms their bookings.

`pay` is what `petmsg serve` and `booking confirm --stripe-event` both call.
"""

from collections.abc import Callable, Sequence
from typing import Any

from petmsg.db.cursor import Cursor
from petmsg.enums.alerts import AlertKind
from petmsg.enums.payments import StripeOutcome
from petmsg.errors import NotFound, OrgNotChosen, PetmsgError
from petmsg.providers.stripe_event import Payment, WrittenEvent
from petmsg.queries.alert import orgs_with_open_alert
from petmsg.queries.org import OrgRow, find_org
from petmsg.queries.payments import org_that_was_paid
from petmsg.services.bookings.payments import (
    PaymentResult,
    alert_unknown_org,
    close_unnamed,
    confirm_payments,
)
from petmsg.services.transfer.row_files import CHUNK
from petmsg.services.unit_of_work import Failure
from petmsg.workflows.store import Store

PayResult = PaymentResult | Failure


def pay(store: Store, payments: Sequence[Payment]) -> list[PayResult]:
    """Confirm what was paid, each event once; results in their order.

    The org is the one the event names, else the chosen one, else the only one. Committed when it
    returns.
    """
    with store.snapshot() as cursor:
        found = [_org_of(store, cursor, payment) for payment in payments]
    paid: dict[int, PayResult] = {}
    slugs = [org.slug if isinstance(org, OrgRow) else None for org in found]
    for slug in dict.fromkeys(slugs):
        places = [place for place, each in enumerate(slugs) if each == slug]
        if slug is not None:
            results = store.write_in(slug, confirm_payments, [payments[place] for place in places])
            paid.update(zip(places, results, strict=True))
    for place, org in enumerate(found):
        if not isinstance(org, OrgRow):
            paid[place] = _nobodys(store, payments[place], org)
    results = [paid[place] for place in range(len(payments))]
    _close_unnamed(store, results)
    return results


def _close_unnamed(store: Store, results: Sequence[PayResult]) -> None:
    """Close the alerts that a payment names no booking, if its booking was confirmed by now. Where
    the org was unclear as well, every org has such an alert."""
    done = {
        each.payment.payment_id: each.payment
        for each in results
        if isinstance(each, PaymentResult)
        and each.outcome is StripeOutcome.CONFIRMED
        and each.payment.payment_id is not None
    }
    if not done:
        return
    with store.snapshot() as cursor:
        found = [
            (slug, payment)
            for payment_id, payment in done.items()
            for slug in orgs_with_open_alert(
                cursor, kind=AlertKind.PAYMENT_NOT_MATCHED, entity="payment", ref=str(payment_id)
            )
        ]
    for slug, payment in found:
        store.write_in(slug, close_unnamed, payment)


def _org_of(store: Store, cursor: Cursor, payment: Payment) -> OrgRow | PetmsgError:
    named = payment.org
    names_none = payment.trouble is not None or payment.booking is None
    if named is None and names_none and payment.payment_id is not None:
        named = org_that_was_paid(cursor, payment.payment_id)
    if named is not None and not named.isprintable():
        return NotFound("org", named)
    try:
        return find_org(cursor, named or store.setting("org").value)
    except (NotFound, OrgNotChosen) as problem:
        return problem


def _nobodys(store: Store, payment: Payment, problem: PetmsgError) -> PaymentResult:
    if payment.ignored is not None:
        return PaymentResult(payment, StripeOutcome.IGNORED, note=payment.ignored)
    return store.transact(
        lambda transaction: alert_unknown_org(
            transaction, payment, problem, actor=store.actor, now=store.now
        )
    )


def confirm_events(
    store: Store, events: Sequence[WrittenEvent], *, report: Callable[[str], None]
) -> list[Any]:
    """`booking confirm --stripe-event`: events of a file, as if Stripe had just sent them.

    A row for each booking that an event pays. `report` is given a sentence for each event that
    confirms nothing. Raises what is wrong with an event that is the only one.
    """
    payments = [each.payment for each in events if each.payment is not None]
    if any(each.org is None and each.ignored is None for each in payments):
        with store.snapshot() as cursor:
            store.org(cursor)  # a person can be asked to choose one; Stripe could not
    paid: list[PayResult] = []
    for start in range(0, len(payments), CHUNK):
        paid += pay(store, payments[start : start + CHUNK])
    done = iter(paid)
    rows: list[Any] = []
    for event in events:
        rows += _rows(event, next(done) if event.payment is not None else None, report)
    if len(events) == 1 and rows and isinstance(rows[0], Failure):
        first = paid[0] if paid else None
        cause = first.problem if isinstance(first, PaymentResult) else None
        raise cause or rows[0].error
    return rows


def _rows(event: WrittenEvent, paid: PayResult | None, report: Callable[[str], None]) -> list[Any]:
    """An event's rows: one for each booking that it pays."""
    parts = paid.parts if isinstance(paid, PaymentResult) else ()
    rows = [_row(event, each, report) for each in parts or (paid,)]
    return [row for row in rows if row is not None]


def _row(event: WrittenEvent, paid: PayResult | None, report: Callable[[str], None]) -> Any:
    """An event's row as `booking confirm` prints it; None for one that confirms nothing."""
    line = event.line or None
    if paid is None:
        assert event.problem is not None
        return Failure(f"event {event.place}", event.problem, row=line)
    if isinstance(paid, Failure):
        return Failure(paid.ref, paid.error, row=line)
    if paid.problem is not None:
        return Failure(paid.payment.booking or paid.payment.event_id, paid.problem, row=line)
    if paid.confirmed is None:
        report(f"{paid.payment.event_id} ({paid.payment.kind}) confirms nothing: {paid.note}.")
    return paid.confirmed
