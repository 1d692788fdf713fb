"""A `Today` as the service returns it, made of what a test names; no database."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from petmsg.days import span_of_day
from petmsg.enums.bookings import GapKind
from petmsg.enums.orgs import PoolFor, ProviderName
from petmsg.queries.absence import Absence
from petmsg.queries.call_counts import CallCounts
from petmsg.queries.org import OrgRow
from petmsg.queries.today import DaySitter, DayVisit
from petmsg.services.fix_commands import FixCommands
from petmsg.services.routes.coverage import Gap
from petmsg.services.routes.today import Today, Visit, VisitState, Waiting, handoffs

DAY = date(2026, 2, 14)
ZONE = "America/New_York"
START, END = span_of_day(DAY, ZONE)
SEVEN = START + timedelta(hours=7)
HOUR = timedelta(hours=1)


def org_named(name: str = "Happy Paws", *, timezone: str = ZONE) -> OrgRow:
    """An org."""
    return OrgRow(
        id=1, slug="happy-paws", name=name, timezone=timezone, grace_minutes=60,
        quarantine_days=90, pool_for=PoolFor.ALL, pool_threads_per_number=None,
        provider=ProviderName.SANDBOX, is_demo=False, created_at=START,
    )  # fmt: skip


def visit(
    start: float,
    end: float,
    *,
    sitter: str | None = "S-1",
    client: str | None = "Ann Ivers",
    booking: str = "B-1",
    is_pending: bool = False,
    now: datetime = SEVEN,
    since: datetime = START,
    sitter_name: str | None = None,
) -> Visit:
    """A visit from and to so many hours after the start of the day."""
    starts_at, ends_at = since + start * HOUR, since + end * HOUR
    state = VisitState.TO_COME if now < starts_at else VisitState.RUNNING
    state = VisitState.OVER if ends_at <= now else state
    name = None if sitter is None else sitter_name or f"Sitter {sitter}"
    row = DayVisit(
        booking, "pending" if is_pending else "confirmed", starts_at, ends_at,
        f"C-{client}", client, sitter, name,
        None if is_pending else starts_at, None if is_pending else ends_at + HOUR,
    )  # fmt: skip
    confirms = is_pending and state is not VisitState.OVER
    return Visit(row, state, f"petmsg booking confirm {booking}" if confirms else None)


def absence(
    start: float, end: float, *, sitter: str = "S-1", name: str = "Maya", reason: str = "ill"
) -> Absence:
    """An absence from and to so many hours after the start of the day."""
    return Absence(1, 1, sitter, name, START + start * HOUR, START + end * HOUR, reason)


def gap(message: str, command: str | None, *, start: float | None = None) -> Gap:
    """A finding of coverage, perhaps from so many hours after the start of the day, for an hour."""
    at = None if start is None else START + start * HOUR
    return Gap(
        org="happy-paws", timezone=ZONE, kind=GapKind.WINDOW, message=message, command=command,
        starts_at=at, ends_at=None if at is None else at + HOUR,
    )  # fmt: skip


def waits(
    minutes: int, *, ref: str = "C-1", name: str | None = "Ann Ivers", message: int = 1,
    entity: str = "client", is_late: bool = False, calls: tuple[int, ...] = (),
) -> Waiting:  # fmt: skip
    """Somebody who waits for so many minutes."""
    return Waiting(
        entity, ref, name, SEVEN - timedelta(minutes=minutes), minutes, is_late, (message,),
        calls, f"petmsg inbox show {message}",
    )  # fmt: skip


NO_CALLS = CallCounts(*[0] * 12)


def a_day(
    visits: Sequence[Visit] = (),
    *,
    absences: Sequence[Absence] = (),
    gaps: Sequence[Gap] = (),
    waiting: Sequence[Waiting] = (),
    sitters: Sequence[tuple[str, str]] = (),
    now: datetime = SEVEN,
    day: date = DAY,
    org: OrgRow | None = None,
    several_orgs: bool = False,
    **others: Any,
) -> Today:
    """The day."""
    org = org or org_named()
    start, end = span_of_day(day, org.timezone)
    visits = sorted(visits, key=lambda each: (each.row.starts_at, each.row.booking))
    return Today(
        org=org, day=day, start=start, end=end, now=now, visits=tuple(visits),
        around=tuple(others.get("around", ())), absences=tuple(absences),
        sitters=tuple(DaySitter(*each) for each in sitters),
        handoffs=tuple(handoffs([each.row for each in visits])), gaps=tuple(gaps),
        waiting=tuple(waiting), calls=others.get("calls", NO_CALLS), coverage_days=2,
        words=FixCommands(several_orgs),
    )  # fmt: skip
