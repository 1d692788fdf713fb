"""Bookings are imported as a set; client and sitter are named by ref, phone or name."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from petmsg.errors import MalformedTime
from petmsg.services.bookings import booking_import
from petmsg.services.bookings.booking_rows import BookingRows
from petmsg.services.people import client, offboard, sitter
from petmsg.services.transfer.row_files import BatchRow, RowDone
from petmsg.services.unit_of_work import Failure, UnitOfWork
from tests.support.fixtures import build_org, looking, working
from tests.support.imports import at_once, codes, rows_of, told, undone
from tests.support.postgres import Copies

START, END = "2026-03-01T10:00", "2026-03-01T12:00"


def company(url: str) -> None:
    """Two clients of one name, one who has another, a sitter, and one who was offboarded."""
    build_org(url)
    with working(url) as uow:
        client.add(uow, "Ann Ivers", phones=["+14155550101"], ref="A-1")
        client.add(uow, "Ann Ivers", phones=["+14155550102"], ref="A-2")
        client.add(uow, "Bo Stone", phones=["+14155550103"], ref="B-1")
        sitter.add(uow, "Maya Lee", phone="+14155550201", ref="M-1")
        sitter.add(uow, "Zoe Kim", phone="+14155550202", ref="Z-1")
        offboard.deactivate(uow, "Z-1", reason="left")


@pytest.fixture
def url(migrated_url: str, refilled: Copies) -> str:
    return refilled("a company to import bookings into", company)


def imported(url: str, *file: dict[str, str | None], **options: Any) -> list[Any]:
    with working(url) as uow:
        return booking_import.import_rows(uow, rows_of(file), **options)


def row(
    who: str | None = "A-1", sitter: str | None = "M-1", start: str | None = START, **cells: Any
) -> dict[str, str | None]:
    return {"client": who, "sitter": sitter, "starts_at": start, "ends_at": END, **cells}


FILES = st.lists(
    st.fixed_dictionaries(
        {
            "ref": st.sampled_from([None, "", "", "N-1", "N-2", "N-2", "+1415"]),
            "client": st.sampled_from(["A-1"] * 6 + ["Bo Stone"] * 3 + ["Ann Ivers", "", None]),
            "sitter": st.sampled_from(["M-1", "Maya Lee", "", None] * 3 + ["Z-1", "X"]),
            "starts_at": st.sampled_from([START, "2026-03-01T11:00"] * 5 + [END, "noon", "", None]),
            "ends_at": st.sampled_from([END, "2026-03-01T13:00"] * 4 + [None]),
            "lead_minutes": st.sampled_from([None, "", "30"] * 3 + ["long"]),
        }
    ),
    min_size=1,
    max_size=6,
)


def test_a_set_of_rows_leaves_what_single_rows_leave(url: str) -> None:
    def stored(uow: UnitOfWork) -> list[tuple[Any, ...]]:
        rows = uow.cursor.tuples(
            "SELECT ref, client_id, sitter_id, starts_at, ends_at, lead_minutes FROM booking"
        )
        return sorted((tuple(each) for each in rows), key=lambda each: str(each[0]))

    with working(url) as uow:

        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
        @given(FILES)
        def held(file: list[dict[str, str | None]]) -> None:
            rows = rows_of(file)
            with undone(uow):
                results = BookingRows(uow).apply(rows)
                bookings, events = stored(uow), list(uow.events)
                again = BookingRows(uow).apply(rows)
                refs = [each["ref"] for each in file if each["ref"]]
                if len(set(refs)) == len(refs):  # no row changes what another one made
                    assert not {each.result for each in again if isinstance(each, RowDone)} - {
                        "unchanged"
                    }
            with undone(uow):
                alone = [BookingRows(uow).apply([each])[0] for each in rows]
                assert told(alone) == told(results)
                assert (stored(uow), uow.events) == (bookings, events)

        held()


def test_client_and_sitter_are_named_by_ref_phone_or_name(url: str) -> None:
    file = [
        row("B-1", "M-1"),
        row("+14155550103", "+14155550201"),
        row("(415) 555-0103", "415.555.0201"),
        row("Bo  Stone", "Maya Lee"),
    ]
    assert told(imported(url, *file)) == [("B-1", "created"), *[("B-1", "unchanged")] * 3]
    with looking(url) as cursor:
        found = cursor.tuples(
            "SELECT c.ref, s.ref FROM booking b JOIN client c ON c.id = b.client_id"
            " JOIN sitter s ON s.id = b.sitter_id"
        )
    assert [tuple(each) for each in found] == [("B-1", "M-1")]


def test_a_name_that_fits_two_clients_is_refused_with_the_candidates(url: str) -> None:
    (failed,) = imported(url, row("Ann Ivers"))
    assert failed.error.message == "'Ann Ivers' matches 2 clients: A-1, A-2."
    assert failed.error.hint == "Name the client by its ref."


def test_a_name_of_nobody_is_refused_with_a_guess(url: str) -> None:
    (failed,) = imported(url, row("Bo Ston"))
    assert failed.error.code == "client_not_found"
    assert "Bo Stone" in failed.error.hint


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        (
            row("Ann Ivers", "Nobody", "25 o'clock", lead_minutes="long", ref="+1415"),
            ["malformed_ref", "ambiguous", "sitter_not_found", "malformed_time", "malformed_time"],
        ),
        (row(None, "Z-1", None), ["malformed_row", "malformed_row", "sitter_offboarded"]),
        (row("", "", END), ["malformed_row", "end_not_after_start"]),
        (row("X-404", None, ref="N-1"), ["client_not_found"]),
    ],
)
def test_a_row_is_refused_with_all_of_its_faults(
    url: str, cells: dict[str, str | None], wanted: list[str]
) -> None:
    (failed,) = imported(url, cells)
    assert codes(failed.error) == wanted
    with looking(url) as cursor:
        assert cursor.value("SELECT count(*) FROM booking") == 0


def test_faults_that_the_reader_found_are_told_with_the_others(url: str) -> None:
    cells = {"client": "X-404", "sitter": "", "starts_at": "", "ends_at": END}
    fault = MalformedTime("The start has a date but no time of day.")
    with working(url) as uow:
        (failed,) = booking_import.import_rows(
            uow, [BatchRow(2, cells, faults=(fault,), faulty=frozenset({"starts_at"}))]
        )
    assert isinstance(failed, Failure)
    assert codes(failed.error) == ["malformed_time", "client_not_found"]


def test_rows_without_ref_get_free_refs_and_repeating_changes_nothing(url: str) -> None:
    file = [
        row("A-1", ref="B-2"),
        row("B-1", ref=""),
        row("A-2", None, ref=""),
        row("A-2", None, ref="", ends_at="2026-03-01T13:00"),
    ]
    assert told(imported(url, *file)) == [(ref, "created") for ref in ("B-2", "B-1", "B-3", "B-4")]
    with working(url) as uow:
        events = uow.cursor.value("SELECT count(*) FROM audit_event")
    again = imported(url, *file)
    assert [each.result for each in again] == ["unchanged"] * 4
    with working(url) as uow:
        assert uow.cursor.value("SELECT count(*) FROM audit_event") == events
    assert told(imported(url, file[1], allow_duplicates=True)) == [("B-5", "created")]


@pytest.mark.parametrize("has_refs", [True, False], ids=["refs", "no refs"])
def test_two_imports_of_the_same_file_at_once_leave_one_set_of_bookings(
    url: str, has_refs: bool
) -> None:
    file = rows_of(
        [
            row(start=f"2026-02-{1 + n:02}T10:00", ref=f"N-{n}" if has_refs else "")
            for n in range(20)
        ]
    )
    results: list[RowDone | Failure] = []

    def work(rows: Sequence[BatchRow]) -> None:
        for start in range(0, len(rows), 5):
            with working(url) as uow:
                results.extend(booking_import.import_rows(uow, rows[start : start + 5]))

    at_once(lambda: work(file), lambda: work(file[::-1]))
    assert sorted(each.result for each in results if isinstance(each, RowDone)) == (
        ["created"] * 20 + ["unchanged"] * 20
    )
