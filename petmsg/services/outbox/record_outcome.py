"""Record the provider's answer for a message that was sent to it.

The answer counts only if its worker and attempt are those of the stored message. A message whose
outcome is unknown is never sent again before the provider was asked
(`services.outbox.unknown_outcomes`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import select

from petmsg.enums.messages import OUTCOME_OPEN, AttemptStatus, MessageStatus
from petmsg.enums.orgs import ProviderName
from petmsg.errors import (
    Busy,
    PetmsgError,
    ProviderAccount,
    ProviderOutcomeUnknown,
    ProviderRefused,
)
from petmsg.models import Message, MessageAttempt
from petmsg.providers.base import (
    Accepted,
    Rejected,
    RejectionClass,
    RetryLater,
    SendOutcome,
    Unknown,
)
from petmsg.providers.error_codes import Scope
from petmsg.providers.registry import look_up_code
from petmsg.queries.attempt import accept_attempt, has_attempt, occupy_number
from petmsg.rules.rate_limit import LONGEST_AHEAD
from petmsg.services.alert import close_message_alert
from petmsg.services.inbound.waiting import end_alert_if_answered
from petmsg.services.outbox.claimed import Claim
from petmsg.services.outbox.rejections import apply_rejection
from petmsg.services.unit_of_work import UnitOfWork

FIRST_BACK_OFF = timedelta(seconds=2)
LONGEST_BACK_OFF = timedelta(minutes=15)
_NOT_TRIED = frozenset(
    (
        RejectionClass.ACCOUNT,
        RejectionClass.REGISTRATION,
        RejectionClass.CONFIGURATION,
        RejectionClass.DAILY_CAP,
        RejectionClass.QUIET_HOURS,
    )
)
"""Rejections that say nothing about the message or its number: the attempt is recorded as put
back."""
_REFUSED = {
    RejectionClass.ACCOUNT: "the account",
    RejectionClass.REGISTRATION: "the registration",
    RejectionClass.CONFIGURATION: "a setting",
}
"""What was rejected if it was not the message."""
_AFTER = {
    Rejected: AttemptStatus.FAILED,
    RetryLater: AttemptStatus.PUT_BACK,
    Unknown: AttemptStatus.UNKNOWN,
}
_ACCEPTED = frozenset((MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.UNDELIVERED))


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A claim with the provider's answer.

    `started_at` (aware UTC) is when the request started; None if it never did. `jitter` is from 0
    to 1 and spreads the back-off.
    """

    claim: Claim
    outcome: SendOutcome
    started_at: datetime | None
    jitter: float = 0.5


def record(uow: UnitOfWork, done: HandedOver) -> MessageStatus:
    """Store the provider's answer if the claim is still the message's last; return its status.

    An accepted message is always stored as sent, whatever was decided meanwhile, so that it cannot
    be sent a second time.
    """
    claim, outcome = done.claim, done.outcome
    if isinstance(outcome, Accepted) and _accepted_at_once(uow, done, outcome):
        return MessageStatus.SENT
    message = locked_by_id(uow, claim.message)
    attempt = attempt_of(uow, claim.message, claim.attempt)
    is_last = message.attempts == claim.attempt and message.worker == claim.worker
    if isinstance(outcome, Accepted):
        _extend_rate_limit(uow, done)
        if not _is_known(uow, claim, outcome.provider_message_id):
            _accepted(uow, claim, message, attempt, outcome.provider_message_id, is_last=is_last)
        return message.status
    if not is_last or message.status not in OUTCOME_OPEN:
        if attempt.status is AttemptStatus.SENDING:
            # The message was decided without this answer, which counts for its attempt only.
            attempt.status, attempt.code = _AFTER[type(outcome)], outcome.code
            attempt.ended_at = uow.now
            uow.session.flush()
        return message.status
    attempt.ended_at, attempt.code = uow.now, outcome.code
    payload = payload_of(claim, message.provider) | {"code": outcome.code}
    if isinstance(outcome, Rejected):
        _rejected(uow, done, message, attempt, payload)
    elif isinstance(outcome, RetryLater):
        attempt.status = AttemptStatus.PUT_BACK
        message.status = MessageStatus.QUEUED
        message.due_at = uow.now + _back_off(done, outcome, message.attempts)
        _slow_down(uow, done, outcome)
        _set_error(message, outcome.code, outcome.message)
        uow.audit("message.put_back", "message", str(message.id), payload)
    else:
        attempt.status = AttemptStatus.UNKNOWN
        message.status = MessageStatus.UNKNOWN
        message.absent_at = message.reconcile_mark = None
        message.in_doubt_at = uow.now
        _set_error(message, outcome.code, outcome.message)
        uow.audit("message.outcome_unknown", "message", str(message.id), payload)
    if message.delivered_at is not None:
        end_as_delivered(message)
    uow.session.flush()
    return message.status


