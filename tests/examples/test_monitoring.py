"""The dashboard and the alerting rules ask for metrics that are really there."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from petmsg.metrics.registry import Requests, exposition, new_registry
from petmsg.services.metrics import BUCKETS, Durations, OrgMetrics
from tests import ROOT
from tests.metrics.test_registry import Answer

FOLDER = ROOT / "examples/monitoring"
OF_NODE_EXPORTER = {"node_textfile_mtime_seconds": {"file"}}
_WORDS = {
    "sum", "min", "max", "by", "rate", "histogram_quantile", "or", "vector", "time", "and",
}  # fmt: skip


def exposed() -> dict[str, set[str]]:
    """Every sample that petmsg exposes, with its labels."""
    company = OrgMetrics(
        org="happy-paws",
        messages={"queued": 1},
        oldest_seconds=1.0,
        recent_messages={("failed", "30007"): 1},
        recent_attempts={("sent", "none"): 1},
        recent_decisions={"WINDOW_ACTIVE": 1},
        recent_calls={"completed": 1},
        attempt_durations=Durations((1,) * len(BUCKETS), 1, 0.5),
        alerts={("no_number", "critical"): 1},
        clients_waiting=1,
        waiting_seconds=1.0,
        numbers={("sitter", "active"): 1},
        numbers_held=1,
        audit_events=1,
    )
    registry = new_registry(lambda: [company])
    Requests(registry).add(Answer())
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(exposition(registry).decode()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "grafana-dashboard.json").read_text())
    return found


def queries() -> list[str]:
    panels = [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]
    rules = (FOLDER / "petmsg-alerts.yml").read_text()
    return [*panels, *re.findall(r"^ +expr: (.+)$", rules, re.MULTILINE)]


def unknown(query: str) -> set[str]:
    """The metrics and labels of a query that nobody exposes."""
    there = exposed() | OF_NODE_EXPORTER
    bare = re.sub(r'"[^"]*"', '""', query)
    grouped = {
        label.strip() for each in re.findall(r"by \(([^)]*)\)", bare) for label in each.split(",")
    }
    matched = set(re.findall(r"([a-z_]+)\s*(?:=~|!=|=)\s*\"", bare))
    without_labels = re.sub(r"by \([^)]*\)|\{[^}]*\}|\[[^]]*\]", "", bare)
    names = set(re.findall(r"[a-z_]+", without_labels)) - _WORDS
    labels = set().union(*(there.get(name, set()) for name in names))
    return (names - set(there)) | ((grouped | matched) - labels)


@pytest.mark.parametrize("query", queries())
def test_a_query_names_only_what_is_exposed(query: str) -> None:
    assert unknown(query) == set()
    assert re.search(r"(petmsg|node)_", query)


def test_a_query_of_something_else_would_be_noticed() -> None:
    assert unknown('sum by (phone) (petmsg_messages{ref="x"})') == {"phone", "ref"}
    assert unknown("petmsg_no_such_metric") == {"petmsg_no_such_metric"}


def test_every_metric_is_on_the_dashboard() -> None:
    shown = " ".join(queries())
    families = {re.sub(r"_(bucket|count|sum|gsum|gcount|created)$", "", each) for each in exposed()}
    assert {each for each in families if each not in shown} == {"petmsg_build_info"}


def test_the_dashboard_can_be_imported() -> None:
    board = dashboard()
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids)) > 10
    places = [tuple(panel["gridPos"][key] for key in "xywh") for panel in board["panels"]]
    assert all(x + width <= 24 for x, _, width, _ in places)
    assert len(set(places)) == len(places)
    assert {each["name"] for each in board["templating"]["list"]} == {"datasource", "org"}
    for panel in board["panels"]:
        assert panel["title"]
        assert panel["description"]
        assert {each["datasource"]["uid"] for each in panel["targets"]} == {"${datasource}"}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="Prometheus' own tool is not there")
def test_prometheus_reads_every_query(tmp_path: Path) -> None:
    rules = [
        {"record": f"petmsg:query:{number}", "expr": query.replace("$org", "x")}
        for number, query in enumerate(queries())
    ]
    file = tmp_path / "rules.json"  # JSON is YAML
    file.write_text(json.dumps({"groups": [{"name": "all", "rules": rules}]}))
    for each in (file, FOLDER / "petmsg-alerts.yml"):
        ran = subprocess.run(
            ["promtool", "check", "rules", str(each)], capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
