"""Reconcile messages of unknown outcome: ask the provider before anything is sent again.

The outcome is unknown when the worker died or the answer was lost. If the provider lists the
message, it was sent. If the message is missing from two lists a minute apart, the first of them
longer after the attempt than any request can take, it goes back to the queue. Anything else is held
for review.

A delivery receipt reconciles a message, too, if its phones leave one possible message only.

Listed messages are compared by both numbers, their time and what petmsg already knows of them,
because providers change bodies. A listed message with another body that is not a known other
message prevents sending again. Times are compared within one clock only, and waits are measured by
a clock that nobody sets (`petmsg.db.stopwatch`). See "Once" in `docs/sending.md`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from petmsg.db.cursor import Cursor
from petmsg.db.stopwatch import elapsed
from petmsg.enums.messages import AttemptStatus, MessageStatus
from petmsg.enums.orgs import ProviderName
from petmsg.models import Message
from petmsg.providers.base import DeliveryReport, ProviderMessage
from petmsg.queries.org import OrgRow
from petmsg.queries.unknown_outcomes import (
    ClaimedMessage,
    UnknownOutcome,
    awaiting_receipt,
    is_known_id,
    messages_being_sent,
    unknown_messages,
)
from petmsg.services.outbox.not_sent import hold_for_review
from petmsg.services.outbox.record_outcome import attempt_of, bind, end_as_delivered, locked_by_id
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.text_inputs import is_body_of

GRACE = timedelta(seconds=120)
"""Longer than the longest request: a message that the provider does not list by then never reached
it."""
SECOND_LOOK = timedelta(seconds=60)
RECEIPTS_MAY_BE_OF = timedelta(days=7)
"""A receipt may be of a message that was sent so long ago: carriers try for three days, after ten
hours in the provider's queue."""
CLOCK_SKEW = timedelta(minutes=15)
"""A message that the provider accepted earlier than this before the claim is not ours. It is longer
than the clocks of two machines differ."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The result of reconciling a message."""

    message: int
    status: MessageStatus
    note: str


def list_sending(cursor: Cursor, org: OrgRow) -> list[ClaimedMessage]:
    """Return the org's messages with status `sending`, oldest first."""
    return messages_being_sent(cursor, org.id)


def list_unknown(cursor: Cursor, org: OrgRow) -> list[UnknownOutcome]:
    """Return the org's messages of unknown outcome, oldest first."""
    return unknown_messages(cursor, org.id)


def mark_outcome_unknown(uow: UnitOfWork, orphan: ClaimedMessage) -> Reconciled | None:
    """Record that the worker of a message died, so that its outcome is unknown. Return None if that
    is already decided."""
    message = locked_by_id(uow, orphan.message)
    if message.status is not MessageStatus.SENDING or message.worker != orphan.worker:
        return None
    message.status = MessageStatus.UNKNOWN
    message.in_doubt_at = uow.now
    message.error_message = "The sending process died."
    attempt = attempt_of(uow, orphan.message, message.attempts)
    attempt.status, attempt.ended_at = AttemptStatus.UNKNOWN, uow.now
    uow.audit(
        "message.outcome_unknown",
        "message",
        str(message.id),
        {"code": None, "attempt": message.attempts},
        reason="the sending process died",
    )
    uow.session.flush()
    return Reconciled(
        orphan.message, message.status, "the sending process died; petmsg asks the provider"
    )


def reconcile(
    uow: UnitOfWork,
    unknown: UnknownOutcome,
    found: Sequence[ProviderMessage],
    *,
    asked: str,
    grace: timedelta = GRACE,
    second_look: timedelta = SECOND_LOOK,
) -> Reconciled | None:
    """Decide about a message of unknown outcome by the provider's list; return None if it was
    already decided.

    `found` is the list fetched at the mark `asked`, after the outcome became unknown.
    """
    message = _still_unknown(uow, unknown)
    if message is None:
        return None
    others = [listed for listed in found if _is_not_known(uow, message, listed)]
    near = [
        listed for listed in others if _accepted_at(uow, listed) >= unknown.claimed_at - CLOCK_SKEW
    ]
    same = [listed for listed in near if _has_same_content(message, listed)]
    if len(same) == 1:
        return _mark_sent(uow, message, same[0].provider_message_id, "found at the provider")
    older = [
        listed
        for listed in others
        if _says_something(listed) and _has_same_content(message, listed)
    ]
    if same or older:
        return _hold(
            uow,
            message,
            f"the provider has {len(same or older)} messages that may be this one",
            code="ambiguous",
            note="the provider has several similar messages",
        )
    waited = elapsed(message.reconcile_mark, asked)
    was_absent = message.absent_at is not None
    if near and (was_absent or (waited is not None and waited >= grace)):
        return _hold(
            uow,
            message,
            f"the provider lists {near[0].provider_message_id} from the same number to the same "
            "phone, with another body",
            code="other_words",
            note="the provider lists one like it in other words",
        )
    if waited is None:
        message.reconcile_mark = asked
    elif was_absent and waited >= second_look:
        return _queue_again(uow, message)
    elif not was_absent and waited >= grace:
        message.absent_at, message.reconcile_mark = uow.now, asked
    uow.session.flush()
    late = (
        "does not list it yet"
        if message.absent_at is None
        else "does not list it; petmsg will ask once more"
    )
    return Reconciled(unknown.message, message.status, f"the provider {late}")


