"""Handle rejections by the provider: one policy per class of rejection.

A direct answer and a later receipt are handled alike. A rejection decides what happens to the
message, and has side effects (`rejection_effects`), which apply even if the message is already
final. `petmsg errors explain` describes the policy of each code.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from petmsg.clock import zone
from petmsg.enums.messages import AttemptStatus, MessageStatus
from petmsg.models import Message, MessageAttempt
from petmsg.providers.base import RejectionClass
from petmsg.providers.error_codes import Scope
from petmsg.providers.registry import look_up_code
from petmsg.queries.client import timezone_of
from petmsg.queries.rejections import rejection_count
from petmsg.rules.send_blocks import QuietHours, quiet_hours, quiet_until
from petmsg.services.outbox.not_sent import hold_for_review
from petmsg.services.outbox.rejection_effects import (
    RejectionEffect,
    apply_effects,
    recipient_is_the_cause,
    stops_sending,
)
from petmsg.services.outbox.repeated_codes import NO_CODE
from petmsg.services.outbox.stored_message import client_ref_of
from petmsg.services.outbox.system_messages import on_undelivered
from petmsg.services.unit_of_work import UnitOfWork

UNREACHABLE_TRIES = (timedelta(hours=4), timedelta(hours=16))
"""When to retry an unreachable handset: three attempts within a day."""
UNEXPLAINED_TRIES = (timedelta(minutes=30),)
SETTING_RETRY = timedelta(hours=1)
"""When to retry a message that a setting prevents, if others are sent."""
_US_QUIET_HOURS = QuietHours(21 * 60, 8 * 60)
"""Quiet hours in the recipient's time zone where the org has set none: 9 p.m. to 8 a.m., as US
federal law requires (TCPA, 47 CFR 64.1200(c)(1))."""
_CAP_ZONE = "America/Los_Angeles"


def apply_rejection(
    uow: UnitOfWork,
    message: Message,
    attempt: MessageAttempt,
    *,
    code: str | None,
    rejection_class: RejectionClass,
    words: str,
) -> MessageStatus:
    """Apply the policy of the rejection and its side effects; return the message's status.

    The message is locked, and its last attempt is the rejected one. `code` is None if the provider
    gave none. For a delivery receipt the caller replaces `failed` by the carrier's status
    (`undelivered`). If the code comes for every message, the message stays queued instead
    (`repeated_codes`).
    """
    message.error_code, message.error_message = code, words[:500]
    message.status = MessageStatus.FAILED
    refusal = _refusal(uow, message, attempt, code)
    until = stops_sending(refusal, rejection_class)
    if until is not None:
        _retry_at(uow, message, until)
        return message.status
    _POLICIES.get(rejection_class, _fail)(refusal)
    apply_effects(refusal, rejection_class)
    if message.status is MessageStatus.FAILED:
        message.due_at = None
        on_undelivered(uow, message)
    return message.status


def apply_late_rejection(
    uow: UnitOfWork,
    message: Message,
    attempt: MessageAttempt,
    *,
    code: str,
    rejection_class: RejectionClass,
) -> None:
    """Apply only the side effects of a rejection; the message itself is already final."""
    uow.session.flush()
    refusal = _refusal(uow, message, attempt, code)
    if stops_sending(refusal, rejection_class) is None:
        apply_effects(refusal, rejection_class)


def _refusal(
    uow: UnitOfWork, message: Message, attempt: MessageAttempt, code: str | None
) -> RejectionEffect:
    reported = attempt.status in (AttemptStatus.UNDELIVERED, AttemptStatus.FAILED) and (
        attempt.provider_message_id is not None
    )
    client = client_ref_of(uow, message)
    return RejectionEffect(uow, message, attempt, client, code or NO_CODE, reported)


# -------------------------------------------------------------------- what becomes of the message


def _fail(_refusal: RejectionEffect) -> None:
    """Leave the message failed, with the provider's code."""


def _stay_queued(refusal: RejectionEffect) -> None:
    _retry_at(refusal.uow, refusal.message, refusal.uow.now)


