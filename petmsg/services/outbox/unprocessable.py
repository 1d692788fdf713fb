"""Stored messages that nothing can be done with: each stops itself only, and a person is told.

A bug of petmsg's may trip over one row, or somebody wrote into the database: a constraint refuses
every change, a value is missing or cannot be. The other messages go on.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import NoResultFound

from petmsg.db.driver_errors import is_driver_error
from petmsg.enums import AlertKind, AlertSeverity
from petmsg.errors import ConflictingWrite, MalformedText, OutOfRange, PetmsgError, Refused
from petmsg.queries.message import hold_queued
from petmsg.services.alert import raise_alert
from petmsg.services.unit_of_work import Failure, UnitOfWork, run_in_savepoint


class UnusableMessage(Refused):
    """A message that petmsg cannot handle, for a reason that no rule foresees."""

    code = "unusable_message"

    def __init__(self, message_id: int, problem: Exception) -> None:
        super().__init__(
            f"Message {message_id} cannot be handled: petmsg has a bug or the row was changed by "
            f"hand ({type(problem).__name__}).",
            hint=f"Take it out of the queue: petmsg message cancel {message_id}",
        )


_OWN_FAULTS = (UnusableMessage, ConflictingWrite, OutOfRange, MalformedText)


@contextmanager
def own_fault(message_id: int) -> Iterator[None]:
    """What nobody foresaw becomes this message's own error, `UnusableMessage`. Errors of petmsg's
    and the drivers' pass: they have words already."""
    try:
        yield
    except PetmsgError:
        raise
    except Exception as problem:
        if is_driver_error(problem) and not isinstance(problem, NoResultFound):
            raise
        raise UnusableMessage(message_id, problem) from problem


def is_own_fault(problem: PetmsgError) -> bool:
    """Whether an error is about the one message, and will be the same at the next try."""
    return isinstance(problem, _OWN_FAULTS)


def hold_unusable(uow: UnitOfWork, message_id: int, problem: PetmsgError) -> None:
    """Take a queued message out of the queue that cannot be claimed, with an alert.

    Where the database refuses that too it stays queued, and the alert says so.
    """

    def hold(_: int) -> None:
        hold_queued(
            uow.cursor,
            uow.org.id,
            message_id=message_id,
            code=problem.code,
            why=problem.message[:500],
        )
        uow.audit("message.held", "message", str(message_id), {"code": problem.code})
        alert_unusable(uow, message_id, problem, state="is held")

    if isinstance(run_in_savepoint(uow, message_id, hold, ref=str), Failure):
        alert_unusable(uow, message_id, problem, state="stays in the queue and cannot be sent")


def alert_unusable(
    uow: UnitOfWork, message_id: int, problem: PetmsgError, *, state: str = "cannot be reconciled"
) -> None:
    """Tell a person of a message that petmsg cannot handle."""
    raise_alert(
        uow,
        AlertKind.MESSAGE_HELD,
        severity=AlertSeverity.WARNING,
        entity="message",
        ref=str(message_id),
        message=f"Message {message_id} {state}: {problem.message}",
        command=f"petmsg message cancel {message_id}",
    )
