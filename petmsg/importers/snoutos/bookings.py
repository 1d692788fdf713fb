"""Import bookings of the newer schema with their status; they keep their IDs as refs.

A confirmed booking gets its thread and its window. Also stores the bookings that other modules make
of old windows.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from sqlite3 import Row

from petmsg.enums.bookings import BookingStatus
from petmsg.enums.people import SitterStatus
from petmsg.errors import MalformedRef, MalformedRow, PetmsgError, Refused, quoted
from petmsg.importers.snoutos.legacy_schema import time_of, word_of
from petmsg.importers.snoutos.people import (
    WHY,
    DeletedThere,
    NotImported,
    client_of,
)
from petmsg.importers.snoutos.report import Imported
from petmsg.importers.snoutos.staging import Stage
from petmsg.queries import confirm as queries
from petmsg.queries.client_rows import KnownClient
from petmsg.queries.confirm import BookingState
from petmsg.queries.imported import (
    NewBooking,
    SitterStatusRow,
    clients_by_ref,
    insert_bookings,
    sitters_by_ref,
)
from petmsg.services.bookings import assignment_window
from petmsg.services.bookings.booking_changes import changeable_values, load_bookings, require_span
from petmsg.services.bookings.confirm import booked_time
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.text_inputs import parse_ref

BOOKINGS = """
SELECT b.id, b.orgId, b.clientId, b.sitterId, b.startsAt, b.endsAt, b.status, b.deletedAt,
       c.orgId AS clientOrg
FROM "Booking" b LEFT JOIN "Client" c ON c.id = b.clientId
WHERE b.orgId = :org ORDER BY b.startsAt, b.id
"""
STATUS = {
    "pending": BookingStatus.PENDING,
    "requested": BookingStatus.PENDING,
    "draft": BookingStatus.PENDING,
    "confirmed": BookingStatus.CONFIRMED,
    "accepted": BookingStatus.CONFIRMED,
    "scheduled": BookingStatus.CONFIRMED,
    "in_progress": BookingStatus.CONFIRMED,
    "completed": BookingStatus.CONFIRMED,
    "cancelled": BookingStatus.CANCELLED,
    "canceled": BookingStatus.CANCELLED,
    "declined": BookingStatus.CANCELLED,
    "rejected": BookingStatus.CANCELLED,
    "expired": BookingStatus.CANCELLED,
}
"""The status here by that in the old system; a visit that took place was a confirmed one."""


class BookingDiffers(Refused):
    """A booking that already exists with other values: the import only adds new ones."""

    code = "booking_differs"


def import_bookings(uow: UnitOfWork, stage: Stage, rows: Sequence[Row]) -> Imported:
    """Import bookings; existing ones are not changed. Staged rows say whether they were imported
    now."""
    result = Imported("Booking", read=len(rows))
    clients = clients_by_ref(uow.cursor, uow.org.id, [row["clientId"] for row in rows])
    sitters = locked_sitters(uow, [row["sitterId"] for row in rows])
    existing = {each.ref: each for each in load_bookings(uow, [row["id"] for row in rows])}
    new: list[BookingState] = []
    for row in rows:
        try:
            booking, notes = _booking(uow, row, clients, sitters)
            if _is_known(existing.get(booking.ref), booking):
                result.known += 1
                continue
        except PetmsgError as problem:
            result.refuse(row["id"], problem)
            continue
        new.append(booking)
        for code, reason in notes:
            result.note(row["id"], code, reason)
    store_bookings(uow, new)
    stage.write('UPDATE "Booking" SET isNew = 1 WHERE id = :id', [{"id": each.ref} for each in new])
    result.new = len(new)
    return result


def _booking(
    uow: UnitOfWork,
    row: Row,
    clients: Mapping[str, KnownClient],
    sitters: Mapping[str, SitterStatusRow],
) -> tuple[BookingState, list[tuple[str, str]]]:
    """Return the booking, and what was changed: (code, reason). Raises `PetmsgError`."""
    client = _client(row, clients)
    starts_at = time_of(row["startsAt"], "Its start")
    ends_at = time_of(row["endsAt"], "Its end")
    require_span(starts_at, ends_at, timezone=uow.org.timezone)
    notes = []
    status = STATUS.get(word_of(row["status"]))
    if status is None:
        status = BookingStatus.PENDING
        what = f"Its status {quoted(row['status'] or '')} is not known, so it is pending."
        notes.append(("unknown_status", what))
    sitter = sitters.get(row["sitterId"])
    if row["sitterId"] and sitter is None:
        what = f"Its sitter {row['sitterId']} was not imported, so the booking has none."
        notes.append(("sitter_not_taken", what))
    elif sitter is not None and _is_gone(uow, sitter, status, ends_at):
        what = f"Its sitter {sitter.ref} is offboarded here, so the booking has none."
        notes.append(("sitter_offboarded", what))
        sitter = None
    try:
        ref = parse_ref(row["id"])
    except MalformedRef as problem:
        raise MalformedRow(problem.message) from None
    return state_of(ref, client, sitter, status, (starts_at, ends_at)), notes


def _client(row: Row, clients: Mapping[str, KnownClient]) -> KnownClient:
    """Return the booking's client. Raises `DeletedThere`, `NotImported`, `Forgotten`."""
    if row["deletedAt"] is not None:
        raise DeletedThere("The booking was deleted there.")
    if row["clientId"] is None:
        raise NotImported("It names no client.")
    if row["clientOrg"] is not None and row["clientOrg"] != row["orgId"]:
        raise NotImported(f"Its client {row['clientId']} belongs to another organisation.")
    return client_of(row, clients)


