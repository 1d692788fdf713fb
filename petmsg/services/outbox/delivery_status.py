"""Apply delivery receipts: a message was delivered, was not delivered, or is still in transit.

Receipts come from `message sync` or from a webhook, and both are handled alike. A state never goes
back, because receipts may arrive late, twice and out of order. For each attempt the order is sent,
then undelivered or failed (the first receipt and its code count), then delivered. A message is
delivered if any of its attempts was delivered, and is then not sent again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.enums.messages import OUTCOME_OPEN, AttemptStatus, MessageStatus
from petmsg.enums.orgs import ProviderName
from petmsg.models import Message, MessageAttempt
from petmsg.providers.base import Bill, Delivery, DeliveryReport, ProviderMessage, RejectionClass
from petmsg.queries.delivery_reports import find_attempt, mark_asked_for
from petmsg.queries.delivery_status import messages_of
from petmsg.services.alert import raise_alert
from petmsg.services.numbers.provider_holds import lift
from petmsg.services.outbox.prices import record_bills
from petmsg.services.outbox.record_outcome import attempt_of, locked_by_id
from petmsg.services.outbox.rejections import apply_late_rejection, apply_rejection
from petmsg.services.outbox.repeated_codes import ends_hold
from petmsg.services.outbox.stored_message import client_of, client_ref_of
from petmsg.services.outbox.system_messages import is_relayed, on_undelivered
from petmsg.services.outbox.unknown_outcomes import reconcile_by_receipt
from petmsg.services.unit_of_work import (
    Failure,
    UnitOfWork,
    one_batch_at_a_time,
    run_batch,
    run_in_savepoint,
)

_FINAL = frozenset((AttemptStatus.UNDELIVERED, AttemptStatus.FAILED, AttemptStatus.DELIVERED))
_EXPLANATIONS = {
    Delivery.UNDELIVERED: "The carrier reported that the message was not delivered.",
    Delivery.FAILED: "The provider accepted the message, but could not pass it to the carrier.",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The provider's answer about a message; `text` is None if it has no message of that ID."""

    message: int
    provider_message_id: str
    text: ProviderMessage | None


@dataclass(frozen=True, slots=True)
class Reported:
    """A message after a receipt for one of its attempts.

    `number`, `provider_id` and `code` (why it was not delivered) are those of that attempt; `note`
    reports anything unusual. `changed` is true if the message has another status now.
    """

    message: int
    status: MessageStatus
    client: str | None
    client_name: str | None
    number: str | None
    provider_id: str
    code: str | None
    changed: bool
    note: str | None = None


def report(
    uow: UnitOfWork,
    provider_message_id: str,
    *,
    delivery: Delivery,
    code: str | None = None,
    rejection_class: RejectionClass | None = None,
) -> Reported | None:
    """Apply a delivery receipt; return None if no attempt of this org has that ID.

    A message that was not delivered is handled like a rejected one (`services.outbox.rejections`)
    and may be retried. A receipt for an earlier attempt changes the message only if it says
    `delivered`, because the client then has the message.
    """
    found = find_attempt(uow.cursor, uow.org.id, provider_message_id)
    if found is None:
        return None
    message = locked_by_id(uow, found.message_id)
    attempt = attempt_of(uow, found.message_id, found.attempt)
    before = message.status
    is_last = message.provider_message_id == provider_message_id
    if delivery is Delivery.DELIVERED and attempt.status is not AttemptStatus.DELIVERED:
        _delivered(uow, message, attempt)
        since = found.refused_at
        code_of_hold = found.refused_code
        if (
            code_of_hold is not None
            and since is not None
            and ends_hold(uow, code_of_hold, refused_at=since, claimed_at=found.claimed_at)
        ):
            lift(uow, code_of_hold)
        _record(uow, message, attempt, found.number, event="message.delivered")
    elif delivery in _EXPLANATIONS and attempt.status not in _FINAL:
        attempt.status, attempt.code = AttemptStatus(delivery.value), code
        if message.status is MessageStatus.SENT and is_last:
            _not_delivered(uow, message, attempt, delivery, rejection_class)
        else:
            _apply_late_effects(uow, message, attempt, rejection_class)
        put_back = message.status is not before and message.status is MessageStatus.QUEUED
        event = "message.put_back" if put_back else f"message.{delivery.value}"
        _record(uow, message, attempt, found.number, event=event)
    elif delivery in _EXPLANATIONS and code is not None and _is_without_code(attempt):
        attempt.code = code
        if is_last and message.status is MessageStatus(attempt.status.value):
            _apply_late_code(uow, message, attempt, delivery, rejection_class)
        else:
            _apply_late_effects(uow, message, attempt, rejection_class)
        event = "message.put_back" if message.status is MessageStatus.QUEUED else "message.code"
        _record(uow, message, attempt, found.number, event=event)
    uow.session.flush()
    return _reported(
        uow,
        message,
        number=found.number,
        provider_id=provider_message_id,
        code=attempt.code,
        changed=message.status is not before,
    )