def _wait_for_setting(refusal: RejectionEffect) -> None:
    """Keep the message queued; one that the setting concerns by its sort, such as one with
    pictures, is tried again later, and those behind it need not wait."""
    if look_up_code(refusal.code).scope is Scope.MESSAGE:
        _retry_at(refusal.uow, refusal.message, refusal.uow.now + SETTING_RETRY)
        refusal.message.send_at = refusal.message.due_at
    else:
        _stay_queued(refusal)


def _retry_unreachable(refusal: RejectionEffect) -> None:
    _retry_after(refusal, UNREACHABLE_TRIES)


def _retry_unexplained(refusal: RejectionEffect) -> None:
    _retry_after(refusal, UNEXPLAINED_TRIES)


def _retry_after_daily_cap(refusal: RejectionEffect) -> None:
    _retry_at(refusal.uow, refusal.message, next_midnight(refusal.uow.now, _CAP_ZONE))


def _retry_after_quiet_hours(refusal: RejectionEffect) -> None:
    _retry_at(refusal.uow, refusal.message, _quiet_hours_end(refusal.uow, refusal.message))


def _hold_loop(refusal: RejectionEffect) -> None:
    why = "too many messages between the same two numbers"
    hold_for_review(refusal.uow, refusal.message, why=why, code=refusal.code)


def _use_another_number(refusal: RejectionEffect) -> None:
    """Send the message from another number, because the client is not the cause. A message outside
    any thread has no other number, and fails."""
    if refusal.message.thread_id is None:
        return
    if recipient_is_the_cause(refusal):
        why = f"two numbers could not message this client (code {refusal.code})"
        hold_for_review(refusal.uow, refusal.message, why=why, code=refusal.code)
    else:
        _stay_queued(refusal)


def next_midnight(now: datetime, timezone: str) -> datetime:
    """Return the next midnight in a time zone (aware UTC, like `now`)."""
    local = now.astimezone(zone(timezone))
    tomorrow = local.date() + timedelta(days=1)
    midnight = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=zone(timezone))
    return midnight.astimezone(now.tzinfo)


def _retry_at(uow: UnitOfWork, message: Message, at: datetime) -> None:
    message.status = MessageStatus.QUEUED
    message.due_at = max(at, uow.now)


def _retry_after(refusal: RejectionEffect, waits: tuple[timedelta, ...]) -> None:
    """Wait longer after each failure with this code; attempts that were put back do not count.

    The message moves back in its thread's queue, so that later messages need not wait for hours.
    """
    uow, message = refusal.uow, refusal.message
    failed = rejection_count(uow.cursor, message_id=message.id, code=refusal.code)
    if failed <= len(waits):
        _retry_at(uow, message, uow.now + waits[max(failed, 1) - 1])
        message.send_at = message.due_at


def _quiet_hours_end(uow: UnitOfWork, message: Message) -> datetime:
    """Return when the next message to the client is allowed by law, or by the org if it is
    stricter."""
    timezone = timezone_of(uow.cursor, message.client_id) or uow.org.timezone
    own = quiet_hours(uow.org.quiet_from_minute, uow.org.quiet_until_minute)
    quiet = own or _US_QUIET_HOURS
    # If our clock disagrees with the provider's, try again an hour later.
    return quiet_until(quiet, uow.now, timezone) or uow.now + timedelta(hours=1)


_POLICIES: dict[RejectionClass, Callable[[RejectionEffect], None]] = {
    RejectionClass.ACCOUNT: _stay_queued,
    RejectionClass.REGISTRATION: _stay_queued,
    RejectionClass.CONFIGURATION: _wait_for_setting,
    RejectionClass.SENDER: _use_another_number,
    RejectionClass.UNREACHABLE: _retry_unreachable,
    RejectionClass.UNEXPLAINED: _retry_unexplained,
    RejectionClass.DAILY_CAP: _retry_after_daily_cap,
    RejectionClass.QUIET_HOURS: _retry_after_quiet_hours,
    RejectionClass.LOOP: _hold_loop,
}
"""What happens to the message; it fails where no policy is listed."""
