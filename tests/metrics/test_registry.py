"""What is exposed: real figures, read seldom, and counters of a server."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from petmsg.errors import Busy
from petmsg.metrics.registry import (
    KEEP_SECONDS,
    MOST_OUTCOMES,
    OrgFigures,
    Requests,
    exposition,
    new_registry,
    samples,
)
from petmsg.services.metrics import OrgMetrics


@dataclass
class Answer:
    route: str = "/stripe"
    status: int = 200
    milliseconds: float = 12.0
    outcome: str | None = "stored"


def test_without_a_database_the_figures_say_so() -> None:
    def read() -> list[OrgMetrics]:
        raise Busy("The database is locked.")

    text = exposition(new_registry(read)).decode()
    assert "petmsg_database_up 0.0" in text
    assert "petmsg_build_info{version=" in text


def test_the_database_is_asked_at_most_every_few_seconds() -> None:
    asked: list[int] = []
    at = [100.0]

    def read() -> list[OrgMetrics]:
        asked.append(1)
        return []

    figures = OrgFigures(read, clock=lambda: at[0])
    for _ in range(5):
        figures.collect()
    assert len(asked) == 1
    at[0] += KEEP_SECONDS
    figures.collect()
    assert len(asked) == 2


def test_requests_are_counted_by_route_status_and_outcome() -> None:
    registry = CollectorRegistry()
    requests = Requests(registry)
    for outcome in ("stored", "stored", "refused: booking_cancelled", "bug: KeyError", None):
        requests.add(Answer(outcome=outcome))
    counted = {
        labels["outcome"]: value
        for name, labels, value in samples(registry)
        if name == "petmsg_webhooks_total"
    }
    assert counted == {"stored": 2, "refused": 1, "bug": 1, "none": 1}
    parsed = list(text_string_to_metric_families(exposition(registry).decode()))
    (seconds,) = [each for each in parsed if each.name == "petmsg_webhook_seconds"]
    assert seconds.type == "histogram"


def test_the_number_of_series_is_bounded() -> None:
    registry = CollectorRegistry()
    requests = Requests(registry)
    for number in range(MOST_OUTCOMES * 3):
        requests.add(Answer(outcome="x" * (number % 40 + 1) + "y" * (number // 40)))
        requests.add(Answer(outcome=f"+1415555{number:04}"))
    outcomes = {labels.get("outcome") for _, labels, _ in samples(registry)} - {None}
    assert len(outcomes) <= MOST_OUTCOMES + 1
    assert not any("1415555" in str(each) for each in outcomes)
