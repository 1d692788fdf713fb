"""`examples/cron/send-due.sh`, run by the shell on a real database, as cron would."""

from __future__ import annotations

import json

from tests.examples.conftest import Desk, ended

HP = "happy-paws"


def clients(desk: Desk, count: int) -> list[str]:
    """Refs of clients who can be texted."""
    rows = desk.ask(HP, "client", "list", "--all")
    return [row["client"] for row in rows[:count]]


def statuses(desk: Desk) -> list[str]:
    return [row["status"] for row in desk.ask(HP, "message", "list", "--all")]


def test_it_sends_what_is_due_once_and_says_nothing_when_all_is_well(desk: Desk) -> None:
    """Three runs at the same time and one more; the sandbox has delivered it when asked."""
    before = len(statuses(desk))
    for client in clients(desk, 3):
        desk.do(HP, "message", "send", client, "--body", "See you at 3 pm", "--queue-only")
    runs = [ended(each) for each in [desk.start("send-due.sh") for _ in range(3)]]
    runs.append(desk.run("send-due.sh"))
    assert [run[1:] for run in runs] == [("", "")] * 4, runs
    assert {code for code, _, _ in runs} == {0}
    assert statuses(desk)[:3] == ["delivered"] * 3
    assert len(statuses(desk)) == before + 3


def test_it_tells_an_alert_once_and_how_many_clients_wait(desk: Desk) -> None:
    client = clients(desk, 1)[0]
    desk.do(HP, "message", "send", client, "--body", "x", "--at", "+1h", "--expires", "+2h")
    text = desk.ask(HP, "message", "list")[0]["message"]
    desk.do(HP, "org", "freeze", "--reason", "a test")
    desk.do(HP, "message", "send", client, "--body", "soon over", "--expires", "+1s")
    number = desk.ask(HP, "number", "list", "--class", "pool")[0]["number"]
    stranger = ("--from", "+12125550199", "--to", number)
    desk.do(HP, "message", "receive", *stranger, "--body", "Hello?")
    code, out, err = desk.run("send-due.sh")
    if code == 0:  # it was not over yet
        code, out, err = desk.run("send-due.sh")
    assert code in (4, 10), err
    assert "message_expired" in out
    assert "1 client waits, 0 min." in out
    for _ in range(3):
        assert desk.run("send-due.sh") == (0, "", ""), "it is no news any more"
    alerts = desk.ask(HP, "alert", "list")
    assert [alert["kind"] for alert in alerts] == ["message_expired"]
    desk.do(HP, "alert", "done", str(alerts[0]["alert"]), "--reason", "seen")
    assert desk.run("send-due.sh") == (0, "", "")
    assert desk.ask(HP, "message", "show", str(text))["status"] == "queued"


def test_a_refused_text_is_reported_as_one_line_of_json(desk: Desk) -> None:
    client = clients(desk, 1)[0]
    desk.do(HP, "message", "send", client, "--body", "x", "--queue-only")
    text = str(desk.ask(HP, "message", "list")[0]["message"])
    desk.do(HP, "optout", "add", client, "--reason", "she said so")
    code, _, err = desk.run("send-due.sh")
    assert code == 4
    told = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    assert [row["ref"] for row in told] == [text]
    assert told[0]["error"]["code"] == "message_failed"
