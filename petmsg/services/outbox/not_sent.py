"""Texts that are not sent: failed for good, or held until a person decides."""

from petmsg.enums import AlertKind, AlertSeverity, MessageStatus
from petmsg.models import Message
from petmsg.services.alert import raise_alert
from petmsg.services.outbox import system_messages
from petmsg.services.outbox.queue import client_ref_of
from petmsg.services.unit_of_work import UnitOfWork


def fail(uow: UnitOfWork, message: Message, *, why: str, code: str) -> None:
    """A text ends without having been sent; what it passed on waits in the inbox."""
    message.status, message.due_at = MessageStatus.FAILED, None
    message.error_code, message.error_message = code, why
    payload = {"client": client_ref_of(uow, message), "code": code, "attempt": None}
    uow.audit("message.failed", "message", str(message.id), payload)
    system_messages.did_not_arrive(uow, message)
    uow.session.flush()


def hold_for_a_person(
    uow: UnitOfWork, message: Message, *, why: str, code: str, command: str | None = None
) -> None:
    """Take a text out of the queue until somebody decides, with an alert that says how; what it
    passes on waits in the inbox meanwhile. `command` is what helps, where that is not a retry."""
    message.status = MessageStatus.HELD
    message.error_code, message.error_message = code, why
    message.due_at = None
    uow.audit("message.held", "message", str(message.id), {"code": code})
    system_messages.wait_for_a_person(uow, message)
    raise_alert(
        uow,
        AlertKind.MESSAGE_HELD,
        severity=AlertSeverity.WARNING,
        entity="message",
        ref=str(message.id),
        message=f"Text {message.id} is held: {why}.",
        command=command
        or f"petmsg message retry {message.id} --reason … (or: petmsg message cancel {message.id})",
    )
    uow.session.flush()
