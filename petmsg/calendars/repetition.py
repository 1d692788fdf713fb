"""Repetitions of events (RRULE, RDATE, EXDATE, changed visits), bounded in time and memory."""

import warnings
from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import prod
from typing import Any

from petmsg.calendars.times import Times, recurrence_text
from petmsg.errors import MalformedRow

_MOST_A_DAY = 48
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")


@dataclass(frozen=True, slots=True)
class Repetition:
    """One visit of an event that repeats. `recurrence` is its RECURRENCE-ID as refs have it."""

    recurrence: str
    times: Times
    component: Any


def check_rules(component: Any, times: Times) -> None:
    """Raise `MalformedRow` for an event that repeats more often than visits can."""
    for rule in _rules(component):
        frequency = str((rule.get("FREQ") or [""])[0]).upper()
        if frequency not in _FREQUENCIES:
            raise MalformedRow(
                f"The event repeats {frequency or 'without a frequency'}; a visit repeats DAILY, "
                "WEEKLY, MONTHLY or YEARLY.",
                hint="Fix its repetition in the calendar.",
            )
        a_day = prod(len(rule.get(each) or [0]) for each in ("BYHOUR", "BYMINUTE", "BYSECOND"))
        if a_day > _MOST_A_DAY:
            raise MalformedRow(
                f"The event repeats {a_day:,} times a day.",
                hint="Fix its repetition in the calendar.",
            )
        if any(int(each) < 1 for name in ("INTERVAL", "COUNT") for each in rule.get(name) or ()):
            raise MalformedRow(
                "The INTERVAL or COUNT of the event is less than 1.",
                hint="Fix its repetition in the calendar.",
            )
        if never_matches(rule, frequency, component["DTSTART"].dt, a_day=a_day):
            raise MalformedRow(
                "The repetition of the event has no day.",
                hint="Fix its repetition in the calendar.",
            )
    if times.ends_at - times.starts_at > timedelta(days=366) and _rules(component):
        raise MalformedRow(
            "The event repeats and is longer than a year.", hint="Fix its times in the calendar."
        )


def never_matches(rule: Any, frequency: str, start: date, *, a_day: int) -> bool:
    """Whether a rule has no day at all: the library would look for one up to the year 9999.

    For short periods only, where that takes long. RFC 5545 forbids BYYEARDAY and BYWEEKNO there.
    """
    if frequency not in ("DAILY", "WEEKLY"):
        return False
    if any(rule.get(each) for each in ("BYYEARDAY", "BYWEEKNO", "BYEASTER")):
        return True
    months = [int(each) for each in rule.get("BYMONTH") or range(1, 13)]
    days = [abs(int(each)) for each in rule.get("BYMONTHDAY") or [1]]
    if not any(1 <= day <= monthrange(2000, month)[1] for month in months for day in days):
        return True
    weekdays = {_WEEKDAYS.index(str(each)[-2:].upper()) for each in rule.get("BYDAY") or ()}
    every = int((rule.get("INTERVAL") or [1])[0])
    if frequency == "DAILY" and weekdays:
        met = {(start.weekday() + every * step) % 7 for step in range(7)}
        if not met & weekdays:
            return True
    places = a_day * (max(len(weekdays), 1) if frequency == "WEEKLY" else 1)
    wanted = [abs(int(each)) for each in rule.get("BYSETPOS") or [1]]
    return min(wanted) > places


def expanded(
    components: Sequence[Any], start: datetime, end: datetime, zoned: str | None
) -> Iterator[Repetition]:
    """The visits that overlap the span, changed ones included, excepted ones not.

    `zoned` is the calendar's own timezone: repetitions of times in UTC keep their wall time there.
    """
    from icalendar import Calendar
    from recurring_ical_events import of

    calendar = Calendar()
    if zoned is not None:
        calendar.add("X-WR-TIMEZONE", zoned)
    for component in components:
        _bound(component, end)
        calendar.add_component(component)
    with warnings.catch_warnings():
        # A rule with COUNT gets an UNTIL as well, so that one that never matches ends.
        warnings.simplefilter("ignore")
        found = of(calendar).between(start, end)
    moved = {
        each["RECURRENCE-ID"].dt: each["DTSTART"].dt - each["RECURRENCE-ID"].dt
        for each in components
        if "RECURRENCE-ID" in each
        and str(each["RECURRENCE-ID"].params.get("RANGE", "")).upper() == "THISANDFUTURE"
    }
    lasts = {
        str(each.get("X-PETMSG-LINE")): each["DURATION"].dt
        for each in components
        if "DURATION" in each
    }
    for each in found:
        starts = each["DTSTART"].dt
        recurrence = each["RECURRENCE-ID"].dt
        if recurrence in moved:
            recurrence = starts - moved[recurrence]
        starts_at, ends_at = starts.astimezone(UTC), each["DTEND"].dt.astimezone(UTC)
        exact = lasts.get(str(each.get("X-PETMSG-LINE")))
        if exact is not None:
            ends_at = starts_at + exact
        elif ends_at <= starts_at:
            ends_at = starts_at + _length(components, each)
        yield Repetition(recurrence_text(recurrence), Times(starts_at, ends_at), each)


def _length(components: Sequence[Any], visit: Any) -> timedelta:
    """How long the event lasts: for a visit whose wall times are turned round by the clocks."""
    line = str(visit.get("X-PETMSG-LINE"))
    (main,) = [each for each in components if str(each.get("X-PETMSG-LINE")) == line]
    found: timedelta = main["DTEND"].dt.astimezone(UTC) - main["DTSTART"].dt.astimezone(UTC)
    return found


def _bound(component: Any, end: datetime) -> None:
    """Let each rule end with the span, so that one that never matches is not followed forever.

    An UNTIL without a timezone is in that of the start; one that is a day includes it.
    """
    start = component["DTSTART"].dt
    for rule in _rules(component):
        untils = [_until(each, start) for each in rule.get("UNTIL") or ()]
        rule["UNTIL"] = [min([*untils, end.astimezone(UTC)])]


def _until(value: date | datetime, start: datetime) -> datetime:
    if not isinstance(value, datetime):
        value = datetime.combine(value, time(23, 59, 59))
    return (value if value.tzinfo is not None else value.replace(tzinfo=start.tzinfo)).astimezone(
        UTC
    )


def _rules(component: Any) -> list[Any]:
    found = component.get("RRULE", [])
    return found if isinstance(found, list) else [found]
