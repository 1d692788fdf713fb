"""Stored messages that cannot be processed: each is held and reported, and the others go on.

The cause is a bug in petmsg or a manual change of the database, such as a missing value or a
constraint that rejects every change.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import NoResultFound

from petmsg.db.driver_errors import is_driver_error
from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.errors import ConflictingWrite, MalformedText, OutOfRange, PetmsgError, Refused
from petmsg.queries.message import hold_queued
from petmsg.services.alert import raise_alert
from petmsg.services.unit_of_work import Failure, UnitOfWork, run_in_savepoint


class UnusableMessage(Refused):
    """A message that petmsg cannot process for an unexpected reason."""

    code = "unusable_message"

    def __init__(self, message_id: int, problem: Exception) -> None:
        super().__init__(
            f"Message {message_id} cannot be processed: petmsg has a bug or the row was "
            f"changed by hand ({type(problem).__name__}).",
            hint=f"Cancel the message: petmsg message cancel {message_id}",
        )


_OWN_FAULTS = (UnusableMessage, ConflictingWrite, OutOfRange, MalformedText)


@contextmanager
def own_fault(message_id: int) -> Iterator[None]:
    """Turn an unexpected error into this message's own error, `UnusableMessage`. Errors of petmsg
    and of the database drivers are raised unchanged."""
    try:
        yield
    except PetmsgError:
        raise
    except Exception as problem:
        if is_driver_error(problem) and not isinstance(problem, NoResultFound):
            raise
        raise UnusableMessage(message_id, problem) from problem


def is_own_fault(problem: PetmsgError) -> bool:
    """Whether an error concerns this message only and will occur again at the next attempt."""
    return isinstance(problem, _OWN_FAULTS)


def hold_unusable(uow: UnitOfWork, message_id: int, problem: PetmsgError) -> None:
    """Hold a queued message that cannot be claimed, and raise an alert.

    If the database rejects that too, the message stays queued, and the alert says so.
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
    """Raise an alert about a message that petmsg cannot process."""
    raise_alert(
        uow,
        AlertKind.MESSAGE_HELD,
        severity=AlertSeverity.WARNING,
        entity="message",
        ref=str(message_id),
        message=f"Message {message_id} {state}: {problem.message}",
        command=f"petmsg message cancel {message_id}",
    )
