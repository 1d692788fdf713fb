"""petmsg client …"""

from typing import Any

import pytest

from tests.support.fixtures import Cli, Ran, add_org, run_cli

ANN = ("client", "add", "Ann Ivers", "--phone", "+14155551001", "--ref", "C-1")
FORGET = ("client", "forget", "C-1", "--reason", "she asked", "--yes")


def show(cli: Cli, ref: str = "C-1", *options: str) -> dict[str, Any]:
    found: dict[str, Any] = cli("client", "show", ref, *options, "-o", "json").json
    return found


def phones(cli: Cli, ref: str = "C-1") -> list[str]:
    return list(show(cli, ref, "--reveal")["phones"])


def events(cli: Cli) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cli("audit", "list", "--all", "-o", "json").json
    return found[::-1]


def refused(ran: Ran, code: str, exit_code: int = 4) -> dict[str, str]:
    assert (ran.code, ran.out) == (exit_code, "")
    assert ran.error["code"] == code
    return ran.error


# ------------------------------------------------------------------------------------------- add


def test_a_client_is_one_time_until_set_otherwise(sqlite_cli: Cli) -> None:
    added = sqlite_cli(*ANN, "-o", "json")
    assert added.code == 0
    assert added.json == {
        "client": "C-1",
        "client_name": "Ann Ivers",
        "kind": "one_time",
        "phones": 1,
        "reused": False,
    }
    sqlite_cli("client", "add", "Bo", "--phone", "+14155551002", "--kind", "recurring")
    assert [row["kind"] for row in sqlite_cli("client", "list", "-o", "json").json] == [
        "recurring",
        "one_time",
    ]


def test_a_client_without_a_ref_is_given_the_next_free_one(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN)
    made = [
        sqlite_cli("client", "add", f"N {n}", "--phone", f"+1415555200{n}", "-o", "json").json[
            "client"
        ]
        for n in range(2)
    ]
    assert made == ["C-2", "C-3"]


def test_the_first_phone_is_texted_and_any_is_recognised(cli: Cli) -> None:
    cli(*ANN, "--phone", "+14155551002")
    assert phones(cli) == ["+14155551001", "+14155551002"]
    assert show(cli, "+14155551002")["client"] == "C-1"
    listed = cli("client", "list", "--reveal", "-o", "json").json
    assert listed[0]["phone"] == "+14155551001"


def test_an_identical_add_changes_nothing_and_exits_0(cli: Cli) -> None:
    cli(*ANN)
    before = events(cli)
    again = cli(*ANN, "-o", "json")
    assert (again.code, again.json["reused"]) == (0, True)
    assert events(cli) == before


def test_an_identical_add_without_a_ref_finds_the_client_by_the_phone(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN)
    again = sqlite_cli("client", "add", "Ann Ivers", "--phone", "+1 (415) 555-1001", "-o", "json")
    assert (again.code, again.json["client"], again.json["reused"]) == (0, "C-1", True)


@pytest.mark.parametrize(
    "other",
    [
        ("client", "add", "Ann Other", "--phone", "+14155551001", "--ref", "C-1"),
        ("client", "add", "Ann Ivers", "--phone", "+14155551009", "--ref", "C-1"),
        (*ANN, "--kind", "recurring"),
        ("client", "add", "Somebody Else", "--phone", "+14155551001"),
    ],
    ids=["name", "phone", "kind", "same phone"],
)
def test_an_add_that_differs_is_refused_and_changes_nothing(
    sqlite_cli: Cli, other: tuple[str, ...]
) -> None:
    sqlite_cli(*ANN)
    before = events(sqlite_cli)
    refused(sqlite_cli(*other, "-o", "json"), "already_exists")
    assert events(sqlite_cli) == before


def test_an_add_whose_phone_is_not_the_primary_one_differs(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN, "--phone", "+14155551002")
    second = ("client", "add", "Ann Ivers", "--phone", "+14155551002", "--ref", "C-1")
    refused(sqlite_cli(*second, "-o", "json"), "already_exists")


def test_a_phone_of_another_client_names_that_client(sqlite_cli: Cli) -> None:
    sqlite_cli("client", "add", "Ann Ivers", "--phone", "+14155550171", "--ref", "C-1")
    ran = sqlite_cli("client", "add", "Zoe New", "--phone", "+14155550171")
    assert "Client C-1 Ann Ivers, who has the phone +1********71, already exists" in ran.err


