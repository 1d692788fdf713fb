"""Read a row of a file of clients or sitters: ref, name and phones."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from petmsg.errors import MalformedRow
from petmsg.phone import read_phone, split_phones
from petmsg.services.transfer.row_faults import Faults
from petmsg.services.transfer.row_files import BatchRow, RowDone
from petmsg.services.unit_of_work import Failure
from petmsg.text_inputs import parse_name, parse_ref


@dataclass(slots=True)
class PersonRow:
    """A row whose cells were read. A value is None if its cell is absent, empty or has a fault.

    `says` are the columns whose cells are there, even if they are empty, and have no fault that the
    reader of the file found. `is_known_by_phone`: the row is about a person with another ref, and
    is read as one without a ref.
    """

    row: BatchRow
    faults: Faults
    says: frozenset[str]
    ref: str | None = None
    name: str | None = None
    phones: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    is_known_by_phone: bool = False

    @property
    def has_ref(self) -> bool:
        """Whether the row gives a ref that counts, even one with a fault."""
        if self.is_known_by_phone:
            return False
        return "ref" in self.row.faulty or bool(self.row.cells.get("ref"))

    def is_empty(self, column: str) -> bool:
        """Whether the column is there and its cell is empty."""
        return column in self.says and not self.row.cells[column]

    def require_values(self) -> None:
        """Collect a fault for each of name and phone that is missing: a new person needs both."""
        if self.has_ref and self.ref is None:
            return  # whether the person is new is not known
        for column in ("name", "phone"):
            if column not in self.row.faulty and not self.row.cells.get(column):
                self.faults.add(
                    MalformedRow(f"The {column} is missing.", hint="A new row needs it.")
                )

    def refuse_empty(self) -> None:
        """Collect a fault for an empty name or phone: they can be changed, not cleared."""
        if self.is_empty("name"):
            self.faults.collect(parse_name, "")
        if self.is_empty("phone"):
            self.faults.collect(read_phone, "")

    def refused(self) -> Failure:
        """The row with all its faults."""
        return Failure(self.row.ref, self.faults.as_error(), self.row.line)

    def done(self, ref: str, result: str, *notes: str) -> RowDone:
        """The row as it was imported, with its notes."""
        return RowDone(self.row.line, ref, result, (*self.notes, *notes))


def read_person(row: BatchRow, *, country: str | None) -> PersonRow:
    """Read the row; its phones are read in `country`. Faults are collected, not raised."""
    cells = row.cells
    said = frozenset(name for name, cell in cells.items() if cell is not None)
    read = PersonRow(row, Faults(row.faults), said - row.faulty)
    if row.problem is not None:
        read.faults.add(row.problem)
        return read
    if ref := _cell(read, "ref"):
        read.ref = read.faults.collect(parse_ref, ref)
    if name := _cell(read, "name"):
        read.name = read.faults.collect(parse_name, name)
    if phone := _cell(read, "phone"):
        read.phones = _read_phones(read, split_phones(phone) or [phone], country)
    return read


def _cell(read: PersonRow, column: str) -> str | None:
    return read.row.cells[column] if column in read.says else None


def _read_phones(read: PersonRow, written: Sequence[str], country: str | None) -> list[str]:
    phones = []
    for each in written:
        phone = read.faults.collect(read_phone, each, country)
        if phone is not None:
            phones.append(phone.e164)
            read.notes += phone.warnings
    return list(dict.fromkeys(phones))
