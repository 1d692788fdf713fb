"""Bookings: add, cancel, reschedule, reassign."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from petmsg.clock import iso_utc
from petmsg.enums.bookings import BookingStatus
from petmsg.enums.people import SitterStatus
from petmsg.errors import AlreadyExists
from petmsg.queries import confirm as confirm_queries
from petmsg.queries.booking import mark_cancelled, update_bookings
from petmsg.queries.confirm import BookingState
from petmsg.queries.lookup import SitterKey, find_client, find_sitter
from petmsg.queries.suggestions import no_booking
from petmsg.services.bookings import assignment_window as window
from petmsg.services.bookings.absence_warnings import absence_warnings
from petmsg.services.bookings.assignment_window import window_span
from petmsg.services.bookings.booking_changes import (
    changeable_values,
    load_bookings,
    place_windows,
    require_span,
    require_visit_over,
)
from petmsg.services.bookings.booking_rows import BookingRows
from petmsg.services.bookings.confirm import BookingCancelled, SitterOffboarded, sitter_warnings
from petmsg.services.bookings.lead_time import parse_lead
from petmsg.services.transfer.row_files import BatchRow
from petmsg.services.unit_of_work import Failure, UnitOfWork
from petmsg.text_inputs import parse_ref


@dataclass(frozen=True, slots=True)
class BookingChanged:
    """A booking after a change; `window` is the id of its window, None if it has none."""

    booking: str
    status: BookingStatus
    client: str
    sitter: str | None
    starts_at: datetime
    ends_at: datetime
    window: int | None
    overlaps: tuple[str, ...]
    reused: bool
    warnings: tuple[str, ...] = ()
    lead_minutes: int | None = None
    client_name: str | None = None
    sitter_name: str | None = None


def add(
    uow: UnitOfWork,
    *,
    client: str,
    starts_at: datetime,
    ends_at: datetime,
    sitter: str | None = None,
    ref: str | None = None,
    lead: str | None = None,
    allow_duplicates: bool = False,
) -> BookingChanged:
    """Add a pending booking; times are aware UTC. Adding the same booking again changes nothing.

    Without a ref, the same booking is one with the same client, sitter, start and end that was not
    cancelled; with `allow_duplicates` a new one is added. `lead` is how long before the visit its
    window begins (see `parse_lead`), None means as the org says. Raises `AlreadyExists` for a
    booking with other values, `NotFound`, `Ambiguous`, `EndNotAfterStart`, `SitterOffboarded`,
    `ClientForgotten`, `MalformedTime` and `OutOfRange`.
    """
    lead_minutes = parse_lead(lead or "")
    cells: dict[str, str | None] = {
        "ref": ref,
        "client": client,
        "sitter": sitter or "",
        "starts_at": iso_utc(starts_at),
        "ends_at": iso_utc(ends_at),
        "lead_minutes": lead or "",
    }
    if ref is not None:
        existing = load_bookings(uow, [parse_ref(ref)])
        if existing:
            row = existing[0]
            wanted_client = find_client(uow.cursor, uow.org.id, client)
            wanted_sitter = find_sitter(uow.cursor, uow.org.id, sitter).id if sitter else None
            if (wanted_client.id, wanted_sitter, starts_at, ends_at, lead_minutes) != (
                row.client_id,
                row.sitter_id,
                row.starts_at,
                row.ends_at,
                row.lead_minutes,
            ):
                raise _differs(row.ref)
            return _added(uow, row, reused=True)
    rows = BookingRows(uow, allow_duplicates=allow_duplicates, even_cancelled=False)
    done = rows.apply([BatchRow(1, cells)])[0]
    if isinstance(done, Failure):
        raise done.error
    row = load_bookings(uow, [done.ref])[0]
    if lead_minutes is not None and lead_minutes != row.lead_minutes:
        raise _differs(row.ref)
    return _added(uow, row, reused=done.result == "unchanged")


def cancel(uow: UnitOfWork, ref: str, *, reason: str | None = None) -> BookingChanged:
    """Cancel a booking and close its window. Cancelling it again changes nothing.

    Raises `NotFound`.
    """
    row = _one(uow, ref)
    if row.status == BookingStatus.CANCELLED:
        return _changed(row, window_id=_window_id(uow, row), reused=True)
    mark_cancelled(uow.cursor, row.id)
    for existing in confirm_queries.windows_of_bookings(uow.cursor, uow.org.id, [row.id]):
        span = window_span(
            existing.starts_at, existing.booked_until, existing.ends_at, existing.sitter
        )
        uow.audit(
            "window.closed",
            "window",
            row.ref,
            {"client": row.client, "before": span, "after": None},
            reason=reason,
        )
    uow.audit(
        "booking.cancelled",
        "booking",
        row.ref,
        {"client": row.client, "before": row.status},
        reason=reason,
    )
    cancelled = row._replace(status=BookingStatus.CANCELLED)
    return _changed(cancelled, window_id=_window_id(uow, row), reused=False)


def reschedule(
    uow: UnitOfWork,
    ref: str,
    *,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    lasts: timedelta | None = None,
    lead: str | None = None,
    reason: str | None = None,
) -> BookingChanged:
    """Change the times of a booking (aware UTC), its lead time and its window.

    `lasts` replaces `ends_at`: the end is that long after the start. An empty `lead` means as the
    org says, None leaves it. Raises `NotFound`, `BookingCancelled`,
    `EndNotAfterStart`, `SitterOffboarded`, `MalformedTime` and `OutOfRange`.
    """
    row = _changeable(uow, ref)
    start = starts_at if starts_at is not None else row.starts_at
    if lasts is not None:
        ends_at = start + lasts
    wanted = row._replace(
        starts_at=start,
        ends_at=ends_at if ends_at is not None else row.ends_at,
        lead_minutes=parse_lead(lead) if lead is not None else row.lead_minutes,
    )
    require_span(wanted.starts_at, wanted.ends_at, timezone=uow.org.timezone)
    return _apply(uow, row, wanted, event="booking.rescheduled", reason=reason)


def reassign(
    uow: UnitOfWork, ref: str, *, sitter: str | None, reason: str | None = None
) -> BookingChanged:
    """Assign a booking and its window to another sitter, or to nobody (None).

    Raises `NotFound`, `Ambiguous`, `BookingCancelled` and `SitterOffboarded`.
    """
    row = _changeable(uow, ref)
    key = find_sitter(uow.cursor, uow.org.id, sitter) if sitter is not None else None
    if key is not None:
        _require_not_offboarded(key)
    wanted = row._replace(
        sitter_id=key.id if key else None,
        sitter=key.ref if key else None,
        sitter_name=key.name if key else None,
        sitter_status=key.status if key else None,
    )
    return _apply(uow, row, wanted, event="booking.reassigned", reason=reason)


def _apply(
    uow: UnitOfWork,
    row: BookingState,
    wanted: BookingState,
    *,
    event: str,
    reason: str | None,
) -> BookingChanged:
    if wanted.sitter_id is not None:
        held = confirm_queries.lock_sitters(uow.cursor, uow.org.id, [wanted.sitter_id])
        if held or wanted.sitter_status == SitterStatus.OFFBOARDED:
            require_visit_over(uow, wanted)
    differs = changeable_values(row) != changeable_values(wanted)
    if differs:
        update_bookings(
            uow.cursor,
            [
                {
                    "id": row.id,
                    "sitter_id": wanted.sitter_id,
                    "starts_at": wanted.starts_at,
                    "ends_at": wanted.ends_at,
                    "lead_minutes": wanted.lead_minutes,
                }
            ],
        )
        uow.audit(
            event,
            "booking",
            row.ref,
            {"before": changeable_values(row), "after": changeable_values(wanted)},
            reason=reason,
        )
    window_id, moved = None, False
    overlapping: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    if row.status == BookingStatus.CONFIRMED:
        placed = place_windows(uow, [wanted])[row.id]
        window_id, moved = placed.id, placed.moved
        overlapping = tuple(window.overlaps(uow, [row.id]).get(row.id, ()))
        warnings = sitter_warnings(wanted)
    warnings += absence_warnings(uow, [wanted]).get(wanted.ref, ())
    return _changed(
        wanted,
        window_id=window_id,
        reused=not differs and not moved,
        overlaps=overlapping,
        warnings=warnings,
    )


def _added(uow: UnitOfWork, row: BookingState, *, reused: bool) -> BookingChanged:
    return _changed(
        row,
        window_id=_window_id(uow, row),
        reused=reused,
        warnings=absence_warnings(uow, [row]).get(row.ref, ()),
    )


def _differs(ref: str) -> AlreadyExists:
    return AlreadyExists(
        f"Booking {ref} already exists with other values.",
        hint="Change it: petmsg booking reschedule, petmsg booking reassign",
    )


def _one(uow: UnitOfWork, ref: str) -> BookingState:
    found = load_bookings(uow, [ref])
    if not found:
        raise no_booking(uow.cursor, uow.org.id, ref)
    return found[0]


def _changeable(uow: UnitOfWork, ref: str) -> BookingState:
    row = _one(uow, ref)
    if row.status == BookingStatus.CANCELLED:
        raise BookingCancelled(f"Booking {ref} is cancelled.")
    return row


def _window_id(uow: UnitOfWork, row: BookingState) -> int | None:
    found = confirm_queries.windows_of_bookings(uow.cursor, uow.org.id, [row.id])
    return found[0].id if found else None


def _require_not_offboarded(sitter: SitterKey) -> None:
    if sitter.status is SitterStatus.OFFBOARDED:
        raise SitterOffboarded(f"Sitter {sitter.ref} is offboarded.", hint="Choose another sitter.")


def _changed(
    row: BookingState,
    *,
    window_id: int | None,
    reused: bool,
    overlaps: tuple[str, ...] = (),
    warnings: tuple[str, ...] = (),
) -> BookingChanged:
    return BookingChanged(
        booking=row.ref,
        status=BookingStatus(row.status),
        client=row.client,
        sitter=row.sitter,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        window=window_id,
        overlaps=overlaps,
        reused=reused,
        warnings=warnings,
        lead_minutes=row.lead_minutes,
        client_name=row.client_name,
        sitter_name=row.sitter_name,
    )
