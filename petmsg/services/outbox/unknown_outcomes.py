"""Texts whose fate is not known: looking up what the provider has before anything is tried again.

Source of the rules: the reliability notes (Sending). A text is in doubt when its worker died or its
answer was lost. If the provider lists it, it was sent. If it is missing from two lists a minute
apart, the first of them longer after than any request can take, it goes back to the queue. Anything
else is for a person.

What the provider lists is told apart by its two numbers, its time and what petmsg knows of it, not
by its words: providers change those. A message that is listed in other words and is not known to be
another one is never sent again. Time is measured on each side by its own clock alone, and the waits
by a clock that nobody sets (`petmsg.db.stopwatch`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from petmsg.db.cursor import Cursor
from petmsg.db.stopwatch import elapsed
from petmsg.enums import AttemptStatus, MessageStatus
from petmsg.models import Message
from petmsg.providers.base import ProviderText
from petmsg.queries.org import OrgRow
from petmsg.queries.unknown_outcomes import (
    ClaimedMessage,
    UnknownOutcome,
    is_known_id,
    messages_being_sent,
    unknown_messages,
)
from petmsg.services.outbox.not_sent import hold_for_a_person
from petmsg.services.outbox.record_outcome import attempt_of, bind, end_as_delivered, locked_by_id
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.text_inputs import is_body_of

GRACE = timedelta(seconds=120)
"""Longer than the longest request: what is not there by then never comes."""
SECOND_LOOK = timedelta(seconds=60)
CLOCK_SKEW = timedelta(minutes=15)
"""A text the provider took longer before the claim than this is hardly ours. Longer than two
machines differ, one of which claimed it while the other looks for it."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What was found out about a text in doubt."""

    message: int
    status: MessageStatus
    note: str


def being_sent(cursor: Cursor, org: OrgRow) -> list[ClaimedMessage]:
    """The org's texts that are `sending`, the oldest first."""
    return messages_being_sent(cursor, org.id)


def in_doubt(cursor: Cursor, org: OrgRow) -> list[UnknownOutcome]:
    """The org's texts whose fate is not known, the oldest first."""
    return unknown_messages(cursor, org.id)


def orphaned(uow: UnitOfWork, orphan: ClaimedMessage) -> Reconciled | None:
    """The worker of a text is dead: its fate is not known. None if it is settled by now."""
    message = locked_by_id(uow, orphan.message)
    if message.status is not MessageStatus.SENDING or message.worker != orphan.worker:
        return None
    message.status = MessageStatus.UNKNOWN
    message.in_doubt_at = uow.now
    message.error_message = "Its sender died while it was being sent."
    attempt = attempt_of(uow, orphan.message, message.attempts)
    attempt.status, attempt.ended_at = AttemptStatus.UNKNOWN, uow.now
    uow.audit(
        "message.outcome_unknown",
        "message",
        str(message.id),
        {"code": None, "attempt": message.attempts},
        reason="its sender died",
    )
    uow.session.flush()
    return Reconciled(orphan.message, message.status, "its sender died; the provider is asked")


def settle(
    uow: UnitOfWork,
    doubt: UnknownOutcome,
    found: Sequence[ProviderText],
    *,
    asked: str,
    grace: timedelta = GRACE,
    second_look: timedelta = SECOND_LOOK,
) -> Reconciled | None:
    """Decide about a text in doubt by what the provider listed; None if it was settled meanwhile.

    `found` was asked for at the mark `asked`, after the text came into doubt.
    """
    message = _still_in_doubt(uow, doubt)
    if message is None:
        return None
    others = [text for text in found if _is_not_known(uow, message, text)]
    near = [text for text in others if _taken_at(uow, text) >= doubt.claimed_at - CLOCK_SKEW]
    alike = [text for text in near if _has_its_words(message, text)]
    if len(alike) == 1:
        return _bound(uow, message, alike[0])
    older = [text for text in others if text.body.strip() and _has_its_words(message, text)]
    if alike or older:
        return _for_a_person(
            uow,
            message,
            f"the provider has {len(alike or older)} texts that may be this one",
            code="ambiguous",
            note="the provider has several like it",
        )
    waited = elapsed(message.reconcile_mark, asked)
    was_absent = message.absent_at is not None
    if near and (was_absent or (waited is not None and waited >= grace)):
        return _for_a_person(
            uow,
            message,
            f"the provider lists {near[0].provider_message_id} from the same number to the "
            "same phone, in other words",
            code="other_words",
            note="the provider lists one like it in other words",
        )
    if waited is None:
        message.reconcile_mark = asked
    elif was_absent and waited >= second_look:
        return _back_to_the_queue(uow, message)
    elif not was_absent and waited >= grace:
        message.absent_at, message.reconcile_mark = uow.now, asked
    uow.session.flush()
    late = "does not list it yet" if message.absent_at is None else "does not list it; once more"
    return Reconciled(doubt.message, message.status, f"the provider {late}")


