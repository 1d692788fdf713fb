"""Import bookings: new refs are added, known ones and their windows are updated."""

from collections.abc import Sequence
from dataclasses import replace

from petmsg.errors import quoted
from petmsg.services.bookings import booking
from petmsg.services.bookings.booking_rows import LEFT_OUT, TO_CANCEL, BookingRows
from petmsg.services.bookings.lead_time import parse_lead
from petmsg.services.transfer.row_files import BatchRow, RowDone
from petmsg.services.transfer.row_sets import import_as_set
from petmsg.services.unit_of_work import Failure, UnitOfWork

COLUMNS = ("ref", "client", "sitter", "starts_at", "ends_at", "lead_minutes", "status")
_STATED = "It is cancelled in the file."
_REPEATED = (
    "Line {line} has the same ref {ref}: this row has replaced what it said. If both are visits, "
    "ignore the column of the ref: --map 'Header='"
)
_LEFT_OUT = "It is cancelled in the file, so it was not added."


def import_rows(
    uow: UnitOfWork,
    rows: Sequence[BatchRow],
    *,
    allow_duplicates: bool = False,
    lead: str | None = None,
) -> list[RowDone | Failure]:
    """Import rows of `booking import`: add new refs, update known ones and their windows.

    Client and sitter are named by ref, phone or name. A row without a ref matches the booking with
    its client, sitter, start and end; with `allow_duplicates` it always adds a new one. A row whose
    `status` says that the visit is cancelled cancels its booking, and adds none. `lead` is
    the lead time of a file without the column. A row is refused with all its faults. Raises
    `MalformedTime` and `OutOfRange` for a bad `lead`.
    """
    if lead is not None:
        parse_lead(lead)
        rows = [_with_lead(row, lead) for row in rows]

    def apply(part: Sequence[BatchRow]) -> list[RowDone | Failure]:
        results = BookingRows(uow, allow_duplicates=allow_duplicates).apply(part)
        return [_with_cancellation(uow, each) for each in results]

    return _with_repeated_refs(rows, import_as_set(uow, rows, apply))


def _with_repeated_refs(
    rows: Sequence[BatchRow], results: Sequence[RowDone | Failure]
) -> list[RowDone | Failure]:
    """The results, with a note on each row that has changed what an earlier row of them said: its
    column may hold the number of an order, not of a visit."""
    lines: dict[str, int] = {}
    noted: list[RowDone | Failure] = []
    for row, done in zip(rows, results, strict=True):
        ref = row.cells.get("ref")
        if isinstance(done, Failure) or not ref:
            noted.append(done)
            continue
        is_repeated = done.result == "updated" and ref in lines
        note = (_REPEATED.format(ref=quoted(ref), line=lines[ref]),) if is_repeated else ()
        noted.append(replace(done, notes=done.notes + note))
        lines[ref] = done.row
    return noted


def _with_cancellation(uow: UnitOfWork, done: RowDone | Failure) -> RowDone | Failure:
    """Cancel the booking of a row that says so."""
    if isinstance(done, Failure) or done.result not in (TO_CANCEL, LEFT_OUT):
        return done
    if done.result == LEFT_OUT:
        return replace(done, result="unchanged", notes=(_LEFT_OUT,))
    if booking.cancel(uow, done.ref, reason=_STATED).reused:
        return replace(done, result="unchanged", notes=())
    return replace(done, result="cancelled", notes=(_STATED,))


def _with_lead(row: BatchRow, lead: str) -> BatchRow:
    if row.cells.get("lead_minutes") is not None:
        return row
    return replace(row, cells={**row.cells, "lead_minutes": lead})
