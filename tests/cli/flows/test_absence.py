"""`sitter away` and `sitter back`: a sitter's visits, handed over in one step, and what is said."""

from datetime import timedelta
from typing import Any

import pytest

from petmsg.clock import iso_utc
from tests.support.booking_commands import OLGA, book, events, people
from tests.support.fixtures import NOW, Cli, copied

HOUR = timedelta(hours=1)
ILL = ("--to", "+2d", "--reason", "ill")


@copied
def company(cli: Cli) -> None:
    """S-1 runs B-1 for C-1 now, visits C-2 tomorrow (B-2, confirmed; B-3, pending); S-2 is free."""
    people(cli)
    book(cli, "B-1", "--start", "-1h", "--end", "+2h")
    book(cli, "B-2", "--start", "+24h", "--end", "+26h", "--client", "C-2")
    book(cli, "B-3", "--start", "+30h", "--end", "+31h", "--client", "C-2")
    book(cli, "B-4", "--start", "+72h", "--end", "+73h")
    cli("booking", "confirm", "B-1", "B-2", "B-4")


def away(cli: Cli, *more: str, **options: Any) -> Any:
    return cli("sitter", "away", "S-1", *more, "-o", "json", **options)


def sitters(cli: Cli) -> dict[str, str | None]:
    rows = cli("booking", "list", "--all", "-o", "json").json
    return {row["booking"]: row["sitter"] for row in rows}


def test_it_lists_the_visits_and_changes_no_booking(cli: Cli) -> None:
    company(cli)
    ran = away(cli, *ILL)
    assert ran.code == 0, ran.err
    found = ran.json
    visits = found.pop("visits")
    assert found == {
        "sitter": "S-1",
        "name": "Maya Lee",
        "absence": 1,
        "starts_at": iso_utc(NOW),
        "ends_at": iso_utc(NOW + 48 * HOUR),
        "reason": "ill",
        "reused": False,
    }
    assert [(row["booking"], row["status"], row["handed_over"]) for row in visits] == [
        ("B-1", "confirmed", False),
        ("B-2", "confirmed", False),
        ("B-3", "pending", False),
    ]
    assert visits[1] == {
        "booking": "B-2",
        "status": "confirmed",
        "client": "C-2",
        "client_name": "Bob Ito",
        "starts_at": iso_utc(NOW + 24 * HOUR),
        "ends_at": iso_utc(NOW + 26 * HOUR),
        "window": {
            "id": visits[1]["window"]["id"],
            "starts_at": iso_utc(NOW + 24 * HOUR),
            "ends_at": iso_utc(NOW + 27 * HOUR),
        },
        "sitter": "S-1",
        "sitter_name": "Maya Lee",
        "handed_over": False,
        "warnings": [],
    }
    assert visits[2]["window"] is None
    assert set(sitters(cli).values()) == {"S-1"}
    assert events(cli, "S-1")[-1] == "sitter.absence_added"
    assert "3 visits stayed with S-1." in ran.err
    assert "--to-sitter SITTER" in ran.err


def test_the_command_that_it_names_hands_them_over(cli: Cli) -> None:
    company(cli)
    said = away(cli, *ILL).err
    line = said.partition("petmsg ")[2].splitlines()[0].replace("SITTER", "S-2")
    ran = cli(*line.split(), "-o", "json")
    assert ran.code == 0, ran.err
    assert [(row["booking"], row["sitter"], row["handed_over"]) for row in ran.json["visits"]] == [
        ("B-1", "S-2", True),
        ("B-2", "S-2", True),
        ("B-3", "S-2", True),
    ]
    assert sitters(cli) == {"B-1": "S-2", "B-2": "S-2", "B-3": "S-2", "B-4": "S-1"}
    assert events(cli, "B-2")[-2:] == ["booking.reassigned", "window.updated"]
    route = cli("route", "explain", "C-1", "-o", "json").json
    assert route["number"]["e164"] == OLGA, "the visit that runs goes over from now on"
    count = len(cli("audit", "list", "--all", "-o", "json").json)
    again = cli(*line.split(), "-o", "json").json
    assert (again["reused"], again["visits"]) == (True, [])
    assert len(cli("audit", "list", "--all", "-o", "json").json) == count


def test_the_command_that_it_names_means_the_same_time_to_the_second(sqlite_cli: Cli) -> None:
    company(sqlite_cli)
    now = NOW + timedelta(microseconds=654_321)
    said = away(sqlite_cli, *ILL, now=now).err
    line = said.partition("petmsg ")[2].splitlines()[0].replace("SITTER", "S-2")
    sqlite_cli(*line.split(), now=now + HOUR)
    assert events(sqlite_cli, "S-1").count("sitter.absence_changed") == 0
    assert absences(sqlite_cli) == [span(0, 48, "ill")]


