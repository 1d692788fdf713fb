"""Import bookings: new refs are added, known ones and their windows are updated."""

from collections.abc import Sequence
from dataclasses import replace

from petmsg.services.bookings.booking_rows import BookingRows
from petmsg.services.bookings.lead_time import parse_lead
from petmsg.services.transfer.row_files import BatchRow, RowDone
from petmsg.services.transfer.row_sets import import_as_set
from petmsg.services.unit_of_work import Failure, UnitOfWork

COLUMNS = ("ref", "client", "sitter", "starts_at", "ends_at", "lead_minutes")


def import_rows(
    uow: UnitOfWork,
    rows: Sequence[BatchRow],
    *,
    allow_duplicates: bool = False,
    lead: str | None = None,
) -> list[RowDone | Failure]:
    """Import rows of `booking import`: add new refs, update known ones and their windows.

    Client and sitter are named by ref, phone or name. A row without a ref matches the booking with
    its client, sitter, start and end; with `allow_duplicates` it always adds a new one. `lead` is
    the lead time of a file without the column. A row is refused with all its faults. Raises
    `MalformedTime` and `OutOfRange` for a bad `lead`.
    """
    if lead is not None:
        parse_lead(lead)
        rows = [_with_lead(row, lead) for row in rows]
    return import_as_set(
        uow, rows, lambda part: BookingRows(uow, allow_duplicates=allow_duplicates).apply(part)
    )


def _with_lead(row: BatchRow, lead: str) -> BatchRow:
    if row.cells.get("lead_minutes") is not None:
        return row
    return replace(row, cells={**row.cells, "lead_minutes": lead})