def test_a_kind_that_is_not_said_again_does_not_differ(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN, "--kind", "recurring")
    again = sqlite_cli(*ANN, "-o", "json")
    assert (again.code, again.json["kind"]) == (0, "recurring")


def test_a_phone_belongs_to_one_client_of_an_org(cli: Cli) -> None:
    cli(*ANN)
    taken = cli("client", "add", "Bo", "--phone", "+14155551001", "--ref", "C-2", "-o", "json")
    assert "C-1" in refused(taken, "phone_taken")["message"]
    assert "+14155551001" not in taken.err
    refused(cli("client", "show", "C-2", "-o", "json"), "client_not_found", 3)


def test_two_orgs_may_each_have_a_client_of_the_same_phone(cli: Cli, migrated_url: str) -> None:
    add_org(migrated_url, "cat-nappers", front_desk=None)
    cli(*ANN, "--org", "happy-paws")
    other = cli(*ANN, "--org", "cat-nappers", "-o", "json")
    assert (other.code, other.json["reused"]) == (0, False)


def test_a_client_of_another_org_is_unknown(sqlite_cli: Cli, migrated_sqlite: str) -> None:
    add_org(migrated_sqlite, "cat-nappers", front_desk=None)
    sqlite_cli(*ANN, "--org", "cat-nappers")
    for name in ("C-1", "+14155551001", "Ann Ivers"):
        ran = sqlite_cli("client", "show", name, "--org", "happy-paws", "-o", "json")
        refused(ran, "client_not_found", 3)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("client", "add", "Ann", "--phone", "415555100"), "malformed_phone"),
        (("client", "add", "Ann", "--phone", "+1415555100x"), "malformed_phone"),
        (("client", "add", " ", "--phone", "+14155551001"), "malformed_text"),
        (("client", "add", "An\x1b[31mn", "--phone", "+14155551001"), "malformed_text"),
        (("client", "add", "Ann\u202e", "--phone", "+14155551001"), "malformed_text"),
        (("client", "add", "A" * 121, "--phone", "+14155551001"), "malformed_text"),
        ((*ANN[:-1], "+14155551001"), "malformed_ref"),
        ((*ANN[:-1], ""), "malformed_ref"),
        ((*ANN[:-1], "C" * 65), "malformed_ref"),
        ((*ANN, "--kind", "often"), "usage"),
        (("client", "add", "Ann"), "usage"),
    ],
)
def test_malformed_input_is_wrong_usage(
    sqlite_cli: Cli, arguments: tuple[str, ...], code: str
) -> None:
    refused(sqlite_cli(*arguments, "-o", "json"), code, 2)


def test_a_database_that_is_not_there_is_a_matter_of_configuration(sqlite_cli: Cli) -> None:
    ran = sqlite_cli(*ANN, "--db", "/nonexistent/petmsg.db", "-o", "json")
    refused(ran, "database_missing", 5)


# ---------------------------------------------------------------------------------- list and show


def test_personal_phones_are_masked_unless_revealed(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN, "--phone", "+14155551002")
    for form in ("table", "json", "jsonl", "tsv", "csv"):
        for command in (("list",), ("show", "C-1")):
            masked = sqlite_cli("client", *command, "-o", form)
            assert "5551001" not in masked.out + masked.err
            assert "+1********01" in masked.out
            assert "+14155551001" in sqlite_cli("client", *command, "--reveal", "-o", form).out


def test_show_has_the_clients_phones_and_counts(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN)
    sqlite_cli("booking", "add", "--client", "C-1", "--start", "+1h", "--end", "+2h")
    assert show(sqlite_cli) == {
        "client": "C-1",
        "name": "Ann Ivers",
        "phones": ["+1********01"],
        "not_textable": [],
        "opted_out": False,
        "override": None,
        "kind": "one_time",
        "timezone": None,
        "thread": None,
        "bookings": 1,
        "messages": 0,
        "created_at": "2026-02-14T15:00:00Z",
        "forgotten_at": None,
    }


def test_a_client_is_named_by_ref_phone_or_unique_name(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN)
    for name in ("C-1", "+14155551001", "+1 415 555 1001", "Ann Ivers"):
        assert show(sqlite_cli, name)["client"] == "C-1"


def test_a_name_that_fits_several_clients_is_refused_with_the_candidates(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN)
    sqlite_cli("client", "add", "Ann Ivers", "--phone", "+14155551002", "--ref", "C-9")
    error = refused(sqlite_cli("client", "show", "Ann Ivers", "-o", "json"), "ambiguous")
    assert "C-1, C-9" in error["message"]


