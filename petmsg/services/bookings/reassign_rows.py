"""`booking reassign --file`: assign each booking of a file to its own sitter."""

from collections.abc import Sequence
from dataclasses import replace

from petmsg.errors import MalformedRow
from petmsg.services.bookings.booking import BookingChanged, reassign
from petmsg.services.transfer.row_files import BatchRow
from petmsg.services.unit_of_work import (
    Failure,
    UnitOfWork,
    one_batch_at_a_time,
    run_in_savepoint,
)

COLUMNS = ("ref", "sitter")


def reassign_rows(
    uow: UnitOfWork, rows: Sequence[BatchRow], *, reason: str | None = None
) -> list[BookingChanged | Failure]:
    """Assign the booking of each row to the row's sitter, each in its own savepoint.

    A booking that has that sitter already is left unchanged. A refused row is a `Failure`.
    """

    def take(row: BatchRow) -> BookingChanged:
        booking, sitter = booking_and_sitter(row)
        return reassign(uow, booking, sitter=sitter, reason=reason)

    one_batch_at_a_time(uow)
    results: list[BookingChanged | Failure] = []
    for row in rows:
        done = run_in_savepoint(uow, row, take, ref=lambda each: each.ref)
        results.append(replace(done, row=row.line) if isinstance(done, Failure) else done)
        uow.on_progress()
    return results


def booking_and_sitter(row: BatchRow) -> tuple[str, str]:
    """The booking's ref and the sitter that a row names. Raises `MalformedRow`."""
    if row.problem is not None:
        raise row.problem
    booking, sitter = row.cells.get("ref"), row.cells.get("sitter")
    if not booking:
        raise MalformedRow("The ref is missing.", hint="Give the ref of the booking.")
    if not sitter:
        raise MalformedRow(
            "The sitter is missing.",
            hint=f"For no sitter: petmsg booking reassign {booking} --nobody",
        )
    return booking, sitter
