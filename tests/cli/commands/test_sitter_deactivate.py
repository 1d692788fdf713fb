"""petmsg sitter deactivate, and activating a sitter who comes back."""

from datetime import timedelta

import pytest

from tests.support.fixtures import NOW, Cli
from tests.support.sitter_commands import (
    MAYA,
    N1,
    N2,
    POOL,
    ZOE,
    activated,
    booked,
    deactivated,
    events,
    number,
    numbers,
    refused,
    route,
    show,
)

# ------------------------------------------------------------------------------------- deactivate


def test_deactivating_turns_the_sitters_number_into_a_quarantined_pool_number(
    sqlite_cli: Cli,
) -> None:
    numbers(sqlite_cli, N1)
    sqlite_cli(*MAYA, "--activate")
    row = deactivated(sqlite_cli, "S-1", "--reason", "moved away")
    assert row == {
        "sitter": "S-1",
        "sitter_name": "Maya Lee",
        "status": "offboarded",
        "number": N1,
        "quarantined_until": "2026-05-15T15:00:00Z",
        "windows_ended": [],
        "bookings_unassigned": [],
        "reused": False,
    }
    left = number(sqlite_cli, N1)
    assert (left["class"], left["status"], left["sitter"]) == ("pool", "quarantined", None)
    assert left["quarantined_until"] == "2026-05-15T15:00:00Z"
    assert show(sqlite_cli)["number"] is None


def test_the_quarantine_lasts_the_orgs_days_or_those_given(sqlite_cli: Cli) -> None:
    numbers(sqlite_cli, N1, N2)
    sqlite_cli(*MAYA, "--activate")
    sqlite_cli(*ZOE, "--activate")
    sqlite_cli("org", "set", "--quarantine-days", "7")
    assert deactivated(sqlite_cli, "S-1")["quarantined_until"] == "2026-02-21T15:00:00Z"
    row = deactivated(sqlite_cli, "S-2", "--days", "3650")
    assert row["quarantined_until"] == "2036-02-12T15:00:00Z"


def test_an_existing_later_end_is_kept(sqlite_cli: Cli) -> None:
    numbers(sqlite_cli, N1)
    sqlite_cli(*MAYA, "--activate")
    sqlite_cli("number", "quarantine", N1, "--days", "100", "--reason", "spam")
    row = deactivated(sqlite_cli, "S-1", "--days", "7")
    assert row["quarantined_until"] == "2026-05-25T15:00:00Z"


def test_an_existing_earlier_end_is_moved(sqlite_cli: Cli) -> None:
    numbers(sqlite_cli, N1)
    sqlite_cli(*MAYA, "--activate")
    sqlite_cli("number", "quarantine", N1, "--days", "2", "--reason", "spam")
    row = deactivated(sqlite_cli, "S-1", "--days", "7")
    assert row["quarantined_until"] == "2026-02-21T15:00:00Z"


@pytest.mark.parametrize("days", ["0", "-1", "3651", "9" * 25])
@pytest.mark.parametrize("with_number", [True, False])
def test_days_out_of_range_are_wrong_usage_and_change_nothing(
    sqlite_cli: Cli, days: str, with_number: bool
) -> None:
    numbers(sqlite_cli, N1)
    sqlite_cli(*MAYA, *(["--activate"] if with_number else []))
    ran = sqlite_cli("sitter", "deactivate", "--yes", "S-1", "--days", days, "-o", "json")
    refused(ran, "out_of_range", 2)
    assert show(sqlite_cli)["status"] != "offboarded"


def test_the_sitters_open_windows_end_now(cli: Cli) -> None:
    numbers(cli, N1)
    numbers(cli, POOL, number_class="pool")
    cli(*MAYA, "--activate")
    booked(cli, "B-1", "-1h", "+3h")
    assert route(cli)["number"]["e164"] == N1
    row = deactivated(cli, "S-1")
    assert (row["windows_ended"], row["bookings_unassigned"]) == (["B-1"], [])
    now = route(cli)
    assert (now["number"]["e164"], now["trace"][0]["code"]) == (POOL, "NO_ACTIVE_WINDOW")
    window = cli("booking", "show", "B-1", "-o", "json").json["window"]
    assert window["ends_at"] == window["booked_until"] == "2026-02-14T15:00:00Z"


