"""Import sitters: known ones, by ref or by phone and name, are updated, others are added."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from petmsg.phone import mask_phone
from petmsg.queries.client_rows import our_numbers_among
from petmsg.queries.lookup import OurNumber
from petmsg.queries.sitter_rows import insert_sitters, known_sitters
from petmsg.services.people import sitter
from petmsg.services.people.person_rows import PersonRow, read_person
from petmsg.services.people.same_person import can_be_same, name_words
from petmsg.services.refs import GeneratedRefs
from petmsg.services.transfer.row_files import BatchRow, RowDone
from petmsg.services.transfer.row_sets import import_as_set
from petmsg.services.unit_of_work import Failure, UnitOfWork

COLUMNS = ("ref", "name", "phone")


def import_rows(uow: UnitOfWork, rows: Sequence[BatchRow]) -> list[RowDone | Failure]:
    """Import rows of `sitter import` (columns `ref,name,phone`).

    A row with a known ref updates that sitter. A row without a ref is about the sitter with its
    phone and a name that does not contradict it; several sitters may share a phone. Every other row
    adds an inactive sitter. A row is refused with all its faults.
    """
    return import_as_set(uow, rows, lambda part: SitterRows(uow).apply(part))


@dataclass(slots=True, eq=False)
class SitterState:
    """A sitter as the rows of the chunk leave them."""

    ref: str
    name: str
    phone: str


class SitterRows:
    """One chunk of rows of `sitter import`: read together, checked one by one.

    New sitters are written together. A change is written by itself, because opt-outs follow it.
    """

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.known: dict[str, SitterState] = {}
        self.ours: set[str] = set()
        self.new: list[SitterState] = []

    def apply(self, rows: Sequence[BatchRow]) -> list[RowDone | Failure]:
        """Import the rows; one result for each, in their order."""
        country = self.uow.org.phone_country
        read = [read_person(row, country=country) for row in rows]
        self._look_up(read)
        results = [self._apply_row(each) for each in read]
        self._write_new()
        self.refs.store()
        return results

    def _look_up(self, read: Sequence[PersonRow]) -> None:
        refs = _distinct(each.ref for each in read if each.ref)
        phones = _distinct(phone for each in read for phone in each.phones[:1])
        self.refs = GeneratedRefs(self.uow, "sitter", besides=frozenset(refs))
        found = known_sitters(
            self.uow.cursor,
            self.uow.org.id,
            refs=refs,
            phones=phones,
            names=_distinct(each.name for each in read if each.name),
        )
        self.known = {each.ref: SitterState(each.ref, each.name, each.phone) for each in found}
        self.ours = our_numbers_among(self.uow.cursor, phones)

    def _apply_row(self, read: PersonRow) -> RowDone | Failure:
        if read.row.problem is not None:
            return read.refused()
        phone = read.phones[0] if read.phones else None
        known = self.known.get(read.ref or "") if read.has_ref else self._by_phone(read, phone)
        if known is None:
            read.require_values()
        elif read.has_ref:
            read.refuse_empty()
        if phone in self.ours and (known is None or known.phone != phone):
            read.faults.add(OurNumber(phone or ""))
        if read.faults:
            return read.refused()
        read.notes += [
            f"A sitter has one phone, so {mask_phone(each)} was left out."
            for each in read.phones[1:]
        ]
        return self._add(read) if known is None else self._change(read, known)

    def _by_phone(self, read: PersonRow, phone: str | None) -> SitterState | None:
        """The sitter with the phone and the name; of several the one with the same name."""
        fits = [
            each
            for each in self.known.values()
            if each.phone == phone and (not read.name or can_be_same(read.name, each.name))
        ]
        fits.sort(key=lambda each: name_words(each.name) != name_words(read.name or ""))
        return fits[0] if fits else None

    def _add(self, read: PersonRow) -> RowDone:
        assert read.name is not None
        new = SitterState(read.ref or self.refs.next_ref(), read.name, read.phones[0])
        notes = [
            f"Sitter {each.ref} has the same {shared}: petmsg sitter show {each.ref}"
            for each in self.known.values()
            if (shared := _shared(each, new))
        ]
        self.new.append(new)
        self.known[new.ref] = new
        self.uow.audit("sitter.added", "sitter", new.ref)
        return read.done(new.ref, "created", *notes[:1])

    def _change(self, read: PersonRow, known: SitterState) -> RowDone:
        if not read.has_ref:
            if read.name and name_words(read.name) != name_words(known.name):
                read.notes.append(f"The name of sitter {known.ref} stays '{known.name}'.")
            return read.done(known.ref, "unchanged")
        name = read.name or known.name
        phone = read.phones[0] if read.phones else known.phone
        if (name, phone) == (known.name, known.phone):
            return read.done(known.ref, "unchanged")
        self._write_new()
        sitter.change(self.uow, known.ref, name=name, phone=phone)
        known.name, known.phone = name, phone
        return read.done(known.ref, "updated")

    def _write_new(self) -> None:
        rows = [(each.ref, each.name, each.phone) for each in self.new]
        insert_sitters(self.uow.cursor, self.uow.org.id, rows, now=self.uow.now)
        self.new = []


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _shared(known: SitterState, new: SitterState) -> str | None:
    """What a new sitter shares with a known one that may be the same person."""
    if known.name == new.name:
        return "name and another phone, so this may be the same person twice"
    return "phone" if known.phone == new.phone else None
