"""Import numbers: a number that the org has stays as it is, others are added."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from petmsg.enums.numbers import NumberClass
from petmsg.errors import AlreadyExists, MalformedRow, NumberTaken, OutOfRange, quoted
from petmsg.phone import read_phone
from petmsg.queries.lookup import SomebodysPhone
from petmsg.queries.number_rows import KnownNumber, insert_numbers, known_numbers
from petmsg.queries.personal_phones import desk_phones_among, personal_among
from petmsg.services.numbers import ledger
from petmsg.services.numbers.number import require_no_active_front_desk
from petmsg.services.transfer.row_faults import Faults
from petmsg.services.transfer.row_files import BatchRow, RowDone
from petmsg.services.transfer.row_sets import import_as_set
from petmsg.services.unit_of_work import Failure, UnitOfWork, one_batch_at_a_time
from petmsg.text_inputs import as_code

COLUMNS = ("e164", "class")

_CLASSES = {
    "front_desk": NumberClass.FRONT_DESK,
    "frontdesk": NumberClass.FRONT_DESK,
    "desk": NumberClass.FRONT_DESK,
    "office": NumberClass.FRONT_DESK,
    "front_office": NumberClass.FRONT_DESK,
    "main_office": NumberClass.FRONT_DESK,
    "reception": NumberClass.FRONT_DESK,
    "sitter": NumberClass.SITTER,
    "sitters": NumberClass.SITTER,
    "pet_sitter": NumberClass.SITTER,
    "pet_sitters": NumberClass.SITTER,
    "pool": NumberClass.POOL,
    "shared": NumberClass.POOL,
    "shared_pool": NumberClass.POOL,
}
"""How people write a class, in the form of `as_code`."""


def parse_class(text: str) -> NumberClass:
    """The number class with this name, as people write it. Raises `OutOfRange`."""
    found = _CLASSES.get(re.sub("_(?:number|line)s?$", "", as_code(text)))
    if found is None:
        raise OutOfRange(
            f"Unknown number class {quoted(text)}.", hint="Use one of front_desk, sitter, pool."
        )
    return found


def import_rows(
    uow: UnitOfWork, rows: Sequence[BatchRow], *, number_class: NumberClass | None = None
) -> list[RowDone | Failure]:
    """Import rows of `number import` (columns `e164,class`). A row is refused with all its
    faults. `number_class` is the class of rows that have none."""
    if number_class is not None:
        rows = [_with_class(row, number_class) for row in rows]
    return import_as_set(uow, rows, lambda part: NumberRows(uow).apply(part))


@dataclass(frozen=True, slots=True)
class NumberRow:
    """A row whose cells were read. A value is None if its cell is absent or has a fault."""

    row: BatchRow
    faults: Faults
    e164: str | None = None
    number_class: NumberClass | None = None
    notes: tuple[str, ...] = ()

    def done(self, e164: str, result: str) -> RowDone:
        """The row as it was imported, with its notes."""
        return RowDone(self.row.line, e164, result, self.notes)


class NumberRows:
    """One chunk of rows of `number import`: read together, checked one by one, written together."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.known: dict[str, KnownNumber] = {}
        self.personal: set[str] = set()
        self.new: dict[str, NumberClass] = {}

    def apply(self, rows: Sequence[BatchRow]) -> list[RowDone | Failure]:
        """Import the rows; one result for each, in their order."""
        one_batch_at_a_time(self.uow)
        country = self.uow.org.phone_country
        read = [_read(row, country=country) for row in rows]
        phones = list(dict.fromkeys(each.e164 for each in read if each.e164))
        self.known = {each.e164: each for each in known_numbers(self.uow.cursor, phones)}
        self.personal = personal_among(self.uow.cursor, self.uow.org, phones)
        self.personal |= desk_phones_among(self.uow.cursor, phones)
        results = [self._apply_row(each) for each in read]
        self._write()
        return results

    def _apply_row(self, read: NumberRow) -> RowDone | Failure:
        faults, e164, number_class = read.faults, read.e164, read.number_class
        known = self.known.get(e164 or "")
        if known is not None:
            self._compare(faults, known, number_class)
        elif e164 is not None:
            self._check_new(faults, e164, number_class)
        if faults:
            return Failure(read.row.ref, faults.as_error(), read.row.line)
        assert e164 is not None
        assert number_class is not None
        if known is not None:
            return read.done(e164, "unchanged")
        self.new[e164] = number_class
        self.known[e164] = KnownNumber(e164, self.uow.org.id, number_class, "active")
        self.uow.audit("number.added", "number", e164, {"class": number_class.value})
        return read.done(e164, "created")

    def _compare(
        self, faults: Faults, known: KnownNumber, number_class: NumberClass | None
    ) -> None:
        if known.org_id != self.uow.org.id:
            faults.add(NumberTaken(f"{known.e164} belongs to another org of this database."))
        elif number_class is not None and number_class != known.number_class:
            faults.add(
                AlreadyExists(
                    f"Number {known.e164} already exists with the class {known.number_class}.",
                    hint=f"Change it: petmsg number set-class {known.e164} {number_class}",
                )
            )

    def _check_new(self, faults: Faults, e164: str, number_class: NumberClass | None) -> None:
        if e164 in self.personal:
            faults.add(SomebodysPhone(e164))
        if number_class is NumberClass.FRONT_DESK:
            desk = next((each for each, of in self.new.items() if of is number_class), None)
            refuse = partial(require_no_active_front_desk, is_new=True)
            faults.collect(refuse, self.uow, e164, desk)

    def _write(self) -> None:
        rows = [(e164, of.value) for e164, of in self.new.items()]
        ids = insert_numbers(self.uow.cursor, self.uow.org.id, rows, now=self.uow.now)
        ledger.append_new(self.uow, [(ids[e164], of) for e164, of in self.new.items()])


def _with_class(row: BatchRow, number_class: NumberClass) -> BatchRow:
    if row.cells.get("class") or "class" in row.faulty:
        return row
    return replace(row, cells={**row.cells, "class": number_class.value})


def _read(row: BatchRow, *, country: str | None) -> NumberRow:
    """Read the row; its number is read in `country`. Faults are collected, not raised."""
    faults, found = Faults(row.faults), dict[str, str]()
    if row.problem is not None:
        faults.add(row.problem)
        return NumberRow(row, faults)
    for column in COLUMNS:
        if column in row.faulty:
            continue
        cell = row.cells.get(column)
        if cell:
            found[column] = cell
        else:
            faults.add(MalformedRow(f"The {column} is missing.", hint="A new row needs it."))
    phone = faults.collect(read_phone, found["e164"], country) if "e164" in found else None
    return NumberRow(
        row,
        faults,
        e164=None if phone is None else phone.e164,
        number_class=faults.collect(parse_class, found["class"]) if "class" in found else None,
        notes=() if phone is None else tuple(phone.warnings),
    )