def test_a_window_in_its_grace_time_ends_now_and_keeps_what_was_booked(sqlite_cli: Cli) -> None:
    numbers(sqlite_cli, N1)
    sqlite_cli(*MAYA, "--activate")
    booked(sqlite_cli, "B-1", "-3h", "-30m")
    assert deactivated(sqlite_cli, "S-1")["windows_ended"] == ["B-1"]
    window = sqlite_cli("booking", "show", "B-1", "-o", "json").json["window"]
    assert window["booked_until"] == "2026-02-14T14:30:00Z"
    assert window["ends_at"] == "2026-02-14T15:00:00Z"


def test_later_bookings_of_the_sitter_lose_their_sitter_and_are_listed(cli: Cli) -> None:
    numbers(cli, N1)
    cli(*MAYA, "--activate")
    booked(cli, "B-past", "-9h", "-8h")
    booked(cli, "B-now", "now", "+1h")
    booked(cli, "B-later", "+1d", "+2d")
    booked(cli, "B-pending", "+3d", "+4d", confirm=False)
    booked(cli, "B-cancelled", "+5d", "+6d", confirm=False)
    cli("booking", "cancel", "--yes", "B-cancelled")
    ran = cli("sitter", "deactivate", "--yes", "S-1", "-o", "json")
    assert ran.json["bookings_unassigned"] == ["B-now", "B-later", "B-pending"]
    for ref in ("B-now", "B-later", "B-pending"):
        assert f"petmsg booking reassign {ref} SITTER" in ran.err
        assert cli("booking", "show", ref, "-o", "json").json["sitter"] is None
    assert cli("booking", "show", "B-past", "-o", "json").json["sitter"] == "S-1"
    assert route(cli, "+1d")["trace"][0]["code"] == "WINDOW_WITHOUT_SITTER"


def test_a_reassigned_booking_speaks_with_the_new_sitters_number(sqlite_cli: Cli) -> None:
    numbers(sqlite_cli, N1, N2)
    sqlite_cli(*MAYA, "--activate")
    sqlite_cli(*ZOE, "--activate")
    booked(sqlite_cli, "B-1", "+1d", "+2d")
    deactivated(sqlite_cli, "S-1")
    sqlite_cli("booking", "reassign", "B-1", "--sitter", "S-2")
    assert route(sqlite_cli, "+1d")["number"]["e164"] == N2


def test_bookings_of_others_keep_their_sitters(sqlite_cli: Cli) -> None:
    numbers(sqlite_cli, N1, N2)
    sqlite_cli(*MAYA, "--activate")
    sqlite_cli(*ZOE, "--activate")
    booked(sqlite_cli, "B-1", "+1d", "+2d")
    deactivated(sqlite_cli, "S-2")
    assert route(sqlite_cli, "+1d")["number"]["e164"] == N1


def test_deactivating_is_audited_with_its_reason_and_actor(sqlite_cli: Cli) -> None:
    numbers(sqlite_cli, N1)
    sqlite_cli(*MAYA, "--activate")
    booked(sqlite_cli, "B-1", "-1h", "+1h")
    booked(sqlite_cli, "B-2", "+1d", "+2d")
    before = len(events(sqlite_cli))
    deactivated(sqlite_cli, "S-1", "--reason", "moved away", "--actor", "hr")
    told = events(sqlite_cli)[before:]
    assert {event["actor"] for event in told} == {"hr"}
    assert [(event["event"], event["ref"]) for event in told] == [
        ("number.released", N1),
        ("number.quarantined", N1),
        ("window.updated", "B-1"),
        ("booking.unassigned", "B-2"),
        ("window.updated", "B-2"),
        ("sitter.deactivated", "S-1"),
    ]
    last = told[-1]
    assert last["reason"] == "moved away"
    assert last["payload"] == {
        "before": "active",
        "number": N1,
        "windows_ended": ["B-1"],
        "bookings_unassigned": ["B-2"],
    }


