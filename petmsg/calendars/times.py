"""The times of an event: with a timezone, without one, in UTC, or all-day."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from petmsg.calendars.properties import all_of
from petmsg.clock import wall_to_utc, zone
from petmsg.errors import MalformedRow, quoted

_EARLIEST = 1970
_LATEST = 2999


@dataclass(frozen=True, slots=True)
class Times:
    """Start and end of an event in aware UTC."""

    starts_at: datetime
    ends_at: datetime


def is_all_day(value: date | datetime) -> bool:
    """Whether a value of a calendar is a day and not a time."""
    return not isinstance(value, datetime)


def free_all_day(component: Any) -> bool:
    """Whether an event is all-day and does not block time, as holidays and birthdays are."""
    is_free = str(component.get("TRANSP", "")).upper() == "TRANSPARENT"
    return is_free and is_all_day(component["DTSTART"].dt)


def recurrence_text(value: date | datetime) -> str:
    """A RECURRENCE-ID as it stands in refs: `20260214T090000Z`, or `20260214` for a day."""
    if not isinstance(value, datetime):
        return f"{value:%Y%m%d}"
    return f"{value.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def times_of(component: Any, timezone: str, all_day: tuple[time, time] | None) -> Times:
    """The times of an event. Its own properties become aware, so that repetitions do as well.

    A time without a timezone is in `timezone`; of one that the clocks skip or repeat there, it is
    what a calendar decides. A DURATION in hours is exact. Raises `MalformedRow` for an unknown
    timezone, for an all-day event without `all_day`, and for a year out of range.
    """
    for name in ("DTSTART", "DTEND", "RECURRENCE-ID", "EXDATE", "RDATE"):
        for each in all_of(component, name):
            _require_zone(each)
    start = component["DTSTART"].dt
    if is_all_day(start):
        return _all_day(component, timezone, all_day)
    place = zone(timezone)
    for name in ("DTSTART", "DTEND", "RECURRENCE-ID"):
        if name in component and isinstance(component[name].dt, datetime):
            component[name].dt = _aware(component[name].dt, place)
    starts_at = _utc(component["DTSTART"].dt)
    if "DTEND" in component:
        end = component["DTEND"].dt
        if is_all_day(end):
            raise MalformedRow("The event starts at a time and ends on a day.")
        return Times(starts_at, _utc(end))
    lasts = component["DURATION"].dt if "DURATION" in component else timedelta(0)
    return Times(starts_at, starts_at + lasts)


def _all_day(component: Any, timezone: str, hours: tuple[time, time] | None) -> Times:
    """Give an all-day event the hours that were asked for, in the timezone."""
    if hours is None:
        raise MalformedRow(
            "The event is all-day, a visit needs times.",
            hint="Give it times in the calendar, or give the hours of all-day events: "
            "--all-day 08:00-20:00",
        )
    from icalendar.prop import vDDDTypes

    place = zone(timezone)
    first = component["DTSTART"].dt
    if "DTEND" in component:
        last = component["DTEND"].dt - timedelta(days=1)
    else:
        lasts = component["DURATION"].dt if "DURATION" in component else timedelta(days=1)
        last = first + lasts - timedelta(days=1)
    if hours[1] <= hours[0]:
        last += timedelta(days=1)
    component.pop("DURATION", None)
    start, end = datetime.combine(first, hours[0], place), datetime.combine(last, hours[1], place)
    component["DTSTART"], component["DTEND"] = vDDDTypes(start), vDDDTypes(end)
    if "RECURRENCE-ID" in component:
        changed = component["RECURRENCE-ID"].dt
        component["RECURRENCE-ID"] = vDDDTypes(datetime.combine(changed, hours[0], place))
    for each in all_of(component, "RDATE"):
        for value in each.dts:
            if is_all_day(value.dt):
                value.dt = datetime.combine(value.dt, hours[0], place)
    return Times(_utc(start), _utc(end))


def _require_zone(value: Any) -> None:
    """Raise `MalformedRow` for a TZID that neither the file nor the machine defines."""
    named = value.params.get("TZID") if hasattr(value, "params") else None
    for each in value.dts if hasattr(value, "dts") else [value]:
        at = each.dt[0] if isinstance(each.dt, tuple) else each.dt
        if named and isinstance(at, datetime) and at.tzinfo is None:
            raise MalformedRow(
                f"Unknown timezone {quoted(str(named))}.",
                hint="Export the calendar with a timezone of the IANA database.",
            )
        if not _EARLIEST <= at.year <= _LATEST:
            raise MalformedRow(f"The year {at.year} is out of range.")


def _aware(value: datetime, place: Any) -> datetime:
    return value.replace(tzinfo=place) if value.tzinfo is None else value


def _utc(value: datetime) -> datetime:
    """The instant; a wall time of an IANA zone as a calendar decides it (RFC 5545, 3.3.5)."""
    name = getattr(value.tzinfo, "key", None)
    if name is None:
        return value.astimezone(UTC)
    return wall_to_utc(value.replace(tzinfo=None), name).instant
