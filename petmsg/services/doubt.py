"""Texts whose fate is not known: looking up what the provider has before anything is tried again.

Source of the rules: the reliability notes (Sending). A text is in doubt when its worker died or its
answer was lost. If the provider lists it, it was sent. If it is missing from two lists a minute
apart, the first of them longer after than any request can take, it goes back to the queue. Anything
else is for a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from petmsg.db.cursor import Cursor
from petmsg.enums import AttemptStatus, MessageStatus, ProviderName
from petmsg.models import Message
from petmsg.providers.base import ProviderText
from petmsg.queries.org import OrgRow
from petmsg.services.claim import hold_for_a_person
from petmsg.services.record import attempt_of, bind, end_as_delivered, locked_by_id
from petmsg.services.work import Work
from petmsg.words import normal_body

GRACE = timedelta(seconds=120)
"""Longer than the longest request: what is not there by then never comes."""
SECOND_LOOK = timedelta(seconds=60)
LOOK_BACK = timedelta(hours=24)
"""How far before the claim the provider is asked: more than any clock is wrong."""
CLOCK_SKEW = timedelta(minutes=10)
"""A text the provider took longer before the claim than this is hardly ours."""


@dataclass(frozen=True, slots=True)
class Orphan:
    """A text that is being sent, or was, by the worker of that token."""

    message: int
    worker: str | None


@dataclass(frozen=True, slots=True)
class InDoubt:
    """A text whose fate is not known, with what to ask the provider for."""

    message: int
    attempt: int
    provider: ProviderName | None
    from_e164: str
    to_e164: str
    claimed_at: datetime

    @property
    def since(self) -> datetime:
        """From when on the provider's texts may be this one."""
        return self.claimed_at - LOOK_BACK


@dataclass(frozen=True, slots=True)
class Settled:
    """What was found out about a text in doubt."""

    message: int
    status: MessageStatus
    note: str


def being_sent(cursor: Cursor, org: OrgRow) -> list[Orphan]:
    """The org's texts that are `sending`, the oldest first."""
    rows = cursor.tuples(
        "SELECT id, worker FROM message WHERE org_id = :org_id AND direction = 'outbound'"
        " AND status IN ('sending', 'unknown') AND status = 'sending' ORDER BY id",
        org_id=org.id,
    )
    return [Orphan(*row) for row in rows]


def in_doubt(cursor: Cursor, org: OrgRow) -> list[InDoubt]:
    """The org's texts whose fate is not known, the oldest first."""
    rows = cursor.rows(
        "SELECT id AS message, attempts AS attempt, provider, from_e164, to_e164, claimed_at"
        " FROM message"
        " WHERE org_id = :org_id AND direction = 'outbound'"
        " AND status IN ('sending', 'unknown') AND status = 'unknown'"
        " AND from_e164 IS NOT NULL AND to_e164 IS NOT NULL AND claimed_at IS NOT NULL"
        " ORDER BY id",
        org_id=org.id,
    )
    return [InDoubt(**row) for row in rows]


def orphaned(work: Work, orphan: Orphan) -> Settled | None:
    """The worker of a text is dead: its fate is not known. None if it is settled by now."""
    message = locked_by_id(work, orphan.message)
    if message.status is not MessageStatus.SENDING or message.worker != orphan.worker:
        return None
    message.status = MessageStatus.UNKNOWN
    message.in_doubt_at = work.now
    message.error_message = "Its sender died while it was being sent."
    attempt = attempt_of(work, orphan.message, message.attempts)
    attempt.status, attempt.ended_at = AttemptStatus.UNKNOWN, work.now
    work.record(
        "message.outcome_unknown",
        "message",
        str(message.id),
        {"code": None, "attempt": message.attempts},
        reason="its sender died",
    )
    work.session.flush()
    return Settled(orphan.message, message.status, "its sender died; the provider is asked")


