"""What happens after a provider said no to a text: one reaction per class of refusal.

The same for an answer to a request and for a report that came later. Source: the facts file
(Sending); `providers.reactions` says it in words.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from petmsg.clock import zone
from petmsg.enums import AlertKind, AlertSeverity, MessageStatus
from petmsg.hold import QuietHours, quiet_hours, quiet_until
from petmsg.models import Message, MessageNumber
from petmsg.providers.base import RejectionClass
from petmsg.routing import usable
from petmsg.services import custody
from petmsg.services.alert import raise_alert
from petmsg.services.claim import hold_for_a_person
from petmsg.services.direct import did_not_arrive
from petmsg.services.message import client_ref_of
from petmsg.services.optout import block_pair, provider_said_stop
from petmsg.services.textable import mark_not_textable
from petmsg.services.work import Work

UNREACHABLE_TRIES = (timedelta(hours=4), timedelta(hours=16))
"""When an unreachable handset is tried again: three tries within a day."""
UNEXPLAINED_TRIES = (timedelta(minutes=30),)
_US_QUIET_HOURS = QuietHours(21 * 60, 8 * 60)
"""Of the recipient; the law's, where the org has set none (facts: Opt-out)."""
_CAP_ZONE = "America/Los_Angeles"
_REASON = "provider code {code}"
"""Why the ledger says that a number was taken out of use."""
_TOOK_ANOTHER_OUT = """
SELECT 1 FROM message_attempt a
JOIN number_custody c ON c.number_id = a.number_id AND c.reason = :reason || a.code
WHERE a.thread_id = :thread_id AND a.number_id <> :number_id
  AND a.status IN ('failed', 'undelivered')
  AND NOT EXISTS (
    SELECT 1 FROM message_attempt s WHERE s.thread_id = a.thread_id
      AND s.claimed_at > a.claimed_at AND s.status IN ('sent', 'delivered')
  )
LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class _Refusal:
    work: Work
    message: Message
    client: str | None
    code: str


def react(
    work: Work, message: Message, *, code: str, rejection_class: RejectionClass, words: str
) -> MessageStatus:
    """Change the text and what it touches, as its refusal asks; the text's status after it.

    The text is locked, and its last attempt is the one that was refused. A status of `failed` is
    the caller's to word otherwise for a report of the carrier (`undelivered`).
    """
    message.error_code, message.error_message = code, words[:500]
    message.status = MessageStatus.FAILED
    refusal = _Refusal(work, message, client_ref_of(work, message), code)
    _REACTIONS.get(rejection_class, _nothing_more)(refusal)
    if message.status is MessageStatus.FAILED:
        message.due_at = None
        did_not_arrive(work, message)
    return message.status


def _nothing_more(_refusal: _Refusal) -> None:
    """It failed, and that is all: the raw code is kept."""


def _stop_the_run(refusal: _Refusal) -> None:
    work = refusal.work
    raise_alert(
        work,
        AlertKind.PROVIDER_ACCOUNT,
        severity=AlertSeverity.CRITICAL,
        entity="org",
        ref=work.org.slug,
        message=f"The provider refuses the account (code {refusal.code}); nothing is sent.",
        command="petmsg config show",
    )
    _again_at(work, refusal.message, work.now)


def _mark_phone(refusal: _Refusal) -> None:
    if refusal.client is None:
        return  # a sitter's phone, or a stranger's: a person is told that it did not arrive
    assert refusal.message.to_e164 is not None
    mark_not_textable(
        refusal.work,
        client_ref=refusal.client,
        to_e164=refusal.message.to_e164,
        code=refusal.code,
    )


def _opt_out(refusal: _Refusal) -> None:
    message = refusal.message
    assert message.number_id is not None
    assert message.to_e164 is not None
    assert message.claimed_at is not None
    provider_said_stop(
        refusal.work,
        client_ref=refusal.client,
        to_e164=message.to_e164,
        number_id=message.number_id,
        number=_number(refusal.work, message).e164,
        claimed_at=message.claimed_at,
        code=refusal.code,
    )


def _block(refusal: _Refusal) -> None:
    message = refusal.message
    assert message.number_id is not None
    assert message.to_e164 is not None
    block_pair(
        refusal.work,
        number_id=message.number_id,
        number=_number(refusal.work, message).e164,
        to_e164=message.to_e164,
        client_ref=refusal.client,
        code=refusal.code,
    )


def _try_again_today(refusal: _Refusal) -> None:
    _again_after(refusal, UNREACHABLE_TRIES)


def _try_again_once(refusal: _Refusal) -> None:
    _again_after(refusal, UNEXPLAINED_TRIES)


def _wait_for_the_cap(refusal: _Refusal) -> None:
    _again_at(refusal.work, refusal.message, next_midnight(refusal.work.now, _CAP_ZONE))


def _wait_for_the_hour(refusal: _Refusal) -> None:
    _again_at(refusal.work, refusal.message, _next_allowed(refusal.work, refusal.message))


def _hold_a_loop(refusal: _Refusal) -> None:
    why = "too many texts between the same two numbers"
    hold_for_a_person(refusal.work, refusal.message, why=why, code=refusal.code)


def _name_the_setting(refusal: _Refusal) -> None:
    work = refusal.work
    raise_alert(
        work,
        AlertKind.PROVIDER_SETTING,
        severity=AlertSeverity.WARNING,
        entity="org",
        ref=work.org.slug,
        message=f"A setting of the provider's account stands in the way (code {refusal.code}).",
        command=f"petmsg errors explain {refusal.code}",
    )


def next_midnight(now: datetime, timezone: str) -> datetime:
    """The next midnight of a zone (aware UTC, like `now`)."""
    local = now.astimezone(zone(timezone))
    tomorrow = local.date() + timedelta(days=1)
    midnight = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=zone(timezone))
    return midnight.astimezone(now.tzinfo)


def _again_at(work: Work, message: Message, at: datetime) -> None:
    message.status = MessageStatus.QUEUED
    message.due_at = max(at, work.now)


def _again_after(refusal: _Refusal, waits: tuple[timedelta, ...]) -> None:
    """Wait longer each time it fails for this cause; tries that were only put back do not count.

    It takes a new place in the line of its thread: later texts do not wait behind it for hours.
    """
    work, message = refusal.work, refusal.message
    failed = work.cursor.value(
        "SELECT count(*) FROM message_attempt WHERE message_id = :id AND code = :code"
        " AND status IN ('failed', 'undelivered')",
        id=message.id,
        code=refusal.code,
    )
    if failed <= len(waits):
        _again_at(work, message, work.now + waits[max(failed, 1) - 1])
        message.send_at = message.due_at


def _next_allowed(work: Work, message: Message) -> datetime:
    """The next time at which the law, or the org if it is stricter, lets a text to her leave."""
    timezone = (
        work.cursor.value("SELECT timezone FROM client WHERE id = :id", id=message.client_id)
        or work.org.timezone
    )
    own = quiet_hours(work.org.quiet_from_minute, work.org.quiet_until_minute)
    quiet = own or _US_QUIET_HOURS
    # The provider said that it is quiet now; where our clock disagrees, an hour later.
    return quiet_until(quiet, work.now, timezone) or work.now + timedelta(hours=1)


def _another_number(refusal: _Refusal) -> None:
    """Our number is not usable: not the client's fault, so the text leaves from another one.

    A recipient whom a second number cannot reach either, in this text or a later one, may be the
    reason herself, and must not take one number after the other out of use.
    """
    work, message, code = refusal.work, refusal.message, refusal.code
    number = _number(work, message)
    if message.thread_id is None:
        _take_out(work, number, code=code)  # and it leaves from no other one
        return
    if work.cursor.value(
        _TOOK_ANOTHER_OUT,
        thread_id=message.thread_id,
        number_id=number.id,
        reason=_REASON.format(code=""),
    ):
        why = f"two numbers could not text this client (code {code})"
        hold_for_a_person(work, message, why=why, code=code)
        return
    _take_out(work, number, code=code)
    _again_at(work, message, work.now)


def _take_out(work: Work, number: MessageNumber, *, code: str) -> None:
    """Quarantine a number that the provider does not let us use, the front desk's too."""
    if not usable(number, work.now):
        return
    reason = _REASON.format(code=code)
    until = custody.quarantine_end(work, None)
    custody.to_quarantine(number, until=until, reason=reason)
    custody.enter(work, number, reason=reason)
    work.record(
        "number.quarantined",
        "number",
        number.e164,
        {"until": until, "days": work.org.quarantine_days, "code": code},
        reason=reason,
    )
    raise_alert(
        work,
        AlertKind.NUMBER_UNUSABLE,
        severity=AlertSeverity.CRITICAL,
        entity="number",
        ref=number.e164,
        message=f"The provider does not let {number.e164} send (code {code}); it is quarantined.",
        command=f"petmsg errors explain {code}; then petmsg number restore {number.e164} "
        "--reason …",
    )


def _number(work: Work, message: Message) -> MessageNumber:
    assert message.number_id is not None
    return custody.locked_by_id(work, message.number_id)


_REACTIONS: dict[RejectionClass, Callable[[_Refusal], None]] = {
    RejectionClass.ACCOUNT: _stop_the_run,
    RejectionClass.RECIPIENT: _mark_phone,
    RejectionClass.OPTED_OUT: _opt_out,
    RejectionClass.SENDER: _another_number,
    RejectionClass.SETTING: _name_the_setting,
    RejectionClass.UNREACHABLE: _try_again_today,
    RejectionClass.BLOCKED: _block,
    RejectionClass.UNEXPLAINED: _try_again_once,
    RejectionClass.DAILY_CAP: _wait_for_the_cap,
    RejectionClass.QUIET_HOURS: _wait_for_the_hour,
    RejectionClass.LOOP: _hold_a_loop,
}
