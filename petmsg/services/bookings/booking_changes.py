"""What adding, importing and changing bookings share: their rows, checks and windows."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from petmsg.clock import format_local
from petmsg.errors import EndNotAfterStart
from petmsg.queries.confirm import BookingState, locked_bookings
from petmsg.services.bookings import assignment_window
from petmsg.services.bookings.confirm import SitterOffboarded, booked_time
from petmsg.services.unit_of_work import UnitOfWork


def place_windows(
    uow: UnitOfWork, rows: Sequence[BookingState]
) -> dict[int, assignment_window.UpsertedWindow]:
    """Update the windows of confirmed bookings to their times and sitters."""
    threads = assignment_window.ensure_threads_of_bookings(uow, rows)
    return assignment_window.upsert_windows(uow, [booked_time(row) for row in rows], threads)


def load_bookings(uow: UnitOfWork, refs: Sequence[str]) -> list[BookingState]:
    """The bookings of those refs, locked."""
    return locked_bookings(uow.cursor, uow.org.id, list(dict.fromkeys(refs)))


def require_span(starts_at: datetime, ends_at: datetime, *, timezone: str) -> None:
    """Raise `EndNotAfterStart` unless the start is before the end."""
    if starts_at >= ends_at:
        raise EndNotAfterStart(
            f"The end {format_local(ends_at, timezone)} is not after the start "
            f"{format_local(starts_at, timezone)}."
        )


def require_visit_over(uow: UnitOfWork, row: BookingState) -> None:
    """Raise `SitterOffboarded` unless the visit is over: offboarded sitters keep past visits."""
    if row.ends_at + timedelta(minutes=uow.org.grace_minutes) > uow.now:
        raise SitterOffboarded(
            f"Sitter {row.sitter} of booking {row.ref} is offboarded.",
            hint=f"Choose another sitter: petmsg booking reassign {row.ref} SITTER",
        )


def changeable_values(row: BookingState) -> dict[str, Any]:
    """The values of a booking that can change, as the audit stores them."""
    return {
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "sitter": row.sitter,
        "lead_minutes": row.lead_minutes,
    }
