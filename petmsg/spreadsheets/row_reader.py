"""From the cells of a row to the columns of petmsg."""

from collections.abc import Callable, Sequence

from petmsg.enums.files import DateOrder
from petmsg.errors import MalformedRow, PetmsgError, quoted
from petmsg.plurals import counted
from petmsg.spreadsheets.batch_row import BatchRow, RawRow
from petmsg.spreadsheets.cells import plain_cell, read_cell, with_label
from petmsg.spreadsheets.columns import Layout
from petmsg.spreadsheets.dates import parse_moment
from petmsg.spreadsheets.header import Plan
from petmsg.spreadsheets.visit_times import VisitTimes

_CANCELLED = frozenset(("yes", "y", "true", "1", "x", "cancelled", "canceled"))
_NOT_CANCELLED = frozenset(("", "no", "n", "false", "0", "none", "null"))


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
        self._labels = plan.labels
        self._phones = phones if len(phones) > 1 or self._labels else ()
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
        self._times = VisitTimes(plan) if times else None
        self._cancelled = plan.place("cancelled")
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
                return BatchRow(line, {}, _ragged(len(raw), self._width), source=raw)
            raw = shortened
        faults: list[PetmsgError] = []
        faulty: set[str] = set()
        cells: dict[str, str | None] = {}

        def fault(column: str, problem: PetmsgError) -> None:
            faults.append(problem)
            faulty.add(column)

        self._read_simple(raw, cells, fault)
        if self._phones:
            cells["phone"] = self._all_phones(raw, fault)
        for column, place, names in self._joined:
            cells[column] = _name_of(column, raw, place, names, fault)
        if self._times is not None:
            self._times.read(raw, cells, self._order, fault)
        if self._cancelled is not None:
            self._read_cancelled(raw[self._cancelled].strip(), cells, fault)
        if faults and self._is_plain:
            return BatchRow(line, {}, faults[0], source=raw)
        return BatchRow(line, cells, None, tuple(faults), frozenset(faulty), raw)

    def _read_simple(
        self,
        raw: Sequence[str],
        cells: dict[str, str | None],
        fault: Callable[[str, PetmsgError], None],
    ) -> None:
        for column, at in self._simple:
            cell = raw[at].strip()
            if cell:
                try:
                    cell = self._read_cell(column, cell)
                except PetmsgError as found:
                    fault(column, found)
                    cell = ""
            cells[column] = cell

    def _fitted(self, raw: Sequence[str]) -> Sequence[str] | None:
        """As many cells as the header has. None for CSV with other cells beyond it or with fewer:
        there a delimiter may be missing or one too many, so that cells stand in wrong columns."""
        if len(raw) > self._width:
            is_more = not self._fills_up and any(map(str.strip, raw[self._width :]))
            return None if is_more else raw[: self._width]
        return [*raw, *[""] * (self._width - len(raw))] if self._fills_up else None

    def _read_cancelled(
        self,
        cell: str,
        cells: dict[str, str | None],
        fault: Callable[[str, PetmsgError], None],
    ) -> None:
        """A column that says whether or when a visit was cancelled, beside its status."""
        try:
            word = read_cell("cancelled", cell).casefold() if cell else ""
            if word in _NOT_CANCELLED:
                return
            if word not in _CANCELLED:
                parse_moment(cell, self._order)
        except PetmsgError:
            problem = MalformedRow(
                f"Invalid value for cancelled {quoted(cell)}.",
                hint="Write yes or no, or ignore the column: --map 'Header='",
            )
            fault("status", problem)
        else:
            cells["status"] = "cancelled"

    def _all_phones(self, raw: Sequence[str], fault: Callable[[str, PetmsgError], None]) -> str:
        found = []
        for at in self._phones:
            cell = raw[at].strip()
            if cell:
                try:
                    phone = read_cell("phone", cell)
                except PetmsgError as problem:
                    fault("phone", problem)
                    continue
                label = self._labels.get(at)
                if label is not None:
                    phone = with_label(phone, raw[label])
                found.append(phone)
        return "\n".join(each for each in found if each)


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
        if whole and (name := read_cell(column, whole)):
            return name
        parts = [read_cell(column, cell) for at in names if (cell := raw[at].strip())]
        return " ".join(each for each in parts if each)
    except PetmsgError as problem:
        fault(column, problem)
        return ""


def _ragged(count: int, width: int) -> MalformedRow:
    return MalformedRow(
        f"The row has {counted(count, 'cell')}, the header {width}.",
        hint="Put cells that contain a comma in double quotes.",
    )
