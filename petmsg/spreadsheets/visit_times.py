"""When a visit starts and ends, from one column each or from several."""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta

from petmsg.enums.files import DateOrder
from petmsg.errors import MalformedTime, PetmsgError, quoted
from petmsg.spreadsheets.cells import read_cell
from petmsg.spreadsheets.dates import Moment, parse_length, parse_moment, parse_range, parse_visit
from petmsg.spreadsheets.header import Plan

DATES = (
    "starts_at", "ends_at", "start_date", "end_date", "date", "when", "start_time", "end_time",
)  # fmt: skip
_IS_SERIES = re.compile(
    r"\b(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\b.*\b(?:mon|tue|wed|thu|fri|sat|sun)|"
    r"\b(?:daily|weekly|weekdays|weekends|every|each|biweekly|monthly)\b"
)
"""What a cell says about visits that repeat: two weekdays, or how often."""
_MIDNIGHT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]00:00(?::00(?:\.0+)?)?")


class VisitTimes:
    """Reads when a visit starts and ends, from one column each or from several."""

    def __init__(self, plan: Plan) -> None:
        self._at = {name: plan.place(name) for name in (*DATES, "time")}
        self._starts = self._present("starts_at", "start_date", "date", "when", "start_time")
        self._ends = self._present("ends_at", "end_date", "end_time")
        self._date = self._present("date", "when")
        # Programs write a day as its midnight; a column of times beside it has the time of day.
        self._days = {
            *(("start_date", "date") if plan.has("start_time", "time") else ()),
            *(("end_date",) if plan.has("end_time", "time") else ()),
        }
        self._length = plan.place("duration")
        self._minutes = plan.place("duration_minutes")
        self._repeats = plan.place("repeats")
        self._has_start = plan.has("starts_at", "start_date", "start_time", "date", "when", "time")
        self._has_end = plan.has(
            "ends_at",
            "end_date",
            "end_time",
            "date",
            "when",
            "time",
            "duration",
            "duration_minutes",
        )

    def read(
        self,
        raw: Sequence[str],
        cells: dict[str, str | None],
        order: DateOrder | None,
        fault: Callable[[str, PetmsgError], None],
    ) -> None:
        """Put `starts_at` and `ends_at` into the cells, as ISO 8601 text. Of a visit whose length
        the row gives, its seconds are in `lasts` instead: only the org's timezone says at which
        local time it ends."""
        start: str | None = None
        if self._has_start:
            try:
                start = cells["starts_at"] = self._start(raw, order)
            except PetmsgError as problem:
                fault("starts_at", problem)
                cells["starts_at"] = ""
        if self._has_end:
            try:
                end = self._end(raw, order, start)
            except PetmsgError as problem:
                fault("ends_at", problem)
                cells["ends_at"] = ""
                return
            if isinstance(end, timedelta):
                cells["lasts"] = str(end // timedelta(seconds=1))
            else:
                cells["ends_at"] = end
            self._refuse_series(raw, start, end, fault)

    def _start(self, raw: Sequence[str], order: DateOrder | None) -> str:
        moments = self._moments(raw, self._starts, order)
        if len(moments) == 1 and moments[0].as_written is not None:
            return moments[0].as_written
        window = self._cell(raw, "time")
        if window and not any(each.clock for each in moments):
            moments.append(Moment(clock=parse_range(window)[0]))
        return _written(moments, "start")

    def _end(
        self, raw: Sequence[str], order: DateOrder | None, start: str | None
    ) -> str | timedelta:
        """The end as ISO 8601 text, or how long the visit lasts."""
        moments = self._moments(raw, self._ends, order)
        if len(moments) == 1 and moments[0].as_written is not None:
            return moments[0].as_written
        if not any(each.clock or each.as_written for each in moments):
            moments += self._end_of_range(raw, order)
        if not any(each.clock or each.as_written for each in moments):
            length = self._length_of(raw)
            if length is not None:
                return length if start else ""
        if any(each.day or each.as_written for each in moments):
            return _written(moments, "end")
        days = self._moments(raw, self._date, order)
        moments += map(_without_clock, days) if moments else days
        if not moments:
            return ""
        own_day = any(each.day for each in moments)
        if not own_day and start:
            moments.append(Moment(day=_local(start).date()))
        end = _written(moments, "end")
        if end and start and self._at["end_date"] is None:
            first, last = _local(start), _local(end)
            if last < first and last.date() == first.date():
                return _a_day_later(end)
        return end

    def _end_of_range(self, raw: Sequence[str], order: DateOrder | None) -> list[Moment]:
        """The end of a window, or of a range that stands behind the date."""
        if window := self._cell(raw, "time"):
            return [Moment(clock=parse_range(window)[1])]
        if cell := self._cell(raw, "when"):
            return [Moment(clock=parse_visit(cell, order)[1])]
        return []

    def _refuse_series(
        self,
        raw: Sequence[str],
        start: str | None,
        end: str | timedelta,
        fault: Callable[[str, PetmsgError], None],
    ) -> None:
        """A row for many visits (`Mon/Wed/Fri` from the first to the last day) is no visit of some
        weeks."""
        cell = raw[self._repeats].strip() if self._repeats is not None else ""
        if not (start and end and _IS_SERIES.search(cell.casefold())):
            return
        with suppress(MalformedTime):
            lasts = end if isinstance(end, timedelta) else _local(end) - _local(start)
            if lasts > timedelta(days=1):
                fault(
                    "ends_at",
                    MalformedTime(
                        f"The row is about several visits ({quoted(cell)}).",
                        hint="A row is one visit. Add several: petmsg booking add --repeat",
                    ),
                )

    def _present(self, *names: str) -> tuple[tuple[str, int], ...]:
        """Those of the columns that the file has, with their places."""
        return tuple((name, at) for name in names if (at := self._at[name]) is not None)

    def _moments(
        self, raw: Sequence[str], columns: Sequence[tuple[str, int]], order: DateOrder | None
    ) -> list[Moment]:
        found = []
        for name, at in columns:
            cell = raw[at].strip()
            if cell and (value := read_cell(name, cell)):
                parse = parse_moment if name != "when" else _start_of_visit
                moment = parse(value, order)
                found.append(_day_alone(moment) if name in self._days else moment)
        return found

    def _cell(self, raw: Sequence[str], name: str) -> str:
        at = self._at[name]
        cell = raw[at].strip() if at is not None else ""
        return read_cell(name, cell) if cell else ""

    def _length_of(self, raw: Sequence[str]) -> timedelta | None:
        for at, is_minutes in ((self._length, False), (self._minutes, True)):
            cell = raw[at].strip() if at is not None else ""
            if cell:
                return parse_length(read_cell("duration", cell), is_minutes=is_minutes)
        return None


def _start_of_visit(text: str, order: DateOrder | None) -> Moment:
    return parse_visit(text, order)[0]


def _without_clock(moment: Moment) -> Moment:
    return Moment(day=moment.day) if moment.day is not None else moment


def _day_alone(moment: Moment) -> Moment:
    """The day of a moment that is midnight; another moment as it is."""
    if moment.as_written is not None and (found := _MIDNIGHT.fullmatch(moment.as_written)):
        return parse_moment(found[1], DateOrder.YMD)
    return Moment(day=moment.day) if moment.day and moment.clock == time() else moment


def _written(moments: Sequence[Moment], what: str) -> str:
    """ISO 8601 text of the day and the time of day that the cells have together.

    Raises `MalformedTime` if one of the two is missing or there are two of them.
    """
    if not moments:
        return ""
    exact = [each.as_written for each in moments if each.as_written is not None]
    days = {each.day for each in moments if each.day is not None}
    clocks = {each.clock for each in moments if each.clock is not None}
    if len(exact) == 1 and not clocks and all(exact[0].startswith(f"{day}") for day in days):
        return exact[0]
    if exact or len(days) > 1 or len(clocks) > 1:
        raise MalformedTime(
            f"The {what} is given twice.", hint="Ignore one of its columns: --map 'Header='"
        )
    if not days:
        raise MalformedTime(
            f"The {what} has a time of day but no date.", hint="Fill in the date of the visit."
        )
    if not clocks:
        raise MalformedTime(
            f"The {what} has a date but no time of day.", hint="Fill in the time: 09:00 or 9:00 AM."
        )
    return _iso(days.pop(), clocks.pop())


def _iso(day: date, clock: time) -> str:
    return f"{day.isoformat()}T{clock.isoformat('seconds' if clock.second else 'minutes')}"


def _local(written: str) -> datetime:
    """The local time of an ISO text. Raises `MalformedTime` for a relative one."""
    try:
        return datetime.fromisoformat(written).replace(tzinfo=None)
    except ValueError:
        raise MalformedTime(
            f"The end needs a date of its own beside {quoted(written)}.", hint="Fill it in."
        ) from None


def _a_day_later(end: str) -> str:
    """The same local time on the next day."""
    try:
        moment = datetime.fromisoformat(end) + timedelta(days=1)
    except OverflowError:
        raise MalformedTime(f"{quoted(end)} is too far away.") from None
    return moment.isoformat(timespec="seconds" if moment.second else "minutes")