def test_lists_show_the_newest_rows_and_go_on_from_the_last_one_shown(sqlite_cli: Cli) -> None:
    for n in range(1, 6):
        sqlite_cli("client", "add", f"N {n}", "--phone", f"+1415555100{n}", "--ref", f"C-{n}")

    def refs(*options: str) -> list[str]:
        listed = sqlite_cli("client", "list", *options, "-o", "json").json
        return [row["client"] for row in listed]

    assert refs("--limit", "2") == ["C-5", "C-4"]
    assert refs("--limit", "2", "--before", "C-4") == ["C-3", "C-2"]
    assert refs("--all") == ["C-5", "C-4", "C-3", "C-2", "C-1"]


def test_a_limit_beyond_any_integer_of_the_database_is_no_limit(cli: Cli) -> None:
    cli(*ANN)
    assert len(cli("client", "list", "--limit", "9" * 30, "-o", "json").json) == 1


def test_a_limit_below_one_is_wrong_usage(sqlite_cli: Cli) -> None:
    assert sqlite_cli("client", "list", "--limit", "0").code == 2


def test_a_list_can_be_of_one_kind(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN, "--kind", "recurring")
    sqlite_cli("client", "add", "Bo", "--phone", "+14155551002")
    rows = sqlite_cli("client", "list", "--kind", "recurring", "-o", "json").json
    assert [row["client"] for row in rows] == ["C-1"]


# ------------------------------------------------------------------------------------------- set


def test_set_changes_name_and_kind_and_leaves_what_is_not_given(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN)
    assert sqlite_cli("client", "set", "C-1", "--kind", "recurring").code == 0
    assert (show(sqlite_cli)["name"], show(sqlite_cli)["kind"]) == ("Ann Ivers", "recurring")
    sqlite_cli("client", "set", "C-1", "--name", "Ann Bell")
    assert (show(sqlite_cli)["name"], show(sqlite_cli)["kind"]) == ("Ann Bell", "recurring")


def test_the_audit_of_a_change_holds_neither_name_nor_phone(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN)
    sqlite_cli("client", "set", "C-1", "--name", "Ann Bell", "--kind", "recurring")
    sqlite_cli("client", "phone", "add", "C-1", "+14155551002", "--primary")
    sqlite_cli("client", "phone", "remove", "C-1", "+14155551001")
    told = sqlite_cli("audit", "export").out
    for personal in ("Ann", "Bell", "5551001", "5551002"):
        assert personal not in told
    changed = next(event for event in events(sqlite_cli) if event["event"] == "client.updated")
    assert changed["payload"]["kind"] == {"before": "one_time", "after": "recurring"}


def test_setting_what_is_so_already_changes_nothing(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN)
    before = events(sqlite_cli)
    ran = sqlite_cli("client", "set", "C-1", "--name", "Ann Ivers", "-o", "json")
    assert (ran.code, ran.json["reused"]) == (0, True)
    assert events(sqlite_cli) == before


# ----------------------------------------------------------------------------------------- phones


def test_an_added_phone_is_recognised_but_not_texted(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN)
    added = sqlite_cli("client", "phone", "add", "C-1", "+14155551002", "-o", "json")
    assert (added.code, added.json["phones"]) == (0, 2)
    assert phones(sqlite_cli) == ["+14155551001", "+14155551002"]


def test_a_phone_added_as_primary_is_texted_from_now_on(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN)
    sqlite_cli("client", "phone", "add", "C-1", "+14155551002", "--primary")
    assert phones(sqlite_cli) == ["+14155551002", "+14155551001"]


def test_adding_a_phone_again_changes_nothing(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN)
    ran = sqlite_cli("client", "phone", "add", "C-1", "+14155551001", "-o", "json")
    assert (ran.code, ran.json["reused"]) == (0, True)


def test_a_phone_of_another_client_is_refused(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN)
    sqlite_cli("client", "add", "Bo", "--phone", "+14155551002", "--ref", "C-2")
    refused(
        sqlite_cli("client", "phone", "add", "C-1", "+14155551002", "-o", "json"), "phone_taken"
    )
    assert phones(sqlite_cli) == ["+14155551001"]


def test_another_phone_of_the_client_can_be_made_the_primary_one(cli: Cli) -> None:
    cli(*ANN, "--phone", "+14155551002")
    assert cli("client", "phone", "primary", "C-1", "+14155551002").code == 0
    assert phones(cli) == ["+14155551002", "+14155551001"]
    again = cli("client", "phone", "primary", "C-1", "+14155551002", "-o", "json")
    assert (again.code, again.json["reused"]) == (0, True)


