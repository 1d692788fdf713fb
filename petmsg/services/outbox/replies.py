"""A person's answer to an inbound message (`petmsg inbox reply`), once it is in the queue.

The message that it answers is closed. If the answer is not sent or not delivered, that message
waits in the inbox again.
"""

from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.enums.messages import Voice
from petmsg.models import Message, MessageSource
from petmsg.services import inbox
from petmsg.services.alert import raise_alert
from petmsg.services.unit_of_work import UnitOfWork


def answered_by(uow: UnitOfWork, message: Message) -> int | None:
    """Return the ID of the inbound message that the message answers; None if it is no answer."""
    if message.voice is not Voice.REPLY:
        return None
    source = uow.session.get(MessageSource, message.id)
    return None if source is None else source.reply_to_id


def reopen(uow: UnitOfWork, message: Message, answered: int) -> None:
    """Put the answered message into the inbox again, because the answer was not delivered, and
    raise an alert."""
    inbox.add(uow, answered)
    raise_alert(
        uow,
        AlertKind.RELAY_FAILED,
        severity=AlertSeverity.WARNING,
        entity="message",
        ref=str(answered),
        message=f"Message {message.id}, the answer to message {answered}, was not delivered "
        f"({message.error_code}). Message {answered} is in the inbox again.",
        command=f"petmsg message show {message.id}; petmsg inbox show {answered}",
    )
