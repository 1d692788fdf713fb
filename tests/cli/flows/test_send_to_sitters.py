"""`message send --to-sitter`: what it prints, and what it refuses."""

from datetime import timedelta

import pytest

from petmsg.enums.output import OutputFormat
from tests.support.fixtures import NOW, Cli
from tests.support.texting import DESK, MAYA, OLGA, people


def test_one_sitter_is_still_a_list_of_results(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    ran = sqlite_cli("message", "send", "--to-sitter", "S-1", "--body", "Hi", "-o", "json")
    assert ran.code == 0, ran.err
    (row,) = ran.json
    assert (row["sitter"], row["status"], row["from"], row["to"]) == (
        "S-1",
        "sent",
        MAYA,
        "+1********01",
    )
    assert row["decision"]["trace"][0]["code"] == "OWN_NUMBER"


def test_a_single_refusal_is_the_commands_own_error(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    sqlite_cli("sitter", "deactivate", "S-2", "--yes")
    for name, code, word in (("S-404", 3, "sitter_not_found"), ("S-2", 4, "sitter_offboarded")):
        ran = sqlite_cli("message", "send", "--to-sitter", name, "--body", "Hi", "-o", "json")
        assert (ran.code, ran.error["code"]) == (code, word)
    assert sqlite_cli("message", "list", "-o", "json").json == []


@pytest.mark.parametrize("form", OutputFormat)
def test_an_error_before_the_first_result_is_told_alone(
    sqlite_cli: Cli, form: OutputFormat
) -> None:
    people(sqlite_cli)
    ran = sqlite_cli("message", "send", "--to-sitter", "S-404", "--body", "Hi", "-o", form)
    assert (ran.code, ran.out) == (3, "")


def test_a_preview_shows_each_sitter_and_sends_nothing(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    sqlite_cli("number", "quarantine", OLGA, "--reason", "filtered")
    ran = sqlite_cli(
        "message", "send", "--to-sitter", "all-active", "--body", "Hi", "--preview", "-o", "json"
    )
    assert [(row["sitter"], row["from"], row["leaves_now"]) for row in ran.json] == [
        ("S-1", MAYA, True),
        ("S-2", DESK, True),
    ]
    assert sqlite_cli("message", "list", "-o", "json").json == []


def test_one_only_queued_is_sent_by_dispatch(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    words = ("--to-sitter", "S-1", "--to-sitter", "S-2", "--body", "Hi")
    ran = sqlite_cli("message", "send", *words, "--queue-only", "-o", "json")
    assert [row["status"] for row in ran.json] == ["queued", "queued"]
    sent = sqlite_cli("message", "dispatch", "-o", "json", now=NOW + timedelta(minutes=1))
    assert sorted((row["from"], row["status"]) for row in sent.json) == [
        (MAYA, "sent"),
        (OLGA, "sent"),
    ]


def test_one_that_is_held_says_why_and_stays_queued(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    assert sqlite_cli("org", "set", "--quiet-hours", "09:00-11:00").code == 0
    ran = sqlite_cli("message", "send", "--to-sitter", "S-1", "--body", "Hi", "-o", "json")
    assert (ran.code, ran.json[0]["status"]) == (0, "queued")
    assert "Quiet hours until" in ran.json[0]["note"]
    assert "stays queued" in ran.err
    urgent = ("--to-sitter", "S-2", "--body", "Hi", "--urgent")
    assert sqlite_cli("message", "send", *urgent, "-o", "json").json[0]["status"] == "sent"