def report_each(
    uow: UnitOfWork, reports: Sequence[DeliveryReport], *, provider: ProviderName
) -> list[Reported | Failure | None]:
    """Apply several webhook receipts of a provider, each in its own savepoint; return results in
    their order.

    A receipt with an ID that no attempt has may reconcile a message of unknown outcome.
    Receipts are applied in the order of their messages, so that two batches lock them in the same
    order. Receipts for the same message are applied in the order they came.
    """
    one_batch_at_a_time(uow)
    messages = messages_of(uow.cursor, uow.org, [each.provider_message_id for each in reports])
    places = sorted(
        range(len(reports)), key=lambda place: messages.get(reports[place].provider_message_id, 0)
    )
    results = run_batch(
        uow,
        [reports[place] for place in places],
        lambda each: _report_or_reconcile(uow, each, provider),
        ref=lambda each: each.provider_message_id,
    )
    by_place = dict(zip(places, results, strict=True))
    return [by_place[place] for place in range(len(reports))]


def _report_or_reconcile(
    uow: UnitOfWork, receipt: DeliveryReport, provider: ProviderName
) -> Reported | None:
    reconciled = reconcile_by_receipt(uow, receipt, provider)
    reported = report(
        uow,
        receipt.provider_message_id,
        delivery=receipt.delivery,
        code=receipt.code,
        rejection_class=receipt.rejection_class,
    )
    return replace(reported, changed=True) if reconciled and reported is not None else reported


def apply_answers(uow: UnitOfWork, answers: Sequence[Answer]) -> list[Reported | Failure]:
    """Apply the provider's answers, each in its own savepoint; return the changed messages.

    A message that the provider does not know stays as it is, with a note. One alert reports them
    all.
    """
    one_batch_at_a_time(uow)
    mark_asked_for(uow.cursor, uow.org.id, [each.message for each in answers], now=uow.now)
    results = [
        run_in_savepoint(uow, each, lambda one: _apply_answer(uow, one), ref=_ref)
        for each in sorted(answers, key=lambda each: each.message)
    ]
    record_bills(
        uow,
        [
            Bill(each.provider_message_id, each.text.price, each.text.segments)
            for each in answers
            if each.text is not None
        ],
    )
    missing = [each.message for each in answers if each.text is None]
    if missing:
        _alert_missing(uow, missing)
    return [each for each in results if each is not None]


def _apply_answer(uow: UnitOfWork, answer: Answer) -> Reported | None:
    text = answer.text
    if text is None:
        message = locked_by_id(uow, answer.message)
        return _reported(
            uow,
            message,
            number=message.from_e164,
            provider_id=answer.provider_message_id,
            note="the provider does not know it",
        )
    reported = report(
        uow,
        answer.provider_message_id,
        delivery=text.delivery,
        code=text.code,
        rejection_class=text.rejection_class,
    )
    return reported if reported is not None and reported.changed else None


