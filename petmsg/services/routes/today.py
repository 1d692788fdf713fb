"""A local day of an org: visits, who is away, gaps, hand-offs, and who waits for an answer.

Standard library only. The number of SQL statements does not depend on the number of rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from petmsg.clock import zone
from petmsg.days import span_of_day
from petmsg.db.cursor import Cursor
from petmsg.enums.bookings import BookingStatus
from petmsg.queries import today as queries
from petmsg.queries.absence import Absence, absences_between
from petmsg.queries.call_counts import CallCounts, call_counts
from petmsg.queries.org import OrgRow
from petmsg.queries.today import DaySitter, DayVisit
from petmsg.services.fix_commands import FixCommands, fix_commands
from petmsg.services.inbound.waiting import minutes, waiters
from petmsg.services.routes.coverage import MOST_DAYS, Gap, coverage

_CONFIRM = "petmsg booking confirm {booking}{org}"
_ANSWER = "petmsg inbox show {message}{org}"
_DAY = timedelta(days=1)


class VisitState(StrEnum):
    """Where a visit is at the moment of looking."""

    OVER = "over"
    RUNNING = "running"
    TO_COME = "to_come"


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit that touches the day: the booking, and how far it is. `command` confirms a pending
    one."""

    row: DayVisit
    state: VisitState
    command: str | None

    @property
    def is_pending(self) -> bool:
        """Whether the booking is not confirmed yet."""
        return self.row.status == BookingStatus.PENDING


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who waits for an answer since `since` (aware UTC); `name` is None for unknown
    senders and erased clients. `calls` are those for which some of the messages stand."""

    entity: str
    ref: str
    name: str | None
    since: datetime
    minutes: int
    is_late: bool
    messages: tuple[int, ...]
    calls: tuple[int, ...]
    command: str


@dataclass(frozen=True, slots=True)
class Handoff:
    """From `at` (aware UTC) on another sitter visits the client than before on this day."""

    client: str
    client_name: str | None
    at: datetime
    booking: str
    from_sitter: str
    from_name: str
    to_sitter: str
    to_name: str


@dataclass(frozen=True, slots=True)
class Today:
    """A day `[start, end)` of the org in its timezone, as it looks at `now`. Times are aware UTC.

    `visits` touch the day, by start; `around` are confirmed ones of which only the lead or grace
    time does. `calls` are those that began on it. `gaps` are those from now, or from the start of
    a later day, to the end of the day after.
    """

    org: OrgRow
    day: date
    start: datetime
    end: datetime
    now: datetime
    visits: tuple[Visit, ...]
    around: tuple[DayVisit, ...]
    absences: tuple[Absence, ...]
    sitters: tuple[DaySitter, ...]
    handoffs: tuple[Handoff, ...]
    gaps: tuple[Gap, ...]
    waiting: tuple[Waiting, ...]
    calls: CallCounts
    coverage_days: int
    words: FixCommands

    @property
    def timezone(self) -> str:
        """The org's timezone."""
        return self.org.timezone

    @property
    def is_today(self) -> bool:
        """Whether the day contains `now`."""
        return self.start <= self.now < self.end

    @property
    def free(self) -> list[DaySitter]:
        """The active sitters who have no visit on this day and are not away during it; today, who
        is back is free again."""
        away = {row.sitter for row in self.absences if not self.is_today or row.ends_at > self.now}
        taken = {each.row.sitter for each in self.visits} | away
        return [each for each in self.sitters if each.sitter not in taken]

    def command(self, template: str, **values: object) -> str:
        """A command about this org; `{org}` becomes its option where it is needed."""
        return self.words.command(template, self.org.slug, values)


