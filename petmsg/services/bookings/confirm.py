"""Confirm bookings: create the client's thread and the booking's window in one transaction."""

from collections.abc import Sequence
from typing import NamedTuple

from petmsg.enums.bookings import BookingStatus
from petmsg.enums.people import SitterStatus
from petmsg.errors import PetmsgError, Refused
from petmsg.queries import confirm as queries
from petmsg.queries.suggestions import FEW, no_booking
from petmsg.services.bookings import assignment_window as window
from petmsg.services.bookings.absence_warnings import absence_warnings
from petmsg.services.unit_of_work import Failure, UnitOfWork


class BookingCancelled(Refused):
    code = "booking_cancelled"
    hint = "A cancelled booking cannot be changed; add a new one: petmsg booking add"


class SitterOffboarded(Refused):
    code = "sitter_offboarded"


class Confirmed(NamedTuple):
    """A confirmed booking with its thread and window, and which of these existed before."""

    booking: str
    client: str
    thread: int
    window: int
    sitter: str | None
    default_number: str | None
    thread_reused: bool
    window_reused: bool
    overlaps: tuple[str, ...]
    warnings: tuple[str, ...]
    status: BookingStatus = BookingStatus.CONFIRMED
    client_name: str | None = None
    sitter_name: str | None = None


def confirm(
    uow: UnitOfWork, refs: Sequence[str], *, of_many: bool = True
) -> list[Confirmed | Failure]:
    """Confirm the bookings with these refs; one result per ref, in their order.

    Confirming a booking again changes nothing. An unknown or cancelled booking or an offboarded
    sitter is a `Failure` in its place, and the others are still confirmed. If `of_many` is False,
    the error is raised instead: `NotFound`, `BookingCancelled` or `SitterOffboarded`.
    """
    cursor = uow.cursor
    rows = {
        row.ref: row
        for row in queries.locked_bookings(cursor, uow.org.id, list(dict.fromkeys(refs)))
    }
    offboarded = queries.lock_sitters(
        cursor, uow.org.id, [*{row.sitter_id for row in rows.values() if row.sitter_id}]
    )
    if offboarded:
        rows = {
            ref: row._replace(sitter_status=SitterStatus.OFFBOARDED)
            if row.sitter_id in offboarded
            else row
            for ref, row in rows.items()
        }
    good: list[queries.BookingState] = []
    failures: dict[str, PetmsgError] = {}
    for ref in dict.fromkeys(refs):
        problem = _validate(uow, ref, rows.get(ref), guess=len(refs) <= FEW)
        if problem is None:
            good.append(rows[ref])
        elif not of_many:
            raise problem
        else:
            failures[ref] = problem
    done = _confirm(uow, good)
    results: list[Confirmed | Failure] = []
    seen: set[str] = set()
    clients: set[str] = set()
    for ref in refs:
        if ref not in done:
            results.append(Failure(ref, failures[ref]))
            continue
        row = done[ref]
        # What an earlier row of this call created counts as reused in later rows.
        if row.client in clients and not row.thread_reused:
            row = row._replace(thread_reused=True)
        if ref in seen and not row.window_reused:
            row = row._replace(window_reused=True)
        results.append(row)
        seen.add(ref)
        clients.add(row.client)
    return results


def current_state(uow: UnitOfWork, ref: str) -> Confirmed:
    """The result for a booking that was confirmed before; changes nothing. Raises `NotFound`."""
    rows = queries.booking_states(uow.cursor, uow.org.id, [ref])
    if not rows:
        raise no_booking(uow.cursor, uow.org.id, ref)
    row = rows[0]
    thread = window.ensure_threads_of_bookings(uow, rows)[row.client_id]
    (placed,) = queries.windows_of_bookings(uow.cursor, uow.org.id, [row.id])
    return Confirmed(
        booking=row.ref,
        client=row.client,
        thread=thread.id,
        window=placed.id,
        sitter=row.sitter,
        default_number=thread.default_number,
        thread_reused=True,
        window_reused=True,
        overlaps=tuple(window.overlaps(uow, [row.id]).get(row.id, ())),
        warnings=(),
        status=BookingStatus(row.status),
        client_name=row.client_name,
        sitter_name=row.sitter_name,
    )


def _validate(
    uow: UnitOfWork, ref: str, row: queries.BookingState | None, *, guess: bool
) -> PetmsgError | None:
    if row is None:
        return no_booking(uow.cursor, uow.org.id, ref, guess=guess)
    if row.status == BookingStatus.CANCELLED:
        return BookingCancelled(f"Booking {ref} is cancelled.")
    if row.sitter_status == SitterStatus.OFFBOARDED:
        return SitterOffboarded(
            f"Sitter {row.sitter} of booking {ref} is offboarded.",
            hint=f"Choose another sitter: petmsg booking reassign {ref} SITTER",
        )
    return None


def _confirm(uow: UnitOfWork, rows: list[queries.BookingState]) -> dict[str, Confirmed]:
    if not rows:
        return {}
    threads = window.ensure_threads_of_bookings(uow, rows)
    pending = {row.id: row for row in rows if row.status == BookingStatus.PENDING}
    placed = window.upsert_windows(
        uow,
        [booked_time(row) for row in rows],
        threads,
        without={each for each, row in pending.items() if not row.has_window},
        confirmed=list(pending),
    )
    overlapping = window.overlaps(uow, [row.id for row in rows])
    absent = absence_warnings(uow, rows)
    done = {}
    for row in rows:
        thread, its_window = threads[row.client_id], placed[row.id]
        ref, client, sitter = row.ref, row.client, row.sitter
        if row.status == BookingStatus.PENDING or its_window.moved:
            reused = {"thread": thread.reused, "window": its_window.reused}
            payload = {"client": client, "sitter": sitter, "reused": reused}
            uow.audit("booking.confirmed", "booking", ref, payload)
        done[ref] = Confirmed(
            ref,
            client,
            thread.id,
            its_window.id,
            sitter,
            thread.default_number,
            thread.reused,
            its_window.reused,
            tuple(overlapping.get(row.id, ())),
            sitter_warnings(row) + absent.get(ref, ()),
            client_name=row.client_name,
            sitter_name=row.sitter_name,
        )
    return done


def sitter_warnings(row: queries.BookingState) -> tuple[str, ...]:
    """Warnings about the sitter of the booking: an inactive sitter's number is not used."""
    if row.sitter_status == SitterStatus.INACTIVE:
        warning = (
            f"Sitter {row.sitter} is not active yet, so their number is not used for this visit"
            f" until you activate them: petmsg sitter activate {row.sitter}"
        )
        return (warning,)
    return ()


def booked_time(row: queries.BookingState) -> window.BookedTime:
    """What `window.upsert_windows` needs of a booking."""
    return window.BookedTime(
        row.id,
        row.ref,
        row.client_id,
        row.client,
        row.sitter_id,
        row.sitter,
        row.starts_at,
        row.ends_at,
        row.lead_minutes,
    )