def _is_gone(
    uow: UnitOfWork, sitter: SitterStatusRow, status: BookingStatus, ends_at: datetime
) -> bool:
    """Whether the sitter is offboarded and the visit is not over."""
    return (
        sitter.status == SitterStatus.OFFBOARDED
        and status is not BookingStatus.CANCELLED
        and ends_at + timedelta(minutes=uow.org.grace_minutes) > uow.now
    )


def _is_known(existing: BookingState | None, booking: BookingState) -> bool:
    """Whether the booking is here; what was confirmed or cancelled here stays so.

    Raises `BookingDiffers`.
    """
    if existing is None:
        return False
    if existing.status == BookingStatus.CANCELLED:
        return True
    hint = f"See it: petmsg booking show {existing.ref}"
    if booking.status == BookingStatus.CANCELLED:
        raise BookingDiffers(
            f"Booking {existing.ref} was cancelled there, and is {existing.status} here.", hint=hint
        )
    compared = [
        (each.client_id, each.sitter, each.starts_at, each.ends_at) for each in (existing, booking)
    ]
    if compared[0] != compared[1]:
        raise BookingDiffers(
            f"Booking {existing.ref} already exists with another client, sitter or time.",
            hint=hint,
        )
    if existing.status == BookingStatus.PENDING and booking.status == BookingStatus.CONFIRMED:
        raise BookingDiffers(
            f"Booking {existing.ref} was confirmed there, and is pending here.",
            hint=f"Confirm it: petmsg booking confirm {existing.ref}",
        )
    return True


def state_of(
    ref: str,
    client: KnownClient,
    sitter: SitterStatusRow | None,
    status: BookingStatus,
    times: tuple[datetime, datetime],
) -> BookingState:
    """Return a booking that is not stored yet; `times` are its start and end (aware UTC)."""
    return BookingState(
        id=0,
        ref=ref,
        client_id=client.id,
        sitter_id=None if sitter is None else sitter.id,
        status=status,
        starts_at=times[0],
        ends_at=times[1],
        client=client.ref,
        sitter=None if sitter is None else sitter.ref,
        sitter_status=None if sitter is None else sitter.status,
    )


def store_bookings(uow: UnitOfWork, new: Sequence[BookingState]) -> None:
    """Store bookings, with thread and window if they are confirmed."""
    if not new:
        return
    insert_bookings(
        uow.cursor,
        uow.org.id,
        [
            NewBooking(
                row.ref, row.client_id, row.sitter_id, row.status, row.starts_at, row.ends_at
            )
            for row in new
        ],
        now=uow.now,
    )
    ids = {row.ref: row.id for row in load_bookings(uow, [row.ref for row in new])}
    rows = [row._replace(id=ids[row.ref]) for row in new]
    confirmed = [row for row in rows if row.status == BookingStatus.CONFIRMED]
    threads = assignment_window.ensure_threads(
        uow, {row.client_id: (row.client, row.sitter_id) for row in confirmed}
    )
    for row in rows:
        payload = {"client": row.client, **changeable_values(row)}
        uow.audit("booking.added", "booking", row.ref, payload, reason=WHY)
    assignment_window.upsert_windows(uow, [booked_time(row) for row in confirmed], threads)
    for row in rows:
        who = {"client": row.client, "sitter": row.sitter}
        if row.status == BookingStatus.CONFIRMED:
            uow.audit("booking.confirmed", "booking", row.ref, who, reason=WHY)
        elif row.status == BookingStatus.CANCELLED:
            payload = {"client": row.client, "before": None}
            uow.audit("booking.cancelled", "booking", row.ref, payload, reason=WHY)


def locked_sitters(uow: UnitOfWork, refs: Sequence[str | None]) -> dict[str, SitterStatusRow]:
    """Return the sitters with those refs, locked so that nobody offboards them before the
    commit."""
    found = sitters_by_ref(uow.cursor, uow.org.id, refs)
    ids = [sitter.id for sitter in found.values()]
    offboarded = queries.lock_sitters(uow.cursor, uow.org.id, ids)
    return {
        ref: sitter._replace(status=SitterStatus.OFFBOARDED) if sitter.id in offboarded else sitter
        for ref, sitter in found.items()
    }