def test_a_text_goes_to_the_phone_that_is_primary_now(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN, "--phone", "+14155551002")
    sqlite_cli("client", "phone", "primary", "C-1", "+14155551002")
    sent = sqlite_cli("message", "send", "C-1", "--body", "hi", "--reveal", "-o", "json").json
    assert sent["to"] == "+14155551002"


@pytest.mark.parametrize("then", ["primary", "remove"])
def test_a_text_that_waits_follows_the_client_to_the_new_phone(cli: Cli, then: str) -> None:
    """It must not reach whoever has the old one by now."""
    cli(*ANN)
    cli("message", "send", "C-1", "--body", "hi", "--queue-only")
    cli("client", "phone", "add", "C-1", "+14155551002", "--primary")
    if then == "remove":
        assert cli("client", "phone", "remove", "C-1", "+14155551001").code == 0
    sent = cli("message", "dispatch", "--reveal", "-o", "json").json
    assert [text["to"] for text in sent] == ["+14155551002"]


@pytest.mark.parametrize("verb", ["primary", "remove"])
def test_a_phone_of_another_client_is_not_found(sqlite_cli: Cli, verb: str) -> None:
    sqlite_cli(*ANN)
    ran = sqlite_cli("client", "phone", verb, "C-1", "+14155551002", "-o", "json")
    assert "5551002" not in refused(ran, "phone_not_found", 3)["message"]


def test_a_removed_phone_is_free_for_another_client(cli: Cli) -> None:
    cli(*ANN, "--phone", "+14155551002")
    assert cli("client", "phone", "remove", "C-1", "+14155551002").code == 0
    assert phones(cli) == ["+14155551001"]
    assert cli("client", "add", "Bo", "--phone", "+14155551002").code == 0


def test_an_only_phone_and_a_primary_phone_cannot_be_removed(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN)
    remove = ("client", "phone", "remove", "C-1", "+14155551001", "-o", "json")
    assert "only phone" in refused(sqlite_cli(*remove), "refused")["message"]
    sqlite_cli("client", "phone", "add", "C-1", "+14155551002")
    assert "primary" in refused(sqlite_cli(*remove), "refused")["message"]
    assert len(phones(sqlite_cli)) == 2


# ----------------------------------------------------------------------------------------- import


def test_an_import_adds_new_clients_and_updates_known_ones(cli: Cli) -> None:
    cli(*ANN)
    rows = (
        "ref,name,phone,kind\n"
        "C-1,Ann Bell,+14155551009,recurring\n"
        "C-2,Bo,+14155551002,\n"
        "C-1,Ann Bell,+14155551009,recurring\n"
    )
    ran = cli("client", "import", "-", "-o", "json", stdin=rows)
    assert ran.code == 0, ran.out
    assert ran.json == [
        {"row": 2, "ref": "C-1", "result": "updated", "notes": []},
        {"row": 3, "ref": "C-2", "result": "created", "notes": []},
        {"row": 4, "ref": "C-1", "result": "unchanged", "notes": []},
    ]
    ann = show(cli, "C-1", "--reveal")
    assert (ann["name"], ann["kind"]) == ("Ann Bell", "recurring")
    assert ann["phones"] == ["+14155551009", "+14155551001"]


def test_importing_a_file_again_changes_nothing(sqlite_cli: Cli) -> None:
    rows = "ref,name,phone,kind\nC-1,Ann,+14155551001,recurring\n,Bo,+14155551002,\n"
    sqlite_cli("client", "import", "-", stdin=rows)
    before = events(sqlite_cli)
    again = sqlite_cli("client", "import", "-", "-o", "json", stdin=rows)
    assert [row["result"] for row in again.json] == ["unchanged", "unchanged"]
    assert events(sqlite_cli) == before


def test_a_dry_run_says_what_an_import_would_do_and_leaves_nothing(cli: Cli) -> None:
    cli(*ANN)
    before = events(cli)
    rows = "ref,name,phone\nC-1,Ann Bell,+14155551009\n,Bo,+14155551002\n,Cy,12\n"
    planned = cli("client", "import", "-", "-o", "json", "--dry-run", stdin=rows)
    assert (events(cli), show(cli)["name"]) == (before, "Ann Ivers")
    done = cli("client", "import", "-", "-o", "json", stdin=rows)
    assert (planned.code, planned.json) == (done.code, done.json)
    assert [row.get("result") for row in done.json] == ["updated", "created", None]


