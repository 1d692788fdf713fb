"""Import assignment windows as confirmed bookings with their windows.

petmsg has one window per booking. Of several old windows with the same `bookingRef`, the earliest
becomes that booking; the others, and those without one, become bookings `snoutos:<id of the
window>`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from sqlite3 import Row
from typing import Any

from petmsg.enums.bookings import BookingStatus
from petmsg.enums.people import SitterStatus
from petmsg.errors import MalformedRef, MalformedRow, PetmsgError, Refused
from petmsg.importers.snoutos.legacy_schema import time_of
from petmsg.importers.snoutos.people import WHY, NotImported, clients_by_ref, forgotten
from petmsg.importers.snoutos.report import Imported
from petmsg.importers.snoutos.staging import Stage
from petmsg.queries import confirm as queries
from petmsg.queries.confirm import BookingState
from petmsg.services.bookings import assignment_window
from petmsg.services.bookings.booking_changes import changeable_values, load_bookings, require_span
from petmsg.services.bookings.confirm import SitterOffboarded, booked_time
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.text_inputs import parse_ref

# `place`: the position among the windows with this bookingRef, valid ones first, by time.
# `same_as`: the first of those that are equal in everything but the ID.
WINDOWS = """
SELECT w.id, w.orgId, w.threadId, w.sitterId, w.startsAt, w.endsAt, w.bookingRef, w.hasGrace,
       t.clientId, t.orgId AS threadOrg, count(*) OVER ref AS alike,
       row_number() OVER (ref ORDER BY
           CASE WHEN t.clientId IS NULL OR w.startsAt >= '?' OR w.endsAt >= '?'
                  OR w.startsAt IS NULL OR w.endsAt IS NULL OR w.startsAt >= w.endsAt
                THEN 1 ELSE 0 END, w.startsAt, w.id) AS place,
       first_value(w.id) OVER (
           PARTITION BY w.bookingRef, t.clientId, w.sitterId, w.startsAt, w.endsAt
           ORDER BY w.id) AS same_as
