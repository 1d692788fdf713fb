"""What is exposed: the figures of the orgs, and the counters of a running server."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import Metric

from petmsg.errors import PetmsgError
from petmsg.metrics.families import build_info, database_up, families
from petmsg.services.metrics import OTHER, OrgMetrics, code_label

KEEP_SECONDS = 5.0
"""How long figures are reused: several collectors cost the database no more than one."""
MOST_OUTCOMES = 100

Read = Callable[[], Sequence[OrgMetrics]]


class Answer(Protocol):
    """An answered request, as `petmsg.web` reports it."""

    @property
    def route(self) -> str:
        """The route, never the path that was asked for."""
        ...

    @property
    def status(self) -> int: ...

    @property
    def milliseconds(self) -> float: ...

    @property
    def outcome(self) -> str | None: ...


class OrgFigures:
    """Reads the figures of the orgs when somebody collects, at most every `KEEP_SECONDS`."""

    def __init__(self, read: Read, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: list[Metric] = []
        self._until = float("-inf")

    def collect(self) -> Iterable[Metric]:
        """The metrics; without an answer of the database, only that it is down."""
        with self._lock:
            if self._clock() >= self._until:
                self._kept = self._look()
                self._until = self._clock() + KEEP_SECONDS
            return list(self._kept)

    def describe(self) -> Iterable[Metric]:
        """Nothing: registering must not read the database."""
        return ()

    def _look(self) -> list[Metric]:
        try:
            found = self._read()
        except PetmsgError:
            return [build_info(), database_up(is_up=False)]
        return [build_info(), database_up(is_up=True), *families(found)]


class Requests:
    """Counts the requests of `petmsg serve` since it was started."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._answers = Counter(
            "petmsg_webhooks",
            "Answered requests since the server was started, by route, status and outcome.",
            ("route", "status", "outcome"),
            registry=registry,
        )
        self._seconds = Histogram(
            "petmsg_webhook_seconds",
            "How long requests took, by route.",
            ("route",),
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
            registry=registry,
        )
        self._outcomes: set[str] = set()

    def add(self, answer: Answer) -> None:
        """Count one request."""
        word = answer.outcome
        outcome = code_label(None if word is None else word.partition(":")[0])
        if outcome not in self._outcomes and len(self._outcomes) >= MOST_OUTCOMES:
            outcome = OTHER
        self._outcomes.add(outcome)
        self._answers.labels(answer.route, str(answer.status), outcome).inc()
        self._seconds.labels(answer.route).observe(answer.milliseconds / 1000)


def new_registry(read: Read) -> CollectorRegistry:
    """A registry with the figures of the orgs."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(OrgFigures(read))
    return registry


def exposition(registry: CollectorRegistry) -> bytes:
    """All metrics in Prometheus' text format."""
    return generate_latest(registry)


def samples(registry: CollectorRegistry) -> list[tuple[str, dict[str, str], float]]:
    """The name, the labels and the value of each sample."""
    return [
        (sample.name, dict(sample.labels), float(sample.value))
        for metric in registry.collect()
        for sample in metric.samples
    ]
