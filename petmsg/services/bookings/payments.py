"""Payments: Stripe's event about a paid booking confirms the booking once, even if it is repeated.

The event's id and the confirmation are stored in one transaction. A refused event is stored as
refused and tried again when Stripe repeats it, because its cause may be fixed by then. If the
booking does not exist, an alert is raised and no event is stored, so that a repeated event can
still confirm it.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from petmsg.db.transaction import Transaction
from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.enums.payments import StripeOutcome
from petmsg.errors import MalformedRef, NotFound, PetmsgError, Refused
from petmsg.providers.stripe_event import Payment, refs_in
from petmsg.queries.alert import unpaid_alerts
from petmsg.queries.booking import is_booking
from petmsg.queries.org import all_orgs
from petmsg.queries.payments import bookings_paid_by, insert_event, locked_event, set_outcome
from petmsg.services.alert import done, raise_alert
from petmsg.services.bookings.confirm import Confirmed, confirm, current_state
from petmsg.services.unit_of_work import Failure, UnitOfWork, run_batch
from petmsg.text_inputs import parse_ref


class EventOfAnotherOrg(Refused):
    """The event was already stored for a booking of another org."""

    code = "event_of_another_org"


@dataclass(frozen=True, slots=True)
class PaymentResult:
    """The result of a payment event.

    `confirmed` is the confirmed booking, `problem` the reason why it was not confirmed. Neither is
    set for an event that petmsg ignores; then `note` says why. `outcome` is None if the booking
    does not exist and nothing was stored. `reused` means that the event was stored before. `parts`
    are the results of a payment for several bookings, one for each.
    """

    payment: Payment
    outcome: StripeOutcome | None
    confirmed: Confirmed | None = None
    problem: PetmsgError | None = None
    note: str | None = None
    reused: bool = False
    parts: tuple["PaymentResult", ...] = ()


def confirm_payments(uow: UnitOfWork, payments: Sequence[Payment]) -> list[PaymentResult | Failure]:
    """`confirm_payment` for several payments of one org, each all or nothing, in their order."""
    return run_batch(
        uow, payments, lambda each: confirm_payment(uow, each), ref=lambda p: p.event_id
    )


def confirm_payment(uow: UnitOfWork, payment: Payment) -> PaymentResult:
    """Confirm the bookings that were paid. Repeating the event changes nothing."""
    if payment.ignored is not None:
        new = _record_event(uow, payment, StripeOutcome.IGNORED)
        return PaymentResult(payment, StripeOutcome.IGNORED, note=payment.ignored, reused=not new)
    if payment.trouble is not None:
        return _alert_trouble(uow, payment, payment.trouble)
    ref = payment.booking
    assert ref is not None
    refs = refs_in(ref)
    if len(refs) > 1 and not _exists(uow, ref):
        return _confirm_several(uow, payment, refs)
    return _confirm_one(uow, payment, ref)


def _confirm_several(uow: UnitOfWork, payment: Payment, refs: Sequence[str]) -> PaymentResult:
    """Confirm each booking of a payment separately, identified by the event's id and its ref.

    A missing booking does not stop the others; a repeated event looks for it again.
    """
    parts = tuple(
        _confirm_one(uow, replace(payment, event_id=f"{payment.event_id}#{ref}", booking=ref), ref)
        for ref in refs
    )
    worst = next(
        (each for each in parts if each.outcome is None),
        next((each for each in parts if each.problem is not None), parts[0]),
    )
    return replace(worst, payment=payment, reused=all(each.reused for each in parts), parts=parts)


def _confirm_one(uow: UnitOfWork, payment: Payment, ref: str) -> PaymentResult:
    try:
        parse_ref(ref)
        with uow.all_or_nothing():
            return _confirm_once(uow, payment, ref)
    except (NotFound, MalformedRef):
        return _alert_not_found(uow, payment, ref)


def _exists(uow: UnitOfWork, ref: str) -> bool:
    return is_booking(uow.cursor, uow.org.id, ref)


def alert_unknown_org(
    transaction: Transaction,
    payment: Payment,
    problem: PetmsgError,
    *,
    actor: str,
    now: datetime,
) -> tuple[PaymentResult, UnitOfWork]:
    """Raise an alert in every org for a payment whose org is unknown or not named.

    Returns the unit of work of one org with the result; the caller must finish it. The database
    must have an org.
    """
    works = [UnitOfWork(transaction, org, actor, now) for org in all_orgs(transaction.cursor)]
    for uow in works:
        raise_alert(
            uow,
            AlertKind.PAYMENT_NOT_MATCHED,
            severity=AlertSeverity.WARNING,
            entity="payment",
            ref=payment.event_id,
            message=f"Stripe's event {payment.event_id} reports the payment of a booking, but the "
            f"org is unclear: {problem.message}",
            command="petmsg org list; then name the org in the metadata of your payments",
        )
    for uow in works[:-1]:
        uow.finish()
    return PaymentResult(payment, None, problem=problem), works[-1]


def _confirm_once(uow: UnitOfWork, payment: Payment, ref: str) -> PaymentResult:
    """Store the event and confirm the booking. Raises `NotFound`; then the caller undoes both."""
    if not _record_event(uow, payment, StripeOutcome.CONFIRMED):
        existing = locked_event(uow.cursor, payment.event_id)
        if existing.org_id != uow.org.id:
            problem = EventOfAnotherOrg(
                f"Event {payment.event_id} was for a booking of another org."
            )
            return PaymentResult(payment, StripeOutcome.REFUSED, problem=problem, reused=True)
        if existing.outcome != StripeOutcome.REFUSED:
            stands = current_state(uow, existing.booking or ref)
            return PaymentResult(payment, StripeOutcome.CONFIRMED, confirmed=stands, reused=True)
        return _confirm_booking(uow, payment, ref, reused=True)
    return _confirm_booking(uow, payment, ref, reused=False)


def _confirm_booking(uow: UnitOfWork, payment: Payment, ref: str, *, reused: bool) -> PaymentResult:
    cursor = uow.cursor
    try:
        with uow.all_or_nothing():
            (confirmed,) = confirm(uow, [ref], of_many=False)
    except Refused as problem:
        set_outcome(
            cursor,
            outcome=StripeOutcome.REFUSED.value,
            code=problem.code,
            event_id=payment.event_id,
        )
        if not reused:
            _audit_payment(uow, payment, StripeOutcome.REFUSED, problem.code)
            _alert_refused(uow, ref, problem)
        return PaymentResult(payment, StripeOutcome.REFUSED, problem=problem, reused=reused)
    assert isinstance(confirmed, Confirmed)
    if reused:
        confirmed_now = StripeOutcome.CONFIRMED.value
        set_outcome(cursor, outcome=confirmed_now, code=None, event_id=payment.event_id)
    _audit_payment(uow, payment, StripeOutcome.CONFIRMED, None)
    for alert in unpaid_alerts(cursor, uow.org.id, ref):
        done(uow, str(alert), reason="the booking was confirmed by its payment")
    return PaymentResult(payment, StripeOutcome.CONFIRMED, confirmed=confirmed)


_TROUBLES = {
    "refunded": (
        AlertKind.PAYMENT_REFUNDED,
        AlertSeverity.WARNING,
        "was refunded, in whole or in part",
    ),
    "disputed": (AlertKind.PAYMENT_DISPUTED, AlertSeverity.CRITICAL, "is disputed"),
    "failed": (AlertKind.PAYMENT_FAILED, AlertSeverity.WARNING, "failed"),
}


def _alert_trouble(uow: UnitOfWork, payment: Payment, trouble: str) -> PaymentResult:
    """Raise an alert for a payment that was refunded, is disputed or failed, because a person must
    decide about the visit. Repeating the event changes nothing."""
    note = f"an alert says that the payment {_TROUBLES[trouble][2]}"
    if not _record_event(uow, payment, StripeOutcome.IGNORED):
        return PaymentResult(payment, StripeOutcome.IGNORED, note=note, reused=True)
    for ref in _bookings_of(uow, payment) or (None,):
        _raise_trouble(uow, payment, trouble, ref)
    uow.audit(
        "payment.received",
        "payment",
        payment.event_id,
        {"booking": payment.booking, "kind": payment.kind, "outcome": trouble, "code": None},
    )
    return PaymentResult(payment, StripeOutcome.IGNORED, note=note)


def _bookings_of(uow: UnitOfWork, payment: Payment) -> tuple[str, ...]:
    """The bookings that the event names, otherwise those that its payment paid earlier."""
    written = payment.booking
    if written is not None:
        refs = (written,) if _exists(uow, written) else refs_in(written)
        existing = tuple(ref for ref in refs if _exists(uow, ref))
        if existing:
            return existing
    if payment.payment_id is None:
        return ()
    return tuple(bookings_paid_by(uow.cursor, uow.org.id, payment.payment_id))


def _raise_trouble(uow: UnitOfWork, payment: Payment, trouble: str, ref: str | None) -> None:
    kind, severity, words = _TROUBLES[trouble]
    about = payment.payment_id or payment.event_id
    if ref is None:
        message = f"Payment {about} {words} (Stripe's event {payment.event_id}). The booking that "
        message += "it paid is unknown."
        command = "petmsg booking list; then find the payment in Stripe's dashboard"
    else:
        message = f"The payment of booking {ref} {words} (Stripe's event {payment.event_id}). The "
        message += "booking was not changed."
        quoted = shlex.quote(ref)
        command = f"petmsg booking show {quoted}; if the visit is cancelled: petmsg booking cancel "
        command += f"{quoted} --reason '…'"
    raise_alert(
        uow,
        kind,
        severity=severity,
        entity="payment" if ref is None else "booking",
        ref=about if ref is None else ref,
        message=message,
        command=command,
    )


def _record_event(uow: UnitOfWork, payment: Payment, outcome: StripeOutcome) -> bool:
    """Store the event; returns whether it is new. Waits for another transaction that stores it."""
    return insert_event(
        uow.cursor,
        uow.org.id,
        event_id=payment.event_id,
        kind=payment.kind,
        booking=payment.booking,
        outcome=outcome.value,
        code=None if payment.trouble is None else f"payment_{payment.trouble}",
        now=uow.now,
        payment_id=payment.payment_id,
    )


def _alert_not_found(uow: UnitOfWork, payment: Payment, ref: str) -> PaymentResult:
    known, quoted = _is_ref(ref), shlex.quote(ref)
    raise_alert(
        uow,
        AlertKind.PAYMENT_NOT_MATCHED,
        severity=AlertSeverity.WARNING,
        entity="booking" if known else "payment",
        ref=ref if known else payment.event_id,
        message=(f"Booking {ref} was paid" if known else "A booking with an invalid ref was paid")
        + f" (Stripe's event {payment.event_id}), but it does not exist.",
        command=f"petmsg booking show {quoted}; after adding it: petmsg booking confirm {quoted}"
        if known
        else "petmsg booking list; then find the event in Stripe's dashboard",
    )
    hint = "Add the booking; Stripe sends the event again, or: petmsg booking confirm REF"
    return PaymentResult(payment, None, problem=NotFound("booking", ref, hint=hint))


def _alert_refused(uow: UnitOfWork, ref: str, problem: PetmsgError) -> None:
    raise_alert(
        uow,
        AlertKind.PAYMENT_NOT_MATCHED,
        severity=AlertSeverity.CRITICAL,
        entity="booking",
        ref=ref,
        message=f"Booking {ref} was paid but could not be confirmed: {problem.message}",
        command=f"petmsg booking show {shlex.quote(ref)}",
    )


def _audit_payment(
    uow: UnitOfWork, payment: Payment, outcome: StripeOutcome, code: str | None
) -> None:
    uow.audit(
        "payment.received",
        "payment",
        payment.event_id,
        {"booking": payment.booking, "kind": payment.kind, "outcome": outcome.value, "code": code},
    )


def _is_ref(text: str) -> bool:
    try:
        return parse_ref(text) == text
    except MalformedRef:
        return False
