"""From the cells of a row to the columns of petmsg, and the faults of single cells."""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta

from petmsg.enums.files import DateOrder
from petmsg.errors import MalformedPhone, MalformedRow, MalformedTime, PetmsgError, quoted
from petmsg.spreadsheets.batch_row import LONGEST_CELL, BatchRow, RawRow, without_guard
from petmsg.spreadsheets.columns import Layout
from petmsg.spreadsheets.dates import Moment, parse_length, parse_moment, parse_range
from petmsg.spreadsheets.header import Plan

Cells = dict[str, str | None]

PHONES = frozenset(("phone", "phone2", "e164"))
_SHORTENED = re.compile(r"[0-9](?:[.,][0-9]+)?E\+?[0-9]{1,3}", re.IGNORECASE)
_BETWEEN_VALUES = " ::: "
"""How Google Contacts writes several values in a cell."""
_AS_FLOAT = re.compile(r"(\+?[0-9]{7,15})\.0+")
_EXCEL_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!|SPILL!|CALC!|#+)")
TEXT_FORMULA = re.compile(r'="([^"]*)"')
"""`="0123"`: how some programs keep Excel from reading a number."""
_MIDNIGHT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]00:00(?::00(?:\.0+)?)?")
DATES = ("starts_at", "ends_at", "start_date", "end_date", "date", "start_time", "end_time")


class RowReader:
    """Reads the rows of a file whose header is known. `order` is that of its dates."""

    def __init__(
        self, plan: Plan, layout: Layout, order: DateOrder | None, *, fills_up: bool = False
    ) -> None:
        """`fills_up`: a row may have fewer cells than the header, as the rows of a workbook do."""
        self._order = order
        self._fills_up = fills_up
        parts = {
            "name": ("first_name", "last_name"),
            "client": ("client_first_name", "client_last_name"),
            "sitter": ("sitter_first_name", "sitter_last_name"),
        }
        phones = (*plan.places("phone"), *plan.places("phone2"))
        self._phones = phones if len(phones) > 1 else ()
        times = layout.noun is not None and "starts_at" in layout.columns
        self._simple: list[tuple[str, int]] = []
        self._joined: list[tuple[str, int | None, list[int]]] = []
        for column in layout.columns:
            if (column == "phone" and self._phones) or (times and column.endswith("s_at")):
                continue
            place = plan.place(column)
            if column == "phone" and place is None and phones:
                place = phones[0]
            names = [at for part in parts.get(column, ()) for at in plan.places(part)]
            if names:
                self._joined.append((column, place, names))
            elif place is not None:
                self._simple.append((column, place))
        self._times = _Times(plan) if times else None
        self._width = plan.width
        self._is_plain = layout.noun is None
        self._read_cell = plain_cell if layout.noun is None else read_cell

    def read(self, row: RawRow) -> BatchRow:
        """The row with the columns of petmsg."""
        line, raw, problem, text = row
        if problem is not None:
            return BatchRow(line, {}, problem, source=(text.rstrip("\r\n"),))
        if len(raw) != self._width:
            shortened = self._fitted(raw)
            if shortened is None:
                return BatchRow(line, {}, _ragged(line, len(raw), self._width), source=raw)
            raw = shortened
        faults: list[PetmsgError] = []
        faulty: set[str] = set()
        cells: Cells = {}

        def fault(column: str, problem: PetmsgError) -> None:
            faults.append(problem)
            faulty.add(column)

        for column, at in self._simple:
            cell = raw[at].strip()
            if cell:
                try:
                    cell = self._read_cell(column, cell)
                except PetmsgError as found:
                    fault(column, found)
                    cell = ""
            cells[column] = cell
        if self._phones:
            cells["phone"] = self._all_phones(raw, fault)
        for column, place, names in self._joined:
            cells[column] = _name_of(column, raw, place, names, fault)
        if self._times is not None:
            self._times.read(raw, cells, self._order, fault)
        if faults and self._is_plain:
            return BatchRow(line, {}, faults[0], source=raw)
        return BatchRow(line, cells, None, tuple(faults), frozenset(faulty), raw)

    def _fitted(self, raw: Sequence[str]) -> Sequence[str] | None:
        """As many cells as the header has. None for CSV with other cells beyond it or with fewer:
        there a delimiter may be missing or one too many, so that cells stand in wrong columns."""
        if len(raw) > self._width:
            is_more = not self._fills_up and any(map(str.strip, raw[self._width :]))
            return None if is_more else raw[: self._width]
        return [*raw, *[""] * (self._width - len(raw))] if self._fills_up else None

    def _all_phones(self, raw: Sequence[str], fault: Callable[[str, PetmsgError], None]) -> str:
        found = []
        for at in self._phones:
            cell = raw[at].strip()
            if cell:
                try:
                    found.append(read_cell("phone", cell))
                except PetmsgError as problem:
                    fault("phone", problem)
        return "\n".join(found)


