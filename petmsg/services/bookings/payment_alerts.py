"""The alerts about payments: what happened, and the command that helps.

None of them holds anything about the person who paid.
"""

import shlex
from collections.abc import Sequence
from typing import NamedTuple

from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.errors import MalformedRef, NotFound, PetmsgError
from petmsg.providers.stripe_event import Payment
from petmsg.services.alert import raise_alert
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.text_inputs import parse_ref


class Trouble(NamedTuple):
    """The alert of a kind of trouble. `words` say what happened to the payment."""

    kind: AlertKind
    severity: AlertSeverity
    words: str


TROUBLES = {
    "refunded": Trouble(
        AlertKind.PAYMENT_REFUNDED, AlertSeverity.WARNING, "was refunded, in whole or in part"
    ),
    "disputed": Trouble(AlertKind.PAYMENT_DISPUTED, AlertSeverity.CRITICAL, "is disputed"),
    "failed": Trouble(AlertKind.PAYMENT_FAILED, AlertSeverity.WARNING, "failed"),
}


def trouble(uow: UnitOfWork, payment: Payment, what: str, ref: str | None) -> None:
    """A payment was refunded, is disputed or failed. `ref` is its booking, None if unknown."""
    kind, severity, words = TROUBLES[what]
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


def unnamed(uow: UnitOfWork, payment: Payment) -> None:
    """A payment was made, and nothing says for which booking."""
    about = payment.payment_id or payment.event_id
    raise_alert(
        uow,
        AlertKind.PAYMENT_NOT_MATCHED,
        severity=AlertSeverity.WARNING,
        entity="payment",
        ref=about,
        message=f"Payment {about} was made (Stripe's event {payment.event_id}), but neither its "
        "metadata nor its client_reference_id names a booking.",
        command="petmsg booking list --status pending; once you know the booking: petmsg booking "
        "confirm REF",
    )


def unknown_org(uow: UnitOfWork, payment: Payment, problem: PetmsgError) -> None:
    """The org of a payment is unknown or not named."""
    is_unnamed = payment.booking is None and payment.trouble is None
    raise_alert(
        uow,
        AlertKind.PAYMENT_NOT_MATCHED,
        severity=AlertSeverity.WARNING,
        entity="payment",
        ref=(payment.payment_id if is_unnamed else None) or payment.event_id,
        message=f"Stripe's event {payment.event_id} reports the payment of a booking, but the "
        f"org is unclear: {problem.message}",
        command="petmsg org list; then name the org in the metadata of your payments",
    )


def not_found(uow: UnitOfWork, payment: Payment, ref: str, others: Sequence[str]) -> NotFound:
    """A booking that does not exist was paid, perhaps together with others; its error."""
    known = is_ref(ref)
    raise_alert(
        uow,
        AlertKind.PAYMENT_NOT_MATCHED,
        severity=AlertSeverity.WARNING,
        entity="booking" if known else "payment",
        ref=ref if known else payment.event_id,
        message=(f"Booking {ref} was paid" if known else "A booking with an invalid ref was paid")
        + f" (Stripe's event {payment.event_id}), but it does not exist."
        + _of_the_others(others),
        command="petmsg booking list --status pending; after adding it: petmsg booking confirm "
        + _refs([ref, *others])
        if known
        else "petmsg booking list; then find the event in Stripe's dashboard",
    )
    hint = "Add the booking; Stripe sends the event again, or: petmsg booking confirm REF"
    return NotFound("booking", ref, hint=hint)


def refused(uow: UnitOfWork, ref: str, problem: PetmsgError, others: Sequence[str]) -> None:
    """A booking was paid, perhaps together with others, and a rule refused it."""
    command = f"petmsg booking show {shlex.quote(ref)}"
    if others:
        command += f"; to confirm the others: petmsg booking confirm {_refs(others)}"
    raise_alert(
        uow,
        AlertKind.PAYMENT_NOT_MATCHED,
        severity=AlertSeverity.CRITICAL,
        entity="booking",
        ref=ref,
        message=f"Booking {ref} was paid but could not be confirmed: {problem.message}"
        + _of_the_others(others),
        command=command,
    )


def is_ref(text: str) -> bool:
    """Whether this can be the ref of a booking, as it is written."""
    try:
        return parse_ref(text) == text
    except MalformedRef:
        return False


def _of_the_others(others: Sequence[str]) -> str:
    named = [ref for ref in others if is_ref(ref)]
    if not named:
        return ""
    return f" The payment is also for {', '.join(named)}: none of them was confirmed."


def _refs(refs: Sequence[str]) -> str:
    return " ".join(shlex.quote(ref) for ref in refs if is_ref(ref))
