"""Erase a client: name, phones, message bodies, pictures and voicemails go; audit log and counts
stay."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import and_, col, or_, select, union

from petmsg.enums.messages import Direction, MessageStatus
from petmsg.errors import Refused
from petmsg.models import Client, Message, MessageNumber, SandboxMessage, Thread
from petmsg.queries.booking_feed import erase_feeds
from petmsg.queries.erase import (
    erase_media,
    erase_sandbox_bodies,
    erase_unmatched,
    repeating_messages,
)
from petmsg.queries.override import erase_reasons
from petmsg.services.alert import close_message_alert
from petmsg.services.people import optout
from petmsg.services.people.client import locked_client, phones_of
from petmsg.services.people.erase_calls import erase_calls
from petmsg.services.unit_of_work import UnitOfWork

_UNFINISHED = (MessageStatus.QUEUED, MessageStatus.HELD, MessageStatus.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What `client forget` erased, in counts."""

    client: str
    phones: int
    messages: int
    cancelled: int
    media: int
    calls: int
    reused: bool


def forget(uow: UnitOfWork, text: str, *, reason: str) -> Forgotten:
    """Erase a client: name, phones, timezone and message bodies. This cannot be undone.

    Thread, bookings, counts and audit log stay intact. The reasons of the client's overrides and
    the names of the calendars that bookings came from are erased, because they may name a person.
    Messages forwarded to a sitter, a sitter's replies, and questions that name the client are
    erased too, and so are the files of all of these: their bytes are deleted after the commit
    (`workflows/erase_media`). In calls the phone and the name are erased. Waiting messages are
    cancelled, and so are those of unknown outcome, because they could no longer be reconciled.
    Opt-outs stay: they, and pairs of numbers that a carrier blocks, contain only a digest of the
    phone.
    """
    client = locked_client(uow, text, even_erased=True)
    if client.forgotten_at is not None:
        return Forgotten(client.ref, 0, 0, 0, 0, 0, reused=True)
    phones = phones_of(uow, client)
    numbers = [phone.e164 for phone in phones]
    messages = _messages_of(uow, client, numbers)
    if any(message.status is MessageStatus.SENDING for message in messages):
        raise Refused(
            f"A message to client {client.ref} is being sent right now.",
            hint="Try again in a minute. If the sending process died: petmsg message dispatch",
        )
    passed_on = _passed_on(uow, client, messages)
    if any(message.status is MessageStatus.SENDING for message in passed_on):
        raise Refused(
            f"A message of client {client.ref} is being forwarded right now.",
            hint="Try again in a minute. If the sending process died: petmsg message dispatch",
        )
    _erase_at_the_sandbox(uow, messages, passed_on)
    media = erase_media(
        uow.cursor,
        uow.org.id,
        [each.id for each in (*messages, *passed_on) if each.id is not None],
        now=uow.now,
    )
    erase_feeds(uow.cursor, uow.org.id, client.id or 0)
    unfinished = [*messages, *passed_on]
    cancelled = [message for message in unfinished if message.status in _UNFINISHED]
    for message in cancelled:
        message.status = MessageStatus.CANCELLED
        message.due_at = message.in_doubt_at = message.absent_at = None
    for message in messages:
        message.body = None
        message.error_message = None  # a provider's error text may contain the phone
        message.idempotency_key = None
        if message.direction is Direction.OUTBOUND:
            message.to_e164 = None
        else:
            message.from_e164 = None
    for message in passed_on:
        message.body = message.error_message = None
    _erase_unmatched(uow, numbers)
    assert client.id is not None
    calls = erase_calls(uow, client.id, ref=client.ref, phones=numbers)
    erase_reasons(uow.cursor, uow.org.id, client.id)
    for phone in phones:
        uow.session.delete(phone)
    uow.session.flush()
    for number in numbers:
        # Opt-outs of one phone apply to the others, in case the person comes back.
        optout.release_phone(uow, number, to=numbers)
    for number in numbers:
        optout.release_phone(uow, number, to=())
    client.name = client.timezone = None
    client.forgotten_at = uow.now
    for message in cancelled:
        close_message_alert(uow, message.id or 0, reason="the message was cancelled")
    uow.audit(
        "client.forgotten",
        "client",
        client.ref,
        {"phones": len(phones), "messages": len(messages), "cancelled": len(cancelled)},
        reason=reason,
    )
    return Forgotten(
        client.ref, len(phones), len(messages), len(cancelled), media, calls, reused=False
    )


def _messages_of(uow: UnitOfWork, client: Client, numbers: Sequence[str]) -> Sequence[Message]:
    """Return the client's messages, and those of their phones without a thread, locked until the
    commit."""
    of_her_thread = select(Message.id).join(
        Thread,
        and_(
            col(Thread.id) == Message.thread_id,
            Thread.org_id == uow.org.id,
            Thread.client_id == client.id,
        ),
    )
    of_her_phone = select(Message.id).where(
        col(Message.thread_id).is_(None),
        or_(col(Message.from_e164).in_(numbers), col(Message.to_e164).in_(numbers)),
    )
    return uow.session.exec(
        select(Message)
        .where(
            Message.org_id == uow.org.id,
            col(Message.id).in_(union(of_her_thread, of_her_phone)),
        )
        .order_by(col(Message.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def _passed_on(uow: UnitOfWork, client: Client, in_thread: Sequence[Message]) -> Sequence[Message]:
    """Return messages outside any thread that repeat the client's messages or name the client,
    locked until the commit."""
    known = {message.id for message in in_thread}
    repeating = repeating_messages(
        uow.cursor,
        uow.org.id,
        client_id=client.id,
        only=f"[{client.id}]",
        first=f"[{client.id},%",
        middle=f"% {client.id},%",
        last=f"% {client.id}]",
        name=client.name,
    )
    ids = sorted(set(repeating) - known)
    found: list[Message] = []
    for start in range(0, len(ids), 500):
        found += uow.session.exec(
            select(Message)
            .where(Message.org_id == uow.org.id, col(Message.id).in_(ids[start : start + 500]))
            .order_by(col(Message.id))
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    return found


def _erase_unmatched(uow: UnitOfWork, numbers: Sequence[str]) -> None:
    """Erase the client's unmatched messages."""
    erase_unmatched(uow.cursor, numbers)


def _erase_at_the_sandbox(
    uow: UnitOfWork, messages: Sequence[Message], passed_on: Sequence[Message]
) -> None:
    """Erase these messages in the sandbox provider, even one whose answer was lost.

    Messages of another org to the same phone stay, because its clients are its own. Of messages to
    a sitter, only the forwarded ones are the client's.
    """
    sids = [each.provider_message_id for each in passed_on if each.provider_message_id is not None]
    erase_sandbox_bodies(uow.cursor, sids)
    to_her = sorted({message.to_e164 for message in messages if message.to_e164})
    ours = select(MessageNumber.e164).where(MessageNumber.org_id == uow.org.id)
    for start in range(0, len(to_her), 500):
        for text in uow.session.exec(
            select(SandboxMessage).where(
                col(SandboxMessage.to_e164).in_(to_her[start : start + 500]),
                col(SandboxMessage.from_e164).in_(ours),
            )
        ):
            text.to_e164 = None
            text.body = text.media = None
