"""petmsg sitter add, set, show, import and activate."""

from datetime import timedelta

import pytest

from tests.support.fixtures import NOW, Cli, add_org
from tests.support.sitter_commands import (
    MAYA,
    N1,
    N2,
    N3,
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


def test_a_phone_of_a_client_and_a_sitter_is_taken_with_a_warning(cli: Cli) -> None:
    phone = ("--phone", "+12025550141")
    to_sitter, to_client = "also the phone of sitter S-1.", "also the phone of client C-1."
    assert "Warning" not in cli("sitter", "add", "Maya Lee", *phone).err
    ran = cli("client", "add", "Ann Ivers", *phone)
    assert (ran.code, to_sitter in ran.err) == (0, True)
    assert "+12025550141" not in ran.err
    assert to_client in cli("sitter", "add", "Zoe Park", *phone).err
    assert "Warning" not in cli("sitter", "add", "Zoe Park", *phone).err  # nothing was added
    cli("sitter", "add", "Noor Aziz", "--phone", "+12025550142")
    assert to_client in cli("sitter", "set", "S-3", *phone).err
    cli("client", "add", "Bob Stone", "--phone", "+12025550143")
    cli("sitter", "set", "S-3", "--phone", "+12025550144")
    ran = cli("client", "phone", "add", "C-2", "+12025550144")
    assert (ran.code, "also the phone of sitter S-3." in ran.err) == (0, True)


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