def left_behind(
    uow: UnitOfWork, doubt: UnknownOutcome, *, asked: str, grace: timedelta = GRACE
) -> Reconciled | None:
    """A text in doubt was handed to a provider that carries the org's texts no more, so that nobody
    here can ask it: after the grace it is for a person. None if it was settled meanwhile."""
    message = _still_in_doubt(uow, doubt)
    if message is None:
        return None
    why = f"{doubt.provider} may have it, but carries the org's texts no more"
    waited = elapsed(message.reconcile_mark, asked)
    if waited is None:
        message.reconcile_mark = asked
    elif waited >= grace:
        return _for_a_person(uow, message, why, code="other_provider", note=why)
    uow.session.flush()
    return Reconciled(doubt.message, message.status, why)


def _still_in_doubt(uow: UnitOfWork, doubt: UnknownOutcome) -> Message | None:
    message = locked_by_id(uow, doubt.message)
    if message.status is not MessageStatus.UNKNOWN or message.attempts != doubt.attempt:
        return None
    return message


def _is_not_known(uow: UnitOfWork, message: Message, text: ProviderText) -> bool:
    """From the same number to the same phone, and not yet known as another text of ours."""
    if (text.from_e164, text.to_e164) != (message.from_e164, message.to_e164):
        return False
    return not is_known_id(uow.cursor, text.provider_message_id)


def _taken_at(uow: UnitOfWork, text: ProviderText) -> datetime:
    """When the provider took it, by the clock of this machine where the provider told its own."""
    return text.created_at if text.age is None else uow.now - text.age


def _has_its_words(message: Message, text: ProviderText) -> bool:
    return message.body is not None and is_body_of(message.body, text.body)


def _for_a_person(
    uow: UnitOfWork, message: Message, why: str, *, code: str, note: str
) -> Reconciled:
    assert message.id is not None
    hold_for_a_person(uow, message, why=why, code=code)
    return Reconciled(message.id, message.status, note)


def _bound(uow: UnitOfWork, message: Message, text: ProviderText) -> Reconciled:
    assert message.id is not None
    attempt = attempt_of(uow, message.id, message.attempts)
    attempt.status, attempt.ended_at = AttemptStatus.SENT, uow.now
    attempt.provider_message_id = text.provider_message_id
    bind(uow, message, text.provider_message_id)
    uow.audit(
        "message.sent",
        "message",
        str(message.id),
        {"attempt": message.attempts, "number": message.from_e164},
        reason="found at the provider",
    )
    uow.session.flush()
    return Reconciled(message.id, message.status, "found at the provider: it was sent")


def _back_to_the_queue(uow: UnitOfWork, message: Message) -> Reconciled:
    assert message.id is not None
    attempt = attempt_of(uow, message.id, message.attempts)
    attempt.status, attempt.ended_at = AttemptStatus.ABSENT, uow.now
    message.status = MessageStatus.QUEUED
    message.due_at = uow.now
    message.in_doubt_at = message.absent_at = message.reconcile_mark = None
    if message.delivered_at is not None:
        end_as_delivered(message)
        return Reconciled(message.id, message.status, "an earlier try reached her")
    uow.audit(
        "message.requeued",
        "message",
        str(message.id),
        {"attempt": message.attempts},
        reason="the provider does not have it",
    )
    uow.session.flush()
    return Reconciled(message.id, message.status, "the provider does not have it: queued again")
