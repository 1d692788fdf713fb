"""Bookings: adding, importing, cancelling, moving, giving to another sitter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import DBAPIError

from petmsg.clock import iso_utc, parse_instant
from petmsg.db.engine import is_unique_violation
from petmsg.enums import BookingStatus, ClientKind, SitterStatus
from petmsg.errors import (
    AlreadyDifferent,
    Busy,
    EndNotAfterStart,
    MalformedRow,
    NotFound,
    PetmsgError,
    Refused,
)
from petmsg.queries import confirm as confirm_queries
from petmsg.queries.lookup import ClientKey, SitterKey, find_client, find_sitter
from petmsg.services import window
from petmsg.services.batch import BatchRow, RowDone
from petmsg.services.confirm import (
    BookingCancelled,
    SitterOffboarded,
    booked_time,
    sitter_warnings,
)
from petmsg.services.refs import next_ref
from petmsg.services.work import Failure, Work
from petmsg.words import parse_ref

COLUMNS = ("ref", "client", "sitter", "starts_at", "ends_at")

_INSERT = """
INSERT INTO booking (org_id, ref, client_id, sitter_id, status, starts_at, ends_at, created_at)
VALUES (:org_id, :ref, :client_id, :sitter_id, 'pending', :starts_at, :ends_at, :created_at)
"""
_UPDATE = """
UPDATE booking SET sitter_id = :sitter_id, starts_at = :starts_at, ends_at = :ends_at
WHERE id = :id
"""


@dataclass(frozen=True, slots=True)
class BookingChanged:
    """A booking after a change; `window` is its window's id where it has one."""

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


def add(
    work: Work,
    *,
    client: str,
    starts_at: datetime,
    ends_at: datetime,
    sitter: str | None = None,
    ref: str | None = None,
) -> BookingChanged:
    """Add a pending booking. The same again changes nothing; one that differs is refused."""
    cells: dict[str, str | None] = {
        "ref": ref,
        "client": client,
        "sitter": sitter or "",
        "starts_at": iso_utc(starts_at),
        "ends_at": iso_utc(ends_at),
    }
    if ref is not None:
        there = _load(work, [parse_ref(ref)])
        if there:
            row = there[0]
            wanted_client = find_client(work.cursor, work.org.id, client)
            wanted_sitter = find_sitter(work.cursor, work.org.id, sitter).id if sitter else None
            if (wanted_client.id, wanted_sitter, starts_at, ends_at) != (
                row["client_id"],
                row["sitter_id"],
                row["starts_at"],
                row["ends_at"],
            ):
                raise AlreadyDifferent(
                    f"Booking {ref} is there already, with other values.",
                    hint="Change it: petmsg booking reschedule, petmsg booking reassign",
                )
            return _changed(row, window_id=_window_id(work, row), reused=True)
    done = _Import(work).take([BatchRow(1, cells)])[0]
    if isinstance(done, Failure):
        raise done.error
    return _changed(_load(work, [done.ref])[0], window_id=None, reused=False)


def import_rows(work: Work, rows: Sequence[BatchRow]) -> list[RowDone | Failure]:
    """Rows of `booking import`: new refs are added, known ones updated, windows follow.

    Taken as a set; if another transaction got in the way of one, row by row.
    """
    try:
        with work.all_or_nothing():
            return _Import(work).take(rows)
    except DBAPIError as problem:
        if not is_unique_violation(problem):
            raise
    results: list[RowDone | Failure] = []
    for row in rows:
        with work.all_or_nothing():
            results += _Import(work).take([row])
    return results


def cancel(work: Work, ref: str, *, reason: str | None = None) -> BookingChanged:
    """Cancel a booking: its window counts no more. Cancelling again changes nothing."""
    row = _one(work, ref)
    if row["status"] == BookingStatus.CANCELLED:
        return _changed(row, window_id=_window_id(work, row), reused=True)
    work.cursor.run("UPDATE booking SET status = 'cancelled' WHERE id = :id", id=row["id"])
    for there in work.cursor.in_list(
        confirm_queries.WINDOWS, "booking_ids", [row["id"]], org_id=work.org.id
    ):
        span = {name: there[name] for name in ("starts_at", "booked_until", "ends_at", "sitter")}
        work.record(
            "window.closed",
            "window",
            row["ref"],
            {"client": row["client"], "before": span, "after": None},
            reason=reason,
        )
    work.record(
        "booking.cancelled",
        "booking",
        row["ref"],
        {"client": row["client"], "before": row["status"]},
        reason=reason,
    )
    cancelled = {**row, "status": BookingStatus.CANCELLED}
    return _changed(cancelled, window_id=_window_id(work, row), reused=False)