def test_a_file_names_who_takes_over_which_booking(cli: Cli) -> None:
    company(cli)
    cli("sitter", "add", "Ida New", "--phone", "+14155552003", "--ref", "S-3")
    file = "ref,sitter\nB-2,S-2\nB-3,Ida New\n"
    ran = away(cli, *ILL, "--file", "-", stdin=file)
    assert ran.code == 0, ran.err
    assert sitters(cli) == {"B-1": "S-1", "B-2": "S-2", "B-3": "S-3", "B-4": "S-1"}
    assert "1 visit stayed with S-1." in ran.err
    again = away(cli, *ILL, "--file", "-", stdin=file)
    assert (again.code, again.json["reused"]) == (0, True), again.err


def test_a_visit_that_cannot_be_handed_over_leaves_everything_as_it_was(cli: Cli) -> None:
    company(cli)
    cli("sitter", "away", "S-2", "--from", "+25h", "--to", "+28h", "--reason", "leave")
    count = len(cli("audit", "list", "--all", "-o", "json").json)
    ran = away(cli, *ILL, "--to-sitter", "S-2")
    assert (ran.code, ran.error["code"]) == (4, "hand_over_refused")
    assert ran.error["message"] == (
        "The visits of Maya Lee were not handed over, and nothing was changed: B-2 of C-2: S-2 is "
        "away too, until 2026-02-15 14:00 EST."
    )
    assert set(sitters(cli).values()) == {"S-1"}
    assert cli("sitter", "show", "S-1", "-o", "json").json["absences"] == []
    assert len(cli("audit", "list", "--all", "-o", "json").json) == count


def test_every_row_of_a_file_that_is_wrong_is_told(sqlite_cli: Cli) -> None:
    company(sqlite_cli)
    sqlite_cli("sitter", "add", "Ida New", "--phone", "+14155552003", "--ref", "S-3")
    sqlite_cli("sitter", "deactivate", "S-3", "--yes")
    file = "ref,sitter\nB-1,S-1\nB-2,S-3\nB-3,\nB-4,S-2\nB-404,S-2\nB-2,S-2\n"
    ran = away(sqlite_cli, *ILL, "--file", "-", stdin=file)
    assert (ran.code, ran.error["code"]) == (4, "hand_over_refused")
    for words in (
        "B-1 of C-1: S-1 is the sitter who is away",
        "B-2 of C-2: S-3 is offboarded",
        "line 4: The sitter is missing",
        "B-4 is no visit of S-1 in that time",
        "There is no booking 'B-404'",
        "line 7: booking B-2 is named twice",
    ):
        assert words in ran.error["message"], words
    assert set(sitters(sqlite_cli).values()) == {"S-1"}


def test_another_visit_at_that_time_is_a_warning(sqlite_cli: Cli) -> None:
    company(sqlite_cli)
    book(sqlite_cli, "B-9", "--start", "+25h", "--end", "+28h", "--sitter", "S-2")
    sqlite_cli("booking", "confirm", "B-9")
    ran = away(sqlite_cli, *ILL, "--to-sitter", "S-2")
    assert ran.code == 0, ran.err
    warned = {row["booking"]: row["warnings"] for row in ran.json["visits"]}
    assert warned == {"B-1": [], "B-2": ["S-2 also visits C-1 then (B-9)"], "B-3": []} | {
        "B-1": ["handed over as a whole, also the part outside the absence"]
    }
    assert "B-2: S-2 also visits C-1 then (B-9)" in ran.err
    found = [row for row in sqlite_cli("coverage", "-o", "json").json if row["gap"]]
    assert [row["kind"] for row in found] == ["sitter_double_booked"]


def test_a_dry_run_shows_what_would_happen(sqlite_cli: Cli) -> None:
    company(sqlite_cli)
    ran = away(sqlite_cli, *ILL, "--to-sitter", "S-2", "--dry-run")
    assert [row["sitter"] for row in ran.json["visits"]] == ["S-2", "S-2", "S-2"]
    assert set(sitters(sqlite_cli).values()) == {"S-1"}
    assert sqlite_cli("sitter", "show", "S-1", "-o", "json").json["absences"] == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (("--to", "+2d"), "out_of_range"),
        (("--to", "-1h", "--reason", "ill"), "end_not_after_start"),
        (("--from", "-3h", "--to", "-1h", "--reason", "ill"), "out_of_range"),
        ((*ILL, "--to-sitter", "S-2", "--file", "-"), "usage"),
        ((*ILL, "--to-sitter", "S-404"), "sitter_not_found"),
    ],
)
def test_what_cannot_be_meant_is_refused(sqlite_cli: Cli, line: tuple[str, ...], code: str) -> None:
    company(sqlite_cli)
    ran = away(sqlite_cli, *line, stdin="ref,sitter\n")
    assert ran.error["code"] == code
    assert sqlite_cli("sitter", "show", "S-1", "-o", "json").json["absences"] == []


