"""Payments: Stripe's event about a paid booking confirms the booking once, even if it is repeated.

The event's id and the confirmation are stored in one transaction. A payment for several bookings
confirms all of them or none. A refused event is stored as refused and tried again when Stripe
repeats it, because its cause may be fixed by then. If a booking does not exist, an alert is raised
and no event is stored, so that a repeated event can still confirm it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from petmsg.db.transaction import Transaction
from petmsg.enums.alerts import AlertKind
from petmsg.enums.payments import StripeOutcome
from petmsg.errors import MalformedRef, NotFound, PetmsgError, Refused
from petmsg.providers.stripe_event import Payment, refs_in
from petmsg.queries.alert import unpaid_alerts
from petmsg.queries.booking import is_booking
from petmsg.queries.org import all_orgs
from petmsg.queries.payments import bookings_paid_by, insert_event, locked_event, set_outcome
from petmsg.services.alert import close_alert, done
from petmsg.services.bookings import payment_alerts as alerts
from petmsg.services.bookings.confirm import Confirmed, confirm, current_state
from petmsg.services.unit_of_work import Failure, UnitOfWork, run_batch
from petmsg.text_inputs import parse_ref


class EventOfAnotherOrg(Refused):
    """The event was already stored for a booking of another org."""

    code = "event_of_another_org"


class PaidWithOthers(Refused):
    """Another booking of the same payment could not be confirmed, so this one was not either."""

    code = "paid_with_others"


@dataclass(frozen=True, slots=True)
class PaymentResult:
    """The result of a payment event.

    `confirmed` is the confirmed booking, `problem` the reason why it was not confirmed. Neither is
    set for an event that confirms nothing; then `note` says why. `outcome` is None if the booking
    does not exist and nothing was stored. `reused` means that the event was stored before, `told`
    that it raised an alert instead of confirming a booking. `parts` are the results of a payment
    for several bookings, one for each.
    """

    payment: Payment
    outcome: StripeOutcome | None
    confirmed: Confirmed | None = None
    problem: PetmsgError | None = None
    note: str | None = None
    reused: bool = False
    told: bool = False
    parts: tuple["PaymentResult", ...] = ()


class _NotAll(Exception):
    """Bookings of a payment that cannot be confirmed, by their refs."""

    def __init__(self, problems: dict[str, PetmsgError]) -> None:
        super().__init__()
        self.problems = problems


def confirm_payments(uow: UnitOfWork, payments: Sequence[Payment]) -> list[PaymentResult | Failure]:
    """`confirm_payment` for several payments of one org, each all or nothing, in their order."""
    return run_batch(
        uow, payments, lambda each: confirm_payment(uow, each), ref=lambda p: p.event_id
    )


def confirm_payment(uow: UnitOfWork, payment: Payment) -> PaymentResult:
    """Confirm the bookings that were paid, all or none. Repeating the event changes nothing."""
    if payment.ignored is not None:
        new = _record_event(uow, payment, StripeOutcome.IGNORED)
        return PaymentResult(payment, StripeOutcome.IGNORED, note=payment.ignored, reused=not new)
    if payment.trouble is not None:
        return _report_trouble(uow, payment, payment.trouble)
    if payment.booking is None:
        return _report_unnamed(uow, payment)
    refs = _refs(uow, payment, payment.booking)
    if len(refs) == 1:
        return _all_or_none(uow, payment, [replace(payment, booking=refs[0])])[0]
    # Each booking has a row of its own: its refund is about all of them.
    results = _all_or_none(
        uow,
        payment,
        [replace(payment, event_id=f"{payment.event_id}#{ref}", booking=ref) for ref in refs],
    )
    worst = next(
        (each for each in results if each.outcome is None and isinstance(each.problem, NotFound)),
        next((each for each in results if _is_cause(each)), results[0]),
    )
    reused = all(each.reused for each in results)
    return replace(worst, payment=payment, reused=reused, parts=tuple(results))


def _is_cause(result: PaymentResult) -> bool:
    return result.problem is not None and not isinstance(result.problem, PaidWithOthers)


def _refs(uow: UnitOfWork, payment: Payment, written: str) -> tuple[str, ...]:
    """The bookings that the event names. A ref may hold the signs that separate refs."""
    if _exists(uow, written):
        return (written,)
    refs = refs_in(written)
    if len(refs) == 1 and not payment.is_certain:
        # The address of a Payment Link takes letters, digits, dashes and underscores only.
        linked = tuple(dict.fromkeys(part for part in written.split("_") if part))
        if any(_exists(uow, ref) for ref in linked):
            return linked
    return refs


def _exists(uow: UnitOfWork, ref: str) -> bool:
    try:
        return is_booking(uow.cursor, uow.org.id, parse_ref(ref))
    except MalformedRef:
        return False


# ----------------------------------------------------------------------------------- confirmation


def _all_or_none(
    uow: UnitOfWork, payment: Payment, parts: Sequence[Payment]
) -> list[PaymentResult]:
    """Confirm the booking of each part, or none and raise alerts; one result per part."""
    try:
        return _confirm_all(uow, parts)
    except _NotAll as found:
        problems = found.problems
    refs = [str(part.booking) for part in parts]
    missing = {ref for ref, each in problems.items() if isinstance(each, NotFound | MalformedRef)}
    if missing:
        for ref, problem in problems.items():
            others = [each for each in refs if each != ref]
            if ref in missing:
                problems[ref] = alerts.not_found(uow, payment, ref, others)
            else:
                alerts.refused(uow, ref, problem, others)
        return [
            PaymentResult(part, None, problem=_problem_of(ref, problems))
            for ref, part in zip(refs, parts, strict=True)
        ]
    return [
        _refuse(uow, part, ref, problems, [each for each in refs if each != ref])
        for ref, part in zip(refs, parts, strict=True)
    ]


def _confirm_all(uow: UnitOfWork, parts: Sequence[Payment]) -> list[PaymentResult]:
    """Raises `_NotAll`; then nothing is changed."""
    results: list[PaymentResult] = []
    problems: dict[str, PetmsgError] = {}
    with uow.all_or_nothing():
        for part in parts:
            ref = str(part.booking)
            try:
                with uow.all_or_nothing():
                    results.append(_confirm_once(uow, part, ref))
            except (NotFound, MalformedRef, Refused) as problem:
                problems[ref] = problem
        if problems:
            raise _NotAll(problems)
    return results


def _confirm_once(uow: UnitOfWork, payment: Payment, ref: str) -> PaymentResult:
    """Store the event and confirm the booking. Raises `NotFound`, `MalformedRef`, `Refused`."""
    parse_ref(ref)
    if not _record_event(uow, payment, StripeOutcome.CONFIRMED):
        existing = locked_event(uow.cursor, payment.event_id)
        if existing.org_id != uow.org.id:
            raise EventOfAnotherOrg(f"Event {payment.event_id} was for a booking of another org.")
        if existing.outcome != StripeOutcome.REFUSED:
            stands = current_state(uow, existing.booking or ref)
            return PaymentResult(payment, StripeOutcome.CONFIRMED, confirmed=stands, reused=True)
        confirmed_now = StripeOutcome.CONFIRMED.value
        set_outcome(uow.cursor, outcome=confirmed_now, code=None, event_id=payment.event_id)
    (confirmed,) = confirm(uow, [ref], of_many=False)
    assert isinstance(confirmed, Confirmed)
    _audit_payment(uow, payment, StripeOutcome.CONFIRMED.value, None)
    for alert in unpaid_alerts(uow.cursor, uow.org.id, ref):
        done(uow, str(alert), reason="the booking was confirmed by its payment")
    return PaymentResult(payment, StripeOutcome.CONFIRMED, confirmed=confirmed)


def _refuse(
    uow: UnitOfWork,
    part: Payment,
    ref: str,
    problems: dict[str, PetmsgError],
    others: Sequence[str],
) -> PaymentResult:
    """Store that the booking was not confirmed; the first time, alert."""
    problem = _problem_of(ref, problems)
    new = _record_event(uow, part, StripeOutcome.REFUSED)
    existing = locked_event(uow.cursor, part.event_id)
    if existing.org_id == uow.org.id and existing.outcome == StripeOutcome.REFUSED:
        set_outcome(
            uow.cursor,
            outcome=StripeOutcome.REFUSED.value,
            code=problem.code,
            event_id=part.event_id,
        )
    if new:
        _audit_payment(uow, part, StripeOutcome.REFUSED.value, problem.code)
        if ref in problems:
            alerts.refused(uow, ref, problem, others)
    return PaymentResult(part, StripeOutcome.REFUSED, problem=problem, reused=not new)


def _problem_of(ref: str, problems: dict[str, PetmsgError]) -> PetmsgError:
    """Why a booking was not confirmed: its own problem, or that of another booking."""
    if ref in problems:
        return problems[ref]
    return PaidWithOthers(
        f"Booking {ref} was not confirmed, because another booking of the same payment could not "
        f"be: {', '.join(problems)}.",
        hint="Solve that first, or confirm this booking alone: petmsg booking confirm REF",
    )


# ------------------------------------------------------------------- events that confirm nothing


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
        alerts.unknown_org(uow, payment, problem)
    for uow in works[:-1]:
        uow.finish()
    return PaymentResult(payment, None, problem=problem), works[-1]


def close_unnamed(uow: UnitOfWork, payment: Payment) -> None:
    """Close the alert that this payment names no booking, because another event named it."""
    if payment.payment_id is not None:
        close_alert(
            uow,
            AlertKind.PAYMENT_NOT_MATCHED,
            entity="payment",
            ref=payment.payment_id,
            reason="another event of this payment named its booking",
        )


def _report_unnamed(uow: UnitOfWork, payment: Payment) -> PaymentResult:
    """Raise an alert for a payment that names no booking, unless another event of the same payment
    named it. Repeating the event changes nothing."""
    note = "neither its metadata nor its client_reference_id names a booking"
    new = _record_event(uow, payment, StripeOutcome.IGNORED)
    is_new = new and not _paid_by(uow, payment)
    if is_new:
        alerts.unnamed(uow, payment)
        _audit_payment(uow, payment, "not_matched", None)
    return PaymentResult(payment, StripeOutcome.IGNORED, note=note, reused=not new, told=is_new)


def _report_trouble(uow: UnitOfWork, payment: Payment, trouble: str) -> PaymentResult:
    """Raise an alert for a payment that was refunded, is disputed or failed, because a person must
    decide about the visit. Repeating the event changes nothing."""
    note = f"an alert says that the payment {alerts.TROUBLES[trouble].words}"
    new = _record_event(uow, payment, StripeOutcome.IGNORED)
    if new:
        for ref in _bookings_of(uow, payment) or (None,):
            alerts.trouble(uow, payment, trouble, ref)
        _audit_payment(uow, payment, trouble, None)
    return PaymentResult(payment, StripeOutcome.IGNORED, note=note, reused=not new, told=new)


def _bookings_of(uow: UnitOfWork, payment: Payment) -> tuple[str, ...]:
    """The bookings that the event names, otherwise those that its payment paid earlier."""
    if payment.booking is not None:
        refs = _refs(uow, payment, payment.booking)
        existing = tuple(ref for ref in refs if _exists(uow, ref))
        if existing:
            return existing
    return _paid_by(uow, payment)


def _paid_by(uow: UnitOfWork, payment: Payment) -> tuple[str, ...]:
    if payment.payment_id is None:
        return ()
    return tuple(bookings_paid_by(uow.cursor, uow.org.id, payment.payment_id))


# ---------------------------------------------------------------------------------------- records


def _record_event(uow: UnitOfWork, payment: Payment, outcome: StripeOutcome) -> bool:
    """Store the event; returns whether it is new. Waits for another transaction that stores it."""
    booking = payment.booking
    if booking is not None and not booking.isprintable():
        booking = None  # no database stores every character
    return insert_event(
        uow.cursor,
        uow.org.id,
        event_id=payment.event_id,
        kind=payment.kind,
        booking=booking,
        outcome=outcome.value,
        code=None if payment.trouble is None else f"payment_{payment.trouble}",
        now=uow.now,
        payment_id=payment.payment_id,
    )


def _audit_payment(uow: UnitOfWork, payment: Payment, outcome: str, code: str | None) -> None:
    booking = payment.booking
    if booking is not None and not booking.isprintable():
        booking = None
    uow.audit(
        "payment.received",
        "payment",
        payment.event_id,
        {"booking": booking, "kind": payment.kind, "outcome": outcome, "code": code},
    )
