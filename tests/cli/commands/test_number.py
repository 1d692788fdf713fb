"""petmsg number …, without quarantine, which has its own file."""

from datetime import timedelta
from typing import Any

import pytest

from tests.support.fixtures import ACTOR, NOW, Cli, Ran, add_org

DESK, DESK2 = "+14155550100", "+14155550109"
N1, N2 = "+14155550101", "+14155550102"
POOL = "+14155550201"
MAYA = ("sitter", "add", "Maya Lee", "--phone", "+14155559001", "--ref", "S-1")
ZOE = ("sitter", "add", "Zoe Kim", "--phone", "+14155559002", "--ref", "S-2")


def add(cli: Cli, *e164: str, number_class: str = "sitter") -> None:
    assert cli("number", "add", *e164, "--class", number_class).code == 0


def show(cli: Cli, e164: str) -> dict[str, Any]:
    found: dict[str, Any] = cli("number", "show", e164, "-o", "json").json
    return found


def history(cli: Cli, e164: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cli("number", "history", e164, "-o", "json").json
    return found


def events(cli: Cli) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cli("audit", "list", "--all", "-o", "json").json
    return found[::-1]


def refused(ran: Ran, code: str, exit_code: int = 4) -> dict[str, str]:
    assert (ran.code, ran.out) == (exit_code, "")
    assert ran.error["code"] == code
    return ran.error


# ---------------------------------------------------------------------------------- add and import


def test_numbers_are_added_with_their_class(cli: Cli) -> None:
    ran = cli("number", "add", N1, "+1 (415) 555-0102", "--class", "sitter", "-o", "json")
    assert ran.code == 0
    assert ran.json == [
        {"number": each, "class": "sitter", "status": "active", "reused": False}
        for each in (N1, N2)
    ]
    assert [row["number"] for row in cli("number", "list", "-o", "json").json] == [N2, N1, DESK]


def test_the_same_number_again_changes_nothing_and_another_class_is_refused(
    sqlite_cli: Cli,
) -> None:
    add(sqlite_cli, N1)
    before = events(sqlite_cli)
    again = sqlite_cli("number", "add", N1, "--class", "sitter", "-o", "json")
    assert (again.code, again.json[0]["reused"]) == (0, True)
    refused(sqlite_cli("number", "add", N1, "--class", "pool", "-o", "json"), "already_exists")
    assert events(sqlite_cli) == before


def test_a_number_belongs_to_one_org_and_is_unknown_to_every_other(
    cli: Cli, migrated_url: str
) -> None:
    add_org(migrated_url, "cat-nappers", front_desk=None)
    cli("number", "add", N1, "--class", "pool", "--org", "cat-nappers")
    ours = ("--org", "happy-paws", "-o", "json")
    refused(cli("number", "add", N1, "--class", "pool", *ours), "number_taken")
    for command in (
        ("show", N1),
        ("history", N1),
        ("who", N1, "--at", "now"),
        ("retire", N1, "--yes"),
        ("set-class", N1, "sitter"),
        ("quarantine", N1, "--reason", "x"),
        ("restore", N1),
    ):
        refused(cli("number", *command, *ours), "number_not_found", 3)
    assert [row["number"] for row in cli("number", "list", *ours).json] == [DESK]


def test_an_org_has_one_active_front_desk_number(sqlite_cli: Cli) -> None:
    error = refused(
        sqlite_cli("number", "add", DESK2, "--class", "front_desk", "-o", "json"),
        "front_desk_taken",
    )
    assert "--replace" in error["hint"]


@pytest.mark.parametrize("bad", ["415555010", "+0155550101", "+1415555", "", "+1415555010a1"])
def test_one_malformed_number_stops_no_other(sqlite_cli: Cli, bad: str) -> None:
    bad = "+" if bad == "+1415555" else bad
    ran = sqlite_cli("number", "add", N1, bad, N2, "--class", "pool", "-o", "json")
    assert ran.code == 4
    assert ran.json[1]["error"]["code"] == "malformed_phone"
    assert [show(sqlite_cli, each)["class"] for each in (N1, N2)] == ["pool", "pool"]
    alone = sqlite_cli("number", "add", bad, "--class", "pool", "-o", "json")
    refused(alone, "malformed_phone", 2)


def test_a_class_that_does_not_exist_is_wrong_usage(sqlite_cli: Cli) -> None:
    assert sqlite_cli("number", "add", N1, "--class", "vip").code == 2
    assert sqlite_cli("number", "add", N1).code == 2


def test_an_import_takes_numbers_with_their_class(cli: Cli) -> None:
    rows = (
        f"e164,class\n{N1},sitter\n{POOL},pool\n{N2},vip\n{DESK2},front_desk\n,pool\n{N1},sitter\n"
    )
    ran = cli("number", "import", "-", "-o", "json", stdin=rows)
    assert ran.code == 4
    assert [row.get("result") or row["error"]["code"] for row in ran.json] == [
        "created",
        "created",
        "out_of_range",
        "front_desk_taken",
        "malformed_row",
        "unchanged",
    ]
    assert ran.json[2]["ref"] == N2
    assert ran.json[2]["row"] == 4
    assert show(cli, POOL)["class"] == "pool"
    assert cli("number", "show", N2).code == 3


# ------------------------------------------------------------------------- list, show, history, who


def test_a_list_can_be_of_one_class_and_status(sqlite_cli: Cli) -> None:
    add(sqlite_cli, N1, N2)
    add(sqlite_cli, POOL, number_class="pool")
    sqlite_cli("number", "quarantine", N2, "--reason", "spam")

    def listed(*options: str) -> list[str]:
        rows = sqlite_cli("number", "list", *options, "-o", "json").json
        return [row["number"] for row in rows]

    assert listed("--class", "sitter") == [N2, N1]
    assert listed("--class", "sitter", "--status", "quarantined") == [N2]
    assert listed("--limit", "1", "--before", POOL) == [N2]


def test_show_has_the_shape_that_scripts_read(cli: Cli) -> None:
    add(cli, N1)
    cli(*MAYA, "--activate", now=NOW + timedelta(minutes=1))
    assert show(cli, N1) == {
        "number": N1,
        "class": "sitter",
        "status": "active",
        "sitter": "S-1",
        "sitter_name": "Maya Lee",
        "quarantined_until": None,
        "quarantine_reason": None,
        "held": None,
        "last_used_at": None,
        "segments_per_second": 1.0,
        "mms": None,
        "threads": [],
        "client_names": [],
        "history": [
            {
                "from": "2026-02-14T15:00:00Z",
                "to": "2026-02-14T15:01:00Z",
                "class": "sitter",
                "status": "active",
                "sitter": None,
                "sitter_name": None,
                "quarantined_until": None,
                "reason": "added",
                "actor": ACTOR,
            },
            {
                "from": "2026-02-14T15:01:00Z",
                "to": None,
                "class": "sitter",
                "status": "active",
                "sitter": "S-1",
                "sitter_name": "Maya Lee",
                "quarantined_until": None,
                "reason": "sitter activated",
                "actor": ACTOR,
            },
        ],
    }


def test_show_names_the_clients_whose_texts_left_from_it_and_when(sqlite_cli: Cli) -> None:
    add(sqlite_cli, POOL, number_class="pool")
    for n in (1, 2, 3):
        sqlite_cli("client", "add", f"N {n}", "--phone", f"+1415555100{n}", "--ref", f"C-{n}")
    sqlite_cli("message", "send", "C-2", "--body", "hi")
    later = NOW + timedelta(hours=1)
    sqlite_cli("message", "send", "C-1", "--body", "hi", now=later)
    shown = show(sqlite_cli, POOL)
    assert (shown["threads"], shown["last_used_at"]) == (["C-1", "C-2"], "2026-02-14T16:00:00Z")


def test_the_table_of_a_number_has_its_history_below(sqlite_cli: Cli) -> None:
    add(sqlite_cli, N1)
    out = sqlite_cli("number", "show", N1, "-o", "table").out
    assert "added" in out
    assert "2026-02-14 10:00 EST" in out, "tables show the org's timezone"


def test_who_held_a_number_is_reported_for_any_time_of_its_life(cli: Cli) -> None:
    add(cli, N1)
    cli(*MAYA, "--activate", now=NOW + timedelta(hours=1))
    cli("sitter", "deactivate", "--yes", "S-1", now=NOW + timedelta(hours=2))

    def who(at: str) -> tuple[Any, ...]:
        row = cli("number", "who", N1, "--at", at, "-o", "json").json
        return row["sitter"], row["class"], row["status"]

    assert who("2026-02-14T15:59:59Z") == (None, "sitter", "active")
    assert who("2026-02-14T16:00Z") == ("S-1", "sitter", "active")
    assert who("2026-02-14T11:59") == ("S-1", "sitter", "active"), "the org's own time"
    assert who("2026-02-14T17:00Z") == (None, "pool", "quarantined")
    assert who("+10d") == (None, "pool", "quarantined")


def test_before_it_was_added_nobody_held_it(sqlite_cli: Cli) -> None:
    add(sqlite_cli, N1)
    ran = sqlite_cli("number", "who", N1, "--at", "-1m", "-o", "json")
    error = refused(ran, "number_not_there_yet", 3)
    assert "2026-02-14 10:00 EST" in error["message"]


@pytest.mark.parametrize("at", ["20260214", "2026-02-14", "yesterday", "2026-03-08T02:30"])
def test_a_time_that_is_none_is_wrong_usage(sqlite_cli: Cli, at: str) -> None:
    assert sqlite_cli("number", "who", DESK, "--at", at).code == 2


# ------------------------------------------------------------------------------------------ assign


def test_a_free_sitter_number_is_assigned_to_a_sitter_without_one(sqlite_cli: Cli) -> None:
    add(sqlite_cli, N1)
    sqlite_cli(*MAYA)
    ran = sqlite_cli("number", "assign", N1, "S-1", "--reason", "she asked for it", "-o", "json")
    assert ran.code == 0
    assert (ran.json["number"], ran.json["sitter"], ran.json["reused"]) == (N1, "S-1", False)
    assert (
        events(sqlite_cli)[-1]["reason"]
        == history(sqlite_cli, N1)[-1]["reason"]
        == "she asked for it"
    )
    again = sqlite_cli("number", "assign", N1, "S-1", "-o", "json")
    assert (again.code, again.json["reused"]) == (0, True)
    assert sqlite_cli("sitter", "activate", "S-1", "-o", "json").json[0]["number"] == N1


def test_a_sitter_holds_at_most_one_number(sqlite_cli: Cli) -> None:
    add(sqlite_cli, N1, N2)
    sqlite_cli(*MAYA, "--activate")
    error = refused(sqlite_cli("number", "assign", N2, "S-1", "-o", "json"), "sitter_has_number")
    assert "renumber" in error["hint"]


def test_a_held_number_is_not_assigned_to_another(sqlite_cli: Cli) -> None:
    add(sqlite_cli, N1)
    sqlite_cli(*MAYA, "--activate")
    sqlite_cli(*ZOE)
    error = refused(sqlite_cli("number", "assign", N1, "S-2", "-o", "json"), "number_held")
    assert "S-1" in error["message"]


@pytest.mark.parametrize("e164", [DESK, POOL])
def test_only_a_sitter_number_can_be_held(sqlite_cli: Cli, e164: str) -> None:
    add(sqlite_cli, POOL, number_class="pool")
    sqlite_cli(*MAYA)
    refused(sqlite_cli("number", "assign", e164, "S-1", "-o", "json"), "not_a_sitter_number")


def test_a_number_is_assigned_only_if_it_is_usable_and_its_sitter_not_gone(sqlite_cli: Cli) -> None:
    add(sqlite_cli, N1, N2)
    sqlite_cli(*MAYA)
    sqlite_cli("number", "quarantine", N1, "--days", "3", "--reason", "spam")
    sqlite_cli("number", "retire", "--yes", N2)
    error = refused(sqlite_cli("number", "assign", N1, "S-1", "-o", "json"), "number_quarantined")
    assert "2026-02-17 10:00 EST" in error["message"]
    refused(sqlite_cli("number", "assign", N2, "S-1", "-o", "json"), "number_retired")
    due = NOW + timedelta(days=3)
    sqlite_cli("sitter", "deactivate", "--yes", "S-1")
    refused(sqlite_cli("number", "assign", N1, "S-1", "-o", "json", now=due), "refused")
    sqlite_cli(*ZOE)
    assert sqlite_cli("number", "assign", N1, "S-2", now=due).code == 0
    assert show(sqlite_cli, N1)["status"] == "active"


def test_an_unknown_number_or_sitter_is_not_found(sqlite_cli: Cli) -> None:
    add(sqlite_cli, N1)
    refused(sqlite_cli("number", "assign", N2, "S-1", "-o", "json"), "sitter_not_found", 3)
    sqlite_cli(*MAYA)
    refused(sqlite_cli("number", "assign", N2, "S-1", "-o", "json"), "number_not_found", 3)


# --------------------------------------------------------------------------------------- set-class


def test_a_free_number_can_change_its_class(sqlite_cli: Cli) -> None:
    add(sqlite_cli, N1)
    ran = sqlite_cli("number", "set-class", N1, "pool", "--reason", "more pool", "-o", "json")
    assert ran.code == 0
    assert (ran.json["class"], ran.json["replaced"]) == ("pool", None)
    assert events(sqlite_cli)[-1]["payload"] == {
        "before": "sitter",
        "after": "pool",
        "replaced": None,
    }
    assert [row["class"] for row in history(sqlite_cli, N1)] == ["sitter", "pool"]
    again = sqlite_cli("number", "set-class", N1, "pool", "-o", "json")
    assert (again.code, again.json["reused"]) == (0, True)


def test_replace_makes_the_old_desk_a_pool_number_in_the_same_step(cli: Cli) -> None:
    add(cli, DESK2, number_class="pool")
    without = cli("number", "set-class", DESK2, "front_desk", "-o", "json")
    refused(without, "front_desk_taken")
    ran = cli("number", "set-class", DESK2, "front_desk", "--replace", "-o", "json")
    assert ran.code == 0, ran.err
    assert ran.json["replaced"] == DESK
    assert [show(cli, each)["class"] for each in (DESK, DESK2)] == ["pool", "front_desk"]
    assert [event["ref"] for event in events(cli)[-2:]] == [DESK, DESK2]


@pytest.mark.parametrize("command", [("set-class", DESK, "pool"), ("retire", DESK, "--yes")])
def test_no_command_takes_the_desk_away_without_another(
    sqlite_cli: Cli, command: tuple[str, ...]
) -> None:
    refused(sqlite_cli("number", *command, "-o", "json"), "front_desk_needs_replacement")
    assert show(sqlite_cli, DESK)["class"] == "front_desk"


def test_a_desk_whose_quarantine_is_over_is_the_desk_again(
    sqlite_cli: Cli, migrated_sqlite: str
) -> None:
    """Also while cron did not run: in an org that has no other."""
    add_org(migrated_sqlite, "cat-nappers", front_desk=None)
    org = ("--org", "cat-nappers", "-o", "json")
    sqlite_cli("number", "add", POOL, "--class", "pool", *org)
    sqlite_cli("number", "quarantine", POOL, "--days", "1", "--reason", "spam", *org)
    assert sqlite_cli("number", "set-class", POOL, "front_desk", *org).code == 0
    due = NOW + timedelta(days=1)
    refused(
        sqlite_cli("number", "retire", "--yes", POOL, *org, now=due), "front_desk_needs_replacement"
    )


def test_a_former_desk_that_waits_in_quarantine_can_be_retired(sqlite_cli: Cli) -> None:
    add(sqlite_cli, DESK2, number_class="pool")
    sqlite_cli("number", "quarantine", DESK, "--days", "1", "--replacement", DESK2, "--reason", "x")
    assert sqlite_cli("number", "retire", "--yes", DESK).code == 0


def test_a_quarantined_number_does_not_become_the_desk_before_its_end(sqlite_cli: Cli) -> None:
    add(sqlite_cli, DESK2, number_class="pool")
    sqlite_cli("number", "quarantine", DESK2, "--days", "1", "--reason", "spam")
    replace = ("number", "set-class", DESK2, "front_desk", "--replace", "-o", "json")
    refused(sqlite_cli(*replace), "number_quarantined")
    assert show(sqlite_cli, DESK)["class"] == "front_desk"
    ran = sqlite_cli(*replace, now=NOW + timedelta(days=1))
    assert (ran.code, ran.json["status"], ran.json["replaced"]) == (0, "active", DESK)


def test_a_held_number_keeps_its_class(sqlite_cli: Cli) -> None:
    add(sqlite_cli, N1)
    sqlite_cli(*MAYA, "--activate")
    refused(sqlite_cli("number", "set-class", N1, "pool", "-o", "json"), "number_held")


# ------------------------------------------------------------------------------------------ retire


def test_a_retired_number_is_released_and_stays_retired(cli: Cli) -> None:
    add(cli, N1)
    cli(*MAYA, "--activate")
    ran = cli("number", "retire", "--yes", N1, "--reason", "sold", "-o", "json")
    assert ran.code == 0
    assert (ran.json["status"], ran.json["sitter"]) == ("retired", None)
    assert "petmsg sitter activate S-1" in ran.err
    assert cli("sitter", "show", "S-1", "-o", "json").json["number"] is None
    assert (events(cli)[-1]["reason"], events(cli)[-1]["payload"]) == ("sold", {"sitter": "S-1"})
    for command in (
        ("set-class", N1, "pool"),
        ("quarantine", N1, "--reason", "x"),
        ("restore", N1, "--reason", "x"),
        ("assign", N1, "S-1"),
    ):
        refused(cli("number", *command, "-o", "json"), "number_retired")
    again = cli("number", "retire", "--yes", N1, "-o", "json")
    assert (again.code, again.json["reused"]) == (0, True)
    assert (
        cli("number", "add", N1, "--class", "sitter", "-o", "json").json[0]["status"] == "retired"
    )


def test_a_quarantined_number_can_be_retired(sqlite_cli: Cli) -> None:
    add(sqlite_cli, N1)
    sqlite_cli("number", "quarantine", N1, "--reason", "spam")
    assert sqlite_cli("number", "retire", "--yes", N1).code == 0
    shown = show(sqlite_cli, N1)
    assert (shown["status"], shown["quarantined_until"]) == ("retired", None)


# ------------------------------------------------------------------------------- actor and reason


def test_who_did_it_comes_from_the_option_else_the_environment(sqlite_cli: Cli) -> None:
    add(sqlite_cli, N1, N2)
    sqlite_cli("number", "retire", "--yes", N1, "--actor", "Olga")
    sqlite_cli("number", "retire", "--yes", N2, PETMSG_ACTOR="cron@host")
    assert [event["actor"] for event in events(sqlite_cli)[-2:]] == ["Olga", "cron@host"]
    assert history(sqlite_cli, N1)[-1]["actor"] == "Olga"


@pytest.mark.parametrize(
    "command",
    [
        ("assign", N1, "S-1"),
        ("set-class", N1, "pool"),
        ("retire", N1, "--yes"),
        ("quarantine", N1),
        ("restore", N1),
    ],
    ids=lambda command: command[0],
)
@pytest.mark.parametrize("reason", ["", " \t"])
def test_an_empty_reason_is_wrong_usage(
    sqlite_cli: Cli, command: tuple[str, ...], reason: str
) -> None:
    add(sqlite_cli, N1)
    ran = sqlite_cli("number", *command, "--reason", reason, "-o", "json")
    refused(ran, "empty_reason", 2)


def test_a_reason_with_control_characters_or_too_long_is_wrong_usage(sqlite_cli: Cli) -> None:
    add(sqlite_cli, N1)
    for reason in ("\x1b[2J", "x" * 501):
        refused(
            sqlite_cli("number", "retire", "--yes", N1, "--reason", reason, "-o", "json"),
            "malformed_text",
            2,
        )
