"""petmsg booking import, with refs and without."""

from typing import Any

from tests.support.booking_commands import (
    HEADER,
    OLGA,
    T1,
    T2,
    T3,
    book,
    count,
    events,
    imported,
    people,
    shown,
)
from tests.support.fixtures import Cli, lines

NAMELESS = HEADER[1:]


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


def test_a_visit_lasts_as_long_as_its_row_says_when_the_clocks_change(sqlite_cli: Cli) -> None:
    """As with `booking add --for`. At night the local time of the end may not exist, or twice."""
    people(sqlite_cli)
    rows = [
        ("C-1", "2026-03-08 01:30", "90 min", "06:30", "08:00"),
        ("C-1", "2026-03-08 01:45", "30 min", "06:45", "07:15"),
        ("C-1", "2026-03-07 20:00", "12 hours", "01:00", "13:00"),
        ("C-1", "2026-11-01 00:30", "90 min", "04:30", "06:00"),
        ("C-1", "2026-11-01 00:45", "30 min", "04:45", "05:15"),
    ]
    header = ("client", "starts_at", "duration")
    for _ in range(2):
        found = imported(sqlite_cli, header, *(row[:3] for row in rows))
        for done, row in zip(found, rows, strict=True):
            booking = shown(sqlite_cli, done["ref"])
            assert (booking["starts_at"][11:16], booking["ends_at"][11:16]) == row[3:]
    assert {done["result"] for done in found} == {"unchanged"}


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
    )  # the window runs and ends now; the booking keeps the sitter's name
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
