"""The figures of each org for a monitoring system. Reads only.

No figure names a phone, a person, a ref or a body. What it is counted by is a closed vocabulary, or
a code: of codes the most frequent `MOST_CODES` are kept, so that the number of series is bounded.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from petmsg.db.cursor import Cursor
from petmsg.enums.alerts import AlertKind
from petmsg.enums.calls import CallStatus
from petmsg.enums.messages import AttemptStatus
from petmsg.enums.routing import Code
from petmsg.queries import metrics as queries
from petmsg.queries.call_counts import call_counts
from petmsg.queries.org import OrgRow
from petmsg.queries.waiting import waiting

WINDOW = timedelta(hours=1)
"""What "recent" means in the names of the figures."""
MOST_CODES = 40
OTHER = "other"
NO_CODE = "none"
BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0)
"""The upper limits, in seconds, by which durations of requests are counted."""

# A provider's codes have five digits; seven or more digits could be a phone.
_CODE = re.compile(r"[A-Za-z][A-Za-z_]{0,39}|[0-9]{1,6}")


@dataclass(frozen=True, slots=True)
class Durations:
    """How many attempts took at most each of `BUCKETS` seconds, all of them, and their sum in
    seconds."""

    up_to: tuple[int, ...]
    count: int
    total: float


@dataclass(frozen=True, slots=True)
class OrgMetrics:
    """The figures of one org. Ages are in seconds.

    `messages` counts what waits now by state. The others with `recent` are about `WINDOW`:
    `recent_messages` by state and error code, `recent_attempts` by outcome and code,
    `recent_decisions` by the code of the routing rule that decided, `recent_calls` by status.
    `numbers` are counted by class
    and status, `numbers_held` are those that the provider refuses for now.
    """

    org: str
    messages: Mapping[str, int]
    oldest_seconds: float
    recent_messages: Mapping[tuple[str, str], int]
    recent_attempts: Mapping[tuple[str, str], int]
    recent_decisions: Mapping[str, int]
    recent_calls: Mapping[str, int]
    attempt_durations: Durations
    alerts: Mapping[tuple[str, str], int]
    clients_waiting: int
    waiting_seconds: float
    numbers: Mapping[tuple[str, str], int]
    numbers_held: int
    audit_events: int


def read_metrics(cursor: Cursor, orgs: Sequence[OrgRow], *, now: datetime) -> list[OrgMetrics]:
    """The figures of these orgs at `now` (aware UTC)."""
    return [_of_org(cursor, org, now) for org in orgs]


def _of_org(cursor: Cursor, org: OrgRow, now: datetime) -> OrgMetrics:
    since = now - WINDOW
    queue = queries.queued(cursor, org, now=now)
    flying = queries.in_flight(cursor, org)
    latest = queries.latest_attempts(cursor, org, since=since)
    numbers = queries.numbers(cursor, org)
    calls = call_counts(cursor, org, since=since, until=now + timedelta(microseconds=1))
    unanswered = waiting(cursor, org)
    attempts: dict[str, dict[str | None, int]] = {each.value: {} for each in AttemptStatus}
    for status, code, count in queries.attempts(cursor, org, since=since):
        attempts.setdefault(status, {})[code] = count
    return OrgMetrics(
        org=org.slug,
        messages={
            "queued": queue.queued,
            "due": queue.due,
            "sending": flying.get("sending", 0),
            "unknown": flying.get("unknown", 0),
            "held": queries.held(cursor, org),
        },
        oldest_seconds=_age(queue.oldest_at, now),
        recent_messages=_by_code(queries.newest_troubled(cursor, org, since=since)),
        recent_attempts=_by_code(attempts),
        recent_decisions=_decisions(each.decision for each in latest),
        recent_calls={each.value: getattr(calls, each.value) for each in CallStatus},
        attempt_durations=_durations(latest),
        alerts=_alerts(queries.open_alerts(cursor, org)),
        clients_waiting=len({each.client or each.sitter or each.message for each in unanswered}),
        waiting_seconds=_age(min((each.waits_at for each in unanswered), default=None), now),
        numbers={(kind, status): count for kind, status, count, _ in numbers},
        numbers_held=sum(held for *_, held in numbers),
        audit_events=queries.audit_events(cursor, org),
    )


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())


def _by_code(
    found: Mapping[str, Mapping[str | None, int]],
) -> dict[tuple[str, str], int]:
    """Counts by state and code."""
    return {
        (state, code): count
        for state, codes in found.items()
        for code, count in kept(codes).items()
    }


def kept(counts: Mapping[str | None, int]) -> dict[str, int]:
    """The most frequent `MOST_CODES` codes; the rest, and what is no code, is `other`."""
    known: Counter[str] = Counter()
    for code, count in counts.items():
        known[code_label(code)] += count
    other = known.pop(OTHER, 0)
    ranked = sorted(known.items(), key=lambda each: (-each[1], each[0]))
    other += sum(count for _, count in ranked[MOST_CODES:])
    return dict(ranked[:MOST_CODES]) | ({OTHER: other} if other else {})


def code_label(code: str | None) -> str:
    """A code as it may be shown: what does not look like one could hold anything."""
    if code is None:
        return NO_CODE
    return code if _CODE.fullmatch(code) else OTHER


def _decisions(decisions: Iterable[str | None]) -> dict[str, int]:
    """How often each rule's code decided. A decision that cannot be read is `other`."""
    found: Counter[str] = Counter()
    for written in decisions:
        if written is not None:
            found[_deciding_code(written)] += 1
    return dict(found)


def _deciding_code(written: str) -> str:
    try:
        return Code(json.loads(written)["trace"][-1]["code"]).value
    except (ValueError, LookupError, TypeError, RecursionError):
        return OTHER


def _durations(attempts: Iterable[queries.Attempt]) -> Durations:
    seconds = [
        max(0.0, (each.ended_at - each.claimed_at).total_seconds())
        for each in attempts
        if each.ended_at is not None
    ]
    up_to = tuple(sum(each <= limit for each in seconds) for limit in BUCKETS)
    return Durations(up_to, len(seconds), sum(seconds))


def _alerts(found: Iterable[tuple[str, str, int]]) -> dict[tuple[str, str], int]:
    known = {each.value for each in AlertKind}
    counts: Counter[tuple[str, str]] = Counter()
    for kind, severity, count in found:
        counts[kind if kind in known else OTHER, severity] += count
    return dict(counts)