def test_nobody_takes_over_their_own_visits_and_nobody_who_left(sqlite_cli: Cli) -> None:
    company(sqlite_cli)
    assert away(sqlite_cli, *ILL, "--to-sitter", "S-1").error["code"] == "hand_over_refused"
    sqlite_cli("sitter", "deactivate", "S-2", "--yes")
    assert away(sqlite_cli, *ILL, "--to-sitter", "S-2").error["code"] == "sitter_offboarded"


# ---------------------------------------------------------------------------------- times that meet


def absences(cli: Cli) -> list[tuple[str, str, str]]:
    rows = cli("sitter", "show", "S-1", "-o", "json").json["absences"]
    return [(row["starts_at"], row["ends_at"], row["reason"]) for row in rows]


def span(first: int, last: int, reason: str) -> tuple[str, str, str]:
    return iso_utc(NOW + first * HOUR), iso_utc(NOW + last * HOUR), reason


def test_a_time_that_overlaps_absences_extends_the_first(cli: Cli) -> None:
    people(cli)
    for first, last, reason in ((10, 20, "ill"), (30, 40, "leave"), (50, 60, "school")):
        away(cli, "--from", f"+{first}h", "--to", f"+{last}h", "--reason", reason)
    assert away(cli, "--from", "+12h", "--to", "+18h", "--reason", "x").json["reused"] is True
    assert len(absences(cli)) == 3
    away(cli, "--from", "+15h", "--to", "+45h", "--reason", "worse")
    assert absences(cli) == [span(10, 45, "worse"), span(50, 60, "school")]
    assert events(cli, "S-1")[-1] == "sitter.absence_changed"
    away(cli, "--from", "+45h", "--to", "+50h", "--reason", "between")
    assert len(absences(cli)) == 3, "times that only touch stay apart"


def test_back_ends_the_absence_that_runs_and_says_that_bookings_stay(cli: Cli) -> None:
    company(cli)
    away(cli, *ILL, "--to-sitter", "S-2")
    later = NOW + 5 * HOUR
    ran = cli("sitter", "back", "S-1", "--reason", "well", "-o", "json", now=later)
    assert ran.json == {
        "sitter": "S-1",
        "name": "Maya Lee",
        "absence": 1,
        "starts_at": iso_utc(NOW),
        "ends_at": iso_utc(later),
        "cancelled": False,
        "reused": False,
    }
    assert "Bookings that were handed over stay with their new sitters." in ran.err
    assert sitters(cli)["B-2"] == "S-2"
    assert absences(cli) == [span(0, 5, "ill")]
    assert events(cli, "S-1")[-1] == "sitter.absence_ended"
    again = cli("sitter", "back", "S-1", "-o", "json", now=later)
    assert (again.code, again.json["reused"]) == (0, True)
    assert "is not away; nothing was changed." in again.err


