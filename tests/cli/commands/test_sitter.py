"""petmsg sitter …"""

from datetime import timedelta
from typing import Any

import pytest

from tests.support.fixtures import NOW, Cli, Ran, add_org

MAYA = ("sitter", "add", "Maya Lee", "--phone", "+14155559001", "--ref", "S-1")
ZOE = ("sitter", "add", "Zoe Kim", "--phone", "+14155559002", "--ref", "S-2")
N1, N2, N3 = "+14155550101", "+14155550102", "+14155550103"
POOL = "+14155550201"


def numbers(cli: Cli, *e164: str, number_class: str = "sitter") -> None:
    assert cli("number", "add", *e164, "--class", number_class).code == 0


def number(cli: Cli, e164: str) -> dict[str, Any]:
    found: dict[str, Any] = cli("number", "show", e164, "-o", "json").json
    return found


def show(cli: Cli, ref: str = "S-1", *options: str) -> dict[str, Any]:
    found: dict[str, Any] = cli("sitter", "show", ref, *options, "-o", "json").json
    return found


def activated(cli: Cli, *arguments: str, **options: Any) -> dict[str, Any]:
    ran = cli("sitter", "activate", *arguments, "-o", "json", **options)
    assert ran.code == 0, ran.err
    row: dict[str, Any] = ran.json[0]
    return row


def deactivated(cli: Cli, *arguments: str, **options: Any) -> dict[str, Any]:
    ran = cli("sitter", "deactivate", "--yes", *arguments, "-o", "json", **options)
    assert ran.code == 0, ran.err
    row: dict[str, Any] = ran.json
    return row


def booked(cli: Cli, ref: str, start: str, end: str, *, confirm: bool = True) -> None:
    """A booking of Ann with Maya."""
    cli("client", "add", "Ann Ivers", "--phone", "+14155551001", "--ref", "C-1")
    ran = cli(
        "booking", "add", "--client", "C-1", "--sitter", "S-1", "--ref", ref,
        "--start", start, "--end", end,
    )  # fmt: skip
    assert ran.code == 0, ran.err
    if confirm:
        assert cli("booking", "confirm", ref).code == 0


