"""A day of all sitters as lanes, a line for each sitter. Pure; standard library only.

A terminal and an SVG draw the same lanes.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from petmsg.clock import clock_local, zone
from petmsg.render.field_types import BAD
from petmsg.render.timeline_lanes import (
    AWAY,
    BOOKED,
    GRACE,
    HANDOFF,
    LEAD,
    PENDING,
    Bar,
    Lane,
)

_HOURS_APART = (1, 2, 3, 4, 6, 12)
"""Hours between two ticks; the smallest value that leaves room for the labels is used."""


def lanes_of(day: Any) -> list[Lane]:
    """The lanes from top to bottom: visits without a sitter, then the sitters by their first visit,
    then those without one."""
    bookings: dict[str | None, list[Any]] = {}
    for each in day.visits:
        bookings.setdefault(each.row.sitter, []).append(each.row)
    for row in day.around:
        bookings.setdefault(row.sitter, []).append(row)
    names = {each.sitter: each.sitter_name for each in day.sitters}
    names |= {row.sitter: row.sitter_name for row in day.absences}
    names |= {row.sitter: row.sitter_name for rows in bookings.values() for row in rows}
    names.pop(None, None)
    order = sorted(
        names, key=lambda sitter: (*_first(bookings.get(sitter, ())), names[sitter], sitter)
    )
    lanes = [_lane(day, None, "no sitter", bookings[None])] if None in bookings else []
    return lanes + [
        _lane(day, sitter, f"{names[sitter]} ({sitter})", bookings.get(sitter, []))
        for sitter in order
    ]


def _first(rows: Any) -> tuple[bool, datetime]:
    return not rows, min((row.starts_at for row in rows), default=datetime.max.replace(tzinfo=UTC))


def _lane(day: Any, sitter: str | None, name: str, rows: list[Any]) -> Lane:
    away = [row for row in day.absences if row.sitter == sitter]
    bars = [Bar(AWAY, row.starts_at, row.ends_at, title=f"away: {row.reason}") for row in away]
    bars += [bar for row in rows for bar in _outside(row)]
    bars += [_booked(day, row, away) for row in rows]
    marks = tuple(
        (each.at, HANDOFF, f"{each.client_name or each.client}: from {each.from_name}")
        for each in day.handoffs
        if each.to_sitter == sitter
    )
    return Lane(
        name, tuple(bar for bar in bars if bar.start < day.end and bar.end > day.start), marks
    )


def _outside(row: Any) -> Iterator[Bar]:
    """The lead and grace time of a confirmed booking."""
    if row.window_starts_at is None:
        return
    if row.window_starts_at < row.starts_at:
        yield Bar(LEAD, row.window_starts_at, row.starts_at, title=f"{row.booking}, lead")
    if row.ends_at < row.window_ends_at:
        yield Bar(GRACE, row.ends_at, row.window_ends_at, title=f"{row.booking}, grace")


def _booked(day: Any, row: Any, away: list[Any]) -> Bar:
    during = any(each.starts_at < row.ends_at and row.starts_at < each.ends_at for each in away)
    is_pending = row.status == "pending"
    span = "-".join(clock_local(at, day.timezone) for at in (row.starts_at, row.ends_at))
    title = f"{row.booking}, {row.client_name or row.client}, {span}"
    return Bar(
        PENDING if is_pending else BOOKED,
        row.starts_at,
        row.ends_at,
        tone=BAD if during or (row.sitter is None and not is_pending) else "",
        title=title + (", pending" if is_pending else ""),
    )


def hours(day: Any, *, room: float) -> list[tuple[datetime, str]]:
    """Local hours for the axis, with their labels: an hour that the clocks skip is missing, one
    that they repeat is there twice. `room` is how many labels fit."""
    apart = next((each for each in _HOURS_APART if 24 / each <= room), _HOURS_APART[-1])
    place = zone(day.timezone)
    found: dict[datetime, str] = {}
    for hour in range(0, 24, apart):
        for fold in (0, 1):
            wall = datetime(day.day.year, day.day.month, day.day.day, hour, tzinfo=place, fold=fold)
            at = wall.astimezone(UTC)
            if at.astimezone(place).replace(tzinfo=None) == wall.replace(tzinfo=None):
                found[at] = f"{hour:02}"
    return sorted((at, label) for at, label in found.items() if day.start <= at < day.end)


def handoffs_in_words(day: Any) -> list[str]:
    """Each hand-off as a sentence for people."""
    return [
        f"{clock_local(each.at, day.timezone)} {each.client_name or each.client}: "
        f"from {each.from_name} to {each.to_name} ({each.booking})"
        for each in day.handoffs
    ]
