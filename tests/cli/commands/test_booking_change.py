"""petmsg booking cancel, reschedule and reassign."""

from datetime import timedelta

import pytest

from tests.support.booking_commands import MAYA, OLGA, T1, T2, T3, book, events, people, shown
from tests.support.fixtures import NOW, Cli

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


@pytest.mark.parametrize(
    ("words", "start", "end"),
    [
        (("--start", "2026-02-15T14:00Z", "--for", "90m"), "15T14:00", "15T15:30"),
        (("--for", "3h"), "14T14:00", "14T17:00"),
    ],
)
def test_the_duration_may_be_given_instead_of_the_end(
    sqlite_cli: Cli, words: tuple[str, ...], start: str, end: str
) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1")
    moved = sqlite_cli("booking", "reschedule", "B-1", *words, "-o", "json").json
    assert (moved["starts_at"], moved["ends_at"]) == (f"2026-02-{start}:00Z", f"2026-02-{end}:00Z")
    both = sqlite_cli("booking", "reschedule", "B-1", "--for", "1h", "--end", T3, "-o", "json")
    assert (both.code, both.error["message"]) == (2, "Specify exactly one of --end and --for.")


def test_a_start_that_moves_alone_says_what_becomes_of_the_visit(sqlite_cli: Cli) -> None:
    """The end that stays makes the window long, and the sitter's number is used all that time."""
    people(sqlite_cli)
    book(sqlite_cli, "B-1")
    ran = sqlite_cli("booking", "reschedule", "B-1", "--start", "2026-02-12T16:00Z")
    assert "The end stays, so the visit takes 2 days. To move the whole visit, add" in ran.err
    assert sqlite_cli("booking", "reschedule", "B-1", "--start", "2026-02-12T16:00Z").err == ""
    refused = sqlite_cli("booking", "reschedule", "B-1", "--start", "2026-02-20T16:00Z")
    assert "hint: To move the whole visit, add its duration" in refused.err
    whole = sqlite_cli(
        "booking", "reschedule", "B-1", "--start", "2026-02-20T16:00Z", "--for", "1h"
    )
    assert (whole.code, whole.err) == (0, "")


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
    )  # the window runs and ends now; the booking keeps the sitter's name
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
