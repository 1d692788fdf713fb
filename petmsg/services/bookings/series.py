"""Add a series: ordinary bookings with refs of one stem, such as `B-7.1`, `B-7.2`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from petmsg.clock import format_local, iso_utc
from petmsg.days import parse_day
from petmsg.enums.bookings import BookingStatus
from petmsg.errors import AlreadyExists, MalformedTime, OutOfRange, Refused, UsageProblem
from petmsg.queries import confirm as confirm_queries
from petmsg.queries.booking import bookings_that_start
from petmsg.queries.confirm import BookingState
from petmsg.queries.lookup import find_client, find_sitter
from petmsg.rules.recurrence import FirstVisit, Series, Visit, parse_repeat, plan_series
from petmsg.services.bookings.absence_warnings import absence_warnings
from petmsg.services.bookings.booking import BookingChanged
from petmsg.services.bookings.booking_changes import load_bookings, require_span
from petmsg.services.bookings.booking_import import import_rows
from petmsg.services.bookings.lead_time import parse_lead
from petmsg.services.refs import lock_refs, next_ref
from petmsg.services.transfer.row_files import BatchRow
from petmsg.services.unit_of_work import Failure, UnitOfWork
from petmsg.text_inputs import parse_ref


@dataclass(frozen=True, slots=True)
class Repetition:
    """How a series repeats, as it was typed: one of `until` (a day or a time) and `count`; the
    `excepted` days have no visit."""

    repeat: str
    until: str | None = None
    count: int | None = None
    excepted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SeriesAdded:
    """The bookings of a series in the order of their start, and notes on the whole of it."""

    bookings: tuple[BookingChanged, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What every visit of the series shares."""

    client_id: int
    sitter_id: int | None
    lead_minutes: int | None

    def is_same(self, visit: Visit, row: BookingState) -> bool:
        """Whether a booking is this visit, unchanged."""
        return (row.client_id, row.sitter_id, row.lead_minutes, row.starts_at, row.ends_at) == (
            self.client_id,
            self.sitter_id,
            self.lead_minutes,
            visit.starts_at,
            visit.ends_at,
        )


def add_series(
    uow: UnitOfWork,
    first: FirstVisit,
    repetition: Repetition,
    *,
    client: str,
    sitter: str | None = None,
    ref: str | None = None,
    lead: str | None = None,
    allow_duplicates: bool = False,
) -> SeriesAdded:
    """Add the visits of a series as pending bookings. Adding the same series again changes nothing.

    Their refs are the stem `ref` (or a made one), a dot and the position in the series. A visit of
    the series that was moved, reassigned or cancelled since then is left as it is, and named in the
    notes. Without a ref, a visit is the same one if client, sitter, start and end are equal and it
    is not cancelled; with `allow_duplicates` a new series is added.
    Raises what `booking.add`, `parse_repeat` and `plan_series` raise.
    """
    require_span(first.starts_at, first.ends_at, timezone=uow.org.timezone)
    series = _plan(uow, first, repetition)
    wanted = _Wanted(
        find_client(uow.cursor, uow.org.id, client).id,
        find_sitter(uow.cursor, uow.org.id, sitter).id if sitter else None,
        parse_lead(lead or ""),
    )
    lock_refs(uow, "booking")
    known: dict[int, str] = {}
    if ref is not None:
        stem = parse_ref(ref)
    else:
        if not allow_duplicates:
            known = _same_visits(uow, series, wanted)
        stem = _stem_of(uow, series, wanted, known) or ""
        if not stem and len(known) < len(series.visits):
            stem = _new_stem(uow, series)
    refs = {visit.position: known.get(visit.position) or f"{stem}.{visit.position}"
            for visit in series.visits}  # fmt: skip
    before = {row.ref: row for row in load_bookings(uow, list(refs.values()))}
    if ref is not None:
        _require_same_series(stem, series, wanted, before)
    cells = {"client": client, "sitter": sitter or "", "lead_minutes": lead or ""}
    _add(uow, [visit for visit in series.visits if refs[visit.position] not in before], refs, cells)
    return _result(uow, series, wanted, refs, before)


def _plan(uow: UnitOfWork, first: FirstVisit, repetition: Repetition) -> Series:
    if (repetition.until is None) == (repetition.count is None):
        raise UsageProblem(
            "Specify exactly one of --until and --count.",
            hint="End the series: --until 2026-12-31 or --count 12",
        )
    if repetition.count is not None and repetition.count < 1:
        raise OutOfRange(f"Invalid --count {repetition.count}.", hint="Use 1 or more.")
    return plan_series(
        first,
        parse_repeat(repetition.repeat),
        timezone=uow.org.timezone,
        until=_until(uow, repetition.until),
        count=repetition.count,
        excepted=[_day(uow, each) for each in repetition.excepted],
    )


def _until(uow: UnitOfWork, text: str | None) -> date | datetime | None:
    """The last day of a series, or the instant after which no visit starts."""
    if text is None:
        return None
    try:
        return _day(uow, text)
    except MalformedTime:
        return uow.instant(text)


def _day(uow: UnitOfWork, text: str) -> date:
    return parse_day(text, timezone=uow.org.timezone, at=uow.now)


