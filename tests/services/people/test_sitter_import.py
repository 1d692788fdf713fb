"""Sitters are imported as a set, and as if they were added row by row."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from petmsg.services.people import optout, sitter, sitter_import
from petmsg.services.transfer.row_files import BatchRow, RowDone
from petmsg.services.unit_of_work import Failure, UnitOfWork
from tests.support.fixtures import build_org, looking, working
from tests.support.imports import at_once, codes, rows_of, told, undone
from tests.support.postgres import Copies

MAYA, OTHER, *FREE = (f"+1415555020{digit}" for digit in range(1, 6))
OURS = "+14155550100"


def company(url: str) -> None:
    build_org(url)
    with working(url) as uow:
        sitter.add(uow, "Maya Lee", phone=MAYA, ref="M-1")


def row(name: str | None, *phones: str, ref: str | None = None) -> dict[str, str | None]:
    return {"ref": ref, "name": name, "phone": "\n".join(phones)}


# ---------------------------------------------------------------------------------- the naive model


class Model:
    """Sitters by ref, each a name and a phone; a row is taken by itself."""

    def __init__(self) -> None:
        self.people = {"M-1": ("Maya Lee", MAYA)}
        self.made = 1

    def take(self, cells: dict[str, str | None]) -> Any:
        ref, name = cells["ref"], cells["name"]
        written = [each for each in (cells["phone"] or "").split("\n") if each]
        phones = [each for each in written if each != "12"]
        phone = phones[0] if phones else None
        faults = {"malformed_phone"} if "12" in written else set()
        known = self.find(name, phone) if not ref else ref if ref in self.people else None
        if known is None:
            faults |= {"malformed_row"} if not name or not written else set()
        elif ref:
            faults |= {"malformed_text"} if name == "" else set()
            faults |= {"malformed_phone"} if cells["phone"] == "" else set()
        if phone == OURS:
            faults.add("phone_is_our_number")
        if faults:
            return sorted(faults)
        if known is None:
            while not ref:
                made, self.made = f"S-{self.made}", self.made + 1
                ref = made if made not in self.people else None
            assert name is not None
            assert phone is not None
            self.people[ref] = (name, phone)
            return ref, "created"
        before = self.people[known]
        if ref:
            self.people[known] = (name or before[0], phone or before[1])
        return known, "unchanged" if self.people[known] == before else "updated"

    def find(self, name: str | None, phone: str | None) -> str | None:
        words = set((name or "").lower().split())
        fits = [
            (set(theirs.lower().split()) != words, place, ref)
            for place, (ref, (theirs, number)) in enumerate(self.people.items())
            if number == phone
            and (words <= set(theirs.lower().split()) or words >= set(theirs.lower().split()))
        ]
        return min(fits)[2] if fits else None


FILES = st.lists(
    st.fixed_dictionaries(
        {
            "ref": st.sampled_from([None, "", "M-1", "N-1", "N-2"]),
            "name": st.sampled_from(["Maya Lee", "maya lee", "Maya", "Bo Stone", "", None]),
            "phone": st.none()
            | st.lists(st.sampled_from([MAYA, OTHER, FREE[0], OURS, "12"]), max_size=2).map(
                "\n".join
            ),
        }
    ),
    min_size=1,
    max_size=6,
)


def stored(uow: UnitOfWork) -> dict[str, tuple[str, str]]:
    rows = uow.cursor.tuples("SELECT ref, name, phone FROM sitter ORDER BY id")
    return {ref: (name, phone) for ref, name, phone in rows}


def test_a_set_of_rows_leaves_what_the_model_says(migrated_url: str, refilled: Copies) -> None:
    url = refilled("sitters to import into", company)
    with working(url) as uow:

        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
        @given(FILES)
        def held(file: list[dict[str, str | None]]) -> None:
            rows, model = rows_of(file), Model()
            expected = [model.take(each) for each in file]
            with undone(uow):
                results = sitter_import.SitterRows(uow).apply(rows)
                assert [
                    sorted(set(each)) if isinstance(each, list) else each for each in told(results)
                ] == expected
                assert stored(uow) == model.people
                events = list(uow.events)
            with undone(uow):
                alone = [sitter_import.import_rows(uow, [each])[0] for each in rows]
                assert told(alone) == told(results)
                assert (stored(uow), uow.events) == (model.people, events)

        held()


# ------------------------------------------------------------------------------------- what is said


def imported(url: str, *file: dict[str, str | None]) -> list[Any]:
    with working(url) as uow:
        return sitter_import.import_rows(uow, rows_of(file))


def test_a_row_is_refused_with_all_of_its_faults(migrated_sqlite: str) -> None:
    company(migrated_sqlite)
    (failed,) = imported(migrated_sqlite, row("", "12", OURS, ref="N-1"))
    assert codes(failed.error) == ["malformed_phone", "malformed_row", "phone_is_our_number"]


def test_only_the_first_phone_of_a_sitter_is_taken_and_that_is_noted(migrated_sqlite: str) -> None:
    company(migrated_sqlite)
    file = [row("Bo Stone", OTHER, FREE[0])]
    for result in ("created", "unchanged"):
        (done,) = imported(migrated_sqlite, *file)
        assert done.result == result
        assert done.notes == ("A sitter has one phone, so +1********03 was left out.",)


def test_likely_doubles_and_a_shared_phone_are_noted(migrated_sqlite: str) -> None:
    company(migrated_sqlite)
    twin, partner, other = imported(
        migrated_sqlite, row("Maya Lee", OTHER), row("Bo Stone", MAYA), row("Di Roe", FREE[0])
    )
    assert "Sitter M-1 has the same name and another phone" in twin.notes[0]
    assert "Sitter M-1 has the same phone" in partner.notes[0]
    assert (partner.result, other.notes) == ("created", ())


def test_a_changed_phone_keeps_the_opt_out_of_the_sitter(migrated_url: str) -> None:
    company(migrated_url)
    with working(migrated_url) as uow:
        optout.add(uow, "M-1", reason="asked")
    file = [row("Bo Stone", FREE[0], ref="N-1"), row("Maya Lee", OTHER, ref="M-1")]
    assert [each.result for each in imported(migrated_url, *file)] == ["created", "updated"]
    with looking(migrated_url) as cursor:
        shown = cursor.tuples("SELECT e164 FROM opt_out WHERE ended_at IS NULL")
        events = cursor.tuples("SELECT event, ref FROM audit_event ORDER BY seq")
    assert (OTHER,) in shown
    assert [tuple(each) for each in events[-2:]] == [
        ("sitter.added", "N-1"),
        ("sitter.updated", "M-1"),
    ]


@pytest.mark.parametrize("has_refs", [True, False], ids=["refs", "no refs"])
def test_two_imports_of_the_same_file_at_once_leave_one_set_of_sitters(
    migrated_url: str, has_refs: bool
) -> None:
    build_org(migrated_url)
    file = rows_of(
        [row(f"Sitter {n}", f"+1415557{n:04}", ref=f"N-{n}" if has_refs else None)
         for n in range(20)]
    )  # fmt: skip
    results: list[RowDone | Failure] = []

    def work(rows: Sequence[BatchRow]) -> None:
        for start in range(0, len(rows), 5):
            with working(migrated_url) as uow:
                results.extend(sitter_import.import_rows(uow, rows[start : start + 5]))

    at_once(lambda: work(file), lambda: work(file[::-1]))
    assert sorted(each.result for each in results if isinstance(each, RowDone)) == (
        ["created"] * 20 + ["unchanged"] * 20
    )