def test_the_audit_holds_all_of_each_window(sqlite_cli: Cli) -> None:
    """As of any other change of a window, so that its past state can be read later."""
    numbers(sqlite_cli, N1)
    sqlite_cli(*MAYA, "--activate")
    booked(sqlite_cli, "B-1", "-1h", "+1h")
    booked(sqlite_cli, "B-2", "+1d", "+2d")
    created = {
        event["ref"]: event["payload"]
        for event in events(sqlite_cli)
        if event["event"] == "window.created"
    }
    deactivated(sqlite_cli, "S-1")
    changed = {
        event["ref"]: event["payload"]
        for event in events(sqlite_cli)
        if event["event"] == "window.updated"
    }
    now = "2026-02-14T15:00:00Z"
    after = {"B-1": {"booked_until": now, "ends_at": now}, "B-2": {"sitter": None}}
    assert changed == {
        ref: {
            "client": payload["client"],
            "before": payload["after"],
            "after": payload["after"] | after[ref],
        }
        for ref, payload in created.items()
    }


def test_deactivating_again_changes_nothing(sqlite_cli: Cli) -> None:
    numbers(sqlite_cli, N1)
    sqlite_cli(*MAYA, "--activate")
    deactivated(sqlite_cli, "S-1")
    before = events(sqlite_cli)
    again = deactivated(sqlite_cli, "S-1", now=NOW + timedelta(days=1))
    assert (again["status"], again["reused"]) == ("offboarded", True)
    assert events(sqlite_cli) == before


def test_an_empty_reason_is_wrong_usage(sqlite_cli: Cli) -> None:
    sqlite_cli(*MAYA)
    ran = sqlite_cli("sitter", "deactivate", "--yes", "S-1", "--reason", "", "-o", "json")
    refused(ran, "empty_reason", 2)


# ------------------------------------------------------------------------------------ reactivation


def test_an_offboarded_sitter_comes_back_with_a_new_number_and_keeps_their_spans(cli: Cli) -> None:
    numbers(cli, N1, N2)
    cli(*MAYA, "--activate")
    deactivated(cli, "S-1", now=NOW + timedelta(days=1))
    row = activated(cli, "S-1", now=NOW + timedelta(days=5))
    assert (row["status"], row["number"], row["reused"]) == ("active", N2, False)
    shown = show(cli)
    assert shown["activity"] == [
        {"activated_at": "2026-02-14T15:00:00Z", "offboarded_at": "2026-02-15T15:00:00Z"},
        {"activated_at": "2026-02-19T15:00:00Z", "offboarded_at": None},
    ]
    assert [held["number"] for held in shown["numbers_held"]] == [N1, N2]
    assert number(cli, N1)["sitter"] is None


def test_an_offboarded_sitter_does_not_get_their_old_number_back_by_itself(sqlite_cli: Cli) -> None:
    numbers(sqlite_cli, N1)
    sqlite_cli(*MAYA, "--activate")
    deactivated(sqlite_cli, "S-1", "--days", "1")
    later = NOW + timedelta(days=2)
    sqlite_cli("number", "release-due", now=later)
    refused(sqlite_cli("sitter", "activate", "S-1", "-o", "json", now=later), "no_number_free")


def test_a_clock_that_stepped_back_makes_no_overlapping_span(sqlite_cli: Cli) -> None:
    numbers(sqlite_cli, N1, N2)
    sqlite_cli(*MAYA, "--activate", now=NOW + timedelta(hours=2))
    deactivated(sqlite_cli, "S-1", now=NOW)
    activated(sqlite_cli, "S-1", now=NOW + timedelta(hours=1))
    spans = show(sqlite_cli)["activity"]
    assert spans[0]["activated_at"] <= spans[0]["offboarded_at"] <= spans[1]["activated_at"]
