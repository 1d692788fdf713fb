"""Import assignment windows as confirmed bookings with their windows.

petmsg has one window per booking. Of several old windows with the same `bookingRef`, the earliest
becomes that booking; the others, and those without one, become bookings `snoutos:<id of the
window>`. In the newer schema a window belongs to the booking that was imported before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Row

from petmsg.enums.bookings import BookingStatus
from petmsg.enums.people import SitterStatus
from petmsg.errors import MalformedRef, MalformedRow, PetmsgError, Refused
from petmsg.importers.snoutos.bookings import STATUS, locked_sitters, state_of, store_bookings
from petmsg.importers.snoutos.legacy_schema import time_of, word_of
from petmsg.importers.snoutos.newer_schema import CLOSED
from petmsg.importers.snoutos.people import NotImported, client_of_thread
from petmsg.importers.snoutos.report import Imported
from petmsg.importers.snoutos.staging import Stage
from petmsg.queries.client_rows import KnownClient
from petmsg.queries.confirm import BookingState
from petmsg.queries.imported import SitterStatusRow, clients_by_ref
from petmsg.services.bookings.booking_changes import load_bookings, require_span
from petmsg.services.bookings.confirm import SitterOffboarded
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.text_inputs import parse_ref

# `place`: the position among the windows with this bookingRef, valid ones first, by time.
# `same_as`: the first of those that are equal in everything but the ID.
WINDOWS = """
SELECT w.id, w.orgId, w.threadId, w.sitterId, w.startsAt, w.endsAt, w.bookingRef, w.hasGrace,
       w.status, b.id AS booking, b.status AS bookingStatus, b.startsAt AS bookedFrom,
       b.endsAt AS bookedUntil, b.sitterId AS bookingSitter, b.clientId AS bookingClient,
       b.isNew,
       t.clientId, t.orgId AS threadOrg, count(*) OVER ref AS alike,
       row_number() OVER (ref ORDER BY
           CASE WHEN t.clientId IS NULL OR w.startsAt >= '?' OR w.endsAt >= '?'
                  OR w.startsAt IS NULL OR w.endsAt IS NULL OR w.startsAt >= w.endsAt
                THEN 1 ELSE 0 END, w.startsAt, w.id) AS place,
       first_value(w.id) OVER (
           PARTITION BY w.bookingRef, t.clientId, w.sitterId, w.startsAt, w.endsAt
           ORDER BY w.id) AS same_as
