"""Recording what became of a text that was handed over.

Guarded by the claim: worker and attempt must be those of the text as it is stored. A text whose
fate is not known is never sent again before it was looked up (`services.doubt`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import select

from petmsg.enums import AttemptStatus, MessageStatus, ProviderName
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
from petmsg.providers.twilio_errors import Scope, scope_of
from petmsg.queries.attempt import accept_attempt, has_attempt, occupy_number
from petmsg.rules.rate_limit import LONGEST_AHEAD
from petmsg.services.inbound.waiting import answered
from petmsg.services.outbox.claim import Claim
from petmsg.services.outbox.rejections import react
from petmsg.services.unit_of_work import UnitOfWork

FIRST_BACK_OFF = timedelta(seconds=2)
LONGEST_BACK_OFF = timedelta(minutes=15)
_NOT_TRIED = frozenset(
    (
        RejectionClass.ACCOUNT,
        RejectionClass.CONFIGURATION,
        RejectionClass.DAILY_CAP,
        RejectionClass.QUIET_HOURS,
    )
)
"""Refusals that say nothing about the text or its number: the attempt counts as put back."""
_UNDECIDED = frozenset((MessageStatus.SENDING, MessageStatus.UNKNOWN))
_AFTER = {
    Rejected: AttemptStatus.FAILED,
    RetryLater: AttemptStatus.PUT_BACK,
    Unknown: AttemptStatus.UNKNOWN,
}
_TAKEN = frozenset((MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.UNDELIVERED))


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A claim with what the provider said. `started_at` (aware UTC) is when it was really begun;
    None if it never was. `jitter` is from 0 to 1 and spreads the back-off."""

    claim: Claim
    outcome: SendOutcome
    started_at: datetime | None
    jitter: float = 0.5


def record(uow: UnitOfWork, done: HandedOver) -> MessageStatus:
    """Store what the provider said, if the claim is still the text's last; its status after it.

    That the provider took the text is stored whatever was decided about it meanwhile, so that it
    cannot be sent a second time.
    """
    claim, outcome = done.claim, done.outcome
    if isinstance(outcome, Accepted) and _accepted_at_once(uow, done, outcome):
        return MessageStatus.SENT
    message = locked_by_id(uow, claim.message)
    attempt = attempt_of(uow, claim.message, claim.attempt)
    is_last = message.attempts == claim.attempt and message.worker == claim.worker
    if isinstance(outcome, Accepted):
        _keep_pace(uow, done)
        if not _is_known(uow, claim, outcome.provider_message_id):
            _accepted(uow, claim, message, attempt, outcome.provider_message_id, is_last=is_last)
        return message.status
    if not is_last or message.status not in _UNDECIDED:
        if attempt.status is AttemptStatus.SENDING:
            # The text was settled without this answer, which tells of its try alone.
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
        _say_why(message, outcome.code, outcome.message)
        uow.audit("message.put_back", "message", str(message.id), payload)
    else:
        attempt.status = AttemptStatus.UNKNOWN
        message.status = MessageStatus.UNKNOWN
        message.absent_at = message.reconcile_mark = None
        message.in_doubt_at = uow.now
        _say_why(message, outcome.code, outcome.message)
        uow.audit("message.outcome_unknown", "message", str(message.id), payload)
    if message.delivered_at is not None:
        end_as_delivered(message)
    uow.session.flush()
    return message.status


def _accepted_at_once(uow: UnitOfWork, done: HandedOver, outcome: Accepted) -> bool:
    """What happens to nearly every text: it is still being sent by this try, and was taken."""
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
    _keep_pace(uow, done)
    uow.audit("message.sent", "message", str(claim.message), payload_of(claim, provider))
    answered(uow, claim.decision.client)
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
    """The provider took it. Also if the text was queued again or even claimed anew since: then it
    was sent by this try, and none after it may be begun."""
    attempt.status, attempt.ended_at = AttemptStatus.SENT, uow.now
    attempt.provider_message_id = provider_message_id
    if is_last or message.status not in _TAKEN:
        if not is_last:
            message.number_id, message.rule = claim.number, claim.decision.rule
            message.from_e164, message.decision = claim.text.from_e164, claim.decision_json
        bind(uow, message, provider_message_id)
        uow.audit("message.sent", "message", str(message.id), payload_of(claim, message.provider))
    uow.session.flush()


def _is_known(uow: UnitOfWork, claim: Claim, provider_message_id: str) -> bool:
    """Whether it was found at the provider and recorded already: its state may be a later one."""
    return has_attempt(
        uow.cursor, message_id=claim.message, provider_message_id=provider_message_id
    )


