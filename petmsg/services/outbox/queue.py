"""The queue of texts: putting one in, and taking one out or back by hand. `claim` sends them."""

from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import select

from petmsg.enums import BlockCode, Direction, MessageStatus
from petmsg.errors import MalformedText, NotFound, Refused
from petmsg.models import Message
from petmsg.queries.lookup import ClientKey, client_by_id, find_client, find_sitter
from petmsg.queries.message import primary_phone, require_possible
from petmsg.queries.routing import read_facts
from petmsg.queries.row_locks import share_client
from petmsg.queries.send_blocks import read_hold_facts
from petmsg.rules.routing import Decision, SpeakerFact, decide
from petmsg.rules.segments import measure
from petmsg.rules.send_blocks import find_blocks
from petmsg.services.bookings.assignment_window import ensure_threads
from petmsg.services.outbox.preview import SendOptions, leak_in, when_to_leave
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.text_inputs import parse_body

_LONGEST_KEY = 128
STUCK_AFTER = timedelta(minutes=10)
"""Far longer than any provider is waited for: a text `sending` since then has lost its sender."""


class OutsideOwnWindow(Refused):
    code = "not_her_window"


class KeyReused(Refused):
    code = "key_reused"
    hint = "Use another --key for another text."


class MessageNotWaiting(Refused):
    code = "message_not_waiting"


class OptedOut(Refused):
    code = "opted_out"


class NotSmsCapable(Refused):
    code = "not_textable"


class MaskingLeak(Refused):
    code = "masking_leak"
    hint = "Take it out, or say why it must go: --force --reason '…'"


@dataclass(frozen=True, slots=True)
class Queued:
    """A text in the queue; `reused` says that its key was used for it before."""

    message: int
    status: MessageStatus
    reused: bool
    warnings: tuple[str, ...] = ()


_NO_OPTIONS = SendOptions()


def queue(
    uow: UnitOfWork, client_text: str, *, body: str, options: SendOptions = _NO_OPTIONS
) -> Queued:
    """Put a text to the client's primary phone in the queue.

    The same key with the same client and body gives the text that is there; with anything else it
    is refused (`KeyReused`). A sitter must have a window with the client at the time of sending
    (`OutsideOwnWindow`), and may not write a phone, an e-mail address or another way around the
    company (`MaskingLeak`); the desk is warned. Raises `OptedOut` or `NotSmsCapable` where it would
    never leave.
    """
    clean = parse_body(body)
    client = find_client(uow.cursor, uow.org.id, client_text)
    if options.key is not None:
        there = _by_key(uow, options.key, client, clean)
        if there is not None:
            return Queued(there.id or 0, there.status, reused=True)
    send_at = when_to_leave(options, uow.now, timezone=uow.org.timezone)
    phone = _her_phone(uow, client)
    _refuse_if_in_vain(uow, client, phone)
    speaker = None
    if options.as_sitter is not None:
        speaker = find_sitter(uow.cursor, uow.org.id, options.as_sitter)
        fact = SpeakerFact(speaker.ref, speaker.name, own_number_only=not options.relayed)
        facts = read_facts(uow.cursor, uow.org, client, at=send_at, past=False, speaker=fact)
        require_window(decide(facts, send_at), speaker.ref)
    leak = leak_in(uow.cursor, uow.org, clean, client_id=client.id, sitter_text=options.as_sitter)
    if leak is not None and speaker is not None and options.force_reason is None:
        raise MaskingLeak(f"The body holds {leak}.")
    thread = ensure_threads(uow, {client.id: (client.ref, None)})[client.id]
    message = Message(
        org_id=uow.org.id,
        thread_id=thread.id,
        client_id=client.id,
        direction=Direction.OUTBOUND,
        status=MessageStatus.QUEUED,
        body=clean,
        to_e164=phone,
        as_sitter_id=speaker.id if speaker is not None else None,
        idempotency_key=options.key,
        segments=measure(clean).segments,
        actor=uow.actor,
        created_at=uow.now,
        send_at=send_at,
        due_at=send_at,
        expires_at=options.expires_at,
        urgent=options.urgent,
    )
    uow.session.add(message)
    uow.session.flush()
    uow.audit(
        "message.queued",
        "message",
        str(message.id),
        {
            "client": client.ref,
            "as": speaker.ref if speaker is not None else None,
            "send_at": options.send_at,
            "expires_at": options.expires_at,
            "urgent": options.urgent,
            "leak": leak is not None,
        },
        reason=options.force_reason,
    )
    warnings = () if leak is None else (f"The body holds {leak}.",)
    return Queued(message.id or 0, MessageStatus.QUEUED, reused=False, warnings=warnings)


def _her_phone(uow: UnitOfWork, client: ClientKey) -> str:
    """Her primary phone. Whoever forgets her waits until this text is stored, and finds it."""
    share_client(uow.cursor, client.id)
    return primary_phone(uow.cursor, uow.org, client)