FROM "AssignmentWindow" w LEFT JOIN "Thread" t ON t.id = w.threadId
WHERE w.orgId = :org
WINDOW ref AS (PARTITION BY w.bookingRef)
ORDER BY w.startsAt, w.id
"""
_ALIKE = """
SELECT w.bookingRef, w.startsAt, w.endsAt, t.clientId FROM "AssignmentWindow" w
JOIN "Thread" t ON t.id = w.threadId
WHERE w.orgId = :org AND w.bookingRef IN (:values)
"""
_INSERT = """
INSERT INTO booking (org_id, ref, client_id, sitter_id, status, starts_at, ends_at, created_at)
VALUES (:org_id, :ref, :client_id, :sitter_id, 'confirmed', :starts_at, :ends_at, :created_at)
"""


class WindowDiffers(Refused):
    """A booking that already exists with other values: the import only adds new ones."""

    code = "window_differs"


@dataclass(slots=True)
class _Visit:
    """An old window, checked. Instants are aware UTC."""

    id: str
    client: dict[str, Any]
    sitter: dict[str, Any] | None
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
        self._clients = clients_by_ref(uow, [row["clientId"] for row in rows])
        self._sitters = _sitters(uow, [row["sitterId"] for row in rows])
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
        self._write()
        return self._result

    def _import_window(self, row: Row) -> None:
        if row["bookingRef"] and row["same_as"] != row["id"]:
            self._result.merged += 1
            return
        visit = self._visit(row)
        ref = self._ref_for(row, visit)
        if ref is None:
            self._result.known += 1
            return
        self._new[ref] = BookingState(
            id=0,
            ref=ref,
            client_id=visit.client["id"],
            sitter_id=None if visit.sitter is None else visit.sitter["id"],
            status=BookingStatus.CONFIRMED,
            starts_at=visit.starts_at,
            ends_at=visit.ends_at,
            client=visit.client["ref"],
            sitter=None if visit.sitter is None else visit.sitter["ref"],
            sitter_status=None if visit.sitter is None else visit.sitter["status"],
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
            reason = (
                f"Another window is booking {row['bookingRef']}, so this one became booking {ref}."
            )
            self._result.note(row["id"], "booking_ref_taken", reason)

    def _visit(self, row: Row) -> _Visit:
        """Return the window, checked. Raises `PetmsgError`."""
        if row["clientId"] is None:
            raise NotImported(f"Thread {row['threadId']} does not exist.")
        if row["threadOrg"] != row["orgId"]:
            raise NotImported(f"Its thread {row['threadId']} belongs to another organisation.")
        client = self._clients.get(row["clientId"])
        if client is None:
            raise NotImported(f"The client {row['clientId']} of its thread was not imported.")
        if client["forgotten_at"] is not None:
            raise forgotten(client["ref"])
        starts_at = time_of(row["startsAt"], "startsAt")
        ends_at = time_of(row["endsAt"], "endsAt")
        require_span(starts_at, ends_at, timezone=self._work.org.timezone)
        sitter = self._sitters.get(row["sitterId"])
        over = ends_at + timedelta(minutes=self._work.org.grace_minutes) <= self._work.now
        if sitter is not None and sitter["status"] == SitterStatus.OFFBOARDED and not over:
            raise SitterOffboarded(f"Sitter {sitter['ref']} is offboarded here.")
        return _Visit(row["id"], client, sitter, starts_at, ends_at)

    def _ref_for(self, row: Row, visit: _Visit) -> str | None:
        """Return the ref of the booking it becomes; None if it already exists. Raises
        `PetmsgError`."""
        own, ref = own_ref(row["id"]), row["bookingRef"]
        if own in self._existing:
            self._require_same(self._existing[own], visit)
            return None
        if not ref:
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

    def _write(self) -> None:
        new = list(self._new.values())
        if not new:
            return
        uow, cursor = self._work, self._work.cursor
        cursor.run_many(
            _INSERT,
            [
                {
                    "org_id": uow.org.id,
                    "ref": row.ref,
                    "client_id": row.client_id,
                    "sitter_id": row.sitter_id,
                    "starts_at": row.starts_at,
                    "ends_at": row.ends_at,
                    "created_at": uow.now,
                }
                for row in new
            ],
        )
        ids = {row.ref: row.id for row in load_bookings(uow, list(self._new))}
        rows = [row._replace(id=ids[row.ref]) for row in new]
        threads = assignment_window.ensure_threads(
            uow, {row.client_id: (row.client, row.sitter_id) for row in rows}
        )
        for row in rows:
            payload = {"client": row.client, **changeable_values(row)}
            uow.audit("booking.added", "booking", row.ref, payload, reason=WHY)
        assignment_window.upsert_windows(uow, [booked_time(row) for row in rows], threads)
        for row in rows:
            confirmed = {"client": row.client, "sitter": row.sitter}
            uow.audit("booking.confirmed", "booking", row.ref, confirmed, reason=WHY)


def _is_same(existing: BookingState, visit: _Visit) -> bool:
    return (existing.client_id, existing.sitter, existing.starts_at, existing.ends_at) == (
        visit.client["id"],
        None if visit.sitter is None else visit.sitter["ref"],
        visit.starts_at,
        visit.ends_at,
    )


def _sitters(uow: UnitOfWork, refs: Sequence[str | None]) -> dict[str | None, dict[str, Any]]:
    """Return the sitters with those refs, locked so that nobody offboards them before the
    commit."""
    found = uow.cursor.in_list(
        "SELECT id, ref, status FROM sitter WHERE org_id = :org_id AND ref IN (:refs)",
        "refs",
        sorted({ref for ref in refs if ref}),
        org_id=uow.org.id,
    )
    offboarded = queries.lock_sitters(uow.cursor, uow.org.id, [row["id"] for row in found])
    for row in found:
        if row["id"] in offboarded:
            row["status"] = SitterStatus.OFFBOARDED
    return {row["ref"]: row for row in found}
