"""Reports: how many messages there were, what they cost, and how soon clients were answered.

Days and weeks are those of the org's timezone. Reading needs the standard library only.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import TypeVar

from petmsg.clock import zone
from petmsg.days import parse_span, span_of_day
from petmsg.db.cursor import Cursor
from petmsg.enums.messages import Direction, MessageStatus
from petmsg.enums.reports import ReportBy
from petmsg.errors import OutOfRange
from petmsg.queries.org import OrgRow
from petmsg.queries.reports import (
    AwaitedAnswer,
    CountedMessage,
    awaited_answers,
    counted_messages,
)

USUAL_DAYS = 30
MOST_DAYS = 800
_NOT_DELIVERED = (MessageStatus.UNDELIVERED, MessageStatus.FAILED)

_Row = TypeVar("_Row", CountedMessage, AwaitedAnswer)
Group = tuple[str | None, str | None]
"""What the messages of a row have in common, and its name: a sitter's or a client's."""


@dataclass(frozen=True, slots=True)
class Volume:
    """The messages of a group: sent ones by what became of them, received ones, and segments."""

    group: str | None
    name: str | None
    sent: int
    delivered: int
    not_delivered: int
    received: int
    segments_sent: int
    segments_received: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What the messages of a group cost in one currency, in millionths of it.

    Messages whose price is not known yet are in a row of their own, without a currency.
    """

    group: str | None
    name: str | None
    messages: int
    segments: int
    micros: int | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class Responses:
    """How soon the messages of clients were answered: the median and the longest wait, in minutes
    and rounded to tenths; None without an answer."""

    group: str | None
    name: str | None
    received: int
    answered: int
    unanswered: int
    median_minutes: float | None
    longest_minutes: float | None


def span_of_report(
    org: OrgRow, start: str | None, until: str | None, *, now: datetime
) -> tuple[datetime, datetime]:
    """The span that a person named by times or days of the org's timezone; without a start, 30
    days, and without an end, up to `now` (aware UTC).

    Raises as `parse_span`, and `OutOfRange` for more than 800 days.
    """
    found = parse_span(start, until, timezone=org.timezone, at=now, options=("--from", "--to"))
    end = found.end or now + timedelta(microseconds=1)
    begin = found.start
    if begin is None:
        last = (end - timedelta(microseconds=1)).astimezone(zone(org.timezone)).date()
        begin, _ = span_of_day(last - timedelta(days=USUAL_DAYS - 1), org.timezone)
    if end <= begin:
        raise OutOfRange("--from is not earlier than --to.", hint="Give an earlier --from.")
    if end - begin > timedelta(days=MOST_DAYS):
        raise OutOfRange(
            f"A report covers at most {MOST_DAYS} days.", hint="Give --from and --to closer."
        )
    return begin, end


def volume(
    cursor: Cursor, org: OrgRow, span: tuple[datetime, datetime], by: ReportBy
) -> list[Volume]:
    """How many messages were sent and received, a row for each group."""
    found = counted_messages(cursor, org, start=span[0], until=span[1])
    return [_volume(group, rows) for group, rows in _grouped(found, by, org.timezone)]


def _volume(group: Group, rows: list[CountedMessage]) -> Volume:
    sent = [row for row in rows if row.direction == Direction.OUTBOUND]
    received = [row for row in rows if row.direction == Direction.INBOUND]
    return Volume(
        *group,
        sent=len(sent),
        delivered=sum(row.status == MessageStatus.DELIVERED for row in sent),
        not_delivered=sum(row.status in _NOT_DELIVERED for row in sent),
        received=len(received),
        segments_sent=sum(row.segments for row in sent),
        segments_received=sum(row.segments for row in received),
    )


def cost(cursor: Cursor, org: OrgRow, span: tuple[datetime, datetime], by: ReportBy) -> list[Cost]:
    """What messages cost, a row for each group and currency."""
    found = counted_messages(cursor, org, start=span[0], until=span[1])
    return [
        each for group, rows in _grouped(found, by, org.timezone) for each in _costs(group, rows)
    ]


def _costs(group: Group, rows: list[CountedMessage]) -> Iterable[Cost]:
    by_currency: dict[str | None, list[CountedMessage]] = defaultdict(list)
    for row in rows:
        by_currency[row.price_currency].append(row)
    for currency in sorted(by_currency, key=lambda each: (each is None, each or "")):
        of_it = by_currency[currency]
        yield Cost(
            *group,
            messages=len(of_it),
            segments=sum(row.segments for row in of_it),
            micros=None if currency is None else sum(row.price_micros or 0 for row in of_it),
            currency=currency,
        )


def responses(
    cursor: Cursor, org: OrgRow, span: tuple[datetime, datetime], by: ReportBy
) -> list[Responses]:
    """How soon clients were answered, a row for each group."""
    found = awaited_answers(cursor, org, start=span[0], until=span[1])
    return [_responses(group, rows) for group, rows in _grouped(found, by, org.timezone)]


def _responses(group: Group, rows: list[AwaitedAnswer]) -> Responses:
    waits = [
        max((row.answered_at - row.counted_at).total_seconds(), 0.0) / 60
        for row in rows
        if row.answered_at is not None
    ]
    return Responses(
        *group,
        received=len(rows),
        answered=len(waits),
        unanswered=len(rows) - len(waits),
        median_minutes=round(median(waits), 1) if waits else None,
        longest_minutes=round(max(waits), 1) if waits else None,
    )


def _grouped(rows: Iterable[_Row], by: ReportBy, timezone: str) -> list[tuple[Group, list[_Row]]]:
    """The rows by group, days and names in their order; what belongs to none comes last."""
    found: dict[Group, list[_Row]] = defaultdict(list)
    for row in rows:
        found[_group_of(row, by, timezone)].append(row)
    return sorted(found.items(), key=lambda each: (each[0][0] is None, each[0][0] or ""))


def _group_of(row: CountedMessage | AwaitedAnswer, by: ReportBy, timezone: str) -> Group:
    match by:
        case ReportBy.NUMBER:
            return row.number, None
        case ReportBy.SITTER:
            return row.sitter, row.sitter_name
        case ReportBy.CLIENT:
            return row.client, row.client_name
    day = row.counted_at.astimezone(zone(timezone)).date()
    if by is ReportBy.WEEK:
        day -= timedelta(days=day.weekday())
    return day.isoformat(), None