def _same_visits(uow: UnitOfWork, series: Series, wanted: _Wanted) -> dict[int, str]:
    """The refs of the bookings that are already these visits, by position."""
    starts = [(wanted.client_id, visit.starts_at) for visit in series.visits]
    found: dict[tuple[datetime, datetime], str] = {}
    for row in bookings_that_start(uow.cursor, uow.org, starts):
        if row.status != BookingStatus.CANCELLED and row.sitter_id == wanted.sitter_id:
            found.setdefault((row.starts_at, row.ends_at), row.ref)
    return {
        visit.position: found[visit.starts_at, visit.ends_at]
        for visit in series.visits
        if (visit.starts_at, visit.ends_at) in found
    }


def _stem_of(
    uow: UnitOfWork, series: Series, wanted: _Wanted, known: Mapping[int, str]
) -> str | None:
    """The stem of an earlier series that this one repeats or continues.

    Each booking of it that is a visit of this series must stand at the same position, and most of
    its positions must be unchanged.
    """
    stems = Counter(ref.rpartition(".")[0] for at, ref in known.items() if ref.endswith(f".{at}"))
    for stem, _ in stems.most_common():
        if stem and all(
            ref == f"{stem}.{at}" for at, ref in known.items() if ref.startswith(f"{stem}.")
        ):
            refs = [f"{stem}.{visit.position}" for visit in series.visits]
            before = {row.ref: row for row in load_bookings(uow, refs)}
            if _is_same_series(stem, series, wanted, before):
                return stem
    return None


def _new_stem(uow: UnitOfWork, series: Series) -> str:
    """The next generated ref of which no visit of the series exists yet."""
    while True:
        stem = next_ref(uow, "booking")
        if not load_bookings(uow, [f"{stem}.{visit.position}" for visit in series.visits]):
            return stem


def _is_same_series(
    stem: str, series: Series, wanted: _Wanted, before: Mapping[str, BookingState]
) -> bool:
    """Whether the bookings of a stem are this series: more of them are unchanged than changed."""
    same = changed = 0
    for visit in series.visits:
        row = before.get(f"{stem}.{visit.position}")
        if row is not None:
            same += wanted.is_same(visit, row)
            changed += not wanted.is_same(visit, row)
    return same > changed or not before


def _require_same_series(
    stem: str, series: Series, wanted: _Wanted, before: Mapping[str, BookingState]
) -> None:
    for row in before.values():
        if row.client_id != wanted.client_id:
            raise Refused(
                f"Booking {row.ref} belongs to client {row.client}.",
                hint="Give the series another --ref.",
            )
    if not _is_same_series(stem, series, wanted, before):
        raise AlreadyExists(
            f"A series {stem} already exists with other values.",
            hint="Give the new series another --ref, or change visits of the old one: "
            "petmsg booking reschedule, petmsg booking reassign",
        )


def _add(
    uow: UnitOfWork,
    visits: Sequence[Visit],
    refs: Mapping[int, str],
    cells: Mapping[str, str],
) -> None:
    """Add these visits, or raise the error of the first that is refused."""
    rows = [
        BatchRow(
            visit.position,
            {
                **cells,
                "ref": refs[visit.position],
                "starts_at": iso_utc(visit.starts_at),
                "ends_at": iso_utc(visit.ends_at),
            },
        )
        for visit in visits
    ]
    for done in import_rows(uow, rows) if rows else ():
        if isinstance(done, Failure):
            raise done.error


def _result(
    uow: UnitOfWork,
    series: Series,
    wanted: _Wanted,
    refs: Mapping[int, str],
    before: Mapping[str, BookingState],
) -> SeriesAdded:
    rows = {row.ref: row for row in load_bookings(uow, list(refs.values()))}
    windows = {
        window.booking_id: window.id
        for window in confirm_queries.windows_of_bookings(
            uow.cursor, uow.org.id, [row.id for row in rows.values()]
        )
    }
    absent = absence_warnings(uow, list(rows.values()))
    bookings = []
    for visit in series.visits:
        row = rows[refs[visit.position]]
        is_known = row.ref in before
        left = _left(uow, row, visit, wanted) if is_known else ()
        bookings.append(
            BookingChanged(
                booking=row.ref,
                status=BookingStatus(row.status),
                client=row.client,
                sitter=row.sitter,
                starts_at=row.starts_at,
                ends_at=row.ends_at,
                window=windows.get(row.id),
                overlaps=(),
                reused=is_known,
                warnings=(left or visit.notes) + absent.get(row.ref, ()),
                lead_minutes=row.lead_minutes,
                client_name=row.client_name,
                sitter_name=row.sitter_name,
            )
        )
    notes = tuple(
        f"The series has no visit on {day}; --except has no effect." for day in series.unmet
    )
    return SeriesAdded(tuple(bookings), notes)


def _left(uow: UnitOfWork, row: BookingState, visit: Visit, wanted: _Wanted) -> tuple[str, ...]:
    """What is said of a visit that exists, but not as this series has it."""
    if row.status == BookingStatus.CANCELLED:
        return ("It exists and is cancelled; it stays cancelled.",)
    if wanted.is_same(visit, row):
        return ()
    starts = format_local(row.starts_at, uow.org.timezone)
    return (f"It exists with other values (start {starts}); it stays as it is.",)
