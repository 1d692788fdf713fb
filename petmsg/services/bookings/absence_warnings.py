"""Warn about a booking whose sitter is away at that time. It is never refused for it."""

from collections.abc import Sequence

from petmsg.clock import format_local
from petmsg.enums.bookings import BookingStatus
from petmsg.queries.absence import absences_of
from petmsg.queries.confirm import BookingState
from petmsg.services.unit_of_work import UnitOfWork


def absence_warnings(uow: UnitOfWork, rows: Sequence[BookingState]) -> dict[str, tuple[str, ...]]:
    """The warnings about those bookings that are not over, by their refs. One statement for all."""
    coming = [
        row
        for row in rows
        if row.sitter_id is not None
        and row.ends_at > uow.now
        and row.status != BookingStatus.CANCELLED
    ]
    if not coming:
        return {}
    found = absences_of(
        uow.cursor,
        uow.org.id,
        sorted({row.sitter_id for row in coming if row.sitter_id is not None}),
        since=max(uow.now, min(row.starts_at for row in coming)),
        until=max(row.ends_at for row in coming),
    )
    warnings: dict[str, tuple[str, ...]] = {}
    for row in coming:
        for absence in found:
            if (
                absence.sitter_id == row.sitter_id
                and absence.starts_at < row.ends_at
                and max(row.starts_at, uow.now) < absence.ends_at
            ):
                warning = (
                    f"Sitter {absence.sitter} is away until "
                    f"{format_local(absence.ends_at, uow.org.timezone)}; choose another one: "
                    f"petmsg booking reassign {row.ref} SITTER"
                )
                warnings.setdefault(row.ref, (warning,))
    return warnings
