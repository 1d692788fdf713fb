"""A stored message that is about to change: its row, locked, and its client."""

from sqlmodel import select

from petmsg.enums.messages import Direction
from petmsg.errors import NotFound, Refused
from petmsg.models import Message
from petmsg.queries.lookup import ClientKey, client_by_id
from petmsg.queries.row_ids import require_possible
from petmsg.services.unit_of_work import UnitOfWork


class MessageNotWaiting(Refused):
    code = "message_not_waiting"


def client_ref_of(uow: UnitOfWork, message: Message) -> str | None:
    """Return the ref of the message's client; None for a message outside any thread."""
    return None if message.client_id is None else client_of(uow, message).ref


def client_of(uow: UnitOfWork, message: Message) -> ClientKey:
    """Return the message's client."""
    assert message.client_id is not None
    return client_by_id(uow.cursor, uow.org.id, message.client_id)


def locked_message(uow: UnitOfWork, message_id: int) -> Message:
    """Return the outbound message, read again and locked until the commit.

    Raises `NotFound`, or `MessageNotWaiting` for an inbound message.
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
        raise MessageNotWaiting(f"Message {message_id} is inbound; it was not sent by the company.")
    return message
