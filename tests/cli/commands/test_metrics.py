"""`petmsg metrics` and the metrics port of `petmsg serve`: what they hold, and what never."""

import http.client
import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from petmsg.errors import CONFIGURATION, USAGE
from tests.support import everything
from tests.support.fixtures import Cli, migrated_and, run_cli
from tests.support.texting import people
from tests.support.webhooks import STRIPE_SECRET, paid, serving

PERSONAL = (
    *(phone for _, phone in everything.PEOPLE.values()),
    *(name for name, _ in everything.PEOPLE.values()),
    *everything.PEOPLE,
    everything.MAYA,
    everything.POOL,
    everything.DESK,
    everything.STRANGER,
    "Rex",
    STRIPE_SECRET,
)
"""What no metric may hold: phones, names, refs, bodies and secrets."""


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('metrics') / 'petmsg.db'}"
    migrated_and(everything.fill)(url)
    return url


def written(url: str, folder: Path) -> str:
    target = folder / "petmsg.prom"
    ran = run_cli(url, "metrics", "--to", str(target), "-o", "json")
    assert ran.code == 0, ran.err
    text = target.read_text()
    parsed = [each for one in text_string_to_metric_families(text) for each in one.samples]
    assert ran.json == {"file": str(target), "samples": len(parsed)}
    return text


def metric(text: str, name: str) -> dict[tuple[str, ...], float]:
    """The values of a metric by the values of its labels, but for the org."""
    return {
        tuple(value for label, value in sorted(each.labels.items()) if label != "org"): each.value
        for one in text_string_to_metric_families(text)
        for each in one.samples
        if each.name == name
    }


def test_the_file_holds_what_the_command_shows(company: str, tmp_path: Path) -> None:
    text = written(company, tmp_path)
    rows: list[dict[str, Any]] = run_cli(company, "metrics", "-o", "json").json
    names = {row["metric"] for row in rows}
    assert {"petmsg_messages", "petmsg_alerts_open", "petmsg_audit_events_total"} <= names
    assert all(re.search(rf"^{name}[{{ ]", text, re.MULTILINE) for name in names)
    orgs = {row["labels"]["org"] for row in rows if "org" in row["labels"]}
    assert orgs == {everything.ORG, everything.OTHER_ORG}
    one = run_cli(company, "metrics", "--org", everything.ORG, "-o", "json").json
    assert {row["labels"].get("org", everything.ORG) for row in one} == {everything.ORG}


def test_no_label_holds_a_phone_a_name_a_ref_or_a_body(company: str, tmp_path: Path) -> None:
    text = written(company, tmp_path)
    assert [each for each in PERSONAL if each in text] == []
    assert re.findall(r"\+?\d{7,}", text.replace("e+", "e")) == []


def test_the_labels_are_few_and_known(company: str, tmp_path: Path) -> None:
    text = written(company, tmp_path)
    labels = {
        label
        for one in text_string_to_metric_families(text)
        for each in one.samples
        for label in each.labels
    }
    assert labels <= {
        "org", "state", "code", "outcome", "kind", "severity", "class", "status", "le", "version",
    }  # fmt: skip


def test_a_file_that_no_collector_reads_is_refused(sqlite_cli: Cli, tmp_path: Path) -> None:
    assert sqlite_cli("metrics", "--to", str(tmp_path / "petmsg.txt")).code == USAGE
    nowhere = str(tmp_path / "nowhere" / "petmsg.prom")
    assert sqlite_cli("metrics", "--to", nowhere).code == CONFIGURATION


# ------------------------------------------------------------------------------------ on the server


def asked(port: int, path: str = "/metrics") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_the_server_answers_metrics_on_a_port_of_their_own_only(
    sqlite_cli: Cli, migrated_sqlite: str
) -> None:
    people(sqlite_cli)
    with serving(migrated_sqlite, "--metrics-port", "0") as server:
        server.stripe(paid("evt_1", "B-9"))
        server.stripe(paid("evt_1", "B-9"))
        server.ask("POST", "/stripe", b"{}", {"Content-Type": "application/json"})
        assert server.ask("GET", "/metrics").status == 404
        (line,) = [line for line in server.errors if line.startswith("Metrics on")]
        status, text = asked(int(re.findall(r":(\d+)/metrics", line)[0]))
        assert status == 200
        assert metric(text, "petmsg_webhooks_total") == {
            ("not_matched", "/stripe", "404"): 2,
            ("not_signed", "/stripe", "403"): 1,
            ("none", "-", "404"): 1,
        }
        assert metric(text, "petmsg_webhook_seconds_count")[("/stripe",)] == 3
        assert metric(text, "petmsg_alerts_open") == {("payment_not_matched", "warning"): 1}
        assert "B-9" not in text
        assert server.stop() == 0
    with serving(migrated_sqlite) as server:
        assert not any("Metrics" in line for line in server.errors)
        assert server.ask("GET", "/metrics").status == 404


def test_a_database_that_does_not_answer_leaves_no_figures_of_before(
    company: str, tmp_path: Path
) -> None:
    written(company, tmp_path)
    away = run_cli(f"sqlite:///{tmp_path}/away.db", "metrics", "--to", f"{tmp_path}/petmsg.prom")
    assert (away.code, "no database" in away.err) == (CONFIGURATION, True)
    text = (tmp_path / "petmsg.prom").read_text()
    assert metric(text, "petmsg_database_up") == {(): 0}
    assert not metric(text, "petmsg_messages")


def test_an_unknown_company_changes_no_file(company: str, tmp_path: Path) -> None:
    before = written(company, tmp_path)
    target = f"{tmp_path}/petmsg.prom"
    assert run_cli(company, "metrics", "--org", "nobody", "--to", target).code == 3
    assert (tmp_path / "petmsg.prom").read_text() == before


def test_calls_of_the_last_hour_are_counted_by_status(company: str) -> None:
    rows = run_cli(company, "metrics", "--org", everything.ORG, "-o", "json").json
    found = {
        row["labels"]["status"]: row["value"]
        for row in rows
        if row["metric"] == "petmsg_recent_calls"
    }
    assert found == {
        "ringing": 1, "completed": 2, "no_answer": 1, "busy": 1, "failed": 0, "rejected": 1,
    }  # fmt: skip
