"""Claiming a text, and recording what became of it.

The number is decided in the transaction that claims the text and stored with it; the provider is
called with no transaction open; what it said is recorded after, guarded by the claim. A text whose
fate is not known is never sent again by itself.
"""

import json
from dataclasses import dataclass
from typing import Any

from sqlmodel import col, select

from petmsg.enums import Direction, MessageStatus, ProviderName, Rule
from petmsg.errors import (
    Busy,
    Misconfigured,
    PetmsgError,
    ProviderOutcomeUnknown,
    ProviderRefused,
    Refused,
)
from petmsg.models import Message, MessageNumber, Thread
from petmsg.providers.base import (
    Accepted,
    OutgoingText,
    Rejected,
    RejectionClass,
    RetryLater,
    SendOutcome,
)
from petmsg.queries.lookup import ClientKey
from petmsg.queries.routing import read_facts
from petmsg.routing import Decision, decide
from petmsg.services.message import (
    MessageNotWaiting,
    client_of,
    locked_message,
    queue,
    require_her_window,
    sitter_ref,
)
from petmsg.services.work import Work

_MOST_TRIES = 5
# Texts that are being queued for the same thread share its key; a lock that asked for the key too
# would deadlock with them.
_NO_KEY_UPDATE = {"key_share": True}


class NoNumber(Refused):
    code = "no_number"

    def __init__(self, decision: Decision, *, hint: str) -> None:
        lines = "; ".join(f"{step.code}: {step.explanation}" for step in decision.trace)
        super().__init__(f"{decision.reason}. {lines}.", hint=hint)
        self.decision = decision


class ProviderAccount(Misconfigured):
    code = "provider_account"


@dataclass(frozen=True, slots=True)
class Claim:
    """A text that is ours to send: what to hand over, and which attempt this is."""

    message: int
    attempt: int
    text: OutgoingText
    decision: Decision


@dataclass(frozen=True, slots=True)
class Waiting:
    """A text that stays in the queue for now, and why."""

    message: int
    why: str
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class Sending:
    """A text on its way: where it stands, its claim if it is ours to hand over, or why it waits."""

    message: int
    status: MessageStatus
    from_e164: str | None
    to_e164: str | None
    segments: int
    decision: str | None
    note: str | None
    claim: Claim | None
    waiting: Waiting | None


def queue_and_claim(
    work: Work,
    client_text: str,
    *,
    body: str,
    key: str | None = None,
    as_sitter: str | None = None,
    queue_only: bool = False,
    provider: ProviderName,
) -> Sending:
    """Queue a text and, unless `queue_only`, claim it in the same transaction.

    `provider` is the one whose credentials this process holds.
    """
    queued = queue(work, client_text, body=body, key=key, as_sitter=as_sitter)
    if queue_only or queued.status is not MessageStatus.QUEUED:
        note = f"there already, {queued.status}" if queued.reused else None
        return _sending(work, queued.message, None, note)
    return claim_now(work, queued.message, provider=provider)


def claim_now(work: Work, message_id: int, *, provider: ProviderName) -> Sending:
    """`claim`, with the text as it stands after it."""
    taken = claim(work, message_id, provider=provider)
    return _sending(work, message_id, taken, taken.why if isinstance(taken, Waiting) else None)


def _sending(
    work: Work, message_id: int, taken: Claim | Waiting | None, note: str | None
) -> Sending:
    message = work.session.get(Message, message_id)
    assert message is not None
    decision = message.decision
    if isinstance(taken, Waiting) and taken.decision is not None:
        decision = json.dumps(taken.decision.to_json(), ensure_ascii=False)
    return Sending(
        message=message_id,
        status=message.status,
        from_e164=message.from_e164,
        to_e164=message.to_e164,
        segments=message.segments,
        decision=decision,
        note=note,
        claim=taken if isinstance(taken, Claim) else None,
        waiting=taken if isinstance(taken, Waiting) else None,
    )


def claim(work: Work, message_id: int, *, provider: ProviderName) -> Claim | Waiting:
    """Take a queued text for sending: its number is decided here, and stored with its trace.

    `Waiting` says why it stays in the queue: another text to this phone is under way, earlier ones
    of the thread wait, or no number is usable. Raises `NotFound`, `MessageNotWaiting`,
    `NotHerWindow`.
    """
    message = locked_message(work, message_id)
    if message.status is not MessageStatus.QUEUED:
        raise MessageNotWaiting(f"Text {message_id} is {message.status}, not queued.")
    if work.org.provider is not provider:
        raise Busy(f"The provider of org {work.org.slug} was changed to {work.org.provider}.")
    held_up = _held_up(work, message)
    if held_up is not None:
        return Waiting(message_id, held_up)
    client = client_of(work, message)
    decision, number = _decide_and_lock(work, client)
    if message.as_sitter_id is not None:
        require_her_window(
            decision,
            sitter_ref(work, message.as_sitter_id),
            hint=f"Text {message_id} and later ones to this client wait. Drop it: "
            f"petmsg message cancel {message_id}",
        )
    if number is None:
        return Waiting(message_id, decision.reason, decision)
    number.last_used_at = max(work.now, number.last_used_at or work.now)
    if decision.rule is Rule.POOL:
        thread = work.session.get(Thread, message.thread_id, with_for_update=_NO_KEY_UPDATE)
        assert thread is not None
        thread.pool_number_id = number.id
    message.status = MessageStatus.SENDING
    message.number_id = number.id
    message.from_e164 = number.e164
    message.rule = decision.rule
    message.decision = json.dumps(decision.to_json(), ensure_ascii=False)
    message.provider = work.org.provider
    message.claimed_at = work.now
    message.attempts += 1
    message.error_code = message.error_message = None
    work.session.flush()
    assert message.to_e164 is not None
    assert message.body is not None
    text = OutgoingText(number.e164, message.to_e164, message.body)
    return Claim(message_id, message.attempts, text, decision)


