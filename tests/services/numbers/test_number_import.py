"""Numbers are imported as a set, and as if they were added one by one."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from petmsg.enums.numbers import NumberClass
from petmsg.errors import OutOfRange, PetmsgError
from petmsg.services.numbers import number, number_import
from petmsg.services.people import client, sitter
from petmsg.services.unit_of_work import UnitOfWork
from tests.support.fixtures import add_org, build_org, looking, working
from tests.support.imports import at_once, codes, rows_of, told, undone
from tests.support.postgres import Copies

DESK, OF_ANOTHER = "+14155550100", "+14155550300"
ANN, MAYA = "+14155550101", "+14155550201"
NEW = ["+14155550401", "+14155550402"]


def company(url: str) -> None:
    """Two orgs, a client, a sitter, and a desk number."""
    build_org(url)
    add_org(url, "other-paws", front_desk=OF_ANOTHER)
    with working(url, org="happy-paws") as uow:
        client.add(uow, "Ann", phones=[ANN])
        sitter.add(uow, "Maya", phone=MAYA)


FILES = st.lists(
    st.fixed_dictionaries(
        {
            "e164": st.sampled_from([DESK, OF_ANOTHER, ANN, MAYA, *NEW, *NEW, "12", ""]),
            "class": st.sampled_from(["Front Desk", "sitter", "POOL", "lost", "", None]),
        }
    ),
    min_size=1,
    max_size=6,
)
CLASSES = {
    "Front Desk": NumberClass.FRONT_DESK,
    "sitter": NumberClass.SITTER,
    "POOL": NumberClass.POOL,
}


def one_by_one(uow: UnitOfWork, cells: dict[str, str | None]) -> Any:
    """What `number.add` does with the row, and which of its faults it finds first."""
    written, of = cells["e164"], CLASSES.get(cells["class"] or "")
    faults = {"malformed_row"} if not written or not cells["class"] else set()
    faults |= {"malformed_phone"} if written == "12" else set()
    faults |= {"out_of_range"} if cells["class"] == "lost" else set()
    if faults:
        return faults
    assert written is not None
    assert of is not None
    try:
        with uow.all_or_nothing():
            added = number.add(uow, written, number_class=of)
    except PetmsgError as problem:
        return {problem.code}
    return written, "unchanged" if added.reused else "created"


def stored(uow: UnitOfWork) -> list[tuple[Any, ...]]:
    return [
        tuple(each)
        for each in uow.cursor.tuples(
            "SELECT n.e164, n.class, n.status, c.class, c.status, c.reason, c.actor"
            " FROM message_number n JOIN number_custody c ON c.number_id = n.id ORDER BY c.id"
        )
    ]


def test_a_set_of_rows_leaves_what_single_numbers_leave(
    migrated_url: str, refilled: Copies
) -> None:
    url = refilled("numbers to import into", company)
    with working(url, org="happy-paws") as uow:

        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
        @given(FILES)
        def held(file: list[dict[str, str | None]]) -> None:
            with undone(uow):
                expected = [one_by_one(uow, each) for each in file]
                numbers, events = stored(uow), list(uow.events)
            with undone(uow):
                results = told(number_import.NumberRows(uow).apply(rows_of(file)))
                for found, wanted in zip(results, expected, strict=True):
                    if isinstance(wanted, set):
                        assert wanted <= set(found)
                    else:
                        assert found == wanted
                assert (stored(uow), uow.events) == (numbers, events)

        held()


def test_a_row_is_refused_with_all_of_its_faults(migrated_sqlite: str) -> None:
    company(migrated_sqlite)
    with working(migrated_sqlite, org="happy-paws") as uow:
        wrong, taken = number_import.import_rows(
            uow,
            rows_of([{"e164": "12", "class": "lost"}, {"e164": ANN, "class": "front desk"}]),
        )
    assert codes(wrong.error) == ["malformed_phone", "out_of_range"]  # type: ignore[union-attr]
    assert codes(taken.error) == [  # type: ignore[union-attr]
        "number_is_a_persons_phone", "front_desk_taken",
    ]  # fmt: skip
    assert taken.error.hint.endswith(  # type: ignore[union-attr]
        f"Replace it: petmsg number add {ANN} --class pool && "
        f"petmsg number set-class {ANN} front_desk --replace"
    )


def test_a_dropped_extension_and_an_unassigned_number_are_notes(migrated_sqlite: str) -> None:
    """As they are at the import of clients and sitters; the numbers are taken."""
    company(migrated_sqlite)
    with working(migrated_sqlite, org="happy-paws") as uow:
        cells = ["(415) 555-0401 ext. 2", "(999) 555-0180", NEW[1], "1"]
        file = rows_of([{"e164": each, "class": "pool"} for each in cells])
        *done, refused = number_import.import_rows(uow, file)
        again = number_import.import_rows(uow, file[:1])
    assert told(done) == [(NEW[0], "created"), ("+19995550180", "created"), (NEW[1], "created")]
    unreachable, unknown, none = [each.notes for each in done]  # type: ignore[union-attr]
    assert unreachable == (
        "+1********01 is used without its extension 2: a message cannot reach an extension.",
    )
    assert [each.partition(",")[0] for each in unknown] == ["+1********80 is a possible number"]
    assert none == ()
    assert codes(refused.error) == ["malformed_phone"]  # type: ignore[union-attr]
    assert [(each.result, each.notes) for each in again] == [  # type: ignore[union-attr]
        ("unchanged", unreachable)
    ]


def test_two_imports_of_the_same_file_at_once_leave_each_number_once(migrated_url: str) -> None:
    build_org(migrated_url)
    file = rows_of([{"e164": f"+1415558{n:04}", "class": "pool"} for n in range(20)])
    results: list[Any] = []

    def work(rows: Any) -> None:
        for start in range(0, len(rows), 5):
            with working(migrated_url) as uow:
                results.extend(number_import.import_rows(uow, rows[start : start + 5]))

    at_once(lambda: work(file), lambda: work(file[::-1]))
    assert sorted(each.result for each in results) == ["created"] * 20 + ["unchanged"] * 20
    with looking(migrated_url) as cursor:
        assert cursor.value("SELECT count(*) FROM number_custody") == 21


@pytest.mark.parametrize(
    ("written", "of"),
    [
        ("front_desk", "front_desk"),
        ("Front Desk", "front_desk"),
        ("Office", "front_desk"),
        ("Sitter", "sitter"),
        ("Pet sitter", "sitter"),
        ("POOL", "pool"),
    ],
)
def test_a_class_is_read_as_people_write_it(written: str, of: str) -> None:
    assert number_import.parse_class(written) == of


def test_any_other_class_is_refused() -> None:
    with pytest.raises(OutOfRange, match="Unknown number class 'line'"):
        number_import.parse_class("line")
