"""One chunk of a file of bookings: read together, checked one by one, written together."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from petmsg.clock import parse_instant
from petmsg.enums.bookings import BookingStatus
from petmsg.enums.people import SitterStatus
from petmsg.errors import Busy, MalformedRow, PetmsgError, Refused
from petmsg.queries import confirm as confirm_queries
from petmsg.queries.booking import insert_bookings, update_bookings
from petmsg.queries.booking_feed import client_names, sitter_names
from petmsg.queries.confirm import BookingState
from petmsg.queries.lookup import ClientKey, SitterKey, find_clients, find_sitters
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
from petmsg.services.bookings.similar_names import found_by_words
from petmsg.services.refs import GeneratedRefs
from petmsg.services.transfer.row_faults import Faults
from petmsg.services.transfer.row_files import BatchRow, RowDone
from petmsg.services.unit_of_work import Failure, UnitOfWork
from petmsg.text_inputs import as_code, parse_ref

_NO_VISIT = ("cancel", "cxl", "void", "declined", "denied", "rejected", "deleted")
_NOT_YET = frozenset(("not", "no", "pending", "request", "requested", "awaiting"))
TO_CANCEL, LEFT_OUT = "to cancel", "left out"
"""Results of rows about visits that are cancelled in the file."""
_NEW = BookingState(
    id=0,
    ref="",
    client_id=0,
    sitter_id=None,
    status=BookingStatus.PENDING,
    starts_at=datetime.min.replace(tzinfo=UTC),
    ends_at=datetime.min.replace(tzinfo=UTC),
    client="",
    sitter=None,
    sitter_status=None,
)
"""What a new booking is before its row was read."""


class BookingRows:
    """One chunk of rows: read together, checked one by one, written together.

    `even_cancelled`: a row without a ref may match a cancelled booking as well.
    """

    def __init__(
        self, uow: UnitOfWork, *, allow_duplicates: bool = False, even_cancelled: bool = True
    ) -> None:
        self.uow = uow
        self.cursor = uow.cursor
        self.allow_duplicates = allow_duplicates
        self.same = SameBookings(uow, even_cancelled=even_cancelled)
        self.clients: dict[str, ClientKey | PetmsgError] = {}
        self.sitters: dict[str, SitterKey | PetmsgError] = {}
        self.known: dict[str, BookingState] = {}
        self.new: dict[str, BookingState] = {}
        self.updated: dict[str, BookingState] = {}

    def apply(self, rows: Sequence[BatchRow]) -> list[RowDone | Failure]:
        """Import the rows; one result for each, in their order.

        The result is `TO_CANCEL` for a booking that its row says is cancelled, and `LEFT_OUT` if
        there is no such booking.
        """
        self._look_up(rows)
        results: list[RowDone | Failure] = []
        for row in rows:
            try:
                ref, result = self._apply_row(row)
                results.append(RowDone(row.line, ref, result))
            except PetmsgError as problem:
                results.append(Failure(row.ref, problem, row.line))
        self._write()
        return self._with_absences(results)

    def _with_absences(self, results: list[RowDone | Failure]) -> list[RowDone | Failure]:
        """The results, with a note on each visit of a sitter who is away then."""
        absent = absence_warnings(self.uow, [*self.new.values(), *self.updated.values()])
        return [
            replace(done, notes=done.notes + absent[done.ref])
            if isinstance(done, RowDone) and done.ref in absent
            else done
            for done in results
        ]

    def _look_up(self, rows: Sequence[BatchRow]) -> None:
        good = [row for row in rows if row.problem is None]
        refs = [ref for row in good if (ref := _cell(row, "ref"))]
        self.refs = GeneratedRefs(self.uow, "booking", besides=frozenset(refs))
        self.known = {row.ref: row for row in load_bookings(self.uow, refs)}
        org_id = self.uow.org.id
        named = {text for row in good if (text := _cell(row, "client"))}
        find_all = partial(find_clients, self.cursor, org_id)
        names = partial(client_names, self.cursor, self.uow.org)
        self.clients = found_by_words(find_all(sorted(named)), "client", names, find_all)
        named = {text for row in good if (text := _cell(row, "sitter"))}
        find = partial(find_sitters, self.cursor, org_id)
        names = partial(sitter_names, self.cursor, self.uow.org)
        self.sitters = found_by_words(find(sorted(named)), "sitter", names, find)
        if not self.allow_duplicates:
            self.same.look_up(self._starts(row for row in good if not _cell(row, "ref")))

    def _starts(self, rows: Iterable[BatchRow]) -> Iterator[tuple[int, datetime]]:
        """The client and start of each row. Errors of a row are reported when it is applied."""
        for row in rows:
            client, start = self.clients.get(_cell(row, "client") or ""), _cell(row, "starts_at")
            if isinstance(client, ClientKey) and start:
                with suppress(PetmsgError):
                    yield client.id, self._instant(start)

    def _instant(self, written: str) -> datetime:
        return parse_instant(written, timezone=self.uow.org.timezone, at=self.uow.now)

    def _apply_row(self, row: BatchRow) -> tuple[str, str]:
        """The ref and the result of the row. Raises the row's faults."""
        if row.problem is not None:
            raise row.problem
        faults = Faults(row.faults)
        ref = faults.collect(parse_ref, _cell(row, "ref")) if _cell(row, "ref") else None
        before = self.new.get(ref) or self.updated.get(ref) or self.known.get(ref) if ref else None
        wanted = self._wanted(row, before, faults)
        if is_cancelled(_cell(row, "status")):
            same = self._same(row, wanted) if before is None and not faults else None
            return self._cancel(before.ref if before is not None else same, row)
        if before is None and wanted.sitter_status == SitterStatus.OFFBOARDED:
            same = self._same(row, wanted) if not faults else None
            if same is None:
                faults.add(SitterOffboarded(f"Sitter {wanted.sitter} is offboarded."))
        faults.require_none()
        if before is not None:
            return self._change(before, wanted)
        return self._add(row, wanted, ref)

    def _cancel(self, ref: str | None, row: BatchRow) -> tuple[str, str]:
        """The booking is to be cancelled after the rows are written. One that was never imported
        is left out."""
        if ref is None:
            return row.ref, LEFT_OUT
        for states in (self.new, self.updated, self.known):
            if ref in states:
                states[ref] = states[ref]._replace(status=BookingStatus.CANCELLED)
                self.same.remember(states[ref])
        return ref, TO_CANCEL

    def _same(self, row: BatchRow, wanted: BookingState) -> str | None:
        """The ref of the booking that a row without a ref is about, if it is there."""
        if row.cells.get("ref") or self.allow_duplicates:
            return None
        return self.same.find(wanted, any_sitter=row.cells.get("sitter") is None)

    def _add(self, row: BatchRow, wanted: BookingState, ref: str | None) -> tuple[str, str]:
        same = self._same(row, wanted)
        if same is not None:
            return same, "unchanged"
        client = self.clients.get(_cell(row, "client") or "")
        if isinstance(client, ClientKey) and client.name is None:  # as only an erased one is
            from petmsg.services.people.client import client_was_erased

            raise client_was_erased(client.ref)
        ref = ref or self.refs.next_ref()
        self.new[ref] = wanted._replace(ref=ref)
        self.same.remember(self.new[ref])
        payload = {"client": wanted.client, **changeable_values(wanted)}
        self.uow.audit("booking.added", "booking", ref, payload)
        return ref, "created"

    def _change(self, before: BookingState, wanted: BookingState) -> tuple[str, str]:
        ref = before.ref
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

    def _wanted(self, row: BatchRow, before: BookingState | None, faults: Faults) -> BookingState:
        """The booking with its new values: its cells, or the stored value if a column is absent.

        Faults are collected. What has one is a value of `before` or of no meaning.
        """
        base = before or _NEW
        client = faults.collect(self._wanted_client, row, before) or (base.client_id, base.client)
        sitter = faults.collect(self._wanted_sitter, row, before)
        starts_at = faults.collect(self._wanted_time, row, "starts_at", before and before.starts_at)
        ends_at = faults.collect(self._wanted_end, row, starts_at, before and before.ends_at)
        if starts_at is not None and ends_at is not None:
            faults.collect(
                partial(require_span, timezone=self.uow.org.timezone), starts_at, ends_at
            )
        lead, written = base.lead_minutes, _cell(row, "lead_minutes")
        if written is not None:
            lead = faults.collect(parse_lead, written)
        sitter_id, sitter_ref, sitter_status = sitter or (None, None, None)
        return base._replace(
            client_id=client[0],
            client=client[1],
            sitter_id=sitter_id,
            sitter=sitter_ref,
            sitter_status=sitter_status,
            starts_at=starts_at or base.starts_at,
            ends_at=ends_at or base.ends_at,
            lead_minutes=lead,
        )

    def _wanted_client(self, row: BatchRow, before: BookingState | None) -> tuple[int, str] | None:
        """The client's id and ref."""
        written = _cell(row, "client")
        if written:
            client = self.clients[written]
            if isinstance(client, PetmsgError):
                raise client
            if before is not None and client.id != before.client_id:
                raise Refused(
                    f"Booking {before.ref} belongs to client {before.client}.",
                    hint="A booking cannot change its client; cancel it and add another.",
                )
            return client.id, client.ref
        if before is None and _must_have(row, "client"):
            raise MalformedRow("The client is missing.", hint="Give their ref, phone or name.")
        return None

    def _wanted_sitter(
        self, row: BatchRow, before: BookingState | None
    ) -> tuple[int | None, str | None, str | None]:
        """The sitter's id, ref and status; an empty cell is no sitter."""
        written = _cell(row, "sitter")
        if written:
            sitter = self.sitters[written]
            if isinstance(sitter, PetmsgError):
                raise sitter
            return sitter.id, sitter.ref, sitter.status
        if before is not None and written is None:
            return before.sitter_id, before.sitter, before.sitter_status
        return None, None, None

    def _wanted_time(self, row: BatchRow, name: str, before: datetime | None) -> datetime | None:
        written = _cell(row, name)
        if written:
            return self._instant(written)
        if written is not None or (before is None and _must_have(row, name)):
            raise MalformedRow(f"{name} is empty.")
        return before

    def _wanted_end(
        self, row: BatchRow, starts_at: datetime | None, before: datetime | None
    ) -> datetime | None:
        """The end; of a visit whose length is given, that long after its start, whatever the clocks
        do meanwhile."""
        lasts = _cell(row, "lasts")
        if lasts is None:
            return self._wanted_time(row, "ends_at", before)
        return starts_at and starts_at + timedelta(seconds=int(lasts))

    def _write(self) -> None:
        sitters = {
            row.sitter_id: row.sitter_status
            for row in (*self.new.values(), *self.updated.values())
            if row.sitter_id is not None
        }
        held = confirm_queries.lock_sitters(self.cursor, self.uow.org.id, sorted(sitters))
        if any(sitters[each] != SitterStatus.OFFBOARDED for each in held):
            raise Busy("A sitter of these bookings has just been offboarded.")
        self.refs.store()
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


def _cell(row: BatchRow, column: str) -> str | None:
    """The cell; None also for one with a fault that the reader of the file found."""
    return None if column in row.faulty else row.cells.get(column)


def is_cancelled(status: str | None) -> bool:
    """Whether a cell `status` says that the visit does not happen: `Canceled by client`, `CXL` or
    `Late Cancel`, but not `Not cancelled` or `Pending cancellation`."""
    words = as_code(status or "").split("_")
    if words[0].startswith(_NO_VISIT):
        return True
    return any(each.startswith("cancel") for each in words) and _NOT_YET.isdisjoint(words)


def _must_have(row: BatchRow, column: str) -> bool:
    """Whether a row for a booking that is not known lacks the column; one whose ref has a fault may
    be about a known one."""
    ref = row.cells.get("ref")
    return not row.faulty & {"ref", column} and (not ref or _is_ref(ref))


def _is_ref(text: str) -> bool:
    try:
        parse_ref(text)
    except PetmsgError:
        return False
    return True
