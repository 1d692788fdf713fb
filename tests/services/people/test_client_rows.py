"""Clients are imported as a set, and as if they were added row by row.

An independent naive model says what a file of a few rows must leave; the set is compared with it
and with an import of each row alone.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from petmsg.errors import PetmsgError
from petmsg.services.people import client, client_import, erase
from petmsg.services.people.client_rows import ClientRows
from petmsg.services.transfer.row_faults import RowFaults
from petmsg.services.transfer.row_files import BatchRow, RowDone
from petmsg.services.unit_of_work import Failure, UnitOfWork
from tests.support.fixtures import build_org, looking, working
from tests.support.imports import at_once, codes, rows_of, told, undone
from tests.support.postgres import Copies

PHONES = [f"+1415555010{digit}" for digit in range(1, 7)]
OURS = "+14155550100"
ANN, ANNS_OTHER, BO, *FREE = PHONES


def company(url: str) -> None:
    """Ann with two phones, Bo with one, and Cy, who was erased."""
    build_org(url)
    with working(url) as uow:
        client.add(uow, "Ann Ivers", phones=[ANN, ANNS_OTHER], ref="A-1")
        client.add(uow, "Bo Stone", phones=[BO], ref="B-1")
        client.add(uow, "Cy Poe", phones=[FREE[0]], ref="C-1")
        erase.forget(uow, "C-1", reason="asked")


# ---------------------------------------------------------------------------------- the naive model


@dataclass
class Person:
    """A client of the model; the primary phone is a member of `phones`."""

    name: str | None
    kind: str
    phones: list[str]
    primary: str | None


@dataclass
class Model:
    """What a reader of docs/importing.md expects of each row, one after another."""

    people: dict[str, Person] = field(
        default_factory=lambda: {
            "A-1": Person("Ann Ivers", "one_time", [ANN, ANNS_OTHER], ANN),
            "B-1": Person("Bo Stone", "one_time", [BO], BO),
            "C-1": Person(None, "one_time", [], None),
        }
    )
    made: int = 1

    def owner(self, phone: str) -> str | None:
        return next((ref for ref, who in self.people.items() if phone in who.phones), None)

    def take(self, cells: dict[str, str | None]) -> tuple[str | None, str, list[str]]:
        """The ref, the result and the codes of the faults of one row."""
        ref, name, kind = cells["ref"] or None, cells["name"], cells["kind"]
        written = [each for each in (cells["phone"] or "").split("\n") if each]
        faults = []
        if ref == "+1415":
            faults.append("malformed_ref")
        if name == "x\x1b":
            faults.append("malformed_text")
        faults += ["malformed_phone" for each in dict.fromkeys(written) if each == "12"]
        if kind == "often":
            faults.append("out_of_range")
        phones = [each for each in dict.fromkeys(written) if each != "12"]
        ref, known = self.about(ref, name, phones)
        if known == "C-1" and ref:
            faults.append("client_forgotten")
        elif known is None and ref != "+1415":
            faults += ["malformed_row"] * (not name) + ["malformed_row"] * (not written)
        elif known is not None and ref:
            faults += ["malformed_text"] * (name == "") + ["malformed_phone"] * (
                cells["phone"] == ""
            )
        elif known is not None and name and name != "x\x1b":
            faults += ["already_exists"] * (not self.fits(known, name))
        for each in phones:
            who = self.owner(each)
            faults += ["phone_taken"] * (who is not None and who != known)
            faults += ["phone_is_our_number"] * (each == OURS)
        if faults:
            return None, "refused", faults
        if known is None:
            return self.add(ref, str(name), phones, _kind(kind) or "one_time")
        return self.change(known, name, phones, _kind(kind), has_ref=ref is not None)

    def about(
        self, ref: str | None, name: str | None, phones: list[str]
    ) -> tuple[str | None, str | None]:
        """The ref that counts, and the known client. A new ref does not count if its phone is that
        of a client whom petmsg numbered and who can have the name."""
        owner = next((who for each in phones if (who := self.owner(each))), None)
        if ref is None or ref in self.people:
            return ref, ref or owner
        is_numbered = owner is not None and owner.startswith("C-") and ref != "+1415"
        if is_numbered and name and name != "x\x1b" and self.fits(str(owner), name):
            return None, owner
        return ref, None

    def fits(self, ref: str, name: str) -> bool:
        theirs = self.people[ref].name
        assert theirs is not None
        words, others = set(name.lower().split()), set(theirs.lower().split())
        return words <= others or others <= words

    def add(
        self, ref: str | None, name: str, phones: list[str], kind: str
    ) -> tuple[str, str, list[str]]:
        while ref is None:
            made, self.made = f"C-{self.made}", self.made + 1
            ref = None if made in self.people else made
        self.people[ref] = Person(name, kind, phones, phones[0])
        return ref, "created", []

    def change(
        self, ref: str, name: str | None, phones: list[str], kind: str | None, *, has_ref: bool
    ) -> tuple[str, str, list[str]]:
        who = self.people[ref]
        before = (who.name, who.kind, list(who.phones), who.primary)
        who.phones += [each for each in phones if each not in who.phones]
        if has_ref:
            who.name = name or who.name
            who.primary = phones[0] if phones else who.primary
            kind = "one_time" if kind == "" else kind
        who.kind = kind or who.kind
        after = (who.name, who.kind, who.phones, who.primary)
        return ref, "unchanged" if after == before else "updated", []


def _kind(cell: str | None) -> str | None:
    return {"One-Time": "one_time", "recurring": "recurring"}.get(cell or "", cell)


# ------------------------------------------------------------------------------------ small worlds

CELLS = st.fixed_dictionaries(
    {
        "ref": st.sampled_from([None, "", "", "A-1", "B-1", "C-1", "N-1", "N-2", "+1415"]),
        "name": st.sampled_from(
            ["Ann Ivers", "ann ivers", "Ann", "Bo Stone", "Di Roe", "Di Roe", "", None, "x\x1b"]
        ),
        "phone": st.none()
        | st.lists(st.sampled_from([*PHONES, *PHONES, OURS, "12"]), max_size=3).map("\n".join),
        "kind": st.sampled_from([None, "", "recurring", "One-Time", "often"]),
    }
)
FILES = st.lists(CELLS, min_size=1, max_size=6)


def stored(uow: UnitOfWork) -> dict[str, Person]:
    people = {
        row["ref"]: Person(row["name"], row["kind"], [], None)
        for row in uow.cursor.rows("SELECT ref, name, kind FROM client")
    }
    for row in uow.cursor.rows(
        "SELECT c.ref, p.e164, p.is_primary FROM client_phone p"
        " JOIN client c ON c.id = p.client_id ORDER BY p.id"
    ):
        people[row["ref"]].phones.append(row["e164"])
        if row["is_primary"]:
            people[row["ref"]].primary = row["e164"]
    return people


def hold(uow: UnitOfWork, file: Sequence[dict[str, str | None]]) -> None:
    """The set leaves what the model says and what single rows leave, and a repetition nothing."""
    rows, model = rows_of(file), Model()
    expected = [
        sorted(set(faults)) if faults else (ref, result)
        for ref, result, faults in map(model.take, file)
    ]
    with undone(uow):
        results = ClientRows(uow, parse_kind=client_import.parse_kind).apply(rows)
        assert [
            sorted(set(each)) if isinstance(each, list) else each for each in told(results)
        ] == expected
        people = stored(uow)
        assert {ref: (who.name, who.kind, sorted(who.phones), who.primary)
                for ref, who in people.items()} == {
            ref: (who.name, who.kind, sorted(who.phones), who.primary)
            for ref, who in model.people.items()
        }  # fmt: skip
        events = list(uow.events)
    with undone(uow):
        one_by_one = [client_import.import_rows(uow, [row])[0] for row in rows]
        assert told(one_by_one) == told(results)
        assert stored(uow) == people
        assert uow.events == events


def test_a_set_of_rows_leaves_what_the_model_says(migrated_url: str, refilled: Copies) -> None:
    url = refilled("clients to import into", company)
    with working(url) as uow:

        @settings(
            max_examples=150 if "postgresql" not in url else 60,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(FILES)
        def held(file: list[dict[str, str | None]]) -> None:
            hold(uow, file)

        held()


# ------------------------------------------------------------------------------------- what is said


@pytest.fixture
def imported(migrated_url: str, refilled: Copies) -> Any:
    """`client import` of rows, in a transaction of its own."""
    url = refilled("clients to import into", company)

    def run(*file: dict[str, str | None]) -> list[RowDone | Failure]:
        with working(url) as uow:
            return client_import.import_rows(uow, rows_of(file))

    run.url = url  # type: ignore[attr-defined]
    return run


def row(name: str | None, *phones: str, ref: str | None = None, kind: str | None = None) -> Any:
    return {"ref": ref, "name": name, "phone": "\n".join(phones), "kind": kind}


def test_a_row_is_refused_with_all_of_its_faults(imported: Any) -> None:
    (failed,) = imported(row("", BO, "12", OURS, ref="N-1", kind="often"))
    assert isinstance(failed.error, RowFaults)
    assert codes(failed.error) == [
        "malformed_phone", "out_of_range", "malformed_row", "phone_taken", "phone_is_our_number",
    ]  # fmt: skip
    assert "is a phone of client B-1; +14155550100 is a masked number" in failed.error.message
    assert BO not in failed.error.message


def test_faults_that_the_reader_found_are_told_with_the_others(imported: Any) -> None:
    fault = PetmsgError("4.15555E+09 is a number that a spreadsheet shortened.")
    cells = {"ref": "N-1", "name": "", "phone": None, "kind": "recurring"}
    with working(imported.url) as uow:
        (failed,) = client_import.import_rows(
            uow, [BatchRow(2, cells, faults=(fault,), faulty=frozenset({"phone"}))]
        )
    assert isinstance(failed, Failure)
    assert codes(failed.error) == ["error", "malformed_row"]
    assert "phone is missing" not in failed.error.message


def test_a_known_phone_with_another_name_is_refused_with_the_candidate(imported: Any) -> None:
    (failed,) = imported(row("Zed Moe", ANN))
    assert failed.error.message == (
        "+1********01 is a phone of client A-1, 'Ann Ivers', not of 'Zed Moe'."
    )
    assert failed.error.hint == "If they are the same client, give the row the ref A-1."
    (done,) = imported(row("Zed Moe", ANN, ref="A-1"))
    assert done.result == "updated"


@pytest.mark.parametrize("name", ["ANN IVERS", "Ivers, Ann", "Ann Íver's".replace("'", "")])
def test_a_name_in_another_spelling_changes_nothing(imported: Any, name: str) -> None:
    (done,) = imported(row(name, ANN))
    assert (done.ref, done.result, done.notes) == ("A-1", "unchanged", ())


def test_a_longer_name_is_the_same_client_and_is_noted(imported: Any) -> None:
    (done,) = imported(row("Ann & Bob Ivers", ANN, FREE[1]))
    assert (done.ref, done.result) == ("A-1", "updated")
    assert done.notes == ("The name of client A-1 stays 'Ann Ivers'.",)


def test_a_likely_double_is_noted_once(imported: Any) -> None:
    file = [row("Ann Ivers", FREE[0]), row("Di Roe", FREE[1]), row("Di Roe", FREE[2])]
    first, new, second = imported(*file)
    assert "Client A-1 has the same name and another phone" in first.notes[0]
    assert new.notes == ()
    assert f"Client {new.ref} has the same name" in second.notes[0]
    assert [(each.result, each.notes) for each in imported(*file)] == [("unchanged", ())] * 3


def test_phones_are_read_as_people_write_them_and_what_was_left_out_is_noted(imported: Any) -> None:
    (done,) = imported(
        {"ref": None, "name": "Di Roe", "phone": "(415) 555-0171 ext. 2 / 415.555.0172", "kind": ""}
    )
    assert (done.result, len(done.notes)) == ("created", 1)
    assert "without its extension 2" in done.notes[0]
    with looking(imported.url) as cursor:
        rows = cursor.tuples("SELECT e164 FROM client_phone ORDER BY id DESC LIMIT 2")
    assert [row[0] for row in rows] == ["+14155550172", "+14155550171"]
    (again,) = imported({"ref": None, "name": "Di Roe", "phone": "+1 415 555 0172", "kind": ""})
    assert (again.ref, again.result) == (done.ref, "unchanged")


def test_a_new_phone_of_an_old_opt_out_is_shown_there_again(imported: Any) -> None:
    from petmsg.services.people import optout

    with working(imported.url) as uow:
        client.phone_add(uow, "A-1", FREE[1])
        optout.add(uow, "A-1", reason="asked", phone=FREE[1])
        client.phone_remove(uow, "A-1", FREE[1])
    imported(row("Di Roe", FREE[1]))
    with looking(imported.url) as cursor:
        shown = cursor.tuples("SELECT e164 FROM opt_out WHERE e164 = :phone", phone=FREE[1])
    assert len(shown) == 1


# ------------------------------------------------------------------------------------- concurrency


@pytest.mark.parametrize("has_refs", [True, False], ids=["refs", "no refs"])
def test_two_imports_of_the_same_file_at_once_leave_one_set_of_clients(
    migrated_url: str, has_refs: bool
) -> None:
    build_org(migrated_url)
    file = [
        row(f"Client {n}", f"+1415556{n:04}", ref=f"N-{n}" if has_refs else None) for n in range(60)
    ]
    results: list[RowDone | Failure] = []

    def work(rows: Sequence[BatchRow]) -> None:
        for start in range(0, len(rows), 15):
            with working(migrated_url) as uow:
                results.extend(client_import.import_rows(uow, rows[start : start + 15]))

    at_once(lambda: work(rows_of(file)), lambda: work(rows_of(file)[::-1]))
    assert sorted(each.result for each in results if isinstance(each, RowDone)) == (
        ["created"] * 60 + ["unchanged"] * 60
    )
    with looking(migrated_url) as cursor:
        assert cursor.value("SELECT count(*) FROM client") == 60
        assert cursor.value("SELECT count(*) FROM client_phone WHERE is_primary") == 60


@pytest.mark.postgres
def test_a_client_whom_another_transaction_just_added_is_found_row_by_row(
    postgres_template: Any,
) -> None:
    url = postgres_template("org", build_org)
    is_added, is_seen = threading.Event(), threading.Event()

    def add() -> None:
        with working(url) as uow:
            client.add(uow, "Di Roe", phones=[ANN], ref="N-2")
            is_added.set()
            is_seen.wait(0.5)  # the import waits for this commit meanwhile

    results: list[RowDone | Failure] = []

    def take() -> None:
        is_added.wait()
        file = [row("Ann Ivers", BO, ref="N-1"), row("Di Roe", ANN, ref="N-2"), row("Ed", ANN)]
        with working(url) as uow:
            results.extend(client_import.import_rows(uow, rows_of(file)))

    at_once(add, take)
    assert told(results) == [("N-1", "created"), ("N-2", "unchanged"), ["already_exists"]]


def test_a_file_with_refs_is_about_the_clients_that_were_imported_without(
    migrated_url: str,
) -> None:
    build_org(migrated_url)
    with working(migrated_url) as uow:
        imported = partial(client_import.import_rows, uow)
        (first,) = imported(rows_of([{"name": "Ann Ivers", "phone": ANN}]))
        file = rows_of([{"ref": "A1", "name": "Ann", "phone": ANN, "kind": "recurring"}])
        (updated,) = imported(file)
        (same,) = imported(file)
        (other,) = imported(rows_of([{"ref": "A2", "name": "Zoe Lind", "phone": ANN}]))
    assert isinstance(first, RowDone)
    assert isinstance(updated, RowDone)
    assert isinstance(same, RowDone)
    assert [each.ref for each in (first, updated, same)] == ["C-1"] * 3
    assert [each.result for each in (first, updated, same)] == ["created", "updated", "unchanged"]
    assert "'A1' is not stored" in same.notes[0]
    assert isinstance(other, Failure)
    assert other.error.code == "phone_taken"