def _delivered(uow: UnitOfWork, message: Message, attempt: MessageAttempt) -> None:
    attempt.status, attempt.code = AttemptStatus.DELIVERED, None
    if message.delivered_at is None:
        message.delivered_at = uow.now
    # A later attempt in progress ends first; its own outcome leaves the message delivered.
    if message.status not in OUTCOME_OPEN:
        message.status = MessageStatus.DELIVERED
        message.due_at = message.error_code = message.error_message = None


def _is_without_code(attempt: MessageAttempt) -> bool:
    """Whether the message was not delivered and no code is known yet."""
    not_delivered = attempt.status in (AttemptStatus.UNDELIVERED, AttemptStatus.FAILED)
    return not_delivered and attempt.code is None


def _not_delivered(
    uow: UnitOfWork,
    message: Message,
    attempt: MessageAttempt,
    delivery: Delivery,
    rejection_class: RejectionClass | None,
) -> None:
    code, words = attempt.code, _EXPLANATIONS[delivery]
    erased = message.to_e164 is None or message.body is None
    uow.session.flush()
    if erased:
        message.status, message.due_at = MessageStatus.FAILED, None
        message.error_code, message.error_message = code, words
        on_undelivered(uow, message)
    else:
        of_class = rejection_class or RejectionClass.OTHER
        apply_rejection(uow, message, attempt, code=code, rejection_class=of_class, words=words)
    if message.status is MessageStatus.FAILED:
        message.status = MessageStatus(delivery.value)


def _apply_late_code(
    uow: UnitOfWork,
    message: Message,
    attempt: MessageAttempt,
    delivery: Delivery,
    rejection_class: RejectionClass | None,
) -> None:
    """Apply a code that came after the message was known to be undelivered.

    A relayed message is not sent again, because a person was already notified that it was not
    delivered.
    """
    if is_relayed(uow, message):
        message.error_code = attempt.code
        _apply_late_effects(uow, message, attempt, rejection_class)
    else:
        _not_delivered(uow, message, attempt, delivery, rejection_class)


def _apply_late_effects(
    uow: UnitOfWork,
    message: Message,
    attempt: MessageAttempt,
    rejection_class: RejectionClass | None,
) -> None:
    """Apply the side effects of a code whose message is final or is being retried."""
    code = attempt.code
    if code is not None and rejection_class is not None and message.to_e164 is not None:
        apply_late_rejection(uow, message, attempt, code=code, rejection_class=rejection_class)


def _record(
    uow: UnitOfWork, message: Message, attempt: MessageAttempt, number: str, *, event: str
) -> None:
    uow.audit(
        event,
        "message",
        str(message.id),
        {
            "client": client_ref_of(uow, message),
            "number": number,
            "attempt": attempt.attempt,
            "code": attempt.code,
            "status": message.status.value,
        },
        reason="reported by the provider",
    )


def _reported(
    uow: UnitOfWork,
    message: Message,
    *,
    number: str | None,
    provider_id: str,
    code: str | None = None,
    changed: bool = False,
    note: str | None = None,
) -> Reported:
    assert message.id is not None
    client = None if message.client_id is None else client_of(uow, message)
    return Reported(
        message=message.id,
        status=message.status,
        client=None if client is None else client.ref,
        client_name=None if client is None else client.name,
        number=number,
        provider_id=provider_id,
        code=code,
        changed=changed,
        note=note,
    )


def _alert_missing(uow: UnitOfWork, messages: Sequence[int]) -> None:
    raise_alert(
        uow,
        AlertKind.MESSAGE_NOT_KNOWN,
        severity=AlertSeverity.WARNING,
        entity="org",
        ref=uow.org.slug,
        message=f"The provider does not know {len(messages)} of the messages it accepted, "
        f"including message {min(messages)}. The credentials may belong to another "
        "account.",
        command=f"petmsg message show {min(messages)}; petmsg config show",
    )


def _ref(answer: Answer) -> str:
    return str(answer.message)
