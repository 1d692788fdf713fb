"""What happens after a provider said no to a message: one reaction per class of refusal.

The same for an answer to a request and for a report that came later. A refusal decides what becomes
of the message, and teaches something else: that a client opted out, that a number is not usable.
What it teaches holds also where the message is settled by then. Source: the facts file (Sending);
`providers.reactions` says it in words.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from petmsg.clock import zone
from petmsg.enums import AttemptStatus, MessageStatus
from petmsg.models import Message, MessageAttempt
from petmsg.providers.base import RejectionClass
from petmsg.queries.client import timezone_of
from petmsg.queries.rejections import rejection_count
from petmsg.rules.send_blocks import QuietHours, quiet_hours, quiet_until
from petmsg.services.outbox.not_sent import hold_for_a_person
from petmsg.services.outbox.queue import client_ref_of
from petmsg.services.outbox.rejection_effects import RejectionEffect, is_the_recipient, learn_from
from petmsg.services.outbox.system_messages import did_not_arrive
from petmsg.services.unit_of_work import UnitOfWork

UNREACHABLE_TRIES = (timedelta(hours=4), timedelta(hours=16))
"""When an unreachable handset is tried again: three tries within a day."""
UNEXPLAINED_TRIES = (timedelta(minutes=30),)
_US_QUIET_HOURS = QuietHours(21 * 60, 8 * 60)
"""Of the recipient; the law's, where the org has set none (facts: Opt-out)."""
_CAP_ZONE = "America/Los_Angeles"


def react(
    uow: UnitOfWork,
    message: Message,
    attempt: MessageAttempt,
    *,
    code: str,
    rejection_class: RejectionClass,
    words: str,
) -> MessageStatus:
    """Change the message and what it touches, as its refusal asks; the message's status after it.

    The message is locked, and its last attempt is the one that was refused and says so. A status of
    `failed` is the caller's to word otherwise for a report of the carrier (`undelivered`).
    """
    message.error_code, message.error_message = code, words[:500]
    message.status = MessageStatus.FAILED
    refusal = _refusal(uow, message, attempt, code)
    _FATES.get(rejection_class, _fail)(refusal)
    learn_from(refusal, rejection_class)
    if message.status is MessageStatus.FAILED:
        message.due_at = None
        did_not_arrive(uow, message)
    return message.status


def learn(
    uow: UnitOfWork,
    message: Message,
    attempt: MessageAttempt,
    *,
    code: str,
    rejection_class: RejectionClass,
) -> None:
    """Change what a refusal teaches, and leave the message as it is: it was settled before."""
    uow.session.flush()
    learn_from(_refusal(uow, message, attempt, code), rejection_class)


def _refusal(
    uow: UnitOfWork, message: Message, attempt: MessageAttempt, code: str
) -> RejectionEffect:
    reported = attempt.status in (AttemptStatus.UNDELIVERED, AttemptStatus.FAILED) and (
        attempt.provider_message_id is not None
    )
    client = client_ref_of(uow, message)
    return RejectionEffect(uow, message, attempt, client, code, reported)


# -------------------------------------------------------------------- what becomes of the message


def _fail(_refusal: RejectionEffect) -> None:
    """It failed, and that is all: the raw code is kept."""


def _stay_queued(refusal: RejectionEffect) -> None:
    _again_at(refusal.uow, refusal.message, refusal.uow.now)


def _try_again_today(refusal: RejectionEffect) -> None:
    _again_after(refusal, UNREACHABLE_TRIES)


def _try_again_once(refusal: RejectionEffect) -> None:
    _again_after(refusal, UNEXPLAINED_TRIES)


def _wait_for_the_cap(refusal: RejectionEffect) -> None:
    _again_at(refusal.uow, refusal.message, next_midnight(refusal.uow.now, _CAP_ZONE))


def _wait_for_the_hour(refusal: RejectionEffect) -> None:
    _again_at(refusal.uow, refusal.message, _next_allowed(refusal.uow, refusal.message))


def _hold_a_loop(refusal: RejectionEffect) -> None:
    why = "too many texts between the same two numbers"
    hold_for_a_person(refusal.uow, refusal.message, why=why, code=refusal.code)


def _another_number(refusal: RejectionEffect) -> None:
    """Not the client's fault: it leaves from another number; one of no thread from no other."""
    if refusal.message.thread_id is None:
        return
    if is_the_recipient(refusal):
        why = f"two numbers could not text this client (code {refusal.code})"
        hold_for_a_person(refusal.uow, refusal.message, why=why, code=refusal.code)
    else:
        _stay_queued(refusal)


def next_midnight(now: datetime, timezone: str) -> datetime:
    """The next midnight of a zone (aware UTC, like `now`)."""
    local = now.astimezone(zone(timezone))
    tomorrow = local.date() + timedelta(days=1)
    midnight = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=zone(timezone))
    return midnight.astimezone(now.tzinfo)


def _again_at(uow: UnitOfWork, message: Message, at: datetime) -> None:
    message.status = MessageStatus.QUEUED
    message.due_at = max(at, uow.now)


def _again_after(refusal: RejectionEffect, waits: tuple[timedelta, ...]) -> None:
    """Wait longer each time it fails for this cause; tries that were only put back do not count.

    It takes a new place in the line of its thread: later texts do not wait behind it for hours.
    """
    uow, message = refusal.uow, refusal.message
    failed = rejection_count(uow.cursor, message_id=message.id, code=refusal.code)
    if failed <= len(waits):
        _again_at(uow, message, uow.now + waits[max(failed, 1) - 1])
        message.send_at = message.due_at


def _next_allowed(uow: UnitOfWork, message: Message) -> datetime:
    """The next time at which the law, or the org if it is stricter, lets a text to her leave."""
    timezone = timezone_of(uow.cursor, message.client_id) or uow.org.timezone
    own = quiet_hours(uow.org.quiet_from_minute, uow.org.quiet_until_minute)
    quiet = own or _US_QUIET_HOURS
    # The provider said that it is quiet now; where our clock disagrees, an hour later.
    return quiet_until(quiet, uow.now, timezone) or uow.now + timedelta(hours=1)


_FATES: dict[RejectionClass, Callable[[RejectionEffect], None]] = {
    RejectionClass.ACCOUNT: _stay_queued,
    RejectionClass.CONFIGURATION: _stay_queued,
    RejectionClass.SENDER: _another_number,
    RejectionClass.UNREACHABLE: _try_again_today,
    RejectionClass.UNEXPLAINED: _try_again_once,
    RejectionClass.DAILY_CAP: _wait_for_the_cap,
    RejectionClass.QUIET_HOURS: _wait_for_the_hour,
    RejectionClass.LOOP: _hold_a_loop,
}
"""What becomes of the message; it fails where nothing stands here."""
