"""petmsg booking add, import, list, show, cancel, reschedule, reassign."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from petmsg.services.bookings import booking as service
from tests.support.fixtures import NOW, Cli, copied, lines, working

MAYA = "+14155550102"
OLGA = "+14155550103"


@copied
def people(cli: Cli) -> None:
    """Two clients, and two active sitters with a number each."""
    cli("number", "add", MAYA, OLGA, "--class", "sitter")
    for ref, name, phone in (("C-1", "Ann Ivers", "1001"), ("C-2", "Bob Ito", "1002")):
        cli("client", "add", name, "--phone", f"+1415555{phone}", "--ref", ref)
    for ref, name, phone in (("S-1", "Maya Lee", "2001"), ("S-2", "Olga Roy", "2002")):
        cli("sitter", "add", name, "--phone", f"+1415555{phone}", "--ref", ref, "--activate")


def book(cli: Cli, ref: str, *more: str, **options: Any) -> Any:
    """A booking of C-1 with S-1 from 14:00 to 16:00 UTC, or as `more` says."""
    usual = {"--client": "C-1", "--sitter": "S-1"}
    usual |= {"--start": "2026-02-14T14:00Z", "--end": "2026-02-14T16:00Z"}
    usual |= dict(zip(more[::2], more[1::2], strict=True))
    words = [word for pair in usual.items() for word in pair]
    return cli("booking", "add", "--ref", ref, *words, "-o", "json", **options)


def shown(cli: Cli, ref: str) -> Any:
    return cli("booking", "show", ref, "-o", "json").json


def events(cli: Cli, ref: str) -> list[str]:
    rows = cli("audit", "list", "--ref", ref, "-o", "json", "--all").json
    return [row["event"] for row in reversed(rows)]


def imported(cli: Cli, *rows: tuple[str, ...], code: int = 0, **options: Any) -> Any:
    ran = cli("booking", "import", "-", "-o", "json", stdin=lines(*rows), **options)
    assert ran.code == code, ran.err
    return ran.json


HEADER = ("ref", "client", "sitter", "starts_at", "ends_at")
NAMELESS = HEADER[1:]
T1, T2, T3 = "2026-02-14T14:00Z", "2026-02-14T16:00Z", "2026-02-14T18:00Z"


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


def add(cli: Cli, *words: str, **options: Any) -> Any:
    ran = cli("booking", "add", *words, "-o", "json", **options)
    assert ran.code == 0, ran.err
    return ran.json


def count(cli: Cli) -> int:
    return len(cli("booking", "list", "-o", "json").json)


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


# --- import ------------------------------------------------------------------------------------


def test_import_creates_updates_and_leaves_alone(cli: Cli) -> None:
    people(cli)
    rows = [("B-1", "C-1", "S-1", T1, T2), ("B-2", "C-2", "", T2, T3)]
    assert [row["result"] for row in imported(cli, HEADER, *rows)] == ["created", "created"]
    assert [row["result"] for row in imported(cli, HEADER, *rows)] == ["unchanged", "unchanged"]
    moved = imported(cli, HEADER, rows[0], ("B-2", "C-2", "S-2", T1, T3))
    assert moved == [
        {"row": 2, "ref": "B-1", "result": "unchanged", "notes": []},
        {"row": 3, "ref": "B-2", "result": "updated", "notes": []},
    ]
    after = shown(cli, "B-2")
    assert (after["sitter"], after["starts_at"]) == ("S-2", "2026-02-14T14:00:00Z")
    assert events(cli, "B-1") == ["booking.added"]
    assert events(cli, "B-2") == ["booking.added", "booking.updated"]


def test_importing_other_times_moves_the_window_of_a_confirmed_booking(cli: Cli) -> None:
    people(cli)
    book(cli, "B-1")
    before = cli("booking", "confirm", "B-1", "-o", "json").json[0]
    imported(cli, HEADER, ("B-1", "C-1", "S-2", T2, T3))
    after = shown(cli, "B-1")
    assert (after["status"], after["sitter"]) == ("confirmed", "S-2")
    assert after["window"] == {
        "id": before["window"],
        "starts_at": "2026-02-14T16:00:00Z",
        "booked_until": "2026-02-14T18:00:00Z",
        "ends_at": "2026-02-14T19:00:00Z",
    }
    assert events(cli, "B-1")[-2:] == ["booking.updated", "window.updated"]
    route = cli("route", "explain", "C-1", "--at", "2026-02-14T17:00Z", "-o", "json").json
    assert route["number"] == {"e164": OLGA, "class": "sitter", "sitter": "S-2"}


def test_another_client_for_a_known_booking_is_refused_for_that_row_alone(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1")
    found = imported(
        sqlite_cli, HEADER, ("B-1", "C-2", "S-1", T1, T3), ("B-2", "C-2", "", T1, T2), code=4
    )
    assert found[0]["ref"] == "B-1"
    assert found[0]["error"]["code"] == "refused"
    assert found[1]["result"] == "created"
    after = shown(sqlite_cli, "B-1")
    assert (after["client"], after["ends_at"]) == ("C-1", "2026-02-14T16:00:00Z")


def test_a_change_to_a_cancelled_booking_is_refused_but_the_same_again_is_not(
    sqlite_cli: Cli,
) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1")
    sqlite_cli("booking", "cancel", "--yes", "B-1")
    assert imported(sqlite_cli, HEADER, ("B-1", "C-1", "S-1", T1, T2))[0]["result"] == "unchanged"
    found = imported(sqlite_cli, HEADER, ("B-1", "C-1", "S-1", T1, T3), code=4)
    assert found[0]["error"]["code"] == "booking_cancelled"
    assert shown(sqlite_cli, "B-1")["ends_at"] == "2026-02-14T16:00:00Z"


def test_an_absent_column_leaves_the_value_and_an_empty_cell_clears_it(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1")
    columns = ("ref", "client", "starts_at", "ends_at")
    imported(sqlite_cli, columns, ("B-1", "C-1", T1, T3))
    assert shown(sqlite_cli, "B-1")["sitter"] == "S-1"
    imported(sqlite_cli, HEADER, ("B-1", "C-1", "", T1, T3))
    assert shown(sqlite_cli, "B-1")["sitter"] is None


def test_an_empty_time_is_a_bad_row(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1")
    found = imported(sqlite_cli, HEADER, ("B-1", "C-1", "S-1", T1, ""), code=4)
    assert found[0]["error"]["code"] == "malformed_row"


def test_a_bad_row_never_stops_the_others_and_leaves_no_event(cli: Cli) -> None:
    people(cli)
    found = imported(
        cli,
        HEADER,
        ("B-1", "C-1", "S-1", T1, T2),
        ("B-2", "C-9", "", T1, T2),
        ("B-3", "C-1", "", T2, T1),
        ("B-4", "C-1", ""),
        ("B-5", "C-1", "", T1, "soon"),
        ("B-6", "C-2", "", T1, T2),
        code=4,
    )
    codes = [row["error"]["code"] if "error" in row else row["result"] for row in found]
    assert codes == [
        "created",
        "client_not_found",
        "end_not_after_start",
        "malformed_row",
        "malformed_time",
        "created",
    ]
    refs = [row["booking"] for row in cli("booking", "list", "-o", "json").json]
    assert refs == ["B-6", "B-1"]
    assert events(cli, "B-2") == []
    assert cli("audit", "verify").code == 0


def test_a_made_up_ref_never_takes_one_that_the_file_names(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    found = imported(
        sqlite_cli,
        HEADER,
        ("B-1", "C-1", "", T1, T2),
        ("", "C-2", "", T1, T2),
        ("", "C-2", "", T2, T3),
        ("B-3", "C-1", "", T2, T3),
    )
    assert [row["result"] for row in found] == ["created"] * 4
    assert len({row["ref"] for row in found}) == 4
    stored = {
        row["booking"]: row["client"] for row in sqlite_cli("booking", "list", "-o", "json").json
    }
    assert len(stored) == 4
    assert (stored["B-1"], stored["B-3"]) == ("C-1", "C-1")


def test_a_ref_twice_in_a_file_is_taken_in_the_order_of_its_rows(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    found = imported(
        sqlite_cli, HEADER, ("B-1", "C-1", "S-1", T1, T2), ("B-1", "C-1", "S-2", T1, T3)
    )  # fmt: skip
    assert [row["result"] for row in found] == ["created", "updated"]
    assert (shown(sqlite_cli, "B-1")["sitter"], shown(sqlite_cli, "B-1")["ends_at"][11:13]) == (
        "S-2",
        "18",
    )


def test_an_imported_change_is_refused_while_its_sitter_is_offboarded(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1")
    sqlite_cli("booking", "confirm", "B-1")
    sqlite_cli(
        "sitter", "deactivate", "--yes", "S-1"
    )  # the window runs and ends now; the booking keeps her name
    found = imported(sqlite_cli, HEADER, ("B-1", "C-1", "S-1", T1, T3), code=4)
    assert found[0]["error"]["code"] == "sitter_offboarded"
    assert imported(sqlite_cli, HEADER, ("B-1", "C-1", "S-2", T1, T3))[0]["result"] == "updated"


def test_a_dry_run_of_import_says_what_it_would_do_and_does_nothing(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    ran = sqlite_cli(
        "booking", "import", "-", "--dry-run", "-o", "json",
        stdin=lines(HEADER, ("B-1", "C-1", "S-1", T1, T2)),
    )  # fmt: skip
    assert ran.json[0]["result"] == "created"
    assert sqlite_cli("booking", "list", "-o", "json").json == []


def test_import_takes_more_rows_than_fit_into_one_transaction(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    rows = [(f"X-{at}", "C-1", "", T1, T2) for at in range(1005)]
    assert len(imported(sqlite_cli, HEADER, *rows)) == 1005
    assert len(sqlite_cli("booking", "list", "--all", "-o", "json").json) == 1005


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


# --- cancel ------------------------------------------------------------------------------------


def test_the_window_of_a_cancelled_booking_decides_no_more(cli: Cli) -> None:
    people(cli)
    book(cli, "B-1")
    window = cli("booking", "confirm", "B-1", "-o", "json").json[0]["window"]
    assert cli("route", "explain", "C-1", "-o", "json").json["number"]["e164"] == MAYA
    ran = cli("booking", "cancel", "--yes", "B-1", "--reason", "client ill", "-o", "json")
    assert (ran.code, ran.json["status"], ran.json["window"]) == (0, "cancelled", window)
    assert ran.json["reused"] is False
    trace = cli("route", "explain", "C-1", "-o", "json").json["trace"]
    assert trace[0]["code"] == "NO_ACTIVE_WINDOW"
    last = cli("audit", "list", "--ref", "B-1", "--event", "booking.cancelled", "-o", "json").json
    assert last[0]["reason"] == "client ill"
    assert last[0]["payload"]["before"] == "confirmed"


def test_cancelling_again_changes_nothing(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1")
    sqlite_cli("booking", "cancel", "--yes", "B-1")
    again = sqlite_cli("booking", "cancel", "--yes", "B-1", "-o", "json")
    assert (again.code, again.json["reused"]) == (0, True)
    assert events(sqlite_cli, "B-1") == ["booking.added", "booking.cancelled"]


@pytest.mark.parametrize(
    "words", [("reschedule", "B-1", "--end", T3), ("reassign", "B-1", "--nobody")]
)
def test_a_cancelled_booking_stays_as_it_is(sqlite_cli: Cli, words: tuple[str, ...]) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1")
    sqlite_cli("booking", "cancel", "--yes", "B-1")
    ran = sqlite_cli("booking", *words, "-o", "json")
    assert (ran.code, ran.error["code"]) == (4, "booking_cancelled")


# --- reschedule --------------------------------------------------------------------------------


def test_a_rescheduled_booking_takes_its_window_with_it(cli: Cli) -> None:
    people(cli)
    book(cli, "B-1")
    window = cli("booking", "confirm", "B-1", "-o", "json").json[0]["window"]
    ran = cli("booking", "reschedule", "B-1", "--start", "+1d", "--end", "+26h", "-o", "json")
    assert (ran.code, ran.json["window"], ran.json["reused"]) == (0, window, False)
    assert shown(cli, "B-1")["window"] == {
        "id": window,
        "starts_at": "2026-02-15T15:00:00Z",
        "booked_until": "2026-02-15T17:00:00Z",
        "ends_at": "2026-02-15T18:00:00Z",
    }
    assert cli("route", "explain", "C-1", "-o", "json").json["window"] is None
    assert events(cli, "B-1")[-2:] == ["booking.rescheduled", "window.updated"]


def test_one_end_of_a_booking_can_be_moved_alone(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1")
    ran = sqlite_cli("booking", "reschedule", "B-1", "--end", T3, "-o", "json")
    assert (ran.json["starts_at"], ran.json["ends_at"], ran.json["window"]) == (
        "2026-02-14T14:00:00Z",
        "2026-02-14T18:00:00Z",
        None,
    )


def test_an_end_before_the_start_is_wrong_usage_and_changes_nothing(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1")
    ran = sqlite_cli("booking", "reschedule", "B-1", "--start", T2, "-o", "json")
    assert (ran.code, ran.error["code"]) == (2, "end_not_after_start")
    assert shown(sqlite_cli, "B-1")["starts_at"] == "2026-02-14T14:00:00Z"
    assert sqlite_cli("booking", "reschedule", "B-1").code == 2


def test_rescheduling_to_the_same_times_changes_nothing(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1")
    sqlite_cli("booking", "confirm", "B-1")
    before = events(sqlite_cli, "B-1")
    ran = sqlite_cli("booking", "reschedule", "B-1", "--start", T1, "--end", T2, "-o", "json")
    assert (ran.code, ran.json["reused"]) == (0, True)
    assert events(sqlite_cli, "B-1") == before


def test_a_rescheduled_booking_reports_what_it_overlaps_now(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1")
    book(sqlite_cli, "B-2", "--sitter", "S-2", "--start", T3, "--end", "2026-02-14T20:00Z")
    sqlite_cli("booking", "confirm", "B-1", "B-2")
    ran = sqlite_cli("booking", "reschedule", "B-2", "--start", "2026-02-14T15:00Z", "-o", "json")
    assert ran.json["overlaps"] == ["B-1"]


def test_an_offboarded_sitter_is_not_given_a_later_time(cli: Cli) -> None:
    people(cli)
    book(cli, "B-1")
    cli("booking", "confirm", "B-1")
    cli(
        "sitter", "deactivate", "--yes", "S-1"
    )  # the window runs and ends now; the booking keeps her name
    ran = cli("booking", "reschedule", "B-1", "--end", T3, "-o", "json")
    assert (ran.code, ran.error["code"]) == (4, "sitter_offboarded")
    assert "reassign" in ran.error["hint"]
    assert shown(cli, "B-1")["window"]["ends_at"] == "2026-02-14T15:00:00Z"


def test_a_visit_that_is_over_can_be_corrected_whoever_did_it(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1")
    sqlite_cli("booking", "confirm", "B-1")
    later = NOW + timedelta(days=2)
    sqlite_cli("sitter", "deactivate", "--yes", "S-1", now=later)
    ran = sqlite_cli("booking", "reschedule", "B-1", "--end", "2026-02-14T15:30Z", now=later)
    assert ran.code == 0, ran.err


# --- reassign ----------------------------------------------------------------------------------


def test_a_reassigned_window_speaks_with_the_new_sitters_number(cli: Cli) -> None:
    people(cli)
    book(cli, "B-1")
    window = cli("booking", "confirm", "B-1", "-o", "json").json[0]["window"]
    ran = cli("booking", "reassign", "B-1", "--sitter", "S-2", "--reason", "ill", "-o", "json")
    assert (ran.code, ran.json["sitter"], ran.json["window"]) == (0, "S-2", window)
    route = cli("route", "explain", "C-1", "-o", "json").json
    assert route["number"] == {"e164": OLGA, "class": "sitter", "sitter": "S-2"}
    assert route["reason"] == "Active assignment window for sitter Olga Roy"
    assert events(cli, "B-1")[-2:] == ["booking.reassigned", "window.updated"]


def test_a_booking_given_to_nobody_speaks_with_no_sitters_number(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1")
    sqlite_cli("booking", "confirm", "B-1")
    assert sqlite_cli("booking", "reassign", "B-1", "--nobody", "-o", "json").json["sitter"] is None
    route = sqlite_cli("route", "explain", "C-1", "-o", "json").json
    assert route["trace"][0]["code"] == "WINDOW_WITHOUT_SITTER"
    assert route["number"]["class"] == "front_desk"


def test_reassigning_to_the_same_sitter_changes_nothing(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1")
    sqlite_cli("booking", "confirm", "B-1")
    before = events(sqlite_cli, "B-1")
    assert (
        sqlite_cli("booking", "reassign", "B-1", "--sitter", "S-1", "-o", "json").json["reused"]
        is True
    )
    assert events(sqlite_cli, "B-1") == before


def test_an_offboarded_sitter_is_refused(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1")
    sqlite_cli("sitter", "deactivate", "--yes", "S-2")
    ran = sqlite_cli("booking", "reassign", "B-1", "--sitter", "S-2", "-o", "json")
    assert (ran.code, ran.error["code"]) == (4, "sitter_offboarded")


def test_giving_a_window_to_a_sitter_who_is_not_active_yet_warns(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1")
    sqlite_cli("booking", "confirm", "B-1")
    sqlite_cli("sitter", "add", "Ida New", "--phone", "+14155552003", "--ref", "S-3")
    ran = sqlite_cli("booking", "reassign", "B-1", "--sitter", "S-3", "-o", "json")
    assert ran.code == 0
    assert "S-3 is not active yet" in ran.err


def test_reassign_needs_either_a_sitter_or_nobody(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1")
    assert sqlite_cli("booking", "reassign", "B-1").code == 2
    assert sqlite_cli("booking", "reassign", "B-1", "--sitter", "S-1", "--nobody").code == 2


@pytest.mark.parametrize(
    "words",
    [
        ("cancel", "B-1"),
        ("reschedule", "B-1", "--end", T3),
        ("reassign", "B-1", "--sitter", "S-2"),
        ("confirm", "B-1"),
    ],
)
def test_a_dry_run_leaves_the_booking_its_window_and_the_audit_as_they_were(
    sqlite_cli: Cli, words: tuple[str, ...]
) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1")
    if words[0] != "confirm":
        sqlite_cli("booking", "confirm", "B-1")
    before, trail = shown(sqlite_cli, "B-1"), events(sqlite_cli, "B-1")
    assert sqlite_cli("booking", *words, "--dry-run").code == 0
    assert (shown(sqlite_cli, "B-1"), events(sqlite_cli, "B-1")) == (before, trail)


# --- an import without refs ----------------------------------------------------------------------


def results(rows: Any) -> list[tuple[str, str]]:
    return [(row["ref"], row["result"]) for row in rows]


def test_an_import_without_refs_can_be_repeated(cli: Cli) -> None:
    people(cli)
    rows = [
        NAMELESS,
        ("C-1", "S-1", T1, T2),
        ("Ann Ivers", "Olga Roy", T1, T2),
        ("C-2", "", T1, T2),
        ("C-1", "S-1", T2, T3),
        ("C-1", "S-1", T1, T2),  # the same as the first
    ]
    first = imported(cli, *rows)
    assert results(first) == [
        ("B-1", "created"),
        ("B-2", "created"),
        ("B-3", "created"),
        ("B-4", "created"),
        ("B-1", "unchanged"),
    ]
    for _ in range(2):
        again = imported(cli, *rows)
        assert results(again) == [(row["ref"], "unchanged") for row in first]
    assert count(cli) == 4
    assert events(cli, "B-1") == ["booking.added"]


def test_a_new_row_of_a_repeated_import_is_created(cli: Cli) -> None:
    people(cli)
    imported(cli, NAMELESS, ("C-1", "S-1", T1, T2))
    more = imported(cli, NAMELESS, ("C-1", "S-1", T1, T2), ("C-1", "S-2", T1, T2))
    assert results(more) == [("B-1", "unchanged"), ("B-2", "created")]


def test_without_a_sitter_column_a_booking_is_the_same_whoever_sits(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    rows = [("client", "starts_at", "ends_at"), ("C-1", T1, T2)]
    imported(sqlite_cli, *rows)
    sqlite_cli("booking", "reassign", "B-1", "--sitter", "S-2")
    assert results(imported(sqlite_cli, *rows)) == [("B-1", "unchanged")]
    assert shown(sqlite_cli, "B-1")["sitter"] == "S-2"


def test_a_repeated_import_brings_no_cancelled_booking_back(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    rows = [NAMELESS, ("C-1", "S-1", T1, T2)]
    imported(sqlite_cli, *rows)
    sqlite_cli("booking", "cancel", "B-1", "--yes")
    assert results(imported(sqlite_cli, *rows)) == [("B-1", "unchanged")]
    assert shown(sqlite_cli, "B-1")["status"] == "cancelled"


def test_rows_with_refs_are_as_many_bookings_as_refs(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    rows = [HEADER, ("X-1", "C-1", "S-1", T1, T2), ("X-2", "C-1", "S-1", T1, T2)]
    assert [row["result"] for row in imported(sqlite_cli, *rows)] == ["created", "created"]
    assert results(imported(sqlite_cli, *rows)) == [("X-1", "unchanged"), ("X-2", "unchanged")]


def test_two_that_are_meant_are_allowed(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    rows = lines(NAMELESS, ("C-1", "S-1", T1, T2), ("C-1", "S-1", T1, T2))
    for expected in (2, 4):
        ran = sqlite_cli("booking", "import", "-", "--allow-duplicates", stdin=rows)
        assert ran.code == 0, ran.err
        assert count(sqlite_cli) == expected


def test_a_row_that_moves_a_booking_in_the_same_file_is_heeded(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "X-1")
    rows = imported(
        sqlite_cli,
        HEADER,
        ("X-1", "C-1", "S-1", T2, T3),
        ("", "C-1", "S-1", T2, T3),
        ("", "C-1", "S-1", T1, T2),
    )
    assert results(rows) == [("X-1", "updated"), ("X-1", "unchanged"), ("B-1", "created")]