def today(cursor: Cursor, org: OrgRow, day: date | None, *, now: datetime) -> Today:
    """The org's local day as it looks at `now` (aware UTC); its present day without `day`.

    Changes nothing.
    """
    if day is None:
        day = now.astimezone(zone(org.timezone)).date()
    start, end = span_of_day(day, org.timezone)
    words = fix_commands(cursor)
    visits, around = _visits(cursor, org, (start, end), now, words)
    gaps, days = _gaps(cursor, org, start, span_of_day(day + _DAY, org.timezone)[1], now)
    return Today(
        org=org,
        day=day,
        start=start,
        end=end,
        now=now,
        visits=tuple(visits),
        around=tuple(around),
        absences=tuple(absences_between(cursor, org, since=start, until=end)),
        sitters=tuple(queries.active_sitters(cursor, org)),
        handoffs=tuple(handoffs([each.row for each in visits])),
        gaps=tuple(gaps),
        waiting=tuple(_waiting(cursor, org, now, words)),
        calls=call_counts(cursor, org, since=start, until=end),
        coverage_days=days,
        words=words,
    )


def _visits(
    cursor: Cursor,
    org: OrgRow,
    span: tuple[datetime, datetime],
    now: datetime,
    words: FixCommands,
) -> tuple[list[Visit], list[DayVisit]]:
    """The visits of the day, and those of which only the window touches it."""
    start, end = span
    visits, around = [], []
    for row in queries.visits(cursor, org, since=start, until=end):
        if row.ends_at > start and row.starts_at < end:
            visits.append(_visit(row, org, now, words))
        else:
            around.append(row)
    return visits, around


def _visit(row: DayVisit, org: OrgRow, now: datetime, words: FixCommands) -> Visit:
    if row.ends_at <= now:
        state = VisitState.OVER
    else:
        state = VisitState.RUNNING if row.starts_at <= now else VisitState.TO_COME
    command = None
    if row.status == BookingStatus.PENDING and state is not VisitState.OVER:
        command = words.command(_CONFIRM, org.slug, {"booking": row.booking})
    return Visit(row, state, command)


def _gaps(
    cursor: Cursor, org: OrgRow, start: datetime, until: datetime, now: datetime
) -> tuple[list[Gap], int]:
    """The gaps before `until`, and the `--days` with which `petmsg coverage` shows them."""
    since = max(now, start)
    days = min(max(-((now - until) // _DAY), 1), MOST_DAYS)
    if since >= until:
        return [], days
    ahead = -((since - until) // _DAY)
    rows = coverage(cursor, [org], now=since, days=ahead, with_fallback=False)
    gaps = [row for row in rows if row.gap and (row.starts_at is None or row.starts_at < until)]
    return gaps, days


def handoffs(rows: Sequence[DayVisit]) -> Iterator[Handoff]:
    """Where one sitter follows another at a client, by time. `rows` are the visits by start.

    Pending ones, those without a sitter, and overlapping ones hand nothing over.
    """
    last: dict[str, DayVisit] = {}
    for row in rows:
        if row.status != BookingStatus.CONFIRMED or row.sitter is None:
            continue
        before = last.get(row.client)
        last[row.client] = row
        if before is None or before.sitter == row.sitter or before.ends_at > row.starts_at:
            continue
        yield Handoff(
            client=row.client,
            client_name=row.client_name,
            at=row.starts_at,
            booking=row.booking,
            from_sitter=str(before.sitter),
            from_name=str(before.sitter_name),
            to_sitter=row.sitter,
            to_name=str(row.sitter_name),
        )


def _waiting(cursor: Cursor, org: OrgRow, now: datetime, words: FixCommands) -> Iterator[Waiting]:
    """Everybody who waits for an answer, the longest wait first."""
    names = queries.names_of_waiting(cursor, org)
    for each in waiters(cursor, org):
        yield Waiting(
            entity=each.entity,
            ref=each.ref,
            name=names.get((each.entity, each.ref)),
            since=each.since,
            minutes=minutes(each, now),
            is_late=each.late_at <= now,
            messages=each.messages,
            calls=each.calls,
            command=words.command(_ANSWER, org.slug, {"message": each.messages[0]}),
        )
