"""`examples/cron/send-due.sh`, run by the shell on a real database, as cron would."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from petmsg.services.notify import channel
from tests.examples.conftest import Desk, ended
from tests.support.channels import add_alerts, channel_server
from tests.support.fixtures import working

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


def test_it_tells_an_alert_once_and_who_waits(desk: Desk) -> None:
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
    assert "unknown senders wait, the longest 0 min." in out
    for _ in range(3):
        assert desk.run("send-due.sh") == (0, "", ""), "it is no news any more"
    alerts = desk.ask(HP, "alert", "list")
    assert [alert["kind"] for alert in alerts] == ["message_expired"]
    desk.do(HP, "alert", "done", str(alerts[0]["alert"]), "--reason", "seen")
    assert desk.run("send-due.sh") == (0, "", "")
    assert desk.ask(HP, "message", "show", str(text))["status"] == "queued"


def test_a_channel_is_told_of_an_alert_once_and_nothing_is_printed(
    desk: Desk, tmp_path: Path
) -> None:
    file = tmp_path / "notify.json"
    with channel_server() as server:
        with working(desk.url, org=HP, now=datetime.now(UTC)) as uow:
            channel.add(uow, "ops")
        file.write_text(json.dumps({HP: {"ops": server.url()}}), "utf-8")
        file.chmod(0o600)
        add_alerts(desk.url, 3, org=HP)
        for _ in range(2):
            assert desk.run("send-due.sh", PETMSG_NOTIFY_FILE=str(file)) == (0, "", "")
        assert [note["title"] for note in server.notes] == [f"petmsg {HP}: message held, 3 alerts"]
        server.status = 500
        add_alerts(desk.url, org=HP, first=9)
        code, _, err = desk.run("send-due.sh", PETMSG_NOTIFY_FILE=str(file))
        assert code == 6
        assert "Channel ops was not told: its server answered 500" in err
        assert desk.run("send-due.sh", PETMSG_NOTIFY_FILE=str(file)) == (0, "", "")


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