def _accepted_at_once(uow: UnitOfWork, done: HandedOver, outcome: Accepted) -> bool:
    """Record the usual case in one statement: this attempt is still sending, and was accepted."""
    claim = done.claim
    provider = accept_attempt(
        uow.cursor,
        org_id=uow.org.id,
        message_id=claim.message,
        attempt=claim.attempt,
        worker=claim.worker,
        provider_message_id=outcome.provider_message_id,
        now=uow.now,
    )
    if provider is None:
        return False
    _extend_rate_limit(uow, done)
    uow.audit("message.sent", "message", str(claim.message), payload_of(claim, provider))
    end_alert_if_answered(uow, claim.decision.client)
    return True


def _accepted(
    uow: UnitOfWork,
    claim: Claim,
    message: Message,
    attempt: MessageAttempt,
    provider_message_id: str,
    *,
    is_last: bool,
) -> None:
    """Record that the provider accepted the attempt, even if the message was queued or claimed
    again since: this attempt sent it, so no later attempt may start."""
    attempt.status, attempt.ended_at = AttemptStatus.SENT, uow.now
    attempt.provider_message_id = provider_message_id
    if is_last or message.status not in _ACCEPTED:
        if not is_last:
            message.number_id, message.rule = claim.number, claim.decision.stored_rule
            message.from_e164, message.decision = claim.text.from_e164, claim.decision_json
        if message.status is MessageStatus.HELD:
            close_message_alert(uow, claim.message, reason="the message was sent")
        bind(uow, message, provider_message_id)
        uow.audit("message.sent", "message", str(message.id), payload_of(claim, message.provider))
    uow.session.flush()


def _is_known(uow: UnitOfWork, claim: Claim, provider_message_id: str) -> bool:
    """Whether the message was already found at the provider: its recorded state may be newer."""
    return has_attempt(
        uow.cursor, message_id=claim.message, provider_message_id=provider_message_id
    )


def bind(uow: UnitOfWork, message: Message, provider_message_id: str) -> None:
    """Mark the message as sent under the provider's message ID."""
    message.status = MessageStatus.SENT
    message.provider_message_id = provider_message_id
    message.sent_at = uow.now
    message.due_at = message.in_doubt_at = message.absent_at = None
    message.error_code = message.error_message = None
    if message.delivered_at is not None:
        end_as_delivered(message)


def end_as_delivered(message: Message) -> None:
    """Mark the message as delivered, because an earlier attempt was delivered meanwhile."""
    message.status = MessageStatus.DELIVERED
    message.due_at = message.in_doubt_at = message.absent_at = None
    message.error_code = message.error_message = None


