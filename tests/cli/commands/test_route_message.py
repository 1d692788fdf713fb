"""petmsg route explain --message: the Decision that was stored with a message."""

from datetime import timedelta

import pytest

from tests.support.fixtures import NOW, Cli, working
from tests.support.route_commands import MAYA, POOL, codes, explain, people, send, visit


def test_the_stored_decision_of_a_text_stays_the_truth(cli: Cli) -> None:
    people(cli, POOL)
    visit(cli)
    sent = send(cli)
    before = cli("route", "explain", "--message", str(sent["message"]), "-o", "json")
    assert before.code == 0
    assert before.json["stored"] == sent["decision"]
    assert before.json["differences"] == []
    later = NOW + timedelta(days=1)
    after = cli("route", "explain", "--message", str(sent["message"]), "-o", "json", now=later)
    assert after.json["stored"] == sent["decision"]
    assert after.json["today"]["number"]["e164"] == POOL
    assert after.json["differences"] == [
        f"number: {MAYA} then, {POOL} now",
        f"reason: {sent['decision']['reason']} then, No active window - using pool now",
    ]


def test_newer_rules_alone_are_no_difference(cli: Cli, migrated_url: str) -> None:
    people(cli, POOL)
    visit(cli)
    line = ("route", "explain", "--message", str(send(cli)["message"]), "-o", "json")
    with working(migrated_url) as uow:
        named = {"is": '"ruleset": "2"', "was": '"ruleset": "1"'}
        uow.cursor.run("UPDATE message SET decision = replace(decision, :is, :was)", **named)
    same = cli(*line)
    assert (same.json["stored"]["ruleset"], same.json["today"]["ruleset"]) == ("1", "2")
    assert same.json["differences"] == []
    later = cli(*line, now=NOW + timedelta(days=1)).json["differences"]
    assert later[-1] == "ruleset: 1 then, 2 now"


def test_explaining_as_the_desk_exits_4_without_a_usable_desk(cli: Cli, migrated_url: str) -> None:
    people(cli, POOL)
    visit(cli)
    assert explain(cli, "--as", "desk")["number"]["class"] == "front_desk"
    with working(migrated_url) as uow:
        uow.cursor.run("UPDATE message_number SET status = 'retired' WHERE class = 'front_desk'")
    nobody = explain(cli, "--as", "desk", code=4)
    assert nobody["number"] is None
    assert [(step["step"], step["code"]) for step in nobody["trace"]] == [(0, "NO_FRONT_DESK")]


def test_the_desks_message_says_so(cli: Cli) -> None:
    people(cli, POOL)
    visit(cli)
    ran = cli("message", "send", "C-1", "--body", "Sorry", "--as", "desk", "-o", "json")
    assert ran.code == 0, ran.err
    assert codes(ran.json["decision"]) == ["DESK_SPEAKS"]
    assert cli("message", "show", str(ran.json["message"]), "-o", "json").json["as"] == "desk"


def test_then_and_now_stand_side_by_side(sqlite_cli: Cli) -> None:
    people(sqlite_cli, POOL)
    visit(sqlite_cli)
    line = ("route", "explain", "--message", str(send(sqlite_cli)["message"]))
    assert "Today it would be the same." in sqlite_cli(*line, "-o", "table").out
    later = {"now": NOW + timedelta(days=1)}
    compared = {
        row["what"]: row for row in sqlite_cli(*line, "-o", "json", **later).json["compared"]
    }
    assert compared["number"] == {
        "what": "number", "then": f"{MAYA} (sitter)", "now": f"{POOL} (pool)", "differs": True,
    }  # fmt: skip
    assert compared["sender"]["now"] == "nobody"
    assert compared["rule pool"]["then"] == "not tried"
    assert not compared["rules"]["differs"]
    shown = sqlite_cli(*line, "-o", "table", COLUMNS="80", **later).out
    assert "decided 2026-02-14 10:00 EST, 24 hours ago" in shown
    assert f"Its number was {MAYA}. Today it would be {POOL}." in shown


@pytest.mark.parametrize(
    ("message", "hint"), [("1", "petmsg inbox show 1"), ("2", "petmsg message show 2")]
)
def test_what_came_in_and_what_answers_a_stranger_have_no_decision_of_a_client(
    sqlite_cli: Cli, message: str, hint: str
) -> None:
    sqlite_cli("org", "set", "--unknown-reply", "We do not know this phone.")
    stranger = ("--from", "+16175550199", "--to", "+14155550100", "--body", "Hi")
    assert sqlite_cli("message", "receive", *stranger).code == 0
    assert sqlite_cli("message", "dispatch").code == 0
    told = sqlite_cli("route", "explain", "--message", message, "-o", "json")
    assert (told.code, told.error["code"]) == (3, "message_not_found")
    assert hint in told.error["hint"]


def test_a_text_that_only_waits_has_no_decision_yet(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    ran = sqlite_cli("message", "send", "C-1", "--body", "Hi", "--queue-only", "-o", "json")
    message = str(ran.json["message"])
    told = sqlite_cli("route", "explain", "--message", message, "-o", "json")
    assert (told.code, told.error["code"]) == (3, "message_not_found")
    assert "claimed" in told.error["hint"]
