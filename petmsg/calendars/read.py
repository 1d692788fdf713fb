"""Read a calendar: its events, their repetitions in a span of time, and what is wrong with them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from petmsg.calendars.event import Calendar, CalendarProblem, CalendarVisit, stem_of_uid
from petmsg.calendars.libraries import need_calendars
from petmsg.calendars.repetition import check_rules, expanded
from petmsg.calendars.split import RawCalendar, RawEvent, split_calendar
from petmsg.calendars.times import Times, free_all_day, recurrence_text, times_of
from petmsg.calendars.words import is_called_cancelled, words_of
from petmsg.clock import uptime, zone
from petmsg.errors import MalformedFile, MalformedRow, PetmsgError, quoted

MOST_VISITS = 20_000
"""The most visits of one calendar that are expanded."""
MOST_SECONDS = 120
_WHOLE = (None, "PUBLISH")


@dataclass(frozen=True, slots=True)
class Span:
    """Which visits are wanted: those that end after `start` and start before `end` (aware UTC).

    Times without a timezone are in `timezone`. An all-day event lasts from the first time of
    `all_day` on its first day to the second one; None refuses all-day events.
    """

    start: datetime
    end: datetime
    timezone: str
    all_day: tuple[time, time] | None = None


def read_calendar(content: bytes, span: Span) -> Calendar:
    """The visits of a calendar file in the span, and those that are named one by one outside of it.

    Raises `ExtraMissing`, and `MalformedFile` for a file that cannot be read as a whole or has too
    much in it. A bad event is a problem of that event alone.
    """
    raw = split_calendar(content, now=span.start)
    need_calendars()
    _learn_zones(raw)
    calendar = Calendar(raw.name, raw.method not in _WHOLE)
    groups: defaultdict[str, list[RawEvent]] = defaultdict(list)
    for event in raw.events:
        if event.uid is None:
            calendar.problems.append(CalendarProblem(event.line, None, _no_uid()))
        elif event.is_over:
            calendar.skipped.add(stem_of_uid(event.uid))
        else:
            groups[event.uid].append(event)
    deadline = uptime() + MOST_SECONDS
    for uid, events in groups.items():
        stem = stem_of_uid(uid)
        try:
            calendar.visits += _visits_of_event(calendar, stem, _Group(raw, events, span))
        except PetmsgError as problem:
            calendar.problems.append(CalendarProblem(events[0].line, stem, problem))
        except Exception as problem:  # noqa: BLE001 because the libraries raise whatever they like
            calendar.problems.append(CalendarProblem(events[0].line, stem, _unreadable(problem)))
        if len(calendar.visits) > MOST_VISITS:
            raise MalformedFile(
                f"The calendar has more than {MOST_VISITS:,} visits until {span.end:%Y-%m-%d}.",
                hint="Choose an earlier end: --until +30d",
            )
        if uptime() > deadline:
            raise MalformedFile(
                f"The calendar could not be expanded within {MOST_SECONDS} seconds.",
                hint="Choose an earlier end, --until +30d, or export a shorter time.",
            )
    calendar.visits.sort(key=lambda visit: (visit.starts_at, visit.ref))
    return calendar


@dataclass(frozen=True, slots=True)
class _Group:
    """The events of one UID: the event itself, and its changed visits (RECURRENCE-ID)."""

    raw: RawCalendar
    events: Sequence[RawEvent]
    span: Span


def _visits_of_event(calendar: Calendar, stem: str, group: _Group) -> list[CalendarVisit]:
    """The visits of one UID; an event that is no visit is noted as skipped.

    Raises whatever is wrong with it: then it has no visits.
    """
    span = group.span
    components = _components(group)
    if span.all_day is None and all(free_all_day(each) for _, each in components):
        calendar.free_days += len(components)
        calendar.skipped.add(stem)
        return []
    times = {id(each): times_of(each, span.timezone, span.all_day) for _, each in components}
    components = _latest(components, times)
    for line, each in components:
        check_rules(each, times[id(each)])
        if times[id(each)].ends_at < times[id(each)].starts_at:
            raise MalformedRow(
                f"The event of line {line} ends before it starts.", hint="Fix it in the calendar."
            )
    main = [(line, each) for line, each in components if "RECURRENCE-ID" not in each]
    repeats = any("RRULE" in each or "RDATE" in each for _, each in main)
    visits: list[CalendarVisit] = []
    if repeats:
        of_line = {str(each.get("X-PETMSG-LINE")): line for line, each in components}
        zoned = group.raw.timezone if _is_zone(group.raw.timezone) else None
        for found in expanded([each for _, each in components], span.start, span.end, zoned):
            line = of_line[str(found.component.get("X-PETMSG-LINE"))]
            ref = f"{stem}/{found.recurrence}"
            visits.append(_visit(group, stem, _Found(line, ref, found.times, found.component)))
    known = {visit.ref for visit in visits}
    for line, each in components:
        changed = "RECURRENCE-ID" in each
        ref = f"{stem}/{recurrence_text(each['RECURRENCE-ID'].dt)}" if changed else stem
        if (changed or not repeats) and ref not in known:
            visits.append(_visit(group, stem, _Found(line, ref, times[id(each)], each)))
    return visits


@dataclass(frozen=True, slots=True)
class _Found:
    line: int
    ref: str
    times: Times
    component: Any


def _visit(group: _Group, stem: str, found: _Found) -> CalendarVisit:
    status = str(found.component.get("STATUS", "")).upper()
    starts_at, ends_at = found.times.starts_at, found.times.ends_at
    words = words_of(found.component)
    is_cancelled = (
        status == "CANCELLED" or group.raw.method == "CANCEL" or is_called_cancelled(words.summary)
    )
    return CalendarVisit(
        line=found.line,
        stem=stem,
        ref=found.ref,
        starts_at=starts_at,
        ends_at=ends_at,
        is_cancelled=is_cancelled,
        is_expanded=ends_at > group.span.start and starts_at < group.span.end,
        words=words,
    )


def _components(group: _Group) -> list[tuple[int, Any]]:
    """The parsed events of a group, each with its line."""
    from icalendar import Event

    found = []
    for event in group.events:
        if not event.content:
            raise MalformedRow("The event is larger than 256 KiB.", hint="Shorten its description.")
        component = Event.from_ical(event.content.decode("utf-8"))
        component["X-PETMSG-LINE"] = str(event.line)
        if "DTSTART" not in component:
            raise MalformedRow("The event has no start (DTSTART).", hint="Fix it in the calendar.")
        found.append((event.line, component))
    return found


def _latest(
    components: Sequence[tuple[int, Any]], times: dict[int, Times]
) -> list[tuple[int, Any]]:
    """Each event and changed visit once: the one with the highest SEQUENCE, the last of equal ones.

    Raises `MalformedRow` if several with the same SEQUENCE are at different times.
    """
    best: dict[str, tuple[int, Any]] = {}
    for line, each in components:
        changed = each.get("RECURRENCE-ID")
        key = recurrence_text(changed.dt) if changed is not None else ""
        other = best.get(key)
        if other is not None:
            newer, older = _sequence(each), _sequence(other[1])
            if newer == older and times[id(each)] != times[id(other[1])]:
                raise MalformedRow(
                    f"The events of lines {other[0]} and {line} have the same UID.",
                    hint="Each event needs a UID of its own; fix it in the calendar.",
                )
            if newer < older:
                continue
        best[key] = (line, each)
    return list(best.values())


def _sequence(component: Any) -> int:
    try:
        return int(component.get("SEQUENCE", 0))
    except (TypeError, ValueError):
        return 0


def _learn_zones(raw: RawCalendar) -> None:
    """Let icalendar know the timezones that the file defines itself. Raises `MalformedFile`."""
    from icalendar import Calendar as Parsed

    if not raw.zones:
        return
    whole = b"BEGIN:VCALENDAR\r\n" + raw.zones + b"END:VCALENDAR\r\n"
    try:
        Parsed.from_ical(whole.decode("utf-8"))
    except Exception as problem:  # noqa: BLE001 because the library raises whatever it likes
        raise MalformedFile(
            f"The calendar defines a timezone that cannot be read: {_why(problem)}.",
            hint="Export it with timezones of the IANA database.",
        ) from None


def _is_zone(name: str | None) -> bool:
    if name is None:
        return False
    try:
        zone(name)
    except PetmsgError:
        return False
    return True


def _no_uid() -> MalformedRow:
    return MalformedRow(
        "The event has no UID, so a second import could not find it again.",
        hint="Export the calendar with UIDs, or add the visit: petmsg booking add",
    )


def _unreadable(problem: Exception) -> MalformedRow:
    return MalformedRow(
        f"The event cannot be read: {_why(problem)}.", hint="Fix it in the calendar."
    )


def _why(problem: Exception) -> str:
    written = " ".join(str(problem).split()).rstrip(".") or type(problem).__name__
    return quoted(written)