class _Times:
    """Reads when a visit starts and ends, from one column each or from several."""

    def __init__(self, plan: Plan) -> None:
        self._at = {name: plan.place(name) for name in (*DATES, "time")}
        self._starts = self._present("starts_at", "start_date", "date", "start_time")
        self._ends = self._present("ends_at", "end_date", "end_time")
        self._date = self._present("date")
        # Programs write a day as its midnight; a column of times beside it has the time of day.
        self._days = {
            *(("start_date", "date") if plan.has("start_time", "time") else ()),
            *(("end_date",) if plan.has("end_time", "time") else ()),
        }
        self._length = plan.place("duration")
        self._minutes = plan.place("duration_minutes")
        self._has_start = plan.has("starts_at", "start_date", "start_time", "date", "time")
        self._has_end = plan.has(
            "ends_at", "end_date", "end_time", "date", "time", "duration", "duration_minutes"
        )

    def read(
        self,
        raw: Sequence[str],
        cells: Cells,
        order: DateOrder | None,
        fault: Callable[[str, PetmsgError], None],
    ) -> None:
        """Put `starts_at` and `ends_at` into the cells, as ISO 8601 text."""
        start: str | None = None
        if self._has_start:
            try:
                start = cells["starts_at"] = self._start(raw, order)
            except PetmsgError as problem:
                fault("starts_at", problem)
                cells["starts_at"] = ""
        if self._has_end:
            try:
                cells["ends_at"] = self._end(raw, order, start)
            except PetmsgError as problem:
                fault("ends_at", problem)
                cells["ends_at"] = ""

    def _start(self, raw: Sequence[str], order: DateOrder | None) -> str:
        moments = self._moments(raw, self._starts, order)
        if len(moments) == 1 and moments[0].as_written is not None:
            return moments[0].as_written
        window = self._cell(raw, "time")
        if window and not any(each.clock for each in moments):
            moments.append(Moment(clock=parse_range(window)[0]))
        return _written(moments, "start")

    def _end(self, raw: Sequence[str], order: DateOrder | None, start: str | None) -> str:
        moments = self._moments(raw, self._ends, order)
        if len(moments) == 1 and moments[0].as_written is not None:
            return moments[0].as_written
        window = self._cell(raw, "time")
        if window and not any(each.clock or each.as_written for each in moments):
            moments.append(Moment(clock=parse_range(window)[1]))
        if not any(each.clock or each.as_written for each in moments):
            length = self._length_of(raw)
            if length is not None:
                return "" if not start else _after(start, length)
        if any(each.day or each.as_written for each in moments):
            return _written(moments, "end")
        moments += self._moments(raw, self._date, order)
        if not moments:
            return ""
        own_day = any(each.day for each in moments)
        if not own_day and start:
            moments.append(Moment(day=_local(start).date()))
        end = _written(moments, "end")
        if end and start and self._at["end_date"] is None:
            first, last = _local(start), _local(end)
            if last < first and last.date() == first.date():
                return _after(end, timedelta(days=1))
        return end

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
                moment = parse_moment(value, order)
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