def reschedule(
    work: Work,
    ref: str,
    *,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    reason: str | None = None,
) -> BookingChanged:
    """Give a booking other times; a confirmed one's window moves with it."""
    row = _changeable(work, ref)
    wanted = {
        **row,
        "starts_at": starts_at if starts_at is not None else row["starts_at"],
        "ends_at": ends_at if ends_at is not None else row["ends_at"],
    }
    _require_span(wanted["starts_at"], wanted["ends_at"])
    return _apply(work, row, wanted, event="booking.rescheduled", reason=reason)


def reassign(
    work: Work, ref: str, *, sitter: str | None, reason: str | None = None
) -> BookingChanged:
    """Give a booking to another sitter (None: to nobody yet); its window speaks with her number."""
    row = _changeable(work, ref)
    key = find_sitter(work.cursor, work.org.id, sitter) if sitter is not None else None
    if key is not None:
        _require_not_offboarded(key)
    wanted = {
        **row,
        "sitter_id": key.id if key else None,
        "sitter": key.ref if key else None,
        "sitter_status": key.status if key else None,
    }
    return _apply(work, row, wanted, event="booking.reassigned", reason=reason)


def _apply(
    work: Work,
    row: dict[str, Any],
    wanted: dict[str, Any],
    *,
    event: str,
    reason: str | None,
) -> BookingChanged:
    if wanted["sitter_id"] is not None:
        held = confirm_queries.hold_sitters(work.cursor, work.org.id, [wanted["sitter_id"]])
        if held or wanted["sitter_status"] == SitterStatus.OFFBOARDED:
            _require_over(work, wanted)
    differs = _times(row) != _times(wanted)
    if differs:
        work.cursor.run(
            _UPDATE,
            id=row["id"],
            sitter_id=wanted["sitter_id"],
            starts_at=wanted["starts_at"],
            ends_at=wanted["ends_at"],
        )
        work.record(
            event,
            "booking",
            row["ref"],
            {"before": _times(row), "after": _times(wanted)},
            reason=reason,
        )
    window_id, moved = None, False
    overlapping: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    if row["status"] == BookingStatus.CONFIRMED:
        placed = place_windows(work, [wanted])[row["id"]]
        window_id, moved = placed.id, placed.moved
        overlapping = tuple(window.overlaps(work, [row["id"]]).get(row["id"], ()))
        warnings = sitter_warnings(wanted)
    return _changed(
        wanted,
        window_id=window_id,
        reused=not differs and not moved,
        overlaps=overlapping,
        warnings=warnings,
    )


def place_windows(work: Work, rows: Sequence[dict[str, Any]]) -> dict[int, window.Placed]:
    """The windows of confirmed bookings, moved to their times and sitters."""
    threads = window.threads_for(
        work, {row["client_id"]: (row["client"], row["sitter_id"]) for row in rows}
    )
    return window.place(work, [booked_time(row) for row in rows], threads)


