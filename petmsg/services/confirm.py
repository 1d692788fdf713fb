"""Confirming bookings: the client's one thread, the booking's window, all in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from petmsg.enums import BookingStatus, SitterStatus
from petmsg.errors import PetmsgError, Refused
from petmsg.queries import confirm as queries
from petmsg.queries.nearest import FEW, no_booking
from petmsg.services import window
from petmsg.services.work import Failure, Work


class BookingCancelled(Refused):
    code = "booking_cancelled"
    hint = "A cancelled booking stays cancelled; add a new one: petmsg booking add"


class SitterOffboarded(Refused):
    code = "sitter_offboarded"


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A confirmed booking with its thread and window, and what was there before."""

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


def confirm(work: Work, refs: Sequence[str], *, of_many: bool = True) -> list[Confirmed | Failure]:
    """Confirm the bookings of those refs; results in their order, a repeated ref repeated.

    Idempotent: the same thread, the same window. A cancelled booking or an offboarded sitter is a
    `Failure` of its row; the others stand. Unless it is one `of_many`, its error is raised.
    """
    cursor = work.cursor
    rows = {
        row["ref"]: row
        for row in queries.locked_bookings(cursor, work.org.id, list(dict.fromkeys(refs)))
    }
    offboarded = queries.hold_sitters(
        cursor, work.org.id, [*{row["sitter_id"] for row in rows.values() if row["sitter_id"]}]
    )
    for stored in rows.values():
        if stored["sitter_id"] in offboarded:
            stored["sitter_status"] = SitterStatus.OFFBOARDED
    good: list[dict[str, Any]] = []
    failures: dict[str, PetmsgError] = {}
    for ref in dict.fromkeys(refs):
        problem = _problem(work, ref, rows.get(ref), guess=len(refs) <= FEW)
        if problem is None:
            good.append(rows[ref])
        elif not of_many:
            raise problem
        else:
            failures[ref] = problem
    done = _confirm(work, good)
    results: list[Confirmed | Failure] = []
    clients: set[str] = set()
    for ref in refs:
        if ref not in done:
            results.append(Failure(ref, failures[ref]))
            continue
        row = done[ref]
        # What an earlier row of this very run made is reused by the later ones.
        results.append(replace(row, thread_reused=row.thread_reused or row.client in clients))
        done[ref] = replace(row, window_reused=True)
        clients.add(row.client)
    return results


def as_it_stands(work: Work, ref: str) -> Confirmed:
    """The row of a booking that was confirmed before, with nothing changed. Raises `NotFound`."""
    rows = work.cursor.in_list(queries.BOOKINGS, "refs", [ref], org_id=work.org.id)
    if not rows:
        raise no_booking(work.cursor, work.org.id, ref)
    row = rows[0]
    thread = window.threads_for(work, {row["client_id"]: (row["client"], None)})[row["client_id"]]
    (placed,) = work.cursor.in_list(queries.WINDOWS, "booking_ids", [row["id"]], org_id=work.org.id)
    return Confirmed(
        booking=row["ref"],
        client=row["client"],
        thread=thread.id,
        window=placed["id"],
        sitter=row["sitter"],
        default_number=thread.default_number,
        thread_reused=True,
        window_reused=True,
        overlaps=tuple(window.overlaps(work, [row["id"]]).get(row["id"], ())),
        warnings=(),
        status=BookingStatus(row["status"]),
    )


def _problem(
    work: Work, ref: str, row: dict[str, Any] | None, *, guess: bool
) -> PetmsgError | None:
    if row is None:
        return no_booking(work.cursor, work.org.id, ref, guess=guess)
    if row["status"] == BookingStatus.CANCELLED:
        return BookingCancelled(f"Booking {ref} is cancelled.")
    if row["sitter_status"] == SitterStatus.OFFBOARDED:
        return SitterOffboarded(
            f"Sitter {row['sitter']} of booking {ref} is offboarded.",
            hint=f"Choose another: petmsg booking reassign {ref} --sitter SITTER",
        )
    return None


def _confirm(work: Work, rows: list[dict[str, Any]]) -> dict[str, Confirmed]:
    if not rows:
        return {}
    threads = window.threads_for(
        work, {row["client_id"]: (row["client"], row["sitter_id"]) for row in reversed(rows)}
    )
    placed = window.place(work, [booked_time(row) for row in rows], threads)
    pending = [row for row in rows if row["status"] == BookingStatus.PENDING]
    cursor = work.cursor
    cursor.run_many(queries.MARK_CONFIRMED, [{"id": row["id"]} for row in pending])
    overlapping = window.overlaps(work, [row["id"] for row in rows])
    done = {}
    for row in rows:
        thread, its_window = threads[row["client_id"]], placed[row["id"]]
        if row["status"] == BookingStatus.PENDING or its_window.moved:
            work.record(
                "booking.confirmed",
                "booking",
                row["ref"],
                {
                    "client": row["client"],
                    "sitter": row["sitter"],
                    "reused": {"thread": thread.reused, "window": its_window.reused},
                },
            )
        done[row["ref"]] = Confirmed(
            booking=row["ref"],
            client=row["client"],
            thread=thread.id,
            window=its_window.id,
            sitter=row["sitter"],
            default_number=thread.default_number,
            thread_reused=thread.reused,
            window_reused=its_window.reused,
            overlaps=tuple(overlapping.get(row["id"], ())),
            warnings=sitter_warnings(row),
        )
    return done


def sitter_warnings(row: dict[str, Any]) -> tuple[str, ...]:
    """What a window with this row's sitter will lack."""
    if row["sitter_status"] == SitterStatus.INACTIVE:
        warning = (
            f"Sitter {row['sitter']} is not active yet: her window will not speak with her number"
            f" until petmsg sitter activate {row['sitter']}"
        )
        return (warning,)
    return ()


def booked_time(row: dict[str, Any]) -> window.BookedTime:
    """What `window.place` needs, from a row of `queries.confirm.BOOKINGS`."""
    return window.BookedTime(
        booking_id=row["id"],
        booking=row["ref"],
        client_id=row["client_id"],
        client=row["client"],
        sitter_id=row["sitter_id"],
        sitter=row["sitter"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
    )
