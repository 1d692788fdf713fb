"""The visits of a series: which days, and at which instants over a change of clocks."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from petmsg.clock import clock_local, wall_to_utc, zone
from petmsg.errors import MalformedText, OutOfRange, quoted

MOST_VISITS = 1000
"""The most visits that one series may have."""
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_GRAMMAR = "Write daily, daily/2, weekly, weekly:mo,we,fr or weekly:mo,we/2 (every second week)."
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


class Repeat(NamedTuple):
    """How a visit repeats: each `every` days, or on these weekdays (0 is Monday) of each `every`
    weeks. No weekdays with `is_weekly` means the weekday of the first visit."""

    is_weekly: bool
    every: int
    weekdays: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit of a series, `[starts_at, ends_at)` in aware UTC.

    `position` counts from 1; an excepted day keeps its position, so that the others keep theirs.
    `notes` say what was decided for a wall time that does not exist or exists twice.
    """

    position: int
    starts_at: datetime
    ends_at: datetime
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FirstVisit:
    """The times that a series is made from, in aware UTC.

    `keeps_duration`: each visit lasts as long as the first; otherwise each ends at the same wall
    time, and the night of a change of clocks is an hour shorter or longer.
    """

    starts_at: datetime
    ends_at: datetime
    keeps_duration: bool


@dataclass(frozen=True, slots=True)
class Series:
    """The visits of a series, and the excepted days on which it has no visit."""

    visits: tuple[Visit, ...]
    unmet: tuple[date, ...]


def parse_repeat(text: str) -> Repeat:
    """How a visit repeats, as it was typed: `daily`, `daily/2`, `weekly`, `weekly:mo,we,fr`, or
    `weekly:mo,we/2` for every second week. Raises `MalformedText` and `OutOfRange`."""
    rule, slash, every = text.strip().lower().partition("/")
    unit, colon, days = rule.partition(":")
    if unit not in ("daily", "weekly") or (unit == "daily" and colon):
        raise MalformedText(f"Invalid repetition {quoted(text)}.", hint=_GRAMMAR)
    if slash and not (every.isascii() and every.isdigit()):
        raise MalformedText(f"Invalid repetition {quoted(text)}.", hint=_GRAMMAR)
    count = int(every[:9]) if slash else 1
    if not 1 <= count <= 52:
        raise OutOfRange(f"Invalid repetition {quoted(text)}: use /1 to /52.", hint=_GRAMMAR)
    weekdays = frozenset(_weekday(word, text) for word in days.split(",")) if colon else frozenset()
    return Repeat(unit == "weekly", count, weekdays)


def _weekday(word: str, text: str) -> int:
    word = word.strip()
    for at, day in enumerate(_DAYS):
        if len(word) >= 2 and day.startswith(word):
            return at
    raise MalformedText(
        f"Invalid repetition {quoted(text)}: {quoted(word)} is not a weekday.",
        hint="The weekdays are mo, tu, we, th, fr, sa and su.",
    )


def days_of(repeat: Repeat, first: date) -> Iterator[date]:
    """The days of a series from `first` on, without end (but for the end of the calendar).

    The weeks of `every` begin on Monday; the week of `first` is the first one.
    """
    try:
        if not repeat.is_weekly:
            day = first
            while True:
                yield day
                day += repeat.every * _DAY
        weekdays = sorted(repeat.weekdays or {first.weekday()})
        monday = first - first.weekday() * _DAY
        while True:
            for weekday in weekdays:
                day = monday + weekday * _DAY
                if day >= first:
                    yield day
            monday += repeat.every * _WEEK
    except OverflowError:
        return


def plan_series(
    first: FirstVisit,
    repeat: Repeat,
    *,
    timezone: str,
    until: date | datetime | None,
    count: int | None,
    excepted: Iterable[date] = (),
) -> Series:
    """The visits of a series, at the same wall time in that zone over a change of clocks.

    The first visit is on the day of `first`, or on the first day after it that the rule has. It
    ends after `count` days of the rule, or with the last visit that starts on the day `until`, or
    at that instant at the latest (aware UTC). Excepted days count, but have no visit.

    A wall time that does not exist is moved forward by the change of clocks; of one that exists
    twice the first is meant. A day that the zone skips as a whole has no visit.
    Raises `OutOfRange` for a series without visits or with more than `MOST_VISITS`, and
    `MalformedTime` for one that reaches beyond the year 2999.
    """
    left_out = set(excepted)
    met: set[date] = set()
    visits: list[Visit] = []
    local = first.starts_at.astimezone(zone(timezone))
    for position, day in enumerate(days_of(repeat, local.date()), start=1):
        if (count is not None and position > count) or (
            until is not None and not isinstance(until, datetime) and day > until
        ):
            break
        if position > MOST_VISITS:
            raise OutOfRange(
                f"The series has more than {MOST_VISITS:,} visits.",
                hint="End it earlier: --until 2026-12-31 or --count N",
            )
        visit = _visit(first, day, position, timezone=timezone)
        if isinstance(until, datetime) and visit is not None and visit.starts_at > until:
            break
        if day in left_out:
            met.add(day)
        elif visit is not None:
            visits.append(visit)
    if not visits:
        raise OutOfRange(
            "The series has no visit.", hint="Check --start, --until, --count and --except."
        )
    return Series(tuple(visits), tuple(sorted(left_out - met)))


def _visit(first: FirstVisit, day: date, position: int, *, timezone: str) -> Visit | None:
    """The visit on that local day, None if the zone has no such day."""
    place = zone(timezone)
    start, end = first.starts_at.astimezone(place), first.ends_at.astimezone(place)
    if day == start.date():
        return Visit(position, first.starts_at, first.ends_at)
    if not _has_day(day, timezone):
        return None
    notes: list[str] = []
    starts_at = _instant(day, start.time(), "starts", notes, timezone=timezone)
    lasts = first.ends_at - first.starts_at
    if first.keeps_duration:
        return Visit(position, starts_at, starts_at + lasts, tuple(notes))
    last_day = day + (end.date() - start.date())
    ends_at = _instant(last_day, end.time(), "ends", notes, timezone=timezone)
    if ends_at <= starts_at:
        ends_at = starts_at + lasts
        notes = [
            *notes[:1],
            f"It lasts as long as the others, until {_at(ends_at, timezone)}.",
        ]
    return Visit(position, starts_at, ends_at, tuple(notes))


def _instant(day: date, clock: time, verb: str, notes: list[str], *, timezone: str) -> datetime:
    """The instant of that wall time; `notes` get what was decided."""
    found = wall_to_utc(datetime.combine(day, clock.replace(tzinfo=None, fold=0)), timezone)
    what = f"{clock:%H:%M} {{}} on {day} in {timezone}: the visit {verb} at {{}}."
    if found.is_skipped:
        notes.append(what.format("does not exist", _at(found.instant, timezone)))
    elif found.is_repeated:
        notes.append(what.format("happens twice", f"the first, {_at(found.instant, timezone)}"))
    return found.instant


def _at(instant: datetime, timezone: str) -> str:
    return f"{clock_local(instant, timezone)} {instant.astimezone(zone(timezone)):%Z}"


def _has_day(day: date, timezone: str) -> bool:
    """Whether the zone has that day: Samoa had no 30 December 2011."""
    edges = (datetime.combine(day, time.min), datetime.combine(day, time.max))
    return not all(wall_to_utc(at, timezone).is_skipped for at in edges)
