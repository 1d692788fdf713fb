"""Forgetting a client: her name, phones and words go, while audit and counts stay whole."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import and_, col, or_, select, union

from petmsg.enums import Direction, MessageStatus
from petmsg.errors import Refused
from petmsg.models import Client, Message, MessageNumber, SandboxText, Thread
from petmsg.queries.erase import erase_sandbox_bodies, erase_unmatched, repeating_messages
from petmsg.services.people import optout
from petmsg.services.people.client import locked_client, phones_of
from petmsg.services.unit_of_work import UnitOfWork

_UNFINISHED = (MessageStatus.QUEUED, MessageStatus.HELD, MessageStatus.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What `client forget` erased, in counts."""

    client: str
    phones: int
    messages: int
    cancelled: int
    reused: bool


def forget(uow: UnitOfWork, text: str, *, reason: str) -> Forgotten:
    """Erase a person: name, phones, timezone and bodies. It cannot be undone.

    Thread, bookings, counts and audit stay whole. What was passed on to a sitter, what a sitter
    wrote to her, and questions that name her are erased too. Texts of hers that still wait are
    cancelled, and those whose fate is not known, which nobody could look up any more. Her opt-outs
    stand: they, and pairs of numbers that a carrier blocks, know her phones by a digest only.
    """
    client = locked_client(uow, text, even_forgotten=True)
    if client.forgotten_at is not None:
        return Forgotten(client.ref, 0, 0, 0, reused=True)
    phones = phones_of(uow, client)
    numbers = [phone.e164 for phone in phones]
    messages = _texts_of(uow, client, numbers)
    if any(message.status is MessageStatus.SENDING for message in messages):
        raise Refused(
            f"A text to client {client.ref} is being sent right now.",
            hint="Try again in a minute. If its sender died: petmsg message dispatch",
        )
    passed_on = _passed_on(uow, client, messages)
    if any(message.status is MessageStatus.SENDING for message in passed_on):
        raise Refused(
            f"Words of client {client.ref} are being passed on right now.",
            hint="Try again in a minute. If its sender died: petmsg message dispatch",
        )
    _erase_at_the_sandbox(uow, messages, passed_on)
    unfinished = [*messages, *passed_on]
    cancelled = [message for message in unfinished if message.status in _UNFINISHED]
    for message in cancelled:
        message.status = MessageStatus.CANCELLED
        message.due_at = message.in_doubt_at = message.absent_at = None
    for message in messages:
        message.body = None
        message.error_message = None  # a provider's words may repeat her phone
        message.idempotency_key = None
        if message.direction is Direction.OUTBOUND:
            message.to_e164 = None
        else:
            message.from_e164 = None
    for message in passed_on:
        message.body = message.error_message = None
    _erase_strays(uow, numbers)
    for phone in phones:
        uow.session.delete(phone)
    uow.session.flush()
    for number in numbers:
        # Whoever opted out through one phone is known by the others, should they come again.
        optout.let_go(uow, number, to=numbers)
    for number in numbers:
        optout.let_go(uow, number, to=())
    client.name = client.timezone = None
    client.forgotten_at = uow.now
    uow.audit(
        "client.forgotten",
        "client",
        client.ref,
        {"phones": len(phones), "messages": len(messages), "cancelled": len(cancelled)},
        reason=reason,
    )
    return Forgotten(client.ref, len(phones), len(messages), len(cancelled), reused=False)


def _texts_of(uow: UnitOfWork, client: Client, numbers: Sequence[str]) -> Sequence[Message]:
    """Her texts, and those of her phones that no thread holds, locked until the commit."""
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


# The texts that repeat hers or name her: forwards of hers; what a sitter wrote that was passed on
# to her; and notices about either, or about a text for which she was a choice.


def _passed_on(uow: UnitOfWork, client: Client, hers: Sequence[Message]) -> Sequence[Message]:
    """Texts of nobody's thread that repeat her words or name her, locked until the commit."""
    known = {message.id for message in hers}
    repeating = repeating_messages(
        uow.cursor,
        uow.org.id,
        client_id=client.id,
        only=f"[{client.id}]",
        first=f"[{client.id},%",
        middle=f"% {client.id},%",
        last=f"% {client.id}]",
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


def _erase_strays(uow: UnitOfWork, numbers: Sequence[str]) -> None:
    """Her texts to numbers that were never ours."""
    erase_unmatched(uow.cursor, numbers)


def _erase_at_the_sandbox(
    uow: UnitOfWork, messages: Sequence[Message], passed_on: Sequence[Message]
) -> None:
    """Erase what the sandbox carrier stored of these texts, also of one whose answer was lost.

    Texts of another org to the same phone are that org's: its clients are its own. Of texts to a
    sitter only those that were passed on are hers.
    """
    sids = [each.provider_message_id for each in passed_on if each.provider_message_id is not None]
    erase_sandbox_bodies(uow.cursor, sids)
    to_her = sorted({message.to_e164 for message in messages if message.to_e164})
    ours = select(MessageNumber.e164).where(MessageNumber.org_id == uow.org.id)
    for start in range(0, len(to_her), 500):
        for text in uow.session.exec(
            select(SandboxText).where(
                col(SandboxText.to_e164).in_(to_her[start : start + 500]),
                col(SandboxText.from_e164).in_(ours),
            )
        ):
            text.to_e164 = None
            text.body = None
