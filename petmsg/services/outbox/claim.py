"""Claim a queued message for sending, with the number it is sent from.

Number and recipient are decided in the transaction that claims the message, at each attempt. So a
message that waited past the end of a window is sent from the right number, a sitter receives only
the messages of their present clients, and a phone that no longer belongs to the client receives
nothing. The Decision is stored with its trace and the attempt. Each claim reserves its start time
in the database, so that all workers together keep the rate limit of a number.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from petmsg.clock import format_local
from petmsg.enums.messages import BlockCode, MessageStatus
from petmsg.enums.orgs import ProviderName
from petmsg.errors import Busy, Refused
from petmsg.models import Message
from petmsg.queries.attempt import (
    begin_attempt,
    in_the_way,
    in_the_way_to_phone,
    locked_number,
)
from petmsg.queries.lookup import ClientKey
from petmsg.queries.media import MediaRow
from petmsg.queries.org import Account
from petmsg.queries.queue import NumberRateLimit
from petmsg.queries.routing import read_facts, voice_of
from petmsg.queries.send_blocks import blocked_code, read_block_facts
from petmsg.rules import rate_limit, send_blocks
from petmsg.rules.routing import COMPANY, Decision, SpeakerFact, decide
from petmsg.services.numbers import provider_holds
from petmsg.services.outbox import outgoing_media, system_messages
from petmsg.services.outbox.claimed import (
    Claim,
    ClaimResult,
    Ended,
    Waiting,
    at_rate_limit,
    new_claim,
    not_queued,
)
from petmsg.services.outbox.not_sent import alert_expired, alert_no_number, fail, hold_for_review
from petmsg.services.outbox.overridden import OVERRIDDEN, is_kept_for_desk
from petmsg.services.outbox.stored_message import MessageNotWaiting, client_of, locked_message
from petmsg.services.unit_of_work import UnitOfWork

RECHECK_AFTER = timedelta(minutes=1)
"""When a running worker checks a message again for which there was no number. The message stays
due, so that it is sent as soon as a number becomes available."""
MEDIA_RECHECK_AFTER = timedelta(seconds=2)
"""When a running worker looks again for a picture that is being fetched."""
MEDIA_LOST = "media_lost"
_MOST_TRIES = 5
_NOT_THEIR_WINDOW = "not_her_window"


class NoNumber(Refused):
    code = "no_number"

    def __init__(self, decision: Decision, *, hint: str) -> None:
        lines = "; ".join(f"{step.code}: {step.explanation}" for step in decision.trace)
        super().__init__(f"{decision.reason}. {lines}.", hint=hint)
        self.decision = decision


class ProviderChanged(Busy):
    """This process has the credentials of another provider and cannot load new ones."""

    code = "provider_changed"
    hint = "Restart the process. Nothing was changed."


def claim(
    uow: UnitOfWork,
    message_id: int,
    *,
    provider: ProviderName | Account,
    worker: str,
    ahead: timedelta = timedelta(0),
    public_url: str | None = None,
) -> ClaimResult:
    """Claim a queued message for the worker with that token, which must hold its lock.

    `ahead` is how long before its start time a message may be claimed. `provider` is the one, or
    the account at it, whose credentials this process has, `public_url` where it may fetch pictures.
    Raises `NotFound`, `MessageNotWaiting`, `ProviderChanged`, `Busy`.
    """
    message = locked_message(uow, message_id)
    if message.status is not MessageStatus.QUEUED:
        raise MessageNotWaiting(not_queued(message_id, message.status))
    now_used = uow.org.account if isinstance(provider, Account) else uow.org.provider
    if now_used != provider:
        raise ProviderChanged(f"The provider of org {uow.org.slug} was changed to {now_used}.")
    if message.thread_id is None:
        system_messages.update_recipient(uow, message)
    assert message.to_e164 is not None
    facts = read_block_facts(
        uow.cursor,
        uow.org,
        client_id=message.client_id,
        to_e164=message.to_e164,
        number_id=None,
        send_at=message.send_at,
        expires_at=message.expires_at,
        urgent=message.urgent,
    )
    media = outgoing_media.read_media(uow, message)
    if outgoing_media.is_lost(media):
        return _hold(uow, message, "the bytes of one of its pictures are lost", MEDIA_LOST)
    facts = outgoing_media.with_media_facts(facts, uow.org, message, media, public_url)
    blocked = _blocked(uow, message, facts)
    if blocked is not None:
        return blocked
    if message.due_at is not None and message.due_at > uow.now:
        again = format_local(message.due_at, uow.org.timezone)
        return Waiting(message_id, f"it is retried at {again}", message.due_at)
    earlier = _earlier_message(uow, message)
    if earlier is not None:
        return Waiting(message_id, earlier)
    start = _Start(worker, ahead, media, public_url)
    if message.thread_id is None:
        return _with_direct_number(uow, message, start)
    return _with_number(uow, message, client_of(uow, message), start)


def _blocked(
    uow: UnitOfWork, message: Message, facts: send_blocks.SendBlockFacts
) -> Waiting | Ended | None:
    """What prevents the message from being sent now, if anything."""
    assert message.id is not None
    for held in send_blocks.find_blocks(facts, uow.now):
        if held.final:
            return _refuse(uow, message, held)
        if held.code is BlockCode.NOT_THEIR_PHONE:
            return _hold(uow, message, held.explanation, held.code.value)
        until = held.until
        if held.code is BlockCode.NO_PUBLIC_URL:
            outgoing_media.alert_no_public_url(uow, message)
        elif held.code is BlockCode.MEDIA_PENDING:
            until = uow.now + MEDIA_RECHECK_AFTER
        return Waiting(message.id, held.explanation, until)
    return None


class _Start(NamedTuple):
    """How a message is started: by whom, how early, and with which files."""

    worker: str
    ahead: timedelta
    media: Sequence[MediaRow]
    public_url: str | None


def _with_direct_number(uow: UnitOfWork, message: Message, start: _Start) -> ClaimResult:
    """Claim a message outside any thread: it is sent from its one number or not at all."""
    assert message.id is not None
    decision, number = _decide_and_lock(uow, lambda: system_messages.decide(uow, message))
    if number is None:
        return _fail(uow, message, code=decision.trace[-1].code.lower(), why=decision.reason)
    return _claim_if_free(uow, message, number, decision, start)


def _with_number(
    uow: UnitOfWork, message: Message, client: ClientKey, start: _Start
) -> ClaimResult:
    assert message.id is not None
    cursor, now = uow.cursor, uow.now
    message_id, has_voice, media = message.id, _has_a_voice(message), message.media_count > 0
    phone = message.to_e164
    speaker: SpeakerFact | None = None

    def decide_now() -> Decision:
        nonlocal speaker
        voice = voice_of(cursor, message_id) if has_voice else COMPANY
        speaker = voice.speaker
        facts = read_facts(
            cursor, uow.org, client, at=now, past=False, voice=voice, with_media=media, phone=phone
        )
        return decide(facts, now)

    decision, number = _decide_and_lock(uow, decide_now)
    if is_kept_for_desk(uow, client.id, speaker):
        return _fail(uow, message, code=OVERRIDDEN, why="The front desk is handling the client")
    if speaker is not None and decision.rejects_requested_sitter:
        why = f"Sitter {speaker.sitter} can no longer message this client: {decision.reason}"
        if speaker.own_number_only:
            said = f"sitter {speaker.sitter} can no longer message this client"
            return _hold(uow, message, why, _NOT_THEIR_WINDOW, said)
        return _fail(uow, message, code=_NOT_THEIR_WINDOW, why=why)
    if number is None:
        alert_no_number(uow, client, decision)
        return Waiting(message.id, decision.reason, uow.now + RECHECK_AFTER, decision)
    return _claim_if_free(uow, message, number, decision, start)


def _has_a_voice(message: Message) -> bool:
    """Whether somebody else than the company speaks. Older versions marked a sitter's reply by its
    key alone."""
    is_reply = (message.idempotency_key or "").startswith("relay:")
    return message.voice is not None or message.as_sitter_id is not None or is_reply


def _claim_if_free(
    uow: UnitOfWork,
    message: Message,
    number: NumberRateLimit,
    decision: Decision,
    start: _Start,
) -> ClaimResult:
    """Claim the message if the number is free and neither carrier nor provider blocks it."""
    assert message.id is not None
    assert message.to_e164 is not None
    blocked = blocked_code(uow.cursor, uow.org, number_id=number.id, to_e164=message.to_e164)
    if blocked is not None:
        why = f"The carrier blocks messages from {number.e164} to this phone (code {blocked})"
        return _hold(uow, message, why, BlockCode.PAIR_BLOCKED.value)
    start_at = rate_limit.next_start(number.free_at, uow.now)
    if start_at > uow.now + start.ahead:
        return at_rate_limit(message.id, number, decision, start_at)
    held = provider_holds.hold_of(uow, number)
    if held is not None:
        return Waiting(message.id, *held)
    return _begin(uow, message, number, decision, start, start_at=start_at)


def _begin(
    uow: UnitOfWork,
    message: Message,
    number: NumberRateLimit,
    decision: Decision,
    start: _Start,
    *,
    start_at: datetime,
) -> Claim:
    assert message.id is not None
    assert message.to_e164 is not None
    assert message.body is not None
    media = outgoing_media.hand_out(uow, message.id, start.media, start.public_url)
    new = new_claim(
        uow, message, number, decision, worker=start.worker, start_at=start_at, media=media
    )
    begin_attempt(
        uow.cursor,
        number,
        org_id=uow.org.id,
        message_id=new.message,
        attempt=new.attempt,
        thread_id=message.thread_id,
        rule=decision.stored_rule,
        decision=new.decision_json,
        provider=uow.org.provider,
        worker=start.worker,
        now=uow.now,
        free_at=new.free_at,
    )
    uow.session.expire(message)
    return new


def _decide_and_lock(
    uow: UnitOfWork, decide_now: Callable[[], Decision]
) -> tuple[Decision, NumberRateLimit | None]:
    """Return the Decision for now and its number, with the number's row locked until the commit.

    On PostgreSQL the number may change (for example, be quarantined) between reading the facts and
    locking the row. The facts are then read again until the decision names the locked number. On
    SQLite no other process writes meanwhile.
    """
    cursor = uow.cursor
    locked: NumberRateLimit | None = None
    for _ in range(_MOST_TRIES):
        decision = decide_now()
        if decision.number is None:
            return decision, None
        if locked is not None and locked.id == decision.number.id:
            return decision, locked
        locked = locked_number(cursor, decision.number.id)
        if not cursor.has_other_writers:
            return decision, locked
    raise Busy("The numbers of the org change too often to decide about a message.")


def _earlier_message(uow: UnitOfWork, message: Message) -> str | None:
    """Return which earlier message must be sent first: one to the same phone that is being sent, or
    an earlier one of the same thread.

    Messages are sent in the order of their send times; an urgent message may pass others.
    """
    assert message.id is not None
    assert message.to_e164 is not None
    assert message.send_at is not None
    cursor = uow.cursor
    place: dict[str, Any] = {
        "org_id": uow.org.id,
        "to_e164": message.to_e164,
        "message_id": message.id,
        "send_at": message.send_at,
        "urgent": message.urgent,
        "now": uow.now,
    }
    if message.thread_id is not None:
        found = in_the_way(cursor, thread_id=message.thread_id, **place)
    else:
        found = in_the_way_to_phone(cursor, **place)
    if found is None:
        return None
    other, status = found
    if status != MessageStatus.QUEUED:
        return f"message {other} to the same phone is {status}"
    line = "to the same phone" if message.thread_id is None else "of the same thread"
    return f"message {other} {line} is sent first"


def _refuse(uow: UnitOfWork, message: Message, held: send_blocks.SendBlock) -> Ended:
    ended = _fail(uow, message, code=held.code.value, why=held.explanation)
    if held.code is BlockCode.EXPIRED and message.thread_id is not None:
        alert_expired(uow, message)
    return ended


def _fail(uow: UnitOfWork, message: Message, *, code: str, why: str) -> Ended:
    assert message.id is not None
    fail(uow, message, why=why, code=code)
    return Ended(message.id, message.status, why)


def _hold(uow: UnitOfWork, message: Message, why: str, code: str, said: str = "") -> Ended:
    assert message.id is not None
    hold_for_review(uow, message, why=why, code=code, said=said)
    return Ended(message.id, message.status, why)
