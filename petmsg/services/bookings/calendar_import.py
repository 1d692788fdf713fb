"""Import the visits of a calendar as bookings: plan what changes, then write it in chunks.

A booking's ref is the event's UID, with the RECURRENCE-ID of a visit that repeats. `booking.feed`
notes the calendar, so that visits that disappear from it can be cancelled.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from petmsg.calendars.event import Calendar, CalendarVisit, stem_of_ref
from petmsg.clock import iso_utc, zone
from petmsg.db.cursor import Cursor
from petmsg.enums.bookings import BookingStatus
from petmsg.errors import PetmsgError
from petmsg.plurals import counted
from petmsg.queries.booking_feed import FeedBooking, bookings_of_refs, coming_of_feed, set_feed
from petmsg.queries.org import OrgRow
from petmsg.services.bookings import booking
from petmsg.services.bookings.booking_import import import_rows
from petmsg.services.bookings.event_people import EventPeople
from petmsg.services.transfer.row_files import BatchRow, RowDone
from petmsg.services.unit_of_work import Failure, UnitOfWork

_STATED = "It is cancelled in the calendar."
_GONE = "The calendar no longer has it."
_WHOLE = 1
"""The line of a visit that the calendar no longer has: that of its beginning."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A calendar by its name, and until when it is expanded (aware UTC). `client` and `sitter` are
    those of all its visits."""

    name: str
    until: datetime
    client: str | None = None
    sitter: str | None = None


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import would do: rows to import and bookings to cancel (rows with a cell `cancel`).

    `gone` are the coming bookings that the calendar no longer has, out of `coming` that came from
    it; `notes` are about the whole calendar.
    """

    rows: tuple[BatchRow, ...]
    gone: tuple[str, ...]
    coming: int
    notes: tuple[str, ...]

    @property
    def question(self) -> str | None:
        """What to ask before more than half of a calendar's visits are cancelled."""
        if len(self.gone) * 2 <= self.coming:
            return None
        refs = ", ".join(self.gone[:5]) + (", …" if len(self.gone) > 5 else "")
        return (
            f"Cancel {len(self.gone)} of the {counted(self.coming, 'coming visit')} of this "
            f"calendar, because it no longer has them ({refs})?"
        )


def plan_import(
    cursor: Cursor, org: OrgRow, calendar: Calendar, feed: Feed, *, now: datetime
) -> ImportPlan:
    """What an import of the calendar would do. Reads only.

    Past visits are left alone. Raises `NotFound` and `Ambiguous` for the feed's client or sitter.
    """
    coming = {row.ref: row for row in coming_of_feed(cursor, org, feed.name, now=now)}
    refs = [visit.ref for visit in calendar.visits]
    known = {row.ref: row for row in bookings_of_refs(cursor, org, refs)}
    gone = _unseen(calendar, coming)
    visits = _moved_series(calendar.visits, known, gone, timezone=org.timezone)
    taken = {visit.ref for visit in visits}
    gone = [row for row in gone if row.ref not in taken and row.starts_at < feed.until]
    notes = _notes(calendar, known, feed)
    unclear = sum(problem.stem is None for problem in calendar.problems)
    if gone and (calendar.is_message or unclear):
        why = "an invitation, not a whole calendar" if calendar.is_message else "not read whole"
        notes.append(
            f"The file is {why}: {counted(len(gone), 'booking')} that it does not have stay."
        )
        gone = []
    known |= coming
    rows = _rows(cursor, org, visits, known, feed=feed, now=now)
    rows += [
        BatchRow(each.line, {"ref": each.stem or ""}, each.error) for each in calendar.problems
    ]
    rows += [BatchRow(_WHOLE, {"ref": row.ref, "cancel": _GONE}) for row in gone]
    in_span = sum(row.starts_at < feed.until for row in coming.values())
    return ImportPlan(tuple(rows), tuple(row.ref for row in gone), in_span, tuple(notes))


def import_visits(
    uow: UnitOfWork, rows: Sequence[BatchRow], *, feed: str, lead: str | None = None
) -> list[RowDone | Failure]:
    """Write rows of a plan: import the visits, note their calendar, cancel what is to be cancelled.

    Raises what `import_rows` raises.
    """
    visits = [row for row in rows if "cancel" not in row.cells]
    imported = iter(import_rows(uow, visits, lead=lead) if visits else ())
    results: list[RowDone | Failure] = []
    for row in rows:
        if "cancel" not in row.cells:
            results.append(next(imported))
            continue
        why = row.cells["cancel"] or _GONE
        done = booking.cancel(uow, row.ref, reason=why)
        result = "unchanged" if done.reused else "cancelled"
        results.append(RowDone(row.line, row.ref, result, (why,)))
    new = [done.ref for done in results if isinstance(done, RowDone) and done.result == "created"]
    set_feed(uow.cursor, uow.org, new, feed)
    return results


