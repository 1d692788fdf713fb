"""Import bookings: the rows of a chunk are read together, checked one by one, written together."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from petmsg.clock import parse_instant
from petmsg.db.driver_errors import is_driver_error, is_unique_violation
from petmsg.enums.bookings import BookingStatus
from petmsg.enums.people import SitterStatus
from petmsg.errors import Busy, MalformedRow, PetmsgError, Refused
from petmsg.queries import confirm as confirm_queries
from petmsg.queries.booking import insert_bookings, update_bookings
from petmsg.queries.confirm import BookingState
from petmsg.queries.lookup import (
    ClientKey,
    SitterKey,
    clients_of_refs,
    find_client,
    find_sitter,
    sitters_of_refs,
)
from petmsg.services.bookings.absence_warnings import absence_warnings
from petmsg.services.bookings.booking_changes import (
    changeable_values,
    load_bookings,
    place_windows,
    require_span,
    require_visit_over,
)
from petmsg.services.bookings.confirm import BookingCancelled, SitterOffboarded
from petmsg.services.bookings.lead_time import parse_lead
from petmsg.services.bookings.matching import SameBookings
from petmsg.services.refs import lock_refs, next_ref
from petmsg.services.transfer.row_faults import Faults
from petmsg.services.transfer.row_files import BatchRow, RowDone
from petmsg.services.unit_of_work import Failure, UnitOfWork
from petmsg.text_inputs import parse_ref

COLUMNS = ("ref", "client", "sitter", "starts_at", "ends_at", "lead_minutes")


def import_rows(
    uow: UnitOfWork,
    rows: Sequence[BatchRow],
    *,
    allow_duplicates: bool = False,
    lead: str | None = None,
) -> list[RowDone | Failure]:
    """Import rows of `booking import`: add new refs, update known ones and their windows.

    A row without a ref matches the booking with its client, sitter, start and end; with
    `allow_duplicates` it always adds a new one. `lead` is the lead time of a file without the
    column. The rows are written as a set, or one by one if another transaction has just added one
    of them. Raises `MalformedTime` and `OutOfRange` for a bad `lead`.
    """
    if lead is not None:
        parse_lead(lead)
        rows = [_with_lead(row, lead) for row in rows]
    try:
        with uow.all_or_nothing():
            return BookingRows(uow, allow_duplicates=allow_duplicates).apply(rows)
    except Exception as problem:
        if not (is_driver_error(problem) and is_unique_violation(problem)):
            raise
    results: list[RowDone | Failure] = []
    for row in rows:
        with uow.all_or_nothing():
            results += BookingRows(uow, allow_duplicates=allow_duplicates).apply([row])
    return results


def _with_lead(row: BatchRow, lead: str) -> BatchRow:
    if row.cells.get("lead_minutes") is not None:
        return row
    return replace(row, cells={**row.cells, "lead_minutes": lead})


class BookingRows:
    """One chunk of rows: read together, checked one by one, written together.

    `even_cancelled`: a row without a ref may match a cancelled booking as well.
    """

    def __init__(
        self, uow: UnitOfWork, *, allow_duplicates: bool = False, even_cancelled: bool = True
    ) -> None:
        self.uow = uow
        self.cursor = uow.cursor
        self.named: set[str] = set()
        self.allow_duplicates = allow_duplicates
        self.same = SameBookings(uow, even_cancelled=even_cancelled)
        self.clients: dict[str, ClientKey | PetmsgError] = {}
        self.sitters: dict[str, SitterKey | PetmsgError] = {}
        self.known: dict[str, BookingState] = {}
        self.new: dict[str, BookingState] = {}
        self.updated: dict[str, BookingState] = {}

    def apply(self, rows: Sequence[BatchRow]) -> list[RowDone | Failure]:
        self._look_up(rows)
        results: list[RowDone | Failure] = []
        for row in rows:
            try:
                if row.problem is not None:
                    raise row.problem
                Faults(row.faults).require_none()
                ref, result = self._apply_row(row.cells)
                results.append(RowDone(row.line, ref, result))
            except PetmsgError as problem:
                results.append(Failure(row.ref, problem, row.line))
            self.uow.on_progress()
        self._write()
        absent = absence_warnings(self.uow, [*self.new.values(), *self.updated.values()])
        return [
            replace(done, notes=done.notes + absent[done.ref])
            if isinstance(done, RowDone) and done.ref in absent
            else done
            for done in results
        ]

    def _look_up(self, rows: Sequence[BatchRow]) -> None:
        good = [row.cells for row in rows if row.problem is None]
        nameless = [cells for cells in good if not cells.get("ref")]
        if nameless:
            lock_refs(self.uow, "booking")
        refs = [cells["ref"] or "" for cells in good if cells.get("ref")]
        self.named = set(refs)
        self.known = {row.ref: row for row in load_bookings(self.uow, refs)}
        org_id = self.uow.org.id
        named = {cells.get("client") or "" for cells in good}
        self.clients |= {each.ref: each for each in clients_of_refs(self.cursor, org_id, named)}
        named = {cells.get("sitter") or "" for cells in good}
        self.sitters |= {each.ref: each for each in sitters_of_refs(self.cursor, org_id, named)}

        if not self.allow_duplicates:
            self.same.look_up(self._starts(nameless))

    def _starts(self, rows: Iterable[Mapping[str, str | None]]) -> Iterator[tuple[int, datetime]]:
        """The client and start of each row. Errors of a row are reported when it is applied."""
        for cells in rows:
            with suppress(PetmsgError):
                client = self._client(cells.get("client") or "")
                yield client.id, self._instant(cells.get("starts_at") or "")

    def _instant(self, written: str) -> datetime:
        return parse_instant(written, timezone=self.uow.org.timezone, at=self.uow.now)

    def _client(self, text: str) -> ClientKey:
        if text not in self.clients:
            try:
                self.clients[text] = find_client(self.cursor, self.uow.org.id, text, guess=False)
            except PetmsgError as problem:
                self.clients[text] = problem
        found = self.clients[text]
        if isinstance(found, PetmsgError):
            raise found
        return found

    def _sitter(self, text: str) -> SitterKey:
        if text not in self.sitters:
            try:
                self.sitters[text] = find_sitter(self.cursor, self.uow.org.id, text, guess=False)
            except PetmsgError as problem:
                self.sitters[text] = problem
        found = self.sitters[text]
        if isinstance(found, PetmsgError):
            raise found
        return found

    def _apply_row(self, cells: Mapping[str, str | None]) -> tuple[str, str]:
        ref = parse_ref(cells["ref"] or "") if cells.get("ref") else None
        before = self.new.get(ref) or self.updated.get(ref) or self.known.get(ref) if ref else None
        wanted = self._wanted(cells, before)
        if ref is None and not self.allow_duplicates:
            same = self.same.find(wanted, any_sitter=cells.get("sitter") is None)
            if same is not None:
                return same, "unchanged"
        if before is None:
            if wanted.sitter_id is not None and wanted.sitter_status == SitterStatus.OFFBOARDED:
                raise SitterOffboarded(f"Sitter {wanted.sitter} is offboarded.")
            ref = ref or self._made_up_ref()
            self.new[ref] = wanted._replace(ref=ref)
            self.same.remember(self.new[ref])
            payload = {"client": wanted.client, **changeable_values(wanted)}
            self.uow.audit("booking.added", "booking", ref, payload)
            return ref, "created"
        assert ref is not None
        if changeable_values(before) == changeable_values(wanted):
            return ref, "unchanged"
        if before.status == BookingStatus.CANCELLED:
            raise BookingCancelled(f"Booking {ref} is cancelled.")
        if wanted.sitter_status == SitterStatus.OFFBOARDED:
            if wanted.sitter_id != before.sitter_id:
                raise SitterOffboarded(f"Sitter {wanted.sitter} is offboarded.")
            require_visit_over(self.uow, wanted)
        self.uow.audit(
            "booking.updated",
            "booking",
            ref,
            {"before": changeable_values(before), "after": changeable_values(wanted)},
        )
        changed = self.new if ref in self.new else self.updated
        changed[ref] = wanted
        self.same.remember(changed[ref])
        return ref, "updated"

    def _made_up_ref(self) -> str:
        """The next generated ref that neither the database nor this chunk uses."""
        while True:
            ref = next_ref(self.uow, "booking")
            if ref not in self.new and ref not in self.named:
                return ref

    def _wanted(self, cells: Mapping[str, str | None], before: BookingState | None) -> BookingState:
        """The booking with its new values: its cells, or the stored value if a column is absent."""
        client_id, client = self._wanted_client(cells, before)
        sitter_id, sitter, sitter_status = self._wanted_sitter(cells, before)
        starts_at = self._wanted_time(cells, "starts_at", before and before.starts_at)
        ends_at = self._wanted_time(cells, "ends_at", before and before.ends_at)
        require_span(starts_at, ends_at, timezone=self.uow.org.timezone)
        written = cells.get("lead_minutes")
        lead = parse_lead(written) if written is not None else before and before.lead_minutes
        if before is None:
            return BookingState(
                id=0,
                ref="",
                client_id=client_id,
                sitter_id=sitter_id,
                status=BookingStatus.PENDING,
                starts_at=starts_at,
                ends_at=ends_at,
                client=client,
                sitter=sitter,
                sitter_status=sitter_status,
                lead_minutes=lead,
            )
        return before._replace(
            sitter_id=sitter_id,
            starts_at=starts_at,
            ends_at=ends_at,
            sitter=sitter,
            sitter_status=sitter_status,
            lead_minutes=lead,
        )

    def _wanted_client(
        self, cells: Mapping[str, str | None], before: BookingState | None
    ) -> tuple[int, str]:
        """The client's id and ref."""
        if cells.get("client"):
            client = self._client(cells["client"] or "")
            if before is not None and client.id != before.client_id:
                raise Refused(
                    f"Booking {before.ref} belongs to client {before.client}.",
                    hint="A booking cannot change its client; cancel it and add another.",
                )
            return client.id, client.ref
        if before is None:
            raise MalformedRow("The client is missing.", hint="Give their ref, phone or name.")
        return before.client_id, before.client

    def _wanted_sitter(
        self, cells: Mapping[str, str | None], before: BookingState | None
    ) -> tuple[int | None, str | None, str | None]:
        """The sitter's id, ref and status; an empty cell is no sitter."""
        if cells.get("sitter"):
            sitter = self._sitter(cells["sitter"] or "")
            return sitter.id, sitter.ref, sitter.status
        if before is not None and cells.get("sitter") is None:
            return before.sitter_id, before.sitter, before.sitter_status
        return None, None, None

    def _wanted_time(
        self, cells: Mapping[str, str | None], name: str, before: datetime | None
    ) -> datetime:
        written = cells.get(name)
        if written:
            return self._instant(written)
        if before is None or written is not None:
            raise MalformedRow(f"{name} is empty.")
        return before

    def _write(self) -> None:
        sitters = {
            row.sitter_id: row.sitter_status
            for row in (*self.new.values(), *self.updated.values())
            if row.sitter_id is not None
        }
        held = confirm_queries.lock_sitters(self.cursor, self.uow.org.id, sorted(sitters))
        if any(sitters[each] != SitterStatus.OFFBOARDED for each in held):
            raise Busy("A sitter of these bookings has just been offboarded.")
        if self.new:
            insert_bookings(
                self.cursor,
                [
                    {
                        "org_id": self.uow.org.id,
                        "ref": row.ref,
                        "client_id": row.client_id,
                        "sitter_id": row.sitter_id,
                        "starts_at": row.starts_at,
                        "ends_at": row.ends_at,
                        "created_at": self.uow.now,
                        "lead_minutes": row.lead_minutes,
                    }
                    for row in self.new.values()
                ],
            )
        if self.updated:
            update_bookings(
                self.cursor,
                [
                    {
                        "id": row.id,
                        "sitter_id": row.sitter_id,
                        "starts_at": row.starts_at,
                        "ends_at": row.ends_at,
                        "lead_minutes": row.lead_minutes,
                    }
                    for row in self.updated.values()
                ],
            )
        confirmed = [row for row in self.updated.values() if row.status == BookingStatus.CONFIRMED]
        if confirmed:
            place_windows(self.uow, confirmed)
