"""Erase a client: name, phones, message bodies, pictures and voicemails go; audit log and counts
stay."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import and_, col, or_, select, union

from petmsg.enums.messages import Direction, MessageStatus
from petmsg.errors import Refused
from petmsg.models import (
    Client,
    ClientPhone,
    Message,
    MessageNumber,
    SandboxMessage,
    Thread,
)
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
    assert client.id is not None
    phones = phones_of(uow, client)
    numbers = [phone.e164 for phone in phones]
    messages = _messages_of(uow, client, numbers)
    _refuse_while_sending(messages, f"A message to client {client.ref} is being sent")
    passed_on = _passed_on(uow, client, messages)
    _refuse_while_sending(passed_on, f"A message of client {client.ref} is being forwarded")
    _erase_at_the_sandbox(uow, messages, passed_on)
    ids = [each.id for each in (*messages, *passed_on) if each.id is not None]
    media = erase_media(uow.cursor, uow.org.id, ids, now=uow.now)
    erase_feeds(uow.cursor, uow.org.id, client.id)
    cancelled = _cancel([*messages, *passed_on])
    _erase_messages(messages, passed_on)
    erase_unmatched(uow.cursor, numbers)
    calls = erase_calls(uow, client.id, ref=client.ref, phones=numbers)
    erase_reasons(uow.cursor, uow.org.id, client.id)
    _erase_phones(uow, phones)
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


def _refuse_while_sending(messages: Sequence[Message], what: str) -> None:
    if any(message.status is MessageStatus.SENDING for message in messages):
        raise Refused(
            f"{what} right now.",
            hint="Try again in a minute. If the sending process died: petmsg message dispatch",
        )


def _cancel(messages: Sequence[Message]) -> list[Message]:
    """Cancel those that wait or whose outcome is unknown; return them."""
    cancelled = [message for message in messages if message.status in _UNFINISHED]
    for message in cancelled:
        message.status = MessageStatus.CANCELLED
        message.due_at = message.in_doubt_at = message.absent_at = None
    return cancelled


def _erase_messages(messages: Sequence[Message], passed_on: Sequence[Message]) -> None:
    """Erase the words and phones of the client's messages, and the words of those `passed_on`."""
    for message in (*messages, *passed_on):
        message.body = None
        message.error_message = None  # a provider's error text may contain the phone
    for message in messages:
        message.idempotency_key = None
        if message.direction is Direction.OUTBOUND:
            message.to_e164 = None
        else:
            message.from_e164 = None


def _erase_phones(uow: UnitOfWork, phones: Sequence[ClientPhone]) -> None:
    """Delete the phones. The opt-out of one applies to the others, in case the person comes
    back."""
    numbers = [phone.e164 for phone in phones]
    for phone in phones:
        uow.session.delete(phone)
    uow.session.flush()
    for number in numbers:
        optout.release_phone(uow, number, to=numbers)
    for number in numbers:
        optout.release_phone(uow, number, to=())


def _messages_of(uow: UnitOfWork, client: Client, numbers: Sequence[str]) -> Sequence[Message]:
    """Return the client's messages, and those of their phones without a thread, locked until the
    commit."""
    of_thread = select(Message.id).join(
        Thread,
        and_(
            col(Thread.id) == Message.thread_id,
            Thread.org_id == uow.org.id,
            Thread.client_id == client.id,
        ),
    )
    of_phones = select(Message.id).where(
        col(Message.thread_id).is_(None),
        or_(col(Message.from_e164).in_(numbers), col(Message.to_e164).in_(numbers)),
    )
    return uow.session.exec(
        select(Message)
        .where(
            Message.org_id == uow.org.id,
            col(Message.id).in_(union(of_thread, of_phones)),
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


def _erase_at_the_sandbox(
    uow: UnitOfWork, messages: Sequence[Message], passed_on: Sequence[Message]
) -> None:
    """Erase these messages in the sandbox provider, even one whose answer was lost.

    Messages of another org to the same phone stay, because its clients are its own. Of messages to
    a sitter, only the forwarded ones are the client's.
    """
    sids = [each.provider_message_id for each in passed_on if each.provider_message_id is not None]
    erase_sandbox_bodies(uow.cursor, sids)
    recipients = sorted({message.to_e164 for message in messages if message.to_e164})
    ours = select(MessageNumber.e164).where(MessageNumber.org_id == uow.org.id)
    for start in range(0, len(recipients), 500):
        for text in uow.session.exec(
            select(SandboxMessage).where(
                col(SandboxMessage.to_e164).in_(recipients[start : start + 500]),
                col(SandboxMessage.from_e164).in_(ours),
            )
        ):
            text.to_e164 = None
            text.body = text.media = None
