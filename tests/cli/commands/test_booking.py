"""petmsg booking add, list and show."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from petmsg.services.bookings import booking as service
from tests.support.booking_commands import (
    HEADER,
    T1,
    T2,
    T3,
    add,
    book,
    count,
    events,
    imported,
    people,
    shown,
)
from tests.support.fixtures import NOW, Cli, working

# --- the whole point ---------------------------------------------------------------------------


def test_five_bookings_of_one_client_are_one_thread_with_five_windows(cli: Cli) -> None:
    cli("client", "add", "Ann Ivers", "--phone", "+14155551001", "--ref", "C-1")
    for day in range(1, 6):
        assert cli(
            "booking", "add", "--client", "C-1", "--ref", f"B-{day}",
            "--start", f"+{day}d", "--end", f"+{day * 24 + 2}h",
        ).code == 0  # fmt: skip
    ran = cli("booking", "confirm", "--all-pending", "-o", "json")
    assert ran.code == 0, ran.err
    rows = ran.json
    assert len({row["thread"] for row in rows}) == 1
    assert len({row["window"] for row in rows}) == 5
    assert [row["reused"]["thread"] for row in rows] == [False, True, True, True, True]


# --- add ---------------------------------------------------------------------------------------


def test_an_added_booking_is_pending_and_has_no_window(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    added = book(sqlite_cli, "B-1")
    assert added.code == 0, added.err
    assert added.json == {
        "booking": "B-1",
        "status": "pending",
        "client": "C-1",
        "client_name": "Ann Ivers",
        "sitter": "S-1",
        "sitter_name": "Maya Lee",
        "starts_at": "2026-02-14T14:00:00Z",
        "ends_at": "2026-02-14T16:00:00Z",
        "window": None,
        "overlaps": [],
        "reused": False,
        "lead_minutes": None,
        "warnings": [],
    }
    assert shown(sqlite_cli, "B-1")["window"] is None
    assert events(sqlite_cli, "B-1") == ["booking.added"]


def test_an_identical_add_changes_nothing_and_is_no_error(cli: Cli) -> None:
    people(cli)
    book(cli, "B-1")
    again = book(cli, "B-1")
    assert (again.code, again.json["reused"]) == (0, True)
    assert events(cli, "B-1") == ["booking.added"]


@pytest.mark.parametrize(
    "other",
    [("--client", "C-2"), ("--sitter", "S-2"), ("--start", T2, "--end", T3), ("--end", T3)],
)
def test_an_add_that_differs_is_refused(sqlite_cli: Cli, other: tuple[str, ...]) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1")
    ran = book(sqlite_cli, "B-1", *other)
    assert (ran.code, ran.error["code"]) == (4, "already_exists")
    assert shown(sqlite_cli, "B-1")["client"] == "C-1"
    assert events(sqlite_cli, "B-1") == ["booking.added"]


def test_an_identical_add_of_a_confirmed_booking_names_its_window(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1")
    window = sqlite_cli("booking", "confirm", "B-1", "-o", "json").json[0]["window"]
    again = book(sqlite_cli, "B-1").json
    assert (again["status"], again["window"], again["reused"]) == ("confirmed", window, True)


def test_a_booking_without_a_ref_gets_the_next_free_one(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1")
    ran = sqlite_cli(
        "booking", "add", "--client", "C-1", "--start", T1, "--end", T2, "-o", "json"
    )  # fmt: skip
    assert (ran.code, ran.json["booking"]) == (0, "B-2")


SAME = ("--client", "C-1", "--sitter", "S-1", "--start", T1, "--end", T2)


def test_the_same_booking_without_a_ref_is_added_once(cli: Cli) -> None:
    people(cli)
    first = add(cli, *SAME)
    again = add(cli, *SAME)
    assert (first["booking"], first["reused"]) == ("B-1", False)
    assert again == {**first, "reused": True}
    named = add(cli, "--client", "Ann Ivers", "--sitter", "+14155552001",
                "--start", "2026-02-14T09:00", "--end", "2026-02-14T11:00")  # fmt: skip
    assert (named["booking"], named["reused"]) == ("B-1", True)
    assert count(cli) == 1
    assert events(cli, "B-1") == ["booking.added"]


def test_a_booking_added_with_a_ref_is_found_without_one(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "X-7")
    window = sqlite_cli("booking", "confirm", "X-7", "-o", "json").json[0]["window"]
    again = add(sqlite_cli, *SAME)
    assert (again["booking"], again["status"], again["window"]) == ("X-7", "confirmed", window)


@pytest.mark.parametrize(
    "other",
    [
        ("--client", "C-2", "--sitter", "S-1", "--start", T1, "--end", T2),
        ("--client", "C-1", "--sitter", "S-2", "--start", T1, "--end", T2),
        ("--client", "C-1", "--start", T1, "--end", T2),
        ("--client", "C-1", "--sitter", "S-1", "--start", T1, "--end", T3),
        ("--client", "C-1", "--sitter", "S-1", "--start", "2026-02-14T13:59Z", "--end", T2),
        (*SAME, "--ref", "X-1"),
        (*SAME, "--allow-duplicates"),
    ],
)
def test_what_differs_or_is_meant_twice_is_another_booking(
    sqlite_cli: Cli, other: tuple[str, ...]
) -> None:
    people(sqlite_cli)
    add(sqlite_cli, *SAME)
    assert add(sqlite_cli, *other)["reused"] is False
    assert count(sqlite_cli) == 2


def test_a_visit_that_was_cancelled_can_be_booked_again(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    add(sqlite_cli, *SAME)
    sqlite_cli("booking", "cancel", "B-1", "--yes")
    again = add(sqlite_cli, *SAME)
    assert (again["booking"], again["status"], again["reused"]) == ("B-2", "pending", False)
    assert add(sqlite_cli, *SAME)["booking"] == "B-2"


def test_the_same_booking_added_by_many_at_once_is_one(migrated_url: str, cli: Cli) -> None:
    people(cli)
    starts_at, ends_at = NOW + timedelta(hours=1), NOW + timedelta(hours=2)

    def once(_: int) -> str:
        with working(migrated_url) as uow:
            return service.add(
                uow, client="C-1", sitter="S-1", starts_at=starts_at, ends_at=ends_at
            ).booking

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(once, range(6))) == {"B-1"}
    assert count(cli) == 1


def test_client_and_sitter_are_named_by_ref_phone_or_name(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    by_phone = book(sqlite_cli, "B-1", "--client", "+14155551001", "--sitter", "+14155552001")
    by_name = book(sqlite_cli, "B-2", "--client", "Ann Ivers", "--sitter", "Maya Lee")
    for ran in (by_phone, by_name):
        assert ran.code == 0, ran.err
        assert (ran.json["client"], ran.json["sitter"]) == ("C-1", "S-1")


def test_local_times_are_read_in_the_orgs_timezone(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    ran = book(sqlite_cli, "B-1", "--start", "2026-07-01T10:00", "--end", "2026-07-01T11:00")
    assert ran.json["starts_at"] == "2026-07-01T14:00:00Z"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (("--end", T1), "end_not_after_start"),
        (("--start", T3), "end_not_after_start"),
        (("--start", "2026-03-08T02:30"), "nonexistent_time"),
        (("--start", "2026-11-01T01:30"), "ambiguous_time"),
        (("--start", "20260214"), "malformed_time"),
        (("--start", "2026-02-14"), "malformed_time"),
    ],
)
def test_a_malformed_time_is_wrong_usage(sqlite_cli: Cli, more: tuple[str, ...], code: str) -> None:
    people(sqlite_cli)
    ran = book(sqlite_cli, "B-1", *more)
    assert (ran.code, ran.error["code"]) == (2, code)
    assert sqlite_cli("booking", "list", "-o", "json").json == []


@pytest.mark.parametrize(
    ("more", "code"),
    [(("--client", "C-9"), "client_not_found"), (("--sitter", "S-9"), "sitter_not_found")],
)
def test_an_unknown_client_or_sitter_is_not_found(
    sqlite_cli: Cli, more: tuple[str, ...], code: str
) -> None:
    people(sqlite_cli)
    ran = book(sqlite_cli, "B-1", *more)
    assert (ran.code, ran.error["code"]) == (3, code)


def test_a_name_that_fits_two_clients_is_refused_with_the_candidates(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    sqlite_cli("client", "add", "Ann Ivers", "--phone", "+14155551003", "--ref", "C-3")
    ran = book(sqlite_cli, "B-1", "--client", "Ann Ivers")
    assert (ran.code, ran.error["code"]) == (4, "ambiguous")
    assert "C-1, C-3" in ran.error["message"]


def test_an_offboarded_sitter_gets_no_booking(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    sqlite_cli("sitter", "deactivate", "--yes", "S-1")
    ran = book(sqlite_cli, "B-1")
    assert (ran.code, ran.error["code"]) == (4, "sitter_offboarded")


def test_a_dry_run_of_add_adds_nothing(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    ran = sqlite_cli(
        "booking", "add", "--client", "C-1", "--ref", "B-1", "--start", T1, "--end", T2,
        "--dry-run", "-o", "json",
    )  # fmt: skip
    assert (ran.code, ran.json["booking"]) == (0, "B-1")
    assert "nothing was changed" in ran.err
    assert sqlite_cli("booking", "show", "B-1").code == 3
    assert events(sqlite_cli, "B-1") == []


# --- list and show -----------------------------------------------------------------------------


def test_lists_show_the_newest_first_a_page_at_a_time(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    imported(sqlite_cli, HEADER, *((f"X-{at}", "C-1", "", T1, T2) for at in range(105)))
    rows = sqlite_cli("booking", "list", "-o", "json").json
    assert [rows[0]["booking"], rows[-1]["booking"], len(rows)] == ["X-104", "X-5", 100]
    older = sqlite_cli("booking", "list", "--before", "X-5", "-o", "json").json
    assert [row["booking"] for row in older] == ["X-4", "X-3", "X-2", "X-1", "X-0"]
    assert len(sqlite_cli("booking", "list", "--limit", "3", "-o", "json").json) == 3
    assert len(sqlite_cli("booking", "list", "--all", "-o", "json").json) == 105


def test_a_list_can_be_narrowed_by_status_client_and_sitter(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    imported(
        sqlite_cli,
        HEADER,
        ("B-1", "C-1", "S-1", T1, T2),
        ("B-2", "C-2", "S-1", T1, T2),
        ("B-3", "C-1", "S-2", T1, T2),
    )
    sqlite_cli("booking", "confirm", "B-3")

    def refs(*options: str) -> list[str]:
        return [
            row["booking"] for row in sqlite_cli("booking", "list", *options, "-o", "json").json
        ]

    assert refs("--status", "pending") == ["B-2", "B-1"]
    assert refs("--client", "C-1") == ["B-3", "B-1"]
    assert refs("--sitter", "Maya Lee", "--client", "C-1") == ["B-1"]
    assert sqlite_cli("booking", "list", "--client", "C-9").code == 3


def test_an_unknown_booking_is_not_found_by_any_command(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    for words in (
        ("show", "B-9"),
        ("cancel", "B-9"),
        ("reschedule", "B-9", "--start", T1),
        ("reassign", "B-9", "--nobody"),
        ("list", "--before", "B-9"),
    ):
        ran = sqlite_cli("booking", *words, "-o", "json")
        assert (ran.code, ran.error["code"]) == (3, "booking_not_found"), words