FROM "AssignmentWindow" w LEFT JOIN "Thread" t ON t.id = w.threadId
LEFT JOIN "Booking" b ON b.id = w.bookingRef AND b.orgId = w.orgId
WHERE w.orgId = :org
WINDOW ref AS (PARTITION BY w.bookingRef)
ORDER BY w.startsAt, w.id
"""
_ALIKE = """
SELECT w.bookingRef, w.startsAt, w.endsAt, t.clientId FROM "AssignmentWindow" w
JOIN "Thread" t ON t.id = w.threadId
WHERE w.orgId = :org AND w.bookingRef IN (:values)
"""


class NotConfirmed(Refused):
    """A window to come of a booking that is not confirmed."""

    code = "booking_not_confirmed"


class WindowDiffers(Refused):
    """A booking that already exists with other values: the import only adds new ones."""

    code = "window_differs"


@dataclass(slots=True)
class _Visit:
    """An old window, checked. Instants are aware UTC."""

    id: str
    client: KnownClient
    sitter: SitterStatusRow | None
    starts_at: datetime
    ends_at: datetime


def own_ref(window_id: str) -> str:
    """Return the ref of a booking without a ref in the old system."""
    return f"snoutos:{window_id}"


def import_windows(uow: UnitOfWork, stage: Stage, org: str, rows: Sequence[Row]) -> Imported:
    """Import windows as confirmed bookings in the order of `rows`; existing ones are not
    changed."""
    return _Windows(uow, stage, org, rows).take(rows)


class _Windows:
    """One chunk: looked up together, checked one by one, written together."""

    def __init__(self, uow: UnitOfWork, stage: Stage, org: str, rows: Sequence[Row]) -> None:
        self._work = uow
        self._result = Imported("AssignmentWindow", read=len(rows))
        self._clients = clients_by_ref(uow.cursor, uow.org.id, [row["clientId"] for row in rows])
        self._sitters = locked_sitters(uow, [row["sitterId"] for row in rows])
        refs = [row["bookingRef"] for row in rows if row["bookingRef"]]
        self._existing = {
            existing.ref: existing
            for existing in load_bookings(uow, [*refs, *(own_ref(row["id"]) for row in rows)])
        }
        several = sorted({row["bookingRef"] for row in rows if row["alike"] > 1} - {None})
        self._spans: dict[str, set[tuple[str, str, str]]] = {}
        for row in stage.among(_ALIKE, several, org=org):
            self._spans.setdefault(row["bookingRef"], set()).add(
                (row["clientId"], row["startsAt"], row["endsAt"])
            )
        self._new: dict[str, BookingState] = {}

    def take(self, rows: Sequence[Row]) -> Imported:
        for row in rows:
            try:
                self._import_window(row)
            except PetmsgError as problem:
                self._result.refuse(row["id"], problem)
        store_bookings(self._work, list(self._new.values()))
        return self._result

    def _import_window(self, row: Row) -> None:
        if word_of(row["status"]) in CLOSED:
            return
        if row["booking"] is not None and self._is_of_its_booking(row):
            self._result.merged += 1
            return
        if row["bookingRef"] and row["same_as"] != row["id"]:
            self._result.merged += 1
            return
        visit = self._visit(row)
        ref = self._ref_for(row, visit)
        if ref is None:
            self._result.known += 1
            return
        self._new[ref] = state_of(
            ref,
            visit.client,
            visit.sitter,
            BookingStatus.CONFIRMED,
            (visit.starts_at, visit.ends_at),
        )
        self._result.new += 1
        if row["hasGrace"]:
            reason = "The window is shorter than the old grace, which was not subtracted."
            self._result.note(row["id"], "shorter_than_grace", reason)
        if row["sitterId"] and visit.sitter is None:
            reason = f"Its sitter {row['sitterId']} was not imported, so the booking has none."
            self._result.note(row["id"], "sitter_not_taken", reason)
        if not row["bookingRef"]:
            self._result.note(
                row["id"], "no_booking_ref", f"It has no bookingRef, so it became booking {ref}."
            )
        elif ref != row["bookingRef"]:
            whose = (
                "Another window is"
                if row["booking"] is None
                else "It has another sitter or time than"
            )
            reason = f"{whose} booking {row['bookingRef']}, so this one became booking {ref}."
            self._result.note(row["id"], "booking_ref_taken", reason)

    def _is_of_its_booking(self, row: Row) -> bool:
        """Whether the imported booking has this window; what it changes is noted.

        A window of another sitter or at another time becomes a booking of its own, so that messages
        are still sent from that sitter's number. Nothing is said of a window that is over. Raises
        `PetmsgError`.
        """
        booking = self._existing.get(row["booking"])
        if booking is None:
            raise NotImported(f"Its booking {row['booking']} was not imported.")
        status = STATUS.get(word_of(row["bookingStatus"]))
        is_over = time_of(row["endsAt"], "Its end") <= self._work.now
        if is_over or (booking.status == BookingStatus.CANCELLED and status != booking.status):
            return True
        if status is BookingStatus.CANCELLED:
            raise NotConfirmed(f"Its booking {booking.ref} is cancelled.")
        if status is not BookingStatus.CONFIRMED:
            raise NotConfirmed(
                f"Its booking {booking.ref} is not confirmed.",
                hint=f"Confirm it: petmsg booking confirm {booking.ref}",
            )
        if row["clientId"] != row["bookingClient"]:
            raise MalformedRow(
                f"Its thread is that of client {row['clientId']}, its booking that of client "
                f"{row['bookingClient']}."
            )
        times = (row["startsAt"], row["endsAt"]) == (row["bookedFrom"], row["bookedUntil"])
        if row["sitterId"] not in (None, row["bookingSitter"]):
            return False
        if row["startsAt"] >= row["bookedUntil"] or row["endsAt"] <= row["bookedFrom"]:
            return False
        if not times and row["isNew"]:
            reason = f"It has other times than its booking {booking.ref}, whose times it gets."
            self._result.note(row["id"], "window_differs", reason)
        return True

    def _visit(self, row: Row) -> _Visit:
        """Return the window, checked. Raises `PetmsgError`."""
        client = client_of_thread(row, self._clients)
        starts_at = time_of(row["startsAt"], "Its start")
        ends_at = time_of(row["endsAt"], "Its end")
        require_span(starts_at, ends_at, timezone=self._work.org.timezone)
        sitter = self._sitters.get(row["sitterId"])
        over = ends_at + timedelta(minutes=self._work.org.grace_minutes) <= self._work.now
        if sitter is not None and sitter.status == SitterStatus.OFFBOARDED and not over:
            raise SitterOffboarded(f"Sitter {sitter.ref} is offboarded here.")
        return _Visit(row["id"], client, sitter, starts_at, ends_at)

    def _ref_for(self, row: Row, visit: _Visit) -> str | None:
        """Return the ref of the booking it becomes; None if it already exists. Raises
        `PetmsgError`."""
        own, ref = own_ref(row["id"]), row["bookingRef"]
        if own in self._existing:
            self._require_same(self._existing[own], visit)
            return None
        if not ref or row["booking"] is not None:
            return self._checked(own)
        existing = self._existing.get(ref) or self._new.get(ref)
        if existing is None:
            return self._checked(ref if row["place"] == 1 else own)
        if _is_same(existing, visit):
            return None
        if ref in self._new or row["place"] > 1 or self._is_anothers(existing, row):
            return self._checked(own)
        self._require_same(existing, visit)
        return None

    def _is_anothers(self, existing: BookingState, row: Row) -> bool:
        """Whether the existing booking was made from another old window with the same ref."""
        times = (existing.starts_at, existing.ends_at)
        span = (existing.client, *(each.isoformat(timespec="microseconds") for each in times))
        own = (row["clientId"], row["startsAt"], row["endsAt"])
        return span != own and span in self._spans.get(row["bookingRef"], ())

    def _require_same(self, existing: BookingState, visit: _Visit) -> None:
        if existing.status == BookingStatus.CANCELLED or _is_same(existing, visit):
            return
        raise WindowDiffers(
            f"Booking {existing.ref} already exists with another client, sitter or time.",
            hint=f"See it: petmsg booking show {existing.ref}",
        )

    def _checked(self, ref: str) -> str:
        try:
            return parse_ref(ref)
        except MalformedRef as problem:
            raise MalformedRow(problem.message) from None


def _is_same(existing: BookingState, visit: _Visit) -> bool:
    return (existing.client_id, existing.sitter, existing.starts_at, existing.ends_at) == (
        visit.client.id,
        None if visit.sitter is None else visit.sitter.ref,
        visit.starts_at,
        visit.ends_at,
    )