def bind(uow: UnitOfWork, message: Message, provider_message_id: str) -> None:
    """The text is the provider's one of that id: it was sent."""
    message.status = MessageStatus.SENT
    message.provider_message_id = provider_message_id
    message.sent_at = uow.now
    message.due_at = message.in_doubt_at = message.absent_at = None
    message.error_code = message.error_message = None
    if message.delivered_at is not None:
        end_as_delivered(message)


def end_as_delivered(message: Message) -> None:
    """An earlier try reached her while this one was under way: there is no other after it."""
    message.status = MessageStatus.DELIVERED
    message.due_at = message.in_doubt_at = message.absent_at = None
    message.error_code = message.error_message = None


def locked_by_id(uow: UnitOfWork, message_id: int) -> Message:
    """The text of that id, read anew and locked until the commit."""
    return uow.session.exec(
        select(Message)
        .where(Message.org_id == uow.org.id, Message.id == message_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def attempt_of(uow: UnitOfWork, message_id: int, attempt: int) -> MessageAttempt:
    """One attempt of a text."""
    return uow.session.exec(
        select(MessageAttempt).where(
            MessageAttempt.message_id == message_id, MessageAttempt.attempt == attempt
        )
    ).one()


def payload_of(claim: Claim, provider: ProviderName | None) -> dict[str, Any]:
    """What the audit keeps of an attempt: refs and numbers of ours."""
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
    status = react(
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


def _say_why(message: Message, code: str | None, words: str) -> None:
    message.error_code, message.error_message = code, words[:500]


def _keep_pace(uow: UnitOfWork, done: HandedOver) -> None:
    """A text that began later than planned keeps its number busy longer."""
    if done.started_at is None or done.started_at <= done.claim.start_at:
        return
    _busy_until(uow, done.claim.number, done.started_at + done.claim.busy_for)


def _slow_down(uow: UnitOfWork, done: HandedOver, outcome: RetryLater) -> None:
    """The provider asked for a pause: the number starts nothing before."""
    if outcome.after_seconds:
        until = uow.now + min(timedelta(seconds=outcome.after_seconds), LONGEST_AHEAD)
        _busy_until(uow, done.claim.number, until)


def _busy_until(uow: UnitOfWork, number_id: int, until: datetime) -> None:
    occupy_number(uow.cursor, number_id=number_id, until=until)


def _back_off(done: HandedOver, outcome: RetryLater, attempts: int) -> timedelta:
    """What the provider asked for, else twice as long each time; half of it is left to chance."""
    if outcome.after_seconds is not None:
        asked = timedelta(seconds=outcome.after_seconds)
        return asked + FIRST_BACK_OFF * done.jitter
    whole: timedelta = min(FIRST_BACK_OFF * 2.0 ** min(attempts, 12), LONGEST_BACK_OFF)
    return whole * (0.5 + done.jitter / 2)


def _what_to_do(code: str) -> str:
    if scope_of(code) is Scope.ACCOUNT:
        return "Check the settings and credentials (petmsg config show)"
    return f"What to do: petmsg errors explain {code}"


def problem_of(outcome: SendOutcome, message_id: int) -> PetmsgError | None:
    """The error a sender sees for an outcome; None if the text was accepted."""
    if isinstance(outcome, Accepted):
        return None
    if isinstance(outcome, Rejected) and outcome.rejection_class is RejectionClass.ACCOUNT:
        return ProviderAccount(
            f"The provider refused the account, not text {message_id}: {outcome.message}",
            hint=f"{_what_to_do(outcome.code)}. The text stays queued; send it afterwards: petmsg "
            "message dispatch",
        )
    if isinstance(outcome, Rejected) and outcome.rejection_class is RejectionClass.CONFIGURATION:
        return ProviderAccount(
            f"The provider refused a setting, not text {message_id}: {outcome.message}",
            hint=f"{_what_to_do(outcome.code)}. The text stays queued; send it afterwards: petmsg "
            "message dispatch",
        )
    if isinstance(outcome, Rejected):
        return ProviderRefused(
            f"The provider refused text {message_id} ({outcome.code}): {outcome.message}",
            hint=f"What it means: petmsg errors explain {outcome.code}; the text: "
            f"petmsg message show {message_id}",
        )
    if isinstance(outcome, RetryLater):
        return Busy(
            f"The provider cannot take text {message_id} now: {outcome.message}",
            hint="It stays queued; send it later: petmsg message dispatch",
        )
    return ProviderOutcomeUnknown(
        f"It is not known whether text {message_id} was sent: {outcome.message}",
        hint="petmsg message dispatch looks it up at the provider and sends it again only if the "
        "provider does not have it.",
    )