def orgs_to_reconcile(
    cursor: Cursor, receipts: Sequence[DeliveryReport], *, provider: ProviderName, now: datetime
) -> dict[str, str]:
    """The slug of the org whose message of unknown outcome a receipt may be about, by the ID in the
    receipt."""
    found = {
        each.provider_message_id: awaiting_receipt(
            cursor,
            from_e164=each.from_e164,
            to_e164=each.to_e164,
            provider=provider.value,
            since=now - RECEIPTS_MAY_BE_OF,
        )
        for each in receipts
        if each.from_e164 and each.to_e164
    }
    return {sid: awaited.slug for sid, awaited in found.items() if awaited is not None}


def reconcile_by_receipt(uow: UnitOfWork, receipt: DeliveryReport, provider: ProviderName) -> bool:
    """Mark the message of unknown outcome as sent that a receipt with an unknown ID is about;
    return whether there is one.

    The receipt's two phones must leave one possible message only: of all attempts between them that
    may have reached the provider under an ID that is not known, the one that is waited for. If
    several are possible, nothing is decided, and the list of the provider decides later.
    """
    if not (receipt.from_e164 and receipt.to_e164):
        return False
    if is_known_id(uow.cursor, receipt.provider_message_id):
        return False
    found = awaiting_receipt(
        uow.cursor,
        from_e164=receipt.from_e164,
        to_e164=receipt.to_e164,
        provider=provider.value,
        since=uow.now - RECEIPTS_MAY_BE_OF,
    )
    if found is None or found.slug != uow.org.slug:
        return False
    message = locked_by_id(uow, found.message)
    if message.status is not MessageStatus.UNKNOWN or message.attempts != found.attempt:
        return False
    _mark_sent(uow, message, receipt.provider_message_id, "reported by the provider")
    return True


def reconcile_without_provider(
    uow: UnitOfWork, unknown: UnknownOutcome, *, asked: str, grace: timedelta = GRACE
) -> Reconciled | None:
    """Hold a message of unknown outcome for review after `grace`, because it was sent by a provider
    that the org no longer uses and that cannot be asked. Return None if it was already decided."""
    message = _still_unknown(uow, unknown)
    if message is None:
        return None
    why = f"{unknown.provider} may have it, but the org no longer uses that provider"
    waited = elapsed(message.reconcile_mark, asked)
    if waited is None:
        message.reconcile_mark = asked
    elif waited >= grace:
        return _hold(uow, message, why, code="other_provider", note=why)
    uow.session.flush()
    return Reconciled(unknown.message, message.status, why)


def _still_unknown(uow: UnitOfWork, unknown: UnknownOutcome) -> Message | None:
    message = locked_by_id(uow, unknown.message)
    if message.status is not MessageStatus.UNKNOWN or message.attempts != unknown.attempt:
        return None
    return message


def _is_not_known(uow: UnitOfWork, message: Message, listed: ProviderMessage) -> bool:
    """Whether a listed message has the same two numbers and is not known as another message."""
    if (listed.from_e164, listed.to_e164) != (message.from_e164, message.to_e164):
        return False
    return not is_known_id(uow.cursor, listed.provider_message_id)


def _accepted_at(uow: UnitOfWork, listed: ProviderMessage) -> datetime:
    """When the provider accepted it, by the clock of this machine if the provider reported its
    age."""
    return listed.created_at if listed.age is None else uow.now - listed.age


def _says_something(listed: ProviderMessage) -> bool:
    """Whether it is more than an empty body: a picture alone has one."""
    return bool(listed.body.strip()) or bool(listed.media_count)


def _has_same_content(message: Message, listed: ProviderMessage) -> bool:
    """Whether body and number of pictures are the message's, as far as the provider says them."""
    if listed.media_count not in (None, message.media_count):
        return False
    return message.body is not None and is_body_of(message.body, listed.body)


def _hold(uow: UnitOfWork, message: Message, why: str, *, code: str, note: str) -> Reconciled:
    assert message.id is not None
    hold_for_review(uow, message, why=why, code=code)
    return Reconciled(message.id, message.status, note)


def _mark_sent(uow: UnitOfWork, message: Message, provider_id: str, why: str) -> Reconciled:
    assert message.id is not None
    attempt = attempt_of(uow, message.id, message.attempts)
    attempt.status, attempt.ended_at = AttemptStatus.SENT, uow.now
    attempt.provider_message_id = provider_id
    bind(uow, message, provider_id)
    uow.audit(
        "message.sent",
        "message",
        str(message.id),
        {"attempt": message.attempts, "number": message.from_e164},
        reason=why,
    )
    uow.session.flush()
    return Reconciled(message.id, message.status, f"{why}: it was sent")


def _queue_again(uow: UnitOfWork, message: Message) -> Reconciled:
    assert message.id is not None
    attempt = attempt_of(uow, message.id, message.attempts)
    attempt.status, attempt.ended_at = AttemptStatus.ABSENT, uow.now
    message.status = MessageStatus.QUEUED
    message.due_at = uow.now
    message.in_doubt_at = message.absent_at = message.reconcile_mark = None
    if message.delivered_at is not None:
        end_as_delivered(message)
        return Reconciled(message.id, message.status, "an earlier attempt was delivered")
    uow.audit(
        "message.requeued",
        "message",
        str(message.id),
        {"attempt": message.attempts},
        reason="the provider does not have it",
    )
    uow.session.flush()
    return Reconciled(message.id, message.status, "the provider does not have it: queued again")
