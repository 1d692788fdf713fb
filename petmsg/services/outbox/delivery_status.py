"""What became of the texts that the provider took: delivered, not delivered, or still on the way.

The same for an answer to a question (`message sync`) and for a report that comes by itself. A later
state never goes back: reports come late, twice and out of order. For each try the order is sent,
then undelivered or failed (the first word counts, and the first code), then delivered; a text of
which any try was delivered is delivered, and is not sent again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from petmsg.enums import AlertKind, AlertSeverity, AttemptStatus, MessageStatus
from petmsg.models import Message, MessageAttempt
from petmsg.providers.base import Delivery, DeliveryReport, ProviderText, RejectionClass
from petmsg.queries.delivery_reports import find_attempt, mark_asked_for
from petmsg.queries.delivery_status import messages_of
from petmsg.services.alert import raise_alert
from petmsg.services.numbers.provider_holds import lift
from petmsg.services.outbox.queue import client_ref_of
from petmsg.services.outbox.record_outcome import attempt_of, locked_by_id
from petmsg.services.outbox.rejection_effects import notice_repeats
from petmsg.services.outbox.rejections import learn, react
from petmsg.services.outbox.system_messages import did_not_arrive, is_passed_on
from petmsg.services.unit_of_work import (
    Failure,
    UnitOfWork,
    one_batch_at_a_time,
    run_batch,
    run_in_savepoint,
)

REPORTS_COME_WITHIN = timedelta(days=4)
"""How long after it was sent a text is asked for. Carriers keep trying an unreachable handset for
up to three days; a text without a report by then never gets one, and stays `sent`."""

_FINAL = frozenset((AttemptStatus.UNDELIVERED, AttemptStatus.FAILED, AttemptStatus.DELIVERED))
_UNDER_WAY = frozenset((MessageStatus.SENDING, MessageStatus.UNKNOWN))
_WORDS = {
    Delivery.UNDELIVERED: "The carrier reported that it did not arrive.",
    Delivery.FAILED: "The provider took it, but could not hand it to the carrier.",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider said when it was asked for a text; None: it has none of that id."""

    message: int
    provider_message_id: str
    text: ProviderText | None