def test_back_cancels_an_absence_to_come(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    for first, last in ((10, 20), (30, 40)):
        away(sqlite_cli, "--from", f"+{first}h", "--to", f"+{last}h", "--reason", "leave")
    ran = sqlite_cli("sitter", "back", "S-1", "-o", "json")
    assert (ran.code, ran.error["code"]) == (4, "absence_not_chosen")
    assert "--from T" in ran.error["hint"]
    ran = sqlite_cli("sitter", "back", "S-1", "--from", "+35h", "-o", "json")
    assert (ran.json["cancelled"], ran.json["absence"]) == (True, 2)
    assert absences(sqlite_cli) == [span(10, 20, "leave")]
    assert events(sqlite_cli, "S-1")[-1] == "sitter.absence_cancelled"
    assert sqlite_cli("sitter", "back", "S-1", "--from", "+35h", "-o", "json").code == 3
    assert sqlite_cli("sitter", "back", "S-1", "-o", "json").json["cancelled"] is True
    assert absences(sqlite_cli) == []


# ----------------------------------------------------------------------------------- what warns


def test_a_visit_of_an_absent_sitter_warns_and_is_taken(cli: Cli) -> None:
    people(cli)
    away(cli, "--from", "+20h", "--to", "+30h", "--reason", "leave")
    warning = (
        "Sitter S-1 is away until 2026-02-15 16:00 EST; choose another one: "
        "petmsg booking reassign B-1 SITTER"
    )
    ran = book(cli, "B-1", "--start", "+24h", "--end", "+26h")
    assert (ran.code, ran.json["warnings"]) == (0, [warning])
    assert warning in ran.err
    ran = cli("booking", "confirm", "B-1", "-o", "json")
    assert (ran.code, ran.json[0]["warnings"]) == (0, [warning])
    assert warning in ran.err
    ran = cli("booking", "reassign", "B-1", "S-2", "-o", "json")
    assert (ran.json["warnings"], ran.err) == ([], "")
    ran = cli("booking", "reassign", "B-1", "S-1", "-o", "json")
    assert ran.json["warnings"] == [warning]
    ran = cli("booking", "reschedule", "B-1", "--start", "+30h", "--end", "+31h", "-o", "json")
    assert ran.json["warnings"] == []
    file = "ref,client,sitter,starts_at,ends_at\nB-8,C-1,S-1,+25h,+26h\nB-9,C-1,S-2,+25h,+26h\n"
    ran = cli("booking", "import", "-", "-o", "json", stdin=file)
    assert [row["notes"] for row in ran.json] == [[warning.replace("B-1", "B-8")], []]


def test_the_visits_of_a_series_warn_each_for_itself(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    away(sqlite_cli, "--from", "+20h", "--to", "+30h", "--reason", "leave")
    ran = sqlite_cli(
        "booking", "add", "--client", "C-1", "--sitter", "S-1", "--ref", "B-7", "--start", "+24h",
        "--end", "+25h", "--repeat", "daily", "--count", "2", "-o", "json",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert [len(row["warnings"]) for row in ran.json] == [1, 0]
    assert "petmsg booking reassign B-7.1 SITTER" in ran.err


def test_coverage_lists_the_visits_of_an_absent_sitter(cli: Cli) -> None:
    company(cli)
    away(cli, *ILL)
    ran = cli("coverage", "-o", "json")
    assert ran.code == 10
    rows = [row for row in ran.json if row["kind"] == "sitter_away"]
    assert [(row["booking"], row["gap"], row["command"]) for row in rows] == [
        ("B-1", True, "petmsg booking reassign B-1 S-2"),
        ("B-2", True, "petmsg booking reassign B-2 S-2"),
        ("B-3", False, "petmsg booking reassign B-3 S-2"),
    ]
    assert rows[0]["message"] == "Booking B-1 of C-1 Ann Ivers: sitter Maya Lee is away"
    assert (rows[0]["starts_at"], rows[0]["ends_at"]) == (iso_utc(NOW), iso_utc(NOW + 2 * HOUR))
    assert rows[0]["details"] == {
        "status": "confirmed",
        "away_from": iso_utc(NOW),
        "away_until": iso_utc(NOW + 48 * HOUR),
    }
    cli("sitter", "back", "S-1")
    assert "sitter_away" not in cli("coverage").out


def test_sitter_show_has_the_absences_to_come_in_local_time(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    away(sqlite_cli, *ILL)
    shown = sqlite_cli("sitter", "show", "S-1", "-o", "table").out
    assert "2026-02-14 10:00 EST to 2026-02-16 10:00 EST (ill)" in " ".join(shown.split())


def test_sitter_absences_lists_who_is_away_now_or_soon(cli: Cli) -> None:
    people(cli)
    assert cli("sitter", "absences", "-o", "json").json == []
    away(cli, "--from", "-2d", "--to", "+2h", "--reason", "ill")
    cli("sitter", "away", "S-2", "--from", "+20d", "--to", "+21d", "--reason", "leave")
    found = cli("sitter", "absences", "-o", "json").json
    assert found[0] == {
        "sitter": "S-1",
        "name": "Maya Lee",
        "absence": 1,
        "starts_at": iso_utc(NOW - 48 * HOUR),
        "ends_at": iso_utc(NOW + 2 * HOUR),
        "reason": "ill",
    }
    assert [row["sitter"] for row in found] == ["S-1", "S-2"]
    soon = cli("sitter", "absences", "--days", "14", "-o", "json").json
    assert [row["sitter"] for row in soon] == ["S-1"]
    assert cli("sitter", "absences", "-o", "json", now=NOW + 2 * HOUR).json == found[1:]
    cli("sitter", "back", "S-2")
    assert [row["sitter"] for row in cli("sitter", "absences", "-o", "json").json] == ["S-1"]


def test_days_are_whole_days_of_the_org(cli: Cli) -> None:
    company(cli)
    span = ("--from", "2026-03-07", "--to", "2026-03-08", "--reason", "leave")
    found = away(cli, *span).json
    assert (found["starts_at"], found["ends_at"]) == (
        "2026-03-07T05:00:00Z",
        "2026-03-09T04:00:00Z",  # the clocks go forward on the 8th
    )
    ended = cli("sitter", "back", "S-1", "--from", "2026-03-08", "-o", "json").json
    assert ended["cancelled"] is True