def route(cli: Cli, at: str = "now", **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = cli("route", "explain", "C-1", "--at", at, "-o", "json", **options).json
    return found


def events(cli: Cli) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cli("audit", "list", "--all", "-o", "json").json
    return found[::-1]


def refused(ran: Ran, code: str, exit_code: int = 4) -> dict[str, str]:
    assert (ran.code, ran.out) == (exit_code, "")
    assert ran.error["code"] == code
    return ran.error


# --------------------------------------------------------------------------- add, set, show, import


def test_a_new_sitter_is_inactive_and_has_no_number(sqlite_cli: Cli) -> None:
    numbers(sqlite_cli, N1)
    added = sqlite_cli(*MAYA, "-o", "json")
    assert added.code == 0
    assert added.json == {
        "sitter": "S-1",
        "sitter_name": "Maya Lee",
        "status": "inactive",
        "number": None,
        "reused": False,
    }


def test_an_identical_add_changes_nothing_and_one_that_differs_is_refused(sqlite_cli: Cli) -> None:
    sqlite_cli(*MAYA)
    before = events(sqlite_cli)
    again = sqlite_cli(*MAYA, "-o", "json")
    assert (again.code, again.json["reused"]) == (0, True)
    without_ref = sqlite_cli("sitter", "add", "Maya Lee", "--phone", "+14155559001", "-o", "json")
    assert (without_ref.json["sitter"], without_ref.json["reused"]) == ("S-1", True)
    other = sqlite_cli(
        "sitter", "add", "Mia", "--phone", "+14155559001", "--ref", "S-1", "-o", "json"
    )
    refused(other, "already_exists")
    assert events(sqlite_cli) == before


def test_a_sitter_can_be_added_and_activated_in_one_step(sqlite_cli: Cli) -> None:
    numbers(sqlite_cli, N1)
    added = sqlite_cli(*MAYA, "--activate", "-o", "json")
    assert added.json == {
        "sitter": "S-1",
        "sitter_name": "Maya Lee",
        "status": "active",
        "number": N1,
        "reused": False,
    }


def test_a_sitter_who_cannot_be_activated_is_not_added_either(sqlite_cli: Cli) -> None:
    refused(sqlite_cli(*MAYA, "--activate", "-o", "json"), "no_number_free")
    refused(sqlite_cli("sitter", "show", "S-1", "-o", "json"), "sitter_not_found", 3)


def test_two_sitters_may_share_a_phone_and_are_then_named_by_ref(sqlite_cli: Cli) -> None:
    sqlite_cli(*MAYA)
    sqlite_cli("sitter", "add", "Zoe Kim", "--phone", "+14155559001", "--ref", "S-2")
    error = refused(sqlite_cli("sitter", "show", "+14155559001", "-o", "json"), "ambiguous")
    assert "S-1, S-2" in error["message"]


def test_set_changes_name_and_phone_and_leaves_what_is_not_given(sqlite_cli: Cli) -> None:
    sqlite_cli(*MAYA)
    assert sqlite_cli("sitter", "set", "S-1", "--name", "Maya Ray").code == 0
    sqlite_cli("sitter", "set", "S-1", "--phone", "+14155559009")
    shown = show(sqlite_cli, "S-1", "--reveal")
    assert (shown["name"], shown["phone"]) == ("Maya Ray", "+14155559009")
    told = sqlite_cli("audit", "export").out
    assert "Ray" not in told
    assert "5559009" not in told


def test_a_sitters_own_phone_is_masked_unless_revealed_and_the_number_never(
    sqlite_cli: Cli,
) -> None:
    numbers(sqlite_cli, N1)
    sqlite_cli(*MAYA, "--activate")
    for form in ("table", "json", "jsonl", "tsv", "csv"):
        for command in (("list",), ("show", "S-1")):
            masked = sqlite_cli("sitter", *command, "-o", form).out
            assert "5559001" not in masked
            assert N1 in masked
            assert "+14155559001" in sqlite_cli("sitter", *command, "--reveal", "-o", form).out


def test_a_list_can_be_of_one_status(sqlite_cli: Cli) -> None:
    numbers(sqlite_cli, N1)
    sqlite_cli(*MAYA, "--activate")
    sqlite_cli(*ZOE)

    def listed(status: str) -> list[str]:
        rows = sqlite_cli("sitter", "list", "--status", status, "-o", "json").json
        return [row["sitter"] for row in rows]

    assert (listed("active"), listed("inactive"), listed("offboarded")) == (["S-1"], ["S-2"], [])


def test_an_import_adds_new_sitters_and_updates_known_ones(sqlite_cli: Cli) -> None:
    sqlite_cli(*MAYA)
    rows = "ref,name,phone\nS-1,Maya Ray,+14155559001\nS-2,Zoe Kim,+14155559002\n,,\nS-3,,+1\n"
    ran = sqlite_cli("sitter", "import", "-", "-o", "json", stdin=rows)
    assert ran.code == 4
    assert [row.get("result", row.get("error", {}).get("message")) for row in ran.json] == [
        "updated",
        "created",
        "Invalid phone number '+1': it is not a phone number; The name is missing.",
    ]
    assert [each["code"] for each in ran.json[2]["error"]["faults"]] == [
        "malformed_phone",
        "malformed_row",
    ]
    assert show(sqlite_cli, "S-2")["status"] == "inactive"


def test_an_import_leaves_an_active_sitter_active_with_the_same_number(sqlite_cli: Cli) -> None:
    numbers(sqlite_cli, N1)
    sqlite_cli(*MAYA, "--activate")
    sqlite_cli("sitter", "import", "-", stdin="ref,name\nS-1,Maya Ray\n")
    assert (show(sqlite_cli)["name"], show(sqlite_cli)["number"]) == ("Maya Ray", N1)


# --------------------------------------------------------------------------------------- activate


def test_activation_gives_the_sitter_a_number(sqlite_cli: Cli) -> None:
    numbers(sqlite_cli, N1)
    sqlite_cli(*MAYA)
    row = activated(sqlite_cli, "S-1")
    assert row == {
        "sitter": "S-1",
        "sitter_name": "Maya Lee",
        "status": "active",
        "number": N1,
        "reused": False,
    }
    assert number(sqlite_cli, N1)["sitter"] == "S-1"
    assert [event["event"] for event in events(sqlite_cli)[-2:]] == [
        "sitter.activated",
        "number.assigned",
    ]


def test_activating_again_changes_nothing(sqlite_cli: Cli) -> None:
    numbers(sqlite_cli, N1, N2)
    sqlite_cli(*MAYA)
    activated(sqlite_cli, "S-1")
    before = events(sqlite_cli)
    again = activated(sqlite_cli, "S-1", now=NOW + timedelta(days=1))
    assert again == {
        "sitter": "S-1",
        "sitter_name": "Maya Lee",
        "status": "active",
        "number": N1,
        "reused": True,
    }
    assert events(sqlite_cli) == before


def test_no_number_free_is_refused_and_changes_nothing(cli: Cli) -> None:
    cli(*MAYA)
    before = events(cli)
    error = refused(cli("sitter", "activate", "S-1", "-o", "json"), "no_number_free")
    assert "petmsg number add" in error["hint"]
    assert show(cli)["status"] == "inactive"
    assert show(cli)["activity"] == []
    assert events(cli) == before


def test_without_number_a_sitter_is_active_and_gets_one_by_activating_again(
    sqlite_cli: Cli,
) -> None:
    sqlite_cli(*MAYA)
    row = activated(sqlite_cli, "S-1", "--without-number")
    assert (row["status"], row["number"]) == ("active", None)
    again = activated(sqlite_cli, "S-1", "--without-number")
    assert (again["number"], again["reused"]) == (None, True)
    refused(sqlite_cli("sitter", "activate", "S-1", "-o", "json"), "no_number_free")
    numbers(sqlite_cli, N1)
    row = activated(sqlite_cli, "S-1")
    assert (row["number"], row["reused"]) == (N1, False)
    assert len(show(sqlite_cli)["activity"]) == 1


@pytest.mark.parametrize("number_class", ["pool", "front_desk"])
def test_only_a_sitter_number_is_given(sqlite_cli: Cli, number_class: str) -> None:
    if number_class == "pool":
        numbers(sqlite_cli, POOL, number_class="pool")
    sqlite_cli(*MAYA)
    refused(sqlite_cli("sitter", "activate", "S-1", "-o", "json"), "no_number_free")


def test_the_number_that_is_unheld_longest_is_given(cli: Cli) -> None:
    later = NOW + timedelta(hours=1)
    cli("number", "add", N2, "--class", "sitter", now=later)
    cli("number", "add", N1, "--class", "sitter", now=later + timedelta(hours=1))
    cli("number", "add", N3, "--class", "sitter")
    now = NOW + timedelta(days=1)
    given = []
    for n in range(1, 4):
        cli("sitter", "add", f"Sitter {n}", "--phone", f"+1415555900{n}", "--ref", f"S-{n}")
        given.append(activated(cli, f"S-{n}", now=now)["number"])
    assert given == [N3, N2, N1]


def test_of_two_numbers_added_together_the_first_is_given(sqlite_cli: Cli) -> None:
    numbers(sqlite_cli, N2, N1)
    sqlite_cli(*MAYA)
    assert activated(sqlite_cli, "S-1")["number"] == N2


def test_a_quarantined_number_is_not_given_until_its_quarantine_is_over(cli: Cli) -> None:
    numbers(cli, N1)
    cli("number", "quarantine", N1, "--days", "1", "--reason", "complaint")
    cli(*MAYA)
    at_the_end = NOW + timedelta(days=1)
    early = cli("sitter", "activate", "S-1", "-o", "json", now=at_the_end - timedelta(seconds=1))
    refused(early, "no_number_free")
    assert activated(cli, "S-1", now=at_the_end)["number"] == N1
    held = number(cli, N1)
    assert (held["status"], held["quarantined_until"], held["sitter"]) == ("active", None, "S-1")
    restored = [event for event in events(cli) if event["event"] == "number.restored"]
    assert restored[0]["payload"]["forced"] is False
    assert restored[0]["payload"]["original_until"] == "2026-02-15T15:00:00Z"


def test_a_retired_number_is_not_given(sqlite_cli: Cli) -> None:
    numbers(sqlite_cli, N1)
    sqlite_cli("number", "retire", "--yes", N1)
    sqlite_cli(*MAYA)
    refused(sqlite_cli("sitter", "activate", "S-1", "-o", "json"), "no_number_free")


def test_a_number_once_held_by_a_sitter_is_never_given_to_another(cli: Cli) -> None:
    """Neither by activating, nor by name, nor once it is a sitter number again."""
    numbers(cli, N1)
    cli(*MAYA, "--activate")
    cli(*ZOE)
    deactivated(cli, "S-1", "--days", "1")
    later = NOW + timedelta(days=2)
    assert cli("number", "release-due", now=later).code == 0
    assert cli("number", "set-class", N1, "sitter", now=later).code == 0
    refused(cli("sitter", "activate", "S-2", "-o", "json", now=later), "no_number_free")
    assign = cli("number", "assign", N1, "S-2", "-o", "json", now=later)
    refused(assign, "number_of_another_sitter")
    numbers(cli, N2)
    activated(cli, "S-2", now=later)
    renumber = cli(
        "sitter", "renumber", "S-2", "--to", N1, "--reason", "x", "-o", "json", now=later
    )
    refused(renumber, "number_of_another_sitter")
    assert show(cli, "S-2")["number"] == N2


def test_several_sitters_are_activated_and_one_refusal_stops_no_other(cli: Cli) -> None:
    numbers(cli, N1, N2)
    cli(*MAYA)
    cli(*ZOE)
    ran = cli("sitter", "activate", "S-1", "S-9", "S-2", "-o", "json")
    assert ran.code == 4
    assert [row.get("number") for row in ran.json] == [N1, None, N2]
    assert ran.json[1]["ref"] == "S-9"
    assert ran.json[1]["error"]["code"] == "sitter_not_found"


def test_a_number_that_runs_out_refuses_only_those_who_got_none(sqlite_cli: Cli) -> None:
    numbers(sqlite_cli, N1)
    sqlite_cli(*MAYA)
    sqlite_cli(*ZOE)
    ran = sqlite_cli("sitter", "activate", "S-1", "S-2", "-o", "json")
    assert ran.code == 4
    assert ran.json[1]["error"]["code"] == "no_number_free"
    assert [show(sqlite_cli, ref)["status"] for ref in ("S-1", "S-2")] == ["active", "inactive"]


def test_an_unknown_sitter_alone_is_exit_3(sqlite_cli: Cli) -> None:
    refused(sqlite_cli("sitter", "activate", "S-9", "-o", "json"), "sitter_not_found", 3)


def test_the_number_of_another_org_is_never_given(sqlite_cli: Cli, migrated_sqlite: str) -> None:
    add_org(migrated_sqlite, "cat-nappers", front_desk=None)
    sqlite_cli("number", "add", N1, "--class", "sitter", "--org", "cat-nappers")
    sqlite_cli(*MAYA, "--org", "happy-paws")
    ran = sqlite_cli("sitter", "activate", "S-1", "--org", "happy-paws", "-o", "json")
    refused(ran, "no_number_free")


def test_the_help_says_that_the_number_stays(sqlite_cli: Cli) -> None:
    told = " ".join(sqlite_cli("sitter", "activate", "--help").out.split())
    assert (
        "Sitters receive a dedicated masked number when activated. "
        "This number persists across all bookings." in told
    )


def test_a_sitters_number_persists_across_bookings(sqlite_cli: Cli) -> None:
    numbers(sqlite_cli, N1, N2)
    sqlite_cli(*MAYA, "--activate")
    for day in (1, 3):
        booked(sqlite_cli, f"B-{day}", f"+{day}d", f"+{day + 1}d")
    assert [route(sqlite_cli, f"+{day}d")["number"]["e164"] for day in (1, 3)] == [N1, N1]


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


# --------------------------------------------------------------------------------------- renumber


def test_renumbering_gives_the_sitter_another_and_quarantines_the_old_one(cli: Cli) -> None:
    numbers(cli, N1, N2)
    cli(*MAYA, "--activate")
    ran = cli("sitter", "renumber", "S-1", "--reason", "spam label", "-o", "json")
    assert ran.code == 0, ran.err
    assert ran.json == {
        "sitter": "S-1",
        "sitter_name": "Maya Lee",
        "number": N2,
        "previous": N1,
        "quarantined_until": "2026-05-15T15:00:00Z",
    }
    old = number(cli, N1)
    assert (old["class"], old["status"], old["sitter"]) == ("pool", "quarantined", None)
    assert old["quarantine_reason"] == "spam label"
    assert show(cli)["number"] == N2
    assert events(cli)[-1]["reason"] == "spam label"


def test_renumbering_can_name_the_number(sqlite_cli: Cli) -> None:
    numbers(sqlite_cli, N1, N2, N3)
    sqlite_cli(*MAYA, "--activate")
    ran = sqlite_cli("sitter", "renumber", "S-1", "--to", N3, "--reason", "x", "-o", "json")
    assert ran.json["number"] == N3


def test_renumbering_keeps_a_later_end_of_the_old_numbers_quarantine(sqlite_cli: Cli) -> None:
    numbers(sqlite_cli, N1, N2)
    sqlite_cli(*MAYA, "--activate")
    sqlite_cli("number", "quarantine", N1, "--days", "100", "--reason", "spam")
    ran = sqlite_cli("sitter", "renumber", "S-1", "--days", "1", "--reason", "x", "-o", "json")
    assert ran.json["quarantined_until"] == "2026-05-25T15:00:00Z"


def test_the_sitters_windows_use_the_new_number(sqlite_cli: Cli) -> None:
    numbers(sqlite_cli, N1, N2)
    sqlite_cli(*MAYA, "--activate")
    booked(sqlite_cli, "B-1", "-1h", "+1h")
    sqlite_cli("sitter", "renumber", "S-1", "--reason", "spam label")
    assert route(sqlite_cli)["number"]["e164"] == N2


def test_renumbering_with_no_number_free_changes_nothing(sqlite_cli: Cli) -> None:
    numbers(sqlite_cli, N1)
    sqlite_cli(*MAYA, "--activate")
    before = events(sqlite_cli)
    ran = sqlite_cli("sitter", "renumber", "S-1", "--reason", "x", "-o", "json")
    refused(ran, "no_number_free")
    assert (number(sqlite_cli, N1)["sitter"], events(sqlite_cli)) == ("S-1", before)


@pytest.mark.parametrize(
    ("to", "code"),
    [
        (N1, "refused"),
        (N2, "number_held"),
        (N3, "number_quarantined"),
        (POOL, "not_a_sitter_number"),
        ("+14155550999", "number_not_found"),
    ],
    ids=["her own", "another's", "quarantined", "pool", "unknown"],
)
def test_a_number_that_cannot_be_assigned_is_refused_and_the_sitter_keeps_the_old_one(
    sqlite_cli: Cli, to: str, code: str
) -> None:
    numbers(sqlite_cli, N1, N2, N3)
    numbers(sqlite_cli, POOL, number_class="pool")
    sqlite_cli(*MAYA, "--activate")
    sqlite_cli(*ZOE, "--activate")
    sqlite_cli("number", "quarantine", N3, "--reason", "spam")
    ran = sqlite_cli("sitter", "renumber", "S-1", "--to", to, "--reason", "x", "-o", "json")
    refused(ran, code, 3 if code == "number_not_found" else 4)
    assert show(sqlite_cli)["number"] == N1
    assert number(sqlite_cli, N1)["status"] == "active"


def test_renumbering_needs_a_reason_and_an_active_sitter(sqlite_cli: Cli) -> None:
    numbers(sqlite_cli, N1)
    sqlite_cli(*MAYA)
    assert sqlite_cli("sitter", "renumber", "S-1").code == 2
    empty = sqlite_cli("sitter", "renumber", "S-1", "--reason", "  ", "-o", "json")
    refused(empty, "empty_reason", 2)
    ran = sqlite_cli("sitter", "renumber", "S-1", "--reason", "x", "-o", "json")
    refused(ran, "sitter_not_active")


def test_an_active_sitter_without_a_number_can_be_renumbered(sqlite_cli: Cli) -> None:
    sqlite_cli(*MAYA)
    activated(sqlite_cli, "S-1", "--without-number")
    numbers(sqlite_cli, N1)
    ran = sqlite_cli("sitter", "renumber", "S-1", "--reason", "first one", "-o", "json")
    assert (ran.json["number"], ran.json["previous"]) == (N1, None)
