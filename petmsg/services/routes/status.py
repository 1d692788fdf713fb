"""The status of an org on one screen: today's visits, the queue, the inbox, alerts and gaps.

Standard library only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from petmsg.clock import zone
from petmsg.days import span_of_day
from petmsg.db.cursor import Cursor
from petmsg.enums.alerts import AlertSeverity
from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.enums.orgs import ProviderName
from petmsg.enums.people import SitterStatus
from petmsg.queries import status as queries
from petmsg.queries.call_counts import CallCounts, call_counts
from petmsg.queries.inbox import unread
from petmsg.queries.org import OrgRow
from petmsg.rules.send_blocks import freeze_stands
from petmsg.services.inbound.waiting import Waiter, waiters
from petmsg.services.routes.coverage import Gap, coverage

USUAL_DAYS = 3
NEXT_RELEASES = 5
FIRST_GAPS = 5


@dataclass(frozen=True, slots=True)
class Status:
    """The status of an org at `at`. Times are aware UTC.

    `counts` are those of `queries.status.COUNTS`. `sitters` are counted by status, `numbers` by
    class and status, those `held` back by code, open `alerts` by severity, `inbox` by what waits
    for a person. `waiting` are the clients without an answer, the longest wait first. `today` is
    the org's local day, `calls` are those that began on it. `gaps` are those of the next `days`
    days. `last_try_at` is None if nothing was sent yet, `last_sync_at` if delivery receipts were
    never fetched.
    """

    org: OrgRow
    at: datetime
    frozen: bool
    provider: ProviderName
    counts: dict[str, int]
    sitters: dict[str, int]
    numbers: dict[str, dict[str, int]]
    today: "Today"
    releases: list[queries.ReleaseRow]
    held: list[queries.HeldRow]
    queue: dict[str, int]
    inbox: dict[str, int]
    waiting: list[Waiter]
    calls: CallCounts
    alerts: dict[str, int]
    days: int
    gaps: list[Gap]
    last_try_at: datetime | None
    last_sync_at: datetime | None


@dataclass(frozen=True, slots=True)
class Today:
    """The confirmed visits of an org's day: all, those running now, those without a sitter that are
    not over, and the sitters of the others."""

    visits: int
    running: int
    without_sitter: int
    sitters: list[queries.VisitRow]


def status(
    cursor: Cursor, orgs: Sequence[OrgRow], *, now: datetime, days: int = USUAL_DAYS
) -> list[Status]:
    """The status of the orgs at `now` (aware UTC). Raises `OutOfRange` for invalid `days`."""
    return [_status(cursor, org, now, days) for org in orgs]


def day_of(at: datetime, timezone: str) -> tuple[datetime, datetime]:
    """The local day that contains the instant, as `[start, end)` in UTC."""
    return span_of_day(at.astimezone(zone(timezone)).date(), timezone)


def _status(cursor: Cursor, org: OrgRow, now: datetime, days: int) -> Status:
    queue = queries.queue(cursor, org, now=now, since=now - timedelta(hours=24))
    since, until = day_of(now, org.timezone)
    return Status(
        org=org,
        at=now,
        frozen=freeze_stands(org.frozen_at, org.frozen_until, now),
        provider=org.provider,
        counts=queries.counts(cursor, org, now=now),
        sitters=_counted(SitterStatus, queries.sitters(cursor, org)),
        numbers=_numbers(cursor, org),
        today=_today(cursor, org, now),
        releases=queries.releases(cursor, org, limit=NEXT_RELEASES),
        held=queries.held(cursor, org),
        queue=queue._asdict(),
        inbox=unread(cursor, org, now=now),
        waiting=waiters(cursor, org),
        calls=call_counts(cursor, org, since=since, until=until),
        alerts=_counted(reversed(AlertSeverity), queries.open_alerts(cursor, org)),
        days=days,
        gaps=[each for each in coverage(cursor, [org], now=now, days=days) if each.gap],
        last_try_at=queries.last_try(cursor, org),
        last_sync_at=queries.last_sync(cursor, org),
    )


def _numbers(cursor: Cursor, org: OrgRow) -> dict[str, dict[str, int]]:
    rows = queries.numbers(cursor, org)
    return {
        each.value: _counted(NumberStatus, {row[1]: row[2] for row in rows if row[0] == each})
        for each in NumberClass
    }


def _today(cursor: Cursor, org: OrgRow, now: datetime) -> Today:
    since, until = day_of(now, org.timezone)
    rows = queries.visits(cursor, org, now=now, since=since, until=until)
    return Today(
        visits=sum(row.visits for row in rows),
        running=sum(row.running for row in rows),
        without_sitter=sum(row.not_over for row in rows if row.sitter is None),
        sitters=[row for row in rows if row.sitter is not None],
    )


def _counted(words: Any, found: dict[str, int]) -> dict[str, int]:
    """A count for every value of an enum; zero for those that do not occur."""
    return {word.value: found.get(word.value, 0) for word in words}