@dataclass(frozen=True, slots=True)
class Reported:
    """A text after a report about one of its tries.

    `number` and `provider_id` are of that try, `code` why it did not arrive; `note` says what is
    odd. `changed`: the text is not where it was before.
    """

    message: int
    status: MessageStatus
    client: str | None
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
    """Take in how far a text is; None if no try of this org carries that id.

    One that did not arrive is reacted to as to a refusal (`services.reactions`): it may wait for
    another try. A report about a try that is not the last changes the text only if it says
    delivered: she has it then, whatever becomes of the later tries.
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
        if found.refused_code is not None and since is not None and found.claimed_at > since:
            lift(uow, found.refused_code)
        _record(uow, message, attempt, found.number, event="message.delivered")
    elif delivery in _WORDS and attempt.status not in _FINAL:
        attempt.status, attempt.code = AttemptStatus(delivery.value), code
        if message.status is MessageStatus.SENT and is_last:
            _not_delivered(uow, message, attempt, delivery, rejection_class)
        else:
            _learn(uow, message, attempt, rejection_class)
        put_back = message.status is not before and message.status is MessageStatus.QUEUED
        event = "message.put_back" if put_back else f"message.{delivery.value}"
        _record(uow, message, attempt, found.number, event=event)
    elif delivery in _WORDS and code is not None and _is_without_code(attempt):
        attempt.code = code
        if is_last and message.status is MessageStatus(attempt.status.value):
            _say_why_later(uow, message, attempt, delivery, rejection_class)
        else:
            _learn(uow, message, attempt, rejection_class)
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
    uow: UnitOfWork, reports: Sequence[DeliveryReport]
) -> list[Reported | Failure | None]:
    """`report` for several that came by themselves, each all or nothing; results in their order.

    They are taken in the order of their texts, so that two batches at once lock them in the same
    order; those about the same text in the order they came.
    """
    one_batch_at_a_time(uow)
    messages = messages_of(uow.cursor, uow.org, [each.provider_message_id for each in reports])
    places = sorted(
        range(len(reports)), key=lambda place: messages.get(reports[place].provider_message_id, 0)
    )
    taken = run_batch(
        uow,
        [reports[place] for place in places],
        lambda each: report(
            uow,
            each.provider_message_id,
            delivery=each.delivery,
            code=each.code,
            rejection_class=each.rejection_class,
        ),
        ref=lambda each: each.provider_message_id,
    )
    by_place = dict(zip(places, taken, strict=True))
    return [by_place[place] for place in range(len(reports))]


def take_in(uow: UnitOfWork, answers: Sequence[Answer]) -> list[Reported | Failure]:
    """`report` for what the provider answered, each all or nothing: the texts that changed.

    A text that the provider does not know is left as it is, with a note; one alert for all of them.
    """
    one_batch_at_a_time(uow)
    mark_asked_for(uow.cursor, uow.org.id, [each.message for each in answers], now=uow.now)
    taken = [
        run_in_savepoint(uow, each, lambda one: _take_in_one(uow, one), ref=_ref)
        for each in sorted(answers, key=lambda each: each.message)
    ]
    strange = [each.message for each in answers if each.text is None]
    if strange:
        _alert_not_known(uow, strange)
    return [each for each in taken if each is not None]


def _take_in_one(uow: UnitOfWork, answer: Answer) -> Reported | None:
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
    # A later try that is under way is finished first: its own end leaves the text delivered.
    if message.status not in _UNDER_WAY:
        message.status = MessageStatus.DELIVERED
        message.due_at = message.error_code = message.error_message = None


def _is_without_code(attempt: MessageAttempt) -> bool:
    """Whether it did not arrive, and nobody said why yet."""
    not_delivered = attempt.status in (AttemptStatus.UNDELIVERED, AttemptStatus.FAILED)
    return not_delivered and attempt.code is None


def _not_delivered(
    uow: UnitOfWork,
    message: Message,
    attempt: MessageAttempt,
    delivery: Delivery,
    rejection_class: RejectionClass | None,
) -> None:
    code, words = attempt.code, _WORDS[delivery]
    forgotten = message.to_e164 is None or message.body is None
    uow.session.flush()
    if code is None or rejection_class is None or forgotten:
        message.status, message.due_at = MessageStatus.FAILED, None
        message.error_code, message.error_message = code, words
        did_not_arrive(uow, message)
        notice_repeats(uow, attempt, code=code)
    else:
        react(uow, message, attempt, code=code, rejection_class=rejection_class, words=words)
    if message.status is MessageStatus.FAILED:
        message.status = MessageStatus(delivery.value)


def _say_why_later(
    uow: UnitOfWork,
    message: Message,
    attempt: MessageAttempt,
    delivery: Delivery,
    rejection_class: RejectionClass | None,
) -> None:
    """The code of a message that did not arrive came after that was known.

    A message that petmsg passed on is not sent again: a person was told that it did not arrive.
    """
    if is_passed_on(uow, message):
        message.error_code = attempt.code
        _learn(uow, message, attempt, rejection_class)
    else:
        _not_delivered(uow, message, attempt, delivery, rejection_class)


def _learn(
    uow: UnitOfWork,
    message: Message,
    attempt: MessageAttempt,
    rejection_class: RejectionClass | None,
) -> None:
    """Heed a code whose message is settled, or being tried once more, by now."""
    code = attempt.code
    if code is not None and rejection_class is not None and message.to_e164 is not None:
        learn(uow, message, attempt, code=code, rejection_class=rejection_class)


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
    client = client_ref_of(uow, message)
    return Reported(message.id, message.status, client, number, provider_id, code, changed, note)


def _alert_not_known(uow: UnitOfWork, messages: Sequence[int]) -> None:
    raise_alert(
        uow,
        AlertKind.MESSAGE_NOT_KNOWN,
        severity=AlertSeverity.WARNING,
        entity="org",
        ref=uow.org.slug,
        message=f"The provider does not know {len(messages)} of the texts it took, among them text "
        f"{min(messages)}: perhaps the credentials are another account's.",
        command=f"petmsg message show {min(messages)}; petmsg config show",
    )


def _ref(answer: Answer) -> str:
    return str(answer.message)
