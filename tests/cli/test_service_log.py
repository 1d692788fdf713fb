"""The log of a service: levels, JSON lines with ids, and nothing personal in them."""

import io
import json
import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from petmsg.cli.service_log import open_log, without_phones
from petmsg.enums.logs import LogFormat, LogLevel
from petmsg.errors import CONFIGURATION, USAGE
from tests.support.fixtures import NOW, Cli
from tests.support.texting import ANN, MAYA, people_and_visit, send
from tests.support.webhooks import STRIPE_SECRET, inbound, paid, serving

SERVE = ("serve", "--log-format", "json")


def written(
    monkeypatch: pytest.MonkeyPatch, form: LogFormat | None, level: LogLevel | None, **environ: str
) -> list[str]:
    """What a log writes of a note at each level."""
    out = io.StringIO()
    monkeypatch.setattr("sys.stderr", out)
    log = open_log("serve", form=form, level=level, environ=environ, clock=lambda: NOW)
    for each in LogLevel:
        log.note(f"{each} note", each)
    return out.getvalue().splitlines()


def test_a_level_leaves_out_what_is_less_severe(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = written(monkeypatch, None, None)
    assert usual == ["info note", "warning note", "error note"]
    assert written(monkeypatch, None, LogLevel.ERROR) == ["error note"]
    assert written(monkeypatch, None, None, PETMSG_LOG_LEVEL="warning") == usual[1:]
    everything = written(monkeypatch, None, LogLevel.DEBUG, PETMSG_LOG_LEVEL="error")
    assert len(everything) == 4


def test_a_line_of_json_says_when_what_and_which_run(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, _ = map(json.loads, written(monkeypatch, None, None, PETMSG_LOG_FORMAT="json"))
    assert first["run"] == second["run"]
    del first["run"]
    assert first == {
        "at": "2026-02-14T15:00:00Z",
        "level": "info",
        "service": "serve",
        "event": "note",
        "message": "info note",
    }


def test_what_looks_like_a_phone_is_masked() -> None:
    masked = without_phones(f"{ANN} wrote, 14155551001 too; message 4711 of SM12345678901234567890")
    assert "4155551001" not in masked
    assert "message 4711 of SM12345678901234567890" in masked


def test_wrong_settings_are_refused(sqlite_cli: Cli) -> None:
    assert sqlite_cli("notify", "run", PETMSG_LOG_LEVEL="loud").code == USAGE
    assert sqlite_cli("notify", "run", "--log-format", "xml").code == USAGE
    assert sqlite_cli("status", PETMSG_LOG_LEVEL="loud", PETMSG_LOG_FORMAT="json").code == 0


def test_the_error_that_ends_a_service_is_in_its_log(sqlite_cli: Cli) -> None:
    ran = sqlite_cli(*SERVE)
    assert ran.code == CONFIGURATION
    line = json.loads(ran.err.splitlines()[-1])
    assert (line["level"], line["code"]) == ("error", "nothing_to_serve")


def test_requests_are_logged_with_their_ids_and_nothing_personal(
    sqlite_cli: Cli, migrated_sqlite: str
) -> None:
    people_and_visit(sqlite_cli)
    with serving(migrated_sqlite, "--log-format", "json") as server:
        text = server.twilio("/twilio/inbound", inbound("SM1", ANN, MAYA, "Is Rex fine?"))
        assert server.stripe(paid("evt_1", "B-1")).status == 200
        assert server.ask("GET", f"/{ANN}").status == 404
        assert server.ask("GET", "/healthz").status == 200
        assert server.stop() == 0
    assert server.log == []
    rows: list[dict[str, Any]] = [json.loads(line) for line in server.errors]
    requests = [row for row in rows if row["event"] == "request"]
    assert [(row["route"], row["status"], row["level"]) for row in requests] == [
        ("/twilio/inbound", 200, "info"),
        ("/stripe", 200, "info"),
        ("-", 404, "warning"),
    ]
    assert requests[0]["request_id"] == text.headers["x-request-id"]
    assert len({row["request_id"] for row in requests}) == 3
    assert len({row["run"] for row in rows}) == 1
    everything = "\n".join(server.errors)
    for personal in (ANN, ANN[1:], MAYA, "Rex", "B-1", "Ann", STRIPE_SECRET):
        assert personal not in everything


def test_a_dispatcher_that_watches_logs_messages_by_their_ids(
    sqlite_cli: Cli, migrated_sqlite: str
) -> None:
    people_and_visit(sqlite_cli)
    queued = send(sqlite_cli, "--queue-only", body="Rex is fine").json["message"]
    watching = [sys.executable, "-m", "petmsg", "message", "dispatch", "--watch"]
    with subprocess.Popen(
        [*watching, "--log-format", "json"],
        env={**os.environ, "PETMSG_DATABASE_URL": migrated_sqlite},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        try:
            line = process.stderr.readline()
            process.send_signal(signal.SIGTERM)
            out, rest = process.communicate(timeout=30)
        finally:
            process.kill()
    logged = json.loads(line)
    assert (logged["event"], logged["message_id"], logged["status"]) == ("message", queued, "sent")
    assert out == ""
    for personal in (ANN, MAYA, "Rex"):
        assert personal not in line + rest