def locked_by_id(uow: UnitOfWork, message_id: int) -> Message:
    """Return the message, read again and locked until the commit."""
    return uow.session.exec(
        select(Message)
        .where(Message.org_id == uow.org.id, Message.id == message_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def attempt_of(uow: UnitOfWork, message_id: int, attempt: int) -> MessageAttempt:
    """Return one attempt of a message."""
    return uow.session.exec(
        select(MessageAttempt).where(
            MessageAttempt.message_id == message_id, MessageAttempt.attempt == attempt
        )
    ).one()


def payload_of(claim: Claim, provider: ProviderName | None) -> dict[str, Any]:
    """Return what the audit log stores about an attempt: refs and the company's own numbers
    only."""
    decision = claim.decision
    assert decision.number is not None
    return {
        "client": decision.client,
        "number": decision.number.e164,
        "rule": decision.rule.value if decision.rule else None,
        "window": decision.window.booking if decision.window else None,
        "provider": provider.value if provider else None,
        "attempt": claim.attempt,
    }


def _rejected(
    uow: UnitOfWork,
    done: HandedOver,
    message: Message,
    attempt: MessageAttempt,
    payload: dict[str, Any],
) -> None:
    outcome = done.outcome
    assert isinstance(outcome, Rejected)
    not_tried = outcome.rejection_class in _NOT_TRIED
    attempt.status = AttemptStatus.PUT_BACK if not_tried else AttemptStatus.FAILED
    uow.session.flush()
    status = apply_rejection(
        uow,
        message,
        attempt,
        code=outcome.code,
        rejection_class=outcome.rejection_class,
        words=outcome.message,
    )
    event = {
        MessageStatus.QUEUED: "message.put_back",
        MessageStatus.HELD: "message.refused",
    }.get(status, "message.failed")
    uow.audit(event, "message", str(message.id), payload)


def _set_error(message: Message, code: str | None, words: str) -> None:
    message.error_code, message.error_message = code, words[:500]


def _extend_rate_limit(uow: UnitOfWork, done: HandedOver) -> None:
    """Extend the number's busy time by as much as the request started late."""
    if done.started_at is None or done.started_at <= done.claim.start_at:
        return
    _busy_until(uow, done.claim.number, done.started_at + done.claim.occupancy)


def _slow_down(uow: UnitOfWork, done: HandedOver, outcome: RetryLater) -> None:
    """Start nothing from the number before the pause that the provider asked for is over."""
    if outcome.after_seconds:
        until = uow.now + min(timedelta(seconds=outcome.after_seconds), LONGEST_AHEAD)
        _busy_until(uow, done.claim.number, until)


def _busy_until(uow: UnitOfWork, number_id: int, until: datetime) -> None:
    occupy_number(uow.cursor, number_id=number_id, until=until)


def _back_off(done: HandedOver, outcome: RetryLater, attempts: int) -> timedelta:
    """Return the pause the provider asked for, or twice the previous one; half of it is random."""
    if outcome.after_seconds is not None:
        asked = timedelta(seconds=outcome.after_seconds)
        return asked + FIRST_BACK_OFF * done.jitter
    whole: timedelta = min(FIRST_BACK_OFF * 2.0 ** min(attempts, 12), LONGEST_BACK_OFF)
    return whole * (0.5 + done.jitter / 2)


def _advice(code: str) -> str:
    if look_up_code(code).scope is Scope.ACCOUNT:
        return "Check the settings and credentials (petmsg config show)"
    return f"See what to do: petmsg errors explain {code}"


def error_for(
    outcome: SendOutcome, message_id: int, *, status: MessageStatus
) -> PetmsgError | None:
    """Return the error that the sender sees for an outcome; None if the message was accepted.
    `status` is what became of the message."""
    if isinstance(outcome, Accepted):
        return None
    if isinstance(outcome, Rejected) and outcome.rejection_class in _REFUSED:
        return ProviderAccount(
            f"The provider rejected {_REFUSED[outcome.rejection_class]}, not message "
            f"{message_id}: {outcome.message}",
            hint=f"{_advice(outcome.code)}. The message stays queued. Then send it: petmsg "
            "message dispatch",
        )
    if isinstance(outcome, Rejected):
        stays = "The message stays queued. " if status is MessageStatus.QUEUED else ""
        return ProviderRefused(
            f"The provider rejected message {message_id} ({outcome.code}): {outcome.message}",
            hint=f"{stays}See the code: petmsg errors explain {outcome.code}. See the message: "
            f"petmsg message show {message_id}",
        )
    if isinstance(outcome, RetryLater):
        return Busy(
            f"The provider cannot accept message {message_id} now: {outcome.message}",
            hint="The message stays queued. Send it later: petmsg message dispatch",
        )
    return ProviderOutcomeUnknown(
        f"The outcome of message {message_id} is unknown: {outcome.message}",
        hint="Run petmsg message dispatch: it asks the provider, and sends the message again "
        "only if the provider does not have it.",
    )
