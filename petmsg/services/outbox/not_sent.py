"""End messages that are not sent: fail them, or hold them for review."""

import shlex

from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.enums.messages import MessageStatus
from petmsg.models import Message
from petmsg.queries.lookup import ClientKey
from petmsg.rules.routing import Decision
from petmsg.services.alert import raise_alert
from petmsg.services.outbox import system_messages
from petmsg.services.outbox.stored_message import client_ref_of
from petmsg.services.unit_of_work import UnitOfWork


def fail(uow: UnitOfWork, message: Message, *, why: str, code: str) -> None:
    """Fail a message that was not sent. A relayed message goes to the inbox."""
    message.status, message.due_at = MessageStatus.FAILED, None
    message.error_code, message.error_message = code, why
    payload = {"client": client_ref_of(uow, message), "code": code, "attempt": None}
    uow.audit("message.failed", "message", str(message.id), payload)
    system_messages.on_undelivered(uow, message)
    uow.session.flush()


def hold_for_review(
    uow: UnitOfWork,
    message: Message,
    *,
    why: str,
    code: str,
    command: str | None = None,
    said: str | None = None,
) -> None:
    """Hold a message until somebody decides, and raise an alert that says how.

    A relayed message waits in the inbox meanwhile. `command` replaces the suggestion to retry, and
    `said` is the reason in the alert where `why` names a person.
    """
    message.status = MessageStatus.HELD
    message.error_code, message.error_message = code, why
    message.due_at = None
    uow.audit("message.held", "message", str(message.id), {"code": code})
    system_messages.add_to_inbox(uow, message)
    raise_alert(
        uow,
        AlertKind.MESSAGE_HELD,
        severity=AlertSeverity.WARNING,
        entity="message",
        ref=str(message.id),
        message=f"Message {message.id} is held: {said or why}.",
        command=command
        or f"petmsg message retry {message.id} --reason … (or: petmsg message cancel {message.id})",
    )
    uow.session.flush()


def alert_no_number(uow: UnitOfWork, client: ClientKey, decision: Decision) -> None:
    """Raise the alert for a client to whom no number can send.

    It has the codes of the rules, because their explanations name sitters.
    """
    codes = ", ".join(step.code for step in decision.trace)
    raise_alert(
        uow,
        AlertKind.NO_NUMBER,
        severity=AlertSeverity.CRITICAL,
        entity="client",
        ref=client.ref,
        message=f"No number can message client {client.ref} ({codes}).",
        command=f"petmsg route explain {shlex.quote(client.ref)}",
    )


def alert_expired(uow: UnitOfWork, message: Message) -> None:
    """Raise the alert for a message to a client that was not sent in time."""
    client = client_ref_of(uow, message)
    raise_alert(
        uow,
        AlertKind.MESSAGE_EXPIRED,
        severity=AlertSeverity.WARNING,
        entity="message",
        ref=str(message.id),
        message=f"Message {message.id} to client {client} expired before it was sent.",
        command=f"petmsg message show {message.id}",
    )