def _unseen(calendar: Calendar, coming: Mapping[str, FeedBooking]) -> list[FeedBooking]:
    """The coming bookings of the calendar that it no longer has. One whose event could not be read,
    or was skipped, may still be in it."""
    seen = {visit.ref for visit in calendar.visits}
    unclear = calendar.skipped | {each.stem for each in calendar.problems if each.stem is not None}
    return [
        row
        for row in coming.values()
        if row.ref not in seen and stem_of_ref(row.ref) not in unclear
    ]


def _moved_series(
    visits: Iterable[CalendarVisit],
    known: Mapping[str, FeedBooking],
    unseen: Iterable[FeedBooking],
    *,
    timezone: str,
) -> list[CalendarVisit]:
    """The visits, those of a series that was moved as a whole with the refs that they had.

    Moving a series changes the RECURRENCE-ID of each visit. A new visit takes the ref of a booking
    of the same event on the same day that the calendar no longer has.
    """
    place = zone(timezone)
    free: defaultdict[tuple[str, date], list[str]] = defaultdict(list)
    for row in unseen:
        free[stem_of_ref(row.ref), row.starts_at.astimezone(place).date()].append(row.ref)
    found = []
    for visit in visits:
        refs = free.get((visit.stem, visit.starts_at.astimezone(place).date()))
        if refs and visit.ref not in known and visit.is_expanded and not visit.is_cancelled:
            found.append(replace(visit, ref=refs.pop(0)))
        else:
            found.append(visit)
    return found


def _rows(
    cursor: Cursor,
    org: OrgRow,
    visits: Sequence[CalendarVisit],
    known: Mapping[str, FeedBooking],
    *,
    feed: Feed,
    now: datetime,
) -> list[BatchRow]:
    """The rows of the visits that are to be imported or cancelled."""
    people = EventPeople(
        cursor, org, (visit.words for visit in visits), client=feed.client, sitter=feed.sitter
    )
    rows = []
    for visit in visits:
        row = known.get(visit.ref)
        is_coming = row is not None and row.feed is not None and row.starts_at > now
        if row is not None and row.status == BookingStatus.CANCELLED:
            continue
        if visit.is_cancelled:
            if is_coming:
                rows.append(BatchRow(visit.line, {"ref": visit.ref, "cancel": _STATED}))
        elif visit.is_expanded or is_coming:
            rows.append(_row(people, visit))
    return rows


def _row(people: EventPeople, visit: CalendarVisit) -> BatchRow:
    cells: dict[str, str | None] = {"ref": visit.ref}
    try:
        named = people.of(visit.words)
    except PetmsgError as problem:
        return BatchRow(visit.line, cells, problem)
    cells["client"] = named.client
    if named.sitter is not None:
        cells["sitter"] = named.sitter
    cells["starts_at"], cells["ends_at"] = iso_utc(visit.starts_at), iso_utc(visit.ends_at)
    return BatchRow(visit.line, cells)


def _notes(calendar: Calendar, known: Mapping[str, FeedBooking], feed: Feed) -> list[str]:
    """What is said of the calendar as a whole."""
    notes = []
    if calendar.free_days:
        notes.append(
            f"{counted(calendar.free_days, 'all-day event')} without blocked time skipped."
        )
    there = {visit.ref for visit in calendar.visits if visit.is_expanded and not visit.is_cancelled}
    cancelled = [
        row.ref
        for row in known.values()
        if row.status == BookingStatus.CANCELLED and row.ref in there
    ]
    if cancelled:
        notes.append(
            f"{counted(len(cancelled), 'visit')} of the calendar cancelled in petmsg before, not "
            f"booked again: {', '.join(cancelled[:5])}{', …' if len(cancelled) > 5 else ''}"
        )
    others = {row.feed for row in known.values() if row.feed is not None} - {feed.name}
    notes += [
        f"Visits of this calendar were imported as --feed '{other}'. They are updated, but not "
        "cancelled when they disappear; use that name to go on with it."
        for other in sorted(others)
    ]
    return notes
