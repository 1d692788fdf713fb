"""Offboard a sitter: their number, current windows and future bookings."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import col, or_, select

from petmsg.enums.bookings import BookingStatus
from petmsg.enums.people import SitterStatus
from petmsg.models import AssignmentWindow, Booking, Sitter, SitterActivity
from petmsg.queries.client import client_ref
from petmsg.services.bookings.assignment_window import window_span
from petmsg.services.numbers import ledger
from petmsg.services.numbers.number import number_held_by
from petmsg.services.people.sitter import locked
from petmsg.services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Deactivated:
    """An offboarded sitter, what happened to their number, and which bookings need a new sitter."""

    sitter: str
    sitter_name: str
    status: SitterStatus
    number: str | None
    quarantined_until: datetime | None
    windows_ended: tuple[str, ...]
    bookings_unassigned: tuple[str, ...]
    reused: bool


def deactivate(
    uow: UnitOfWork, text: str, *, days: int | None = None, reason: str | None = None
) -> Deactivated:
    """Offboard a sitter: their number becomes a quarantined pool number that no other sitter gets.

    Current windows end now; future bookings lose their sitter and are listed.
    """
    ledger.quarantine_end(
        uow, days
    )  # even if the sitter has no number: --days 0 is always a usage error
    sitter = locked(uow, text)
    assert sitter.id is not None
    if sitter.status is SitterStatus.OFFBOARDED:
        return Deactivated(sitter.ref, sitter.name, sitter.status, None, None, (), (), reused=True)
    why = reason or "sitter offboarded"
    before = sitter.status
    sitter.status = SitterStatus.OFFBOARDED
    span = uow.session.exec(
        select(SitterActivity).where(
            SitterActivity.sitter_id == sitter.id, col(SitterActivity.offboarded_at).is_(None)
        )
    ).first()
    if span is not None:
        span.offboarded_at = max(uow.now, span.activated_at)
    number = number_held_by(uow, sitter.id)
    if number is not None:
        number = ledger.locked_by_id(uow, number.id or 0)
        ledger.retire_from_sitter(
            uow,
            number,
            sitter=sitter.ref,
            days=days,
            quarantine_reason=f"{why} ({sitter.ref})",
            reason=why,
        )
    ended = _end_running_windows(uow, sitter)
    unassigned = _unassign_later_bookings(uow, sitter)
    uow.audit(
        "sitter.deactivated",
        "sitter",
        sitter.ref,
        {
            "before": before.value,
            "number": number.e164 if number else None,
            "windows_ended": ended,
            "bookings_unassigned": unassigned,
        },
        reason=reason,
    )
    return Deactivated(
        sitter=sitter.ref,
        sitter_name=sitter.name,
        status=sitter.status,
        number=number.e164 if number else None,
        quarantined_until=number.quarantined_until if number else None,
        windows_ended=tuple(ended),
        bookings_unassigned=tuple(unassigned),
        reused=False,
    )


def _end_running_windows(uow: UnitOfWork, sitter: Sitter) -> list[str]:
    """End the windows of visits that have begun now; their bookings keep the sitter."""
    running = uow.session.exec(
        select(AssignmentWindow, Booking)
        .join(Booking, col(Booking.id) == AssignmentWindow.booking_id)
        .where(
            AssignmentWindow.sitter_id == sitter.id,
            col(Booking.starts_at) < uow.now,
            col(AssignmentWindow.ends_at) > uow.now,
            Booking.status == BookingStatus.CONFIRMED,
        )
        .order_by(col(Booking.id))
        .with_for_update()
    ).all()
    for window, booking in running:
        before = _span(window, sitter.ref)
        window.ends_at = uow.now
        window.booked_until = min(window.booked_until, uow.now)
        _audit_window(uow, booking, before, _span(window, sitter.ref))
    return [booking.ref for _, booking in running]


def _unassign_later_bookings(uow: UnitOfWork, sitter: Sitter) -> list[str]:
    """Remove the sitter from bookings that have not begun, and from pending ones that have not
    ended."""
    later = uow.session.exec(
        select(Booking)
        .where(
            Booking.sitter_id == sitter.id,
            Booking.status != BookingStatus.CANCELLED,
            or_(
                col(Booking.starts_at) >= uow.now,
                (col(Booking.status) == BookingStatus.PENDING) & (col(Booking.ends_at) > uow.now),
            ),
        )
        .order_by(col(Booking.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    # By the visit's start: a window in its lead time goes to the next sitter, it does not end.
    windows = {
        window.booking_id: window
        for window in uow.session.exec(
            select(AssignmentWindow)
            .join(Booking, col(Booking.id) == AssignmentWindow.booking_id)
            .where(AssignmentWindow.sitter_id == sitter.id, col(Booking.starts_at) >= uow.now)
        )
    }
    for booking in later:
        booking.sitter_id = None
        uow.audit(
            "booking.unassigned",
            "booking",
            booking.ref,
            {"sitter": sitter.ref},
            reason="sitter offboarded",
        )
        window = windows.get(booking.id or 0)
        if window is not None:
            window.sitter_id = None
            _audit_window(uow, booking, _span(window, sitter.ref), _span(window, None))
    return [booking.ref for booking in later]


def _audit_window(
    uow: UnitOfWork, booking: Booking, before: dict[str, Any], after: dict[str, Any]
) -> None:
    client = client_ref(uow.cursor, booking.client_id)
    payload = {"client": client, "before": before, "after": after}
    uow.audit("window.updated", "window", booking.ref, payload, reason="sitter offboarded")


def _span(window: AssignmentWindow, sitter: str | None) -> dict[str, Any]:
    return window_span(window.starts_at, window.booked_until, window.ends_at, sitter)