def _refuse_if_in_vain(uow: UnitOfWork, client: ClientKey, phone: str) -> None:
    facts = read_hold_facts(uow.cursor, uow.org, client_id=client.id, to_e164=phone, number_id=None)
    for held in find_blocks(facts, uow.now):
        if held.code is BlockCode.OPTED_OUT:
            raise OptedOut(
                f"Client {client.ref} has opted out of texts.",
                hint=f"See when and how: petmsg optout show {client.ref}",
            )
        if held.code is BlockCode.NOT_TEXTABLE:
            raise NotSmsCapable(
                f"{held.explanation}.",
                hint=f"Give her another: petmsg client phone add {client.ref} E164 "
                "(and petmsg client phone primary)",
            )


def retry(uow: UnitOfWork, message_id: int, *, reason: str) -> Queued:
    """Put a failed text, or one whose fate a person has looked up, back in the queue.

    One that is being sent is refused, unless its sender must have died (`STUCK_AFTER`).
    """
    message = locked_message(uow, message_id)
    retriable = (
        MessageStatus.FAILED,
        MessageStatus.UNDELIVERED,
        MessageStatus.UNKNOWN,
        MessageStatus.HELD,
    )
    if message.status is MessageStatus.QUEUED:
        return Queued(message_id, message.status, reused=True)
    _refuse_if_under_way(uow, message)
    if message.status not in (*retriable, MessageStatus.SENDING) or message.body is None:
        raise MessageNotWaiting(f"Text {message_id} is {message.status} and cannot be sent again.")
    if message.thread_id is not None:
        client = client_of(uow, message)
        phone = _her_phone(uow, client)
        _refuse_if_in_vain(uow, client, phone)
        message.to_e164 = phone
    before = message.status
    message.status = MessageStatus.QUEUED
    message.due_at = message.send_at = uow.now
    if message.expires_at is not None and message.expires_at <= uow.now:
        message.expires_at = None
    message.in_doubt_at = message.absent_at = None
    uow.audit(
        "message.retried", "message", str(message_id), {"before": before.value}, reason=reason
    )
    return Queued(message_id, message.status, reused=False)


def cancel(uow: UnitOfWork, message_id: int, *, reason: str | None = None) -> Queued:
    """Take a text out of the queue for good, or close one whose fate is not known."""
    message = locked_message(uow, message_id)
    if message.status is MessageStatus.CANCELLED:
        return Queued(message_id, message.status, reused=True)
    _refuse_if_under_way(uow, message)
    if message.status not in (
        MessageStatus.QUEUED,
        MessageStatus.HELD,
        MessageStatus.UNKNOWN,
        MessageStatus.SENDING,
    ):
        raise MessageNotWaiting(f"Text {message_id} is {message.status} and cannot be cancelled.")
    before = message.status
    message.status = MessageStatus.CANCELLED
    message.due_at = message.in_doubt_at = message.absent_at = None
    uow.audit(
        "message.cancelled", "message", str(message_id), {"before": before.value}, reason=reason
    )
    return Queued(message_id, message.status, reused=False)


def _refuse_if_under_way(uow: UnitOfWork, message: Message) -> None:
    if message.status is not MessageStatus.SENDING or message.claimed_at is None:
        return
    if uow.now < message.claimed_at + STUCK_AFTER:
        raise MessageNotWaiting(
            f"Text {message.id} is being sent right now.",
            hint=f"If its sender died, this works {STUCK_AFTER.seconds // 60} minutes after it "
            "began. Look first whether the provider took it.",
        )


def require_window(decision: Decision, sitter: str) -> None:
    """Raises `OutsideOwnWindow` where the sitter may not write to the client."""
    if decision.refuses_the_speaker:
        raise OutsideOwnWindow(
            f"Sitter {sitter} cannot speak to this client now: {decision.reason}.",
            hint=f"See why: petmsg route explain {decision.client} --as {sitter}",
        )


def _by_key(uow: UnitOfWork, key: str, client: ClientKey, body: str) -> Message | None:
    if not 0 < len(key) <= _LONGEST_KEY or not key.isprintable():
        raise MalformedText(
            "The key cannot be one.", hint=f"1 to {_LONGEST_KEY} printable characters."
        )
    there = uow.session.exec(
        select(Message).where(Message.org_id == uow.org.id, Message.idempotency_key == key)
    ).first()
    if there is not None and (there.client_id, there.body) != (client.id, body):
        raise KeyReused(
            f"The key was used for text {there.id}, to another client or with other words."
        )
    return there


def client_ref_of(uow: UnitOfWork, message: Message) -> str | None:
    """The client the text is for, by ref; None for a text to nobody's thread."""
    return None if message.client_id is None else client_of(uow, message).ref


def client_of(uow: UnitOfWork, message: Message) -> ClientKey:
    """Whom the text is for."""
    assert message.client_id is not None
    return client_by_id(uow.cursor, uow.org.id, message.client_id)


def locked_message(uow: UnitOfWork, message_id: int) -> Message:
    """The outbound text of that id, read anew and locked until the commit.

    Raises `NotFound`, or `MessageNotWaiting` for one that came in.
    """
    require_possible(message_id)
    message = uow.session.exec(
        select(Message)
        .where(Message.org_id == uow.org.id, Message.id == message_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if message is None:
        raise NotFound("message", str(message_id))
    if message.direction is not Direction.OUTBOUND:
        raise MessageNotWaiting(f"Text {message_id} came in; it was not sent by us.")
    return message