def test_an_absent_column_leaves_the_value(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN, "--kind", "recurring")
    rows = "ref,name,phone\nC-1,Ann Bell,+14155551001\n"
    assert sqlite_cli("client", "import", "-", stdin=rows).code == 0
    assert (show(sqlite_cli)["name"], show(sqlite_cli)["kind"]) == ("Ann Bell", "recurring")


def test_name_and_phone_may_be_absent_where_the_ref_is_known(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN)
    ran = sqlite_cli(
        "client", "import", "-", "-o", "json", stdin="ref,kind\nC-1,recurring\nC-2,recurring\n"
    )
    assert ran.code == 4
    assert ran.json[0]["result"] == "updated"
    assert ran.json[1]["error"]["message"] == "The name is missing; The phone is missing."
    assert (show(sqlite_cli)["name"], show(sqlite_cli)["kind"]) == ("Ann Ivers", "recurring")


def test_an_empty_cell_clears_the_kind_but_never_a_name_or_phone(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN, "--kind", "recurring")
    head = "ref,name,phone,kind\n"
    cleared = sqlite_cli("client", "import", "-", stdin=head + "C-1,Ann Ivers,+14155551001,\n")
    assert cleared.code == 0
    assert show(sqlite_cli)["kind"] == "one_time"
    for row in ("C-1,,+14155551001,recurring\n", "C-1,Ann Ivers,,recurring\n"):
        ran = sqlite_cli("client", "import", "-", "-o", "json", stdin=head + row)
        assert (ran.code, ran.json[0]["ref"]) == (4, "C-1")
        assert ran.json[0]["error"]["code"] in ("malformed_text", "malformed_phone")
    assert show(sqlite_cli)["kind"] == "one_time", "a refused row is not half written"


def test_a_row_without_ref_and_kind_finds_a_recurring_client(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN, "--kind", "recurring")
    rows = "name,phone\nAnn Ivers,+14155551001\n"
    ran = sqlite_cli("client", "import", "-", "-o", "json", stdin=rows)
    assert [row["result"] for row in ran.json] == ["unchanged"]


def test_a_phone_of_another_client_refuses_its_row_only(cli: Cli) -> None:
    cli(*ANN)
    rows = "ref,name,phone\nC-2,Bo,+14155551001\nC-3,Cy,+14155551003\n"
    ran = cli("client", "import", "-", "-o", "json", stdin=rows)
    assert ran.code == 4
    assert (ran.json[0]["ref"], ran.json[0]["error"]["code"]) == ("C-2", "phone_taken")
    assert ran.json[1] == {"row": 3, "ref": "C-3", "result": "created", "notes": []}
    assert cli("client", "show", "C-2").code == 3


def test_an_import_does_not_bring_back_a_forgotten_client(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN)
    sqlite_cli(*FORGET)
    rows = "ref,name,phone\nC-1,Ann Ivers,+14155551001\n"
    ran = sqlite_cli("client", "import", "-", "-o", "json", stdin=rows)
    assert ran.json[0]["error"]["code"] == "client_forgotten"
    assert show(sqlite_cli)["name"] is None


# ------------------------------------------------------------------------------------------ errors


def test_an_error_is_reported_on_stderr_with_what_to_do_about_it(sqlite_cli: Cli) -> None:
    ran = sqlite_cli("client", "show", "C-7", "-o", "table")
    assert (ran.code, ran.out) == (3, "")
    assert ran.err == (
        "petmsg: There is no client 'C-7'.\n  hint: List what there is: petmsg client list\n"
    )


def test_a_command_outside_any_database_tells_how_to_make_one() -> None:
    ran = run_cli("/nonexistent/petmsg.db", "client", "list", "-o", "json")
    assert "petmsg init" in refused(ran, "database_missing", 5)["hint"]


@pytest.mark.parametrize("form", ["table", "tsv", "csv"])
def test_notes_of_an_import_are_told_where_no_json_has_them(sqlite_cli: Cli, form: str) -> None:
    sqlite_cli(*ANN)
    rows = "name,phone\nAnn Ivers,+1 202 555 0199 ext. 7\n"
    ran = sqlite_cli("client", "import", "-", "-o", form, stdin=rows)
    assert ran.code == 0
    assert "line 2 (C-2): " in ran.err
    assert "extension" in ran.err
