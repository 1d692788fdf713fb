"""The names of the metrics, and what they hold.

Everything that is read from the database is a gauge, because it can go down and survives a restart;
`petmsg_audit_events_total` alone only grows. docs/monitoring.md lists them.
"""

from collections.abc import Iterable, Iterator, Sequence

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeHistogramMetricFamily,
    GaugeMetricFamily,
    Metric,
)

from petmsg import __version__
from petmsg.services.metrics import BUCKETS, OrgMetrics

Labels = Sequence[str]


def build_info() -> Metric:
    """The version of petmsg."""
    return _gauge("build_info", "The version of petmsg.", ("version",), [(__version__, 1)])


def database_up(*, is_up: bool) -> Metric:
    """Whether the figures could be read."""
    return _gauge("database_up", "1 if the database answered, else 0.", (), [(int(is_up),)])


def families(orgs: Sequence[OrgMetrics]) -> Iterator[Metric]:
    """The metrics of the orgs."""
    yield _gauge(
        "messages",
        "Outbound messages that wait now: queued (due among them), sending, unknown, held.",
        ("org", "state"),
        ((each.org, state, count) for each in orgs for state, count in each.messages.items()),
    )
    yield from _per_org(orgs)
    yield _gauge(
        "recent_messages",
        "Messages of the last hour that ended or stopped, by state and error code.",
        ("org", "state", "code"),
        ((each.org, *key, count) for each in orgs for key, count in each.recent_messages.items()),
    )
    yield _gauge(
        "recent_attempts",
        "Attempts of the last hour to send a message, by outcome and error code.",
        ("org", "outcome", "code"),
        ((each.org, *key, count) for each in orgs for key, count in each.recent_attempts.items()),
    )
    yield _gauge(
        "recent_decisions",
        "Routing decisions of the last hour's attempts (the newest 2,000), by deciding code.",
        ("org", "code"),
        ((each.org, key, count) for each in orgs for key, count in each.recent_decisions.items()),
    )
    yield _gauge(
        "recent_calls",
        "Phone calls that began in the last hour, by status.",
        ("org", "status"),
        ((each.org, key, count) for each in orgs for key, count in each.recent_calls.items()),
    )
    yield _gauge(
        "alerts_open",
        "Open alerts, by kind and severity.",
        ("org", "kind", "severity"),
        ((each.org, *key, count) for each in orgs for key, count in each.alerts.items()),
    )
    yield _gauge(
        "numbers",
        "Masked numbers, by class and status.",
        ("org", "class", "status"),
        ((each.org, *key, count) for each in orgs for key, count in each.numbers.items()),
    )
    yield _durations(orgs)
    events = CounterMetricFamily(
        "petmsg_audit_events", "The number of the audit chain's last event.", labels=("org",)
    )
    for each in orgs:
        events.add_metric((each.org,), each.audit_events)
    yield events


def _per_org(orgs: Sequence[OrgMetrics]) -> Iterator[Metric]:
    for name, words, values in (
        (
            "queue_oldest_seconds",
            "How long ago the oldest queued message should have been sent; 0 if none is late.",
            [each.oldest_seconds for each in orgs],
        ),
        (
            "clients_waiting",
            "Clients, sitters and strangers who wait for an answer.",
            [each.clients_waiting for each in orgs],
        ),
        (
            "clients_waiting_seconds",
            "The longest current wait for an answer; 0 if nobody waits.",
            [each.waiting_seconds for each in orgs],
        ),
        (
            "numbers_held",
            "Numbers from which nothing is sent for now, because the provider refuses it.",
            [each.numbers_held for each in orgs],
        ),
    ):
        rows = [(each.org, value) for each, value in zip(orgs, values, strict=True)]
        yield _gauge(name, words, ("org",), rows)


def _durations(orgs: Sequence[OrgMetrics]) -> Metric:
    metric = GaugeHistogramMetricFamily(
        "petmsg_recent_attempt_seconds",
        "How long the attempts of the last hour (the newest 2,000) took, claim to answer.",
        labels=("org",),
    )
    for each in orgs:
        found = each.attempt_durations
        buckets = [*zip(map(str, BUCKETS), found.up_to, strict=True), ("+Inf", found.count)]
        metric.add_metric((each.org,), [(le, float(count)) for le, count in buckets], found.total)
    return metric


def _gauge(name: str, words: str, labels: Labels, rows: Iterable[tuple[object, ...]]) -> Metric:
    """A gauge; a row holds the values of its labels, then its value."""
    metric = GaugeMetricFamily(f"petmsg_{name}", words, labels=labels)
    for *values, value in rows:
        metric.add_metric([str(each) for each in values], float(str(value)))
    return metric
