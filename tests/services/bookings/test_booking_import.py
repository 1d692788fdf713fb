"""A file of bookings says of some visits that they are cancelled."""

from typing import Any

import pytest

from petmsg.services.bookings import booking_import, confirm
from petmsg.services.people import client, erase
from tests.support.consistency import problems
from tests.support.fixtures import build_org, looking, working
from tests.support.imports import rows_of, told


def row(ref: str | None, status: str | None, *, start: str = "10", **cells: str) -> Any:
    times = {"starts_at": f"2026-03-01T{start}:00", "ends_at": "2026-03-01T12:00"}
    return {"ref": ref, "client": "A-1", "sitter": None, **times, "status": status, **cells}


@pytest.fixture
def url(migrated_url: str) -> str:
    build_org(migrated_url)
    with working(migrated_url) as uow:
        client.add(uow, "Ann Ivers", phones=["+14155550171"], ref="A-1")
    return migrated_url


def imported(url: str, *file: Any) -> list[Any]:
    with working(url) as uow:
        return booking_import.import_rows(uow, rows_of(file))


def states(url: str) -> list[tuple[str, str]]:
    with looking(url) as cursor:
        return [
            (row[0], row[1]) for row in cursor.tuples("SELECT ref, status FROM booking ORDER BY id")
        ]


@pytest.mark.parametrize(
    "word",
    ["Cancelled", "canceled", "CANCELED BY CLIENT", "Void", "Late Cancel", "Client cancelled",
     "CXL", "Rejected"],
)  # fmt: skip
def test_a_visit_that_is_cancelled_in_the_file_is_not_added(url: str, word: str) -> None:
    (done,) = imported(url, row("V-1", word, client="Somebody Unknown"))
    assert (done.ref, done.result) == ("V-1", "unchanged")
    assert done.notes == ("It is cancelled in the file, so it was not added.",)
    assert states(url) == []


def test_a_row_that_replaces_an_earlier_one_of_its_file_says_so(url: str) -> None:
    """A column may hold the number of an order with several visits."""
    first, same = row("J-1", None), row("J-1", None)
    other = {**first, "ends_at": "2026-03-01T17:45"}
    results = imported(url, first, same, other)
    assert told(results) == [("J-1", "created"), ("J-1", "unchanged"), ("J-1", "updated")]
    assert [each.notes for each in results[:2]] == [(), ()]
    (note,) = results[2].notes
    assert note.startswith("Line 3 has the same ref 'J-1': this row has replaced what it said.")


@pytest.mark.parametrize(
    "word",
    ["Scheduled", "Confirmed", "Completed", "Not cancelled", "Pending cancellation", "", None],
)
def test_every_other_status_says_nothing(url: str, word: str | None) -> None:
    assert told(imported(url, row("V-1", word))) == [("V-1", "created")]
    assert states(url) == [("V-1", "pending")]


def test_a_booking_that_is_cancelled_in_a_later_file_is_cancelled_with_its_window(url: str) -> None:
    file = [row("V-1", "Scheduled"), row(None, "Scheduled", start="11")]
    assert told(imported(url, *file)) == [("V-1", "created"), ("B-1", "created")]
    with working(url) as uow:
        confirm.confirm(uow, ["V-1", "B-1"])
    later = [row("V-1", "Cancelled"), row(None, "Cancelled", start="11")]
    done = imported(url, *later)
    assert told(done) == [("V-1", "cancelled"), ("B-1", "cancelled")]
    assert done[0].notes == ("It is cancelled in the file.",)
    assert states(url) == [("V-1", "cancelled"), ("B-1", "cancelled")]
    assert told(imported(url, *later)) == [("V-1", "unchanged"), ("B-1", "unchanged")]
    assert problems(url) == []


def test_one_file_may_move_a_visit_and_cancel_it(url: str) -> None:
    imported(url, row("V-1", "Scheduled"))
    done = imported(url, row("V-1", "Scheduled", start="11"), row("V-1", "Cancelled"))
    assert told(done) == [("V-1", "updated"), ("V-1", "cancelled")]
    assert states(url) == [("V-1", "cancelled")]
    assert problems(url) == []


def test_a_visit_to_an_erased_client_is_refused_and_one_that_is_there_is_not(url: str) -> None:
    """The row of a booking that was there before stays true, with its ref and without."""
    assert told(imported(url, row("V-1", None))) == [("V-1", "created")]
    with working(url) as uow:
        erase.forget(uow, "A-1", reason="asked")
    known, other, refless = imported(
        url, row("V-1", None), row("V-2", None, start="11"), row(None, None)
    )
    assert (known.ref, known.result) == ("V-1", "unchanged")
    assert other.error.code == "client_forgotten"
    assert "A-1 was erased" in other.error.message
    assert (refless.ref, refless.result) == ("V-1", "unchanged")
    assert states(url) == [("V-1", "pending")]