class _Import:
    """One chunk of rows: looked up together, checked one by one, written together."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.cursor = work.cursor
        self.named: set[str] = set()
        self.clients: dict[str, ClientKey | PetmsgError] = {}
        self.sitters: dict[str, SitterKey | PetmsgError] = {}
        self.known: dict[str, dict[str, Any]] = {}
        self.new: dict[str, dict[str, Any]] = {}
        self.updated: dict[str, dict[str, Any]] = {}

    def take(self, rows: Sequence[BatchRow]) -> list[RowDone | Failure]:
        self._look_up(rows)
        results: list[RowDone | Failure] = []
        for row in rows:
            try:
                if row.problem is not None:
                    raise row.problem
                ref, result = self._take_one(row.cells)
                results.append(RowDone(row.line, ref, result))
            except PetmsgError as problem:
                results.append(Failure(row.ref, problem, row.line))
        self._write()
        return results

    def _look_up(self, rows: Sequence[BatchRow]) -> None:
        good = [row.cells for row in rows if row.problem is None]
        refs = [cells["ref"] or "" for cells in good if cells.get("ref")]
        self.named = set(refs)
        self.known = {row["ref"]: row for row in _load(self.work, refs)}
        for row in self._by_ref("client", "kind", {cells.get("client") or "" for cells in good}):
            self.clients[row["ref"]] = ClientKey(
                row["id"], row["ref"], row["name"], ClientKind(row["kind"])
            )
        for row in self._by_ref("sitter", "status", {cells.get("sitter") or "" for cells in good}):
            self.sitters[row["ref"]] = SitterKey(
                row["id"], row["ref"], row["name"], SitterStatus(row["status"])
            )

    def _by_ref(self, noun: str, column: str, refs: set[str]) -> list[dict[str, Any]]:
        return self.cursor.in_list(
            f"SELECT id, ref, name, {column} FROM {noun} WHERE org_id = :org_id AND ref IN (:refs)",
            "refs",
            sorted(refs),
            org_id=self.work.org.id,
        )

    def _client(self, text: str) -> ClientKey:
        if text not in self.clients:
            try:
                self.clients[text] = find_client(self.cursor, self.work.org.id, text)
            except PetmsgError as problem:
                self.clients[text] = problem
        found = self.clients[text]
        if isinstance(found, PetmsgError):
            raise found
        return found

    def _sitter(self, text: str) -> SitterKey:
        if text not in self.sitters:
            try:
                self.sitters[text] = find_sitter(self.cursor, self.work.org.id, text)
            except PetmsgError as problem:
                self.sitters[text] = problem
        found = self.sitters[text]
        if isinstance(found, PetmsgError):
            raise found
        return found

    def _take_one(self, cells: Mapping[str, str | None]) -> tuple[str, str]:
        ref = parse_ref(cells["ref"] or "") if cells.get("ref") else None
        before = self.new.get(ref) or self.updated.get(ref) or self.known.get(ref) if ref else None
        wanted = self._wanted(cells, before)
        if before is None:
            if (
                wanted["sitter_id"] is not None
                and wanted["sitter_status"] == SitterStatus.OFFBOARDED
            ):
                raise SitterOffboarded(f"Sitter {wanted['sitter']} is offboarded.")
            ref = ref or self._made_up_ref()
            self.new[ref] = {**wanted, "ref": ref}
            self.work.record(
                "booking.added", "booking", ref, {"client": wanted["client"], **_times(wanted)}
            )
            return ref, "created"
        assert ref is not None
        if _times(before) == _times(wanted):
            return ref, "unchanged"
        if before.get("status") == BookingStatus.CANCELLED:
            raise BookingCancelled(f"Booking {ref} is cancelled.")
        if wanted["sitter_status"] == SitterStatus.OFFBOARDED:
            if wanted["sitter_id"] != before["sitter_id"]:
                raise SitterOffboarded(f"Sitter {wanted['sitter']} is offboarded.")
            _require_over(self.work, {**before, **wanted})
        self.work.record(
            "booking.updated",
            "booking",
            ref,
            {"before": _times(before), "after": _times(wanted)},
        )
        if ref in self.new:
            self.new[ref] = {**before, **wanted}
        else:
            self.updated[ref] = {**before, **wanted}
        return ref, "updated"

    def _made_up_ref(self) -> str:
        """The next ref that neither the database nor this chunk has."""
        while True:
            ref = next_ref(self.work, "booking")
            if ref not in self.new and ref not in self.named:
                return ref

    def _wanted(
        self, cells: Mapping[str, str | None], before: dict[str, Any] | None
    ) -> dict[str, Any]:
        """The row as it shall be: cells over what is stored; an absent column leaves its value."""
        wanted: dict[str, Any] = {}
        if cells.get("client"):
            client = self._client(cells["client"] or "")
            if before is not None and client.id != before["client_id"]:
                raise Refused(
                    f"Booking {before['ref']} belongs to client {before['client']}.",
                    hint="A booking keeps its client; cancel it and add another.",
                )
            wanted |= {"client_id": client.id, "client": client.ref}
        elif before is None:
            raise MalformedRow("The client is missing.", hint="Name her by ref, phone or name.")
        else:
            wanted |= {"client_id": before["client_id"], "client": before["client"]}
        if cells.get("sitter"):
            sitter = self._sitter(cells["sitter"] or "")
            wanted |= {
                "sitter_id": sitter.id,
                "sitter": sitter.ref,
                "sitter_status": sitter.status,
            }
        elif before is not None and cells.get("sitter") is None:
            wanted |= {name: before[name] for name in ("sitter_id", "sitter", "sitter_status")}
        else:
            wanted |= {"sitter_id": None, "sitter": None, "sitter_status": None}
        for name in ("starts_at", "ends_at"):
            written = cells.get(name)
            if written:
                wanted[name] = parse_instant(
                    written, timezone=self.work.org.timezone, at=self.work.now
                )
            elif before is not None and written is None:
                wanted[name] = before[name]
            else:
                raise MalformedRow(f"{name} is empty.")
        _require_span(wanted["starts_at"], wanted["ends_at"])
        return wanted

    def _write(self) -> None:
        sitters = {
            row["sitter_id"]: row["sitter_status"]
            for row in (*self.new.values(), *self.updated.values())
            if row["sitter_id"] is not None
        }
        held = confirm_queries.hold_sitters(self.cursor, self.work.org.id, sorted(sitters))
        if any(sitters[each] != SitterStatus.OFFBOARDED for each in held):
            raise Busy("A sitter of these bookings was offboarded a moment ago.")
        if self.new:
            self.cursor.run_many(
                _INSERT,
                [
                    {
                        "org_id": self.work.org.id,
                        "ref": row["ref"],
                        "client_id": row["client_id"],
                        "sitter_id": row["sitter_id"],
                        "starts_at": row["starts_at"],
                        "ends_at": row["ends_at"],
                        "created_at": self.work.now,
                    }
                    for row in self.new.values()
                ],
            )
        if self.updated:
            self.cursor.run_many(
                _UPDATE,
                [
                    {
                        "id": row["id"],
                        "sitter_id": row["sitter_id"],
                        "starts_at": row["starts_at"],
                        "ends_at": row["ends_at"],
                    }
                    for row in self.updated.values()
                ],
            )
        confirmed = [
            row for row in self.updated.values() if row["status"] == BookingStatus.CONFIRMED
        ]
        if confirmed:
            place_windows(self.work, confirmed)


def _load(work: Work, refs: Sequence[str]) -> list[dict[str, Any]]:
    return confirm_queries.locked_bookings(work.cursor, work.org.id, list(dict.fromkeys(refs)))


def _one(work: Work, ref: str) -> dict[str, Any]:
    found = _load(work, [ref])
    if not found:
        raise NotFound("booking", ref)
    return found[0]


def _changeable(work: Work, ref: str) -> dict[str, Any]:
    row = _one(work, ref)
    if row["status"] == BookingStatus.CANCELLED:
        raise BookingCancelled(f"Booking {ref} is cancelled.")
    return row


def _require_span(starts_at: datetime, ends_at: datetime) -> None:
    if starts_at >= ends_at:
        raise EndNotAfterStart(
            f"The end {iso_utc(ends_at)} is not after the start {iso_utc(starts_at)}."
        )


def _require_over(work: Work, row: Mapping[str, Any]) -> None:
    """An offboarded sitter keeps the visits she made, and is given none to come."""
    if row["ends_at"] + timedelta(minutes=work.org.grace_minutes) > work.now:
        raise SitterOffboarded(
            f"Sitter {row['sitter']} of booking {row['ref']} is offboarded.",
            hint=f"Choose another: petmsg booking reassign {row['ref']} --sitter SITTER",
        )


def _window_id(work: Work, row: Mapping[str, Any]) -> int | None:
    found = work.cursor.in_list(
        confirm_queries.WINDOWS, "booking_ids", [row["id"]], org_id=work.org.id
    )
    return found[0]["id"] if found else None


def _require_not_offboarded(sitter: SitterKey) -> None:
    if sitter.status is SitterStatus.OFFBOARDED:
        raise SitterOffboarded(f"Sitter {sitter.ref} is offboarded.", hint="Choose another.")


def _times(row: Mapping[str, Any]) -> dict[str, Any]:
    """What of a booking can change, as the audit keeps it."""
    return {name: row[name] for name in ("starts_at", "ends_at", "sitter")}


def _changed(
    row: Mapping[str, Any],
    *,
    window_id: int | None,
    reused: bool,
    overlaps: tuple[str, ...] = (),
    warnings: tuple[str, ...] = (),
) -> BookingChanged:
    return BookingChanged(
        booking=row["ref"],
        status=BookingStatus(row["status"]),
        client=row["client"],
        sitter=row["sitter"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        window=window_id,
        overlaps=overlaps,
        reused=reused,
        warnings=warnings,
    )