def _decide_and_lock(work: Work, client: ClientKey) -> tuple[Decision, MessageNumber | None]:
    """The Decision for now with its number's row locked: what it says still holds at the commit.

    On PostgreSQL the number may change (a quarantine, say) between reading the facts and locking
    it, so they are read again until the answer is the number that is locked. On SQLite nobody else
    writes meanwhile.
    """
    locked: MessageNumber | None = None
    for _ in range(_MOST_TRIES):
        facts = read_facts(work.cursor, work.org, client, at=work.now, past=False)
        decision = decide(facts, work.now)
        if decision.number is None:
            return decision, None
        if locked is not None and locked.id == decision.number.id:
            return decision, locked
        locked = work.session.get(
            MessageNumber,
            decision.number.id,
            with_for_update=_NO_KEY_UPDATE,
            populate_existing=True,
        )
        if work.cursor.is_sqlite:
            return decision, locked
    raise Busy("The numbers of the org change faster than a text can be decided.")


def record(work: Work, claimed: Claim, outcome: SendOutcome) -> MessageStatus:
    """Store what the provider said, if the claim is still ours; the text's status after it."""
    message = work.session.exec(
        select(Message)
        .where(Message.id == claimed.message)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if message.status is not MessageStatus.SENDING or message.attempts != claimed.attempt:
        return message.status
    event, payload = "message.sent", _payload(claimed, message)
    if isinstance(outcome, Accepted):
        message.status = MessageStatus.SENT
        message.provider_message_id = outcome.provider_message_id
        message.sent_at = work.now
    elif isinstance(outcome, Rejected) and outcome.rejection_class is not RejectionClass.ACCOUNT:
        message.status = MessageStatus.FAILED
        event, payload["code"] = "message.failed", outcome.code
    elif isinstance(outcome, RetryLater | Rejected):
        message.status = MessageStatus.QUEUED
        event, payload["code"] = "message.put_back", outcome.code
    else:
        message.status = MessageStatus.UNKNOWN
        event, payload["code"] = "message.outcome_unknown", outcome.code
    if not isinstance(outcome, Accepted):
        message.error_code = outcome.code
        message.error_message = outcome.message[:500]
    work.record(event, "message", str(message.id), payload)
    return message.status


def problem_of(outcome: SendOutcome, message_id: int) -> PetmsgError | None:
    """The error a sender sees for an outcome; None if the text was accepted."""
    if isinstance(outcome, Accepted):
        return None
    if isinstance(outcome, Rejected) and outcome.rejection_class is RejectionClass.ACCOUNT:
        return ProviderAccount(
            f"The provider refused the account, not text {message_id}: {outcome.message}",
            hint="Check the credentials (petmsg config show). The text stays queued; send it "
            "afterwards: petmsg message dispatch",
        )
    if isinstance(outcome, Rejected):
        return ProviderRefused(
            f"The provider refused text {message_id} ({outcome.code}): {outcome.message}",
            hint=f"Look at it: petmsg message show {message_id}",
        )
    if isinstance(outcome, RetryLater):
        return Busy(
            f"The provider cannot take text {message_id} now: {outcome.message}",
            hint="It stays queued; send it later: petmsg message dispatch",
        )
    return ProviderOutcomeUnknown(
        f"It is not known whether text {message_id} was sent: {outcome.message}",
        hint="It is not sent again by itself. Look at the provider's log, then: "
        f"petmsg message retry {message_id} --reason … or petmsg message cancel {message_id}",
    )


def _payload(claimed: Claim, message: Message) -> dict[str, Any]:
    decision = claimed.decision
    assert decision.number is not None
    return {
        "client": decision.client,
        "number": decision.number.e164,
        "rule": decision.rule.value if decision.rule else None,
        "window": decision.window.booking if decision.window else None,
        "provider": message.provider.value if message.provider else None,
        "attempt": claimed.attempt,
    }


def _held_up(work: Work, message: Message) -> str | None:
    under_way = work.session.exec(
        select(Message.id, Message.status).where(
            Message.org_id == work.org.id,
            Message.to_e164 == message.to_e164,
            Message.direction == Direction.OUTBOUND,
            col(Message.status).in_((MessageStatus.SENDING, MessageStatus.UNKNOWN)),
        )
    ).first()
    if under_way is not None:
        return f"text {under_way[0]} to the same phone is {under_way[1]}"
    earlier = work.session.exec(
        select(Message.id)
        .where(
            Message.thread_id == message.thread_id,
            Message.status == MessageStatus.QUEUED,
            col(Message.id) < message.id,
        )
        .order_by(col(Message.id))
    ).first()
    return None if earlier is None else f"text {earlier} of the same thread comes first"
