"""Sending: queue, claim, hand over, record.

The number is decided in the transaction that claims the text and stored with it; the provider is
called with no transaction open; what it said is recorded after, guarded by the claim. A text whose
fate is not known is never sent again by itself.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlmodel import col, select

from petmsg.enums import Direction, MessageStatus, Outcome, ProviderName, Rule
from petmsg.errors import (
    Busy,
    MalformedText,
    Misconfigured,
    NotFound,
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
from petmsg.queries.lookup import ClientKey, find_client, find_sitter
from petmsg.queries.message import primary_phone, require_possible
from petmsg.queries.routing import read_facts
from petmsg.routing import Decision, decide
from petmsg.segments import measure
from petmsg.services.window import threads_for
from petmsg.services.work import Work
from petmsg.words import parse_body

_LONGEST_KEY = 128
STUCK_AFTER = timedelta(minutes=10)
"""Far longer than any provider is waited for: a text `sending` since then has lost its sender."""


class NoNumber(Refused):
    code = "no_number"

    def __init__(self, decision: Decision, *, hint: str) -> None:
        lines = "; ".join(f"{step.code}: {step.explanation}" for step in decision.trace)
        super().__init__(f"{decision.reason}. {lines}.", hint=hint)
        self.decision = decision


class NotHerWindow(Refused):
    code = "not_her_window"


class KeyReused(Refused):
    code = "key_reused"
    hint = "Use another --key for another text."


class ProviderAccount(Misconfigured):
    code = "provider_account"


class MessageNotWaiting(Refused):
    code = "message_not_waiting"


@dataclass(frozen=True, slots=True)
class Queued:
    """A text in the queue; `reused` says that its key was used for it before."""

    message: int
    status: MessageStatus
    reused: bool


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


def queue(
    work: Work,
    client_text: str,
    *,
    body: str,
    key: str | None = None,
    as_sitter: str | None = None,
) -> Queued:
    """Put a text to the client's primary phone in the queue.

    The same `key` with the same client and body gives the text that is there; with anything else
    it is refused (`KeyReused`). `as_sitter` must be the one whose window decides right now.
    """
    clean = parse_body(body)
    client = find_client(work.cursor, work.org.id, client_text)
    if key is not None:
        there = _by_key(work, key, client, clean)
        if there is not None:
            return Queued(there.id or 0, there.status, reused=True)
    phone = primary_phone(work.cursor, work.org, client)
    speaker = find_sitter(work.cursor, work.org.id, as_sitter) if as_sitter is not None else None
    if speaker is not None:
        facts = read_facts(work.cursor, work.org, client, at=work.now, past=False)
        _require_her_window(decide(facts, work.now), speaker.ref)
    thread = threads_for(work, {client.id: (client.ref, None)})[client.id]
    message = Message(
        org_id=work.org.id,
        thread_id=thread.id,
        client_id=client.id,
        direction=Direction.OUTBOUND,
        status=MessageStatus.QUEUED,
        body=clean,
        to_e164=phone,
        as_sitter_id=speaker.id if speaker is not None else None,
        idempotency_key=key,
        segments=measure(clean).segments,
        actor=work.actor,
        created_at=work.now,
    )
    work.session.add(message)
    work.session.flush()
    work.record(
        "message.queued",
        "message",
        str(message.id),
        {"client": client.ref, "as": speaker.ref if speaker is not None else None},
    )
    return Queued(message.id or 0, MessageStatus.QUEUED, reused=False)


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
    require_possible(message_id)
    message = work.session.exec(
        select(Message)
        .where(Message.org_id == work.org.id, Message.id == message_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if message is None:
        raise NotFound("message", str(message_id))
    if message.status is not MessageStatus.QUEUED:
        raise MessageNotWaiting(f"Text {message_id} is {message.status}, not queued.")
    if work.org.provider is not provider:
        raise Busy(f"The provider of org {work.org.slug} was changed to {work.org.provider}.")
    held_up = _held_up(work, message)
    if held_up is not None:
        return Waiting(message_id, held_up)
    client = _client_of(work, message)
    facts = read_facts(work.cursor, work.org, client, at=work.now, past=False)
    decision = decide(facts, work.now)
    if message.as_sitter_id is not None:
        _require_her_window(
            decision,
            _sitter_ref(work, message.as_sitter_id),
            hint=f"Text {message_id} and later ones to this client wait. Drop it: "
            f"petmsg message cancel {message_id}",
        )
    if decision.outcome is Outcome.NO_NUMBER or decision.number is None:
        return Waiting(message_id, decision.reason, decision)
    number = work.session.get(
        MessageNumber, decision.number.id, with_for_update=True, populate_existing=True
    )
    assert number is not None
    number.last_used_at = max(work.now, number.last_used_at or work.now)
    if decision.rule is Rule.POOL:
        thread = work.session.get(Thread, message.thread_id, with_for_update=True)
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


def retry(work: Work, message_id: int, *, reason: str) -> Queued:
    """Put a failed text, or one whose fate a person has looked up, back in the queue.

    One that is being sent is refused, unless its sender must have died (`STUCK_AFTER`).
    """
    message = _locked(work, message_id)
    retriable = (MessageStatus.FAILED, MessageStatus.UNKNOWN, MessageStatus.HELD)
    if message.status is MessageStatus.QUEUED:
        return Queued(message_id, message.status, reused=True)
    _refuse_if_under_way(work, message)
    if message.status not in (*retriable, MessageStatus.SENDING) or message.body is None:
        raise MessageNotWaiting(f"Text {message_id} is {message.status} and cannot be sent again.")
    before = message.status
    message.status = MessageStatus.QUEUED
    message.to_e164 = primary_phone(work.cursor, work.org, _client_of(work, message))
    work.record(
        "message.retried", "message", str(message_id), {"before": before.value}, reason=reason
    )
    return Queued(message_id, message.status, reused=False)


def cancel(work: Work, message_id: int, *, reason: str | None = None) -> Queued:
    """Take a text out of the queue for good, or close one whose fate is not known."""
    message = _locked(work, message_id)
    if message.status is MessageStatus.CANCELLED:
        return Queued(message_id, message.status, reused=True)
    _refuse_if_under_way(work, message)
    if message.status not in (
        MessageStatus.QUEUED,
        MessageStatus.HELD,
        MessageStatus.UNKNOWN,
        MessageStatus.SENDING,
    ):
        raise MessageNotWaiting(f"Text {message_id} is {message.status} and cannot be cancelled.")
    before = message.status
    message.status = MessageStatus.CANCELLED
    work.record(
        "message.cancelled", "message", str(message_id), {"before": before.value}, reason=reason
    )
    return Queued(message_id, message.status, reused=False)


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


def _refuse_if_under_way(work: Work, message: Message) -> None:
    if message.status is not MessageStatus.SENDING or message.claimed_at is None:
        return
    if work.now < message.claimed_at + STUCK_AFTER:
        raise MessageNotWaiting(
            f"Text {message.id} is being sent right now.",
            hint=f"If its sender died, this works {STUCK_AFTER.seconds // 60} minutes after it "
            "began. Look first whether the provider took it.",
        )


def _require_her_window(decision: Decision, sitter: str, *, hint: str | None = None) -> None:
    if (
        decision.rule is not Rule.ACTIVE_WINDOW
        or decision.number is None
        or decision.number.sitter != sitter
    ):
        raise NotHerWindow(
            f"Sitter {sitter} cannot speak to this client now: {decision.reason}.",
            hint=hint or f"See why: petmsg route explain {decision.client}",
        )


def _by_key(work: Work, key: str, client: ClientKey, body: str) -> Message | None:
    if not 0 < len(key) <= _LONGEST_KEY or not key.isprintable():
        raise MalformedText(
            "The key cannot be one.", hint=f"1 to {_LONGEST_KEY} printable characters."
        )
    there = work.session.exec(
        select(Message).where(Message.org_id == work.org.id, Message.idempotency_key == key)
    ).first()
    if there is not None and (there.client_id, there.body) != (client.id, body):
        raise KeyReused(
            f"The key was used for text {there.id}, to another client or with other words."
        )
    return there


def _client_of(work: Work, message: Message) -> ClientKey:
    ref = work.cursor.value("SELECT ref FROM client WHERE id = :id", id=message.client_id)
    return find_client(work.cursor, work.org.id, ref)


def _sitter_ref(work: Work, sitter_id: int) -> str:
    return str(work.cursor.value("SELECT ref FROM sitter WHERE id = :id", id=sitter_id))


def _locked(work: Work, message_id: int) -> Message:
    require_possible(message_id)
    message = work.session.exec(
        select(Message)
        .where(Message.org_id == work.org.id, Message.id == message_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if message is None:
        raise NotFound("message", str(message_id))
    if message.direction is not Direction.OUTBOUND:
        raise MessageNotWaiting(f"Text {message_id} came in; it was not sent by us.")
    return message