def settle(
    work: Work,
    doubt: InDoubt,
    found: Sequence[ProviderText],
    *,
    grace: timedelta = GRACE,
    second_look: timedelta = SECOND_LOOK,
) -> Settled | None:
    """Decide about a text in doubt by what the provider listed; None if it was settled meanwhile.

    `found` was listed after the text came into doubt, at `work.now` or later.
    """
    message = locked_by_id(work, doubt.message)
    if message.status is not MessageStatus.UNKNOWN or message.attempts != doubt.attempt:
        return None
    assert message.in_doubt_at is not None
    candidates = [text for text in found if _may_be(work, message, text)]
    likely = [text for text in candidates if text.created_at >= doubt.claimed_at - CLOCK_SKEW]
    if len(likely) == 1:
        return _bound(work, message, likely[0])
    if candidates:
        hold_for_a_person(
            work,
            message,
            why=f"the provider has {len(candidates)} texts that may be this one",
            code="ambiguous",
        )
        return Settled(doubt.message, message.status, "the provider has several like it")
    if work.now < message.in_doubt_at + grace:
        return Settled(doubt.message, message.status, "the provider does not list it yet")
    if message.absent_at is None:
        message.absent_at = work.now
        work.session.flush()
        return Settled(doubt.message, message.status, "the provider does not list it; once more")
    if work.now < message.absent_at + second_look:
        return Settled(doubt.message, message.status, "the provider does not list it; once more")
    return _back_to_the_queue(work, message)


def left_behind(work: Work, doubt: InDoubt, *, grace: timedelta = GRACE) -> Settled | None:
    """A text in doubt was handed to a provider that carries the org's texts no more, so that nobody
    here can ask it: after the grace it is for a person. None if it was settled meanwhile."""
    message = locked_by_id(work, doubt.message)
    if message.status is not MessageStatus.UNKNOWN or message.attempts != doubt.attempt:
        return None
    assert message.in_doubt_at is not None
    why = f"{doubt.provider} may have it, but carries the org's texts no more"
    if work.now >= message.in_doubt_at + grace:
        hold_for_a_person(work, message, why=why, code="other_provider")
    return Settled(doubt.message, message.status, why)


def _may_be(work: Work, message: Message, text: ProviderText) -> bool:
    """Same numbers, same words, and not yet known as another text of ours."""
    if (text.from_e164, text.to_e164) != (message.from_e164, message.to_e164):
        return False
    if message.body is None or normal_body(text.body) != normal_body(message.body):
        return False
    known = work.cursor.value(
        "SELECT message_id FROM message_attempt WHERE provider_message_id = :id",
        id=text.provider_message_id,
    )
    return known is None


def _bound(work: Work, message: Message, text: ProviderText) -> Settled:
    assert message.id is not None
    attempt = attempt_of(work, message.id, message.attempts)
    attempt.status, attempt.ended_at = AttemptStatus.SENT, work.now
    attempt.provider_message_id = text.provider_message_id
    bind(work, message, text.provider_message_id)
    work.record(
        "message.sent",
        "message",
        str(message.id),
        {"attempt": message.attempts, "number": message.from_e164},
        reason="found at the provider",
    )
    work.session.flush()
    return Settled(message.id, message.status, "found at the provider: it was sent")


def _back_to_the_queue(work: Work, message: Message) -> Settled:
    assert message.id is not None
    attempt = attempt_of(work, message.id, message.attempts)
    attempt.status, attempt.ended_at = AttemptStatus.ABSENT, work.now
    message.status = MessageStatus.QUEUED
    message.due_at = work.now
    message.in_doubt_at = message.absent_at = None
    if message.delivered_at is not None:
        end_as_delivered(message)
        return Settled(message.id, message.status, "an earlier try reached her")
    work.record(
        "message.requeued",
        "message",
        str(message.id),
        {"attempt": message.attempts},
        reason="the provider does not have it",
    )
    work.session.flush()
    return Settled(message.id, message.status, "the provider does not have it: queued again")