def plain_cell(column: str, cell: str) -> str:
    """The value of a cell that is not empty, without petmsg's guard against formulas.

    Raises `MalformedRow` for one that is too long or contains a NUL.
    """
    if len(cell) > LONGEST_CELL:
        raise MalformedRow(
            f"The cell {column} is too long: it has {len(cell):,} characters.",
            hint=f"A cell has at most {LONGEST_CELL:,} characters.",
        )
    if "\0" in cell:
        raise MalformedRow(
            f"The cell {column} contains a NUL character.",
            hint="Save the file again in your spreadsheet program.",
        )
    return without_guard(cell)


def _day_alone(moment: Moment) -> Moment:
    """The day of a moment that is midnight; another moment as it is."""
    if moment.as_written is not None and (found := _MIDNIGHT.fullmatch(moment.as_written)):
        return parse_moment(found[1], DateOrder.YMD)
    return Moment(day=moment.day) if moment.day and moment.clock == time() else moment


def read_cell(column: str, cell: str) -> str:
    """`plain_cell` of a spreadsheet. Raises `MalformedRow` also for a formula or an error in the
    place of a value, and `MalformedPhone` for a phone that the spreadsheet has shortened."""
    value = plain_cell(column, cell)
    if value is not cell:
        return _calculated(column, value) if value[0] == "=" else value
    if cell[0] in "=#":
        return _calculated(column, cell)
    if column in PHONES:
        return _phone_cell(cell)
    if column == "ref" and _SHORTENED.fullmatch(cell):
        raise _shortened(column, cell)
    return cell


def _calculated(column: str, cell: str) -> str:
    kept = TEXT_FORMULA.fullmatch(cell)
    if kept is not None:
        return read_cell(column, kept[1].strip()) if kept[1].strip() else ""
    if cell[0] == "=":
        raise MalformedRow(
            f"The cell {column} contains a formula, not a value: {quoted(cell)}.",
            hint="Export the values, or paste them as values in the spreadsheet.",
        )
    if _EXCEL_ERROR.fullmatch(cell):
        raise MalformedRow(
            f"The cell {column} contains the spreadsheet's error {quoted(cell)}.",
            hint="Fix the formula or widen the column in the spreadsheet, then export it again.",
        )
    return cell


def _phone_cell(cell: str) -> str:
    if _SHORTENED.fullmatch(cell):
        raise _shortened("phone", cell)
    as_float = _AS_FLOAT.fullmatch(cell)
    if as_float is not None:
        return as_float[1]
    return cell.replace(_BETWEEN_VALUES, "\n") if _BETWEEN_VALUES in cell else cell


def _shortened(column: str, cell: str) -> PetmsgError:
    hint = (
        "Format the column as text in the spreadsheet and enter the values again; their last "
        "digits are not in this file."
    )
    why = "the spreadsheet has shortened it"
    if column != "phone":
        return MalformedRow(f"Invalid {column} {quoted(cell)}: {why}.", hint=hint)
    problem = MalformedPhone(cell, why=why)
    problem.hint = hint
    return problem


def _name_of(
    column: str,
    raw: Sequence[str],
    place: int | None,
    names: Sequence[int],
    fault: Callable[[str, PetmsgError], None],
) -> str:
    """The name of one cell, or of those with the first and the last name."""
    try:
        whole = raw[place].strip() if place is not None else ""
        if whole:
            return read_cell(column, whole)
        parts = [cell for at in names if (cell := raw[at].strip())]
        return " ".join(read_cell(column, cell) for cell in parts)
    except PetmsgError as problem:
        fault(column, problem)
        return ""


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


def _after(start: str, length: timedelta) -> str:
    """The end of a visit that starts then, at the same offset from UTC if the start has one."""
    try:
        moment = datetime.fromisoformat(start) + length
    except (ValueError, OverflowError):
        raise MalformedTime(
            f"The end cannot be counted from {quoted(start)}.", hint="Give the end itself."
        ) from None
    return moment.isoformat(timespec="seconds" if moment.second else "minutes")


def _ragged(line: int, count: int, width: int) -> MalformedRow:
    return MalformedRow(
        f"Line {line} has {count} cells, the header {width}.",
        hint="Put cells that contain a comma in double quotes.",
    )
