"""A timeline as lanes of bars and marks, before anything is drawn. Pure; standard library only.

A terminal and an SVG draw the same lanes.
"""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from string import ascii_uppercase
from typing import TYPE_CHECKING, NamedTuple

from petmsg.clock import zone
from petmsg.enums.calls import CallerKind
from petmsg.enums.messages import Direction
from petmsg.render.call_words import outcome_of
from petmsg.render.field_types import BAD, GOOD, OVER, WAITS

if TYPE_CHECKING:
    from petmsg.queries.timeline import TimelineWindow
    from petmsg.services.routes.timeline import Timeline

LEAD, BOOKED, GRACE, LINE, REST = "lead", "booked", "grace", "line", "rest"
PENDING, AWAY = "pending", "away"
HANDOFF = "handoff"
_NOBODY = "no sitter yet"
_TICKS_APART = (1, 2, 3, 7, 14, 28, 84)
"""Days between two ticks; the smallest value that leaves room for the labels is used."""


class Bar(NamedTuple):
    """A span of time, `[start, end)`. `label` is written at its start; `tone` colours it."""

    kind: str
    start: datetime
    end: datetime
    label: str = ""
    tone: str = ""
    title: str = ""


class Lane(NamedTuple):
    """A row of the drawing. Later bars lie over earlier ones."""

    name: str
    bars: tuple[Bar, ...] = ()
    marks: tuple[tuple[datetime, str, str], ...] = ()
    """Messages and hand-offs: the instant, what it is (`in`, `out`, `handoff`) and a title."""


class Drawing(NamedTuple):
    """The lanes from top to bottom, and the numbers by their letters."""

    lanes: tuple[Lane, ...]
    letters: dict[str, str]
    """E.164 by letter."""


def draw(timeline: "Timeline") -> Drawing:
    """The lanes of a `Timeline`."""
    numbers = list(
        dict.fromkeys(
            segment.route.number.e164
            for segment in timeline.segments
            if segment.route.number is not None
        )
    )
    for row in timeline.quarantines:
        if row.number not in numbers:
            numbers.append(row.number)
    letter = {e164: _letter(place) for place, e164 in enumerate(numbers)}
    lanes = [*_sitters(timeline), _numbers(timeline, letter)]
    lanes += _quarantines(timeline, letter)
    if timeline.messages:
        lanes.append(_messages(timeline))
    if timeline.calls:
        lanes.append(_calls(timeline))
    return Drawing(tuple(lanes), {name: e164 for e164, name in letter.items()})


def _letter(place: int) -> str:
    more, place = divmod(place, len(ascii_uppercase))
    return ascii_uppercase[place] + (str(more) if more else "")


def _sitters(timeline: "Timeline") -> Iterator[Lane]:
    by_sitter: dict[str, list[TimelineWindow]] = {}
    for row in timeline.windows:
        by_sitter.setdefault(row.sitter or "", []).append(row)
    for sitter, rows in by_sitter.items():
        grace = [
            Bar(GRACE, row.booked_until, row.ends_at, title=f"{row.booking}, grace") for row in rows
        ]
        lead = [
            Bar(LEAD, row.starts_at, row.visit_starts_at, title=f"{row.booking}, lead")
            for row in rows
            if row.starts_at < row.visit_starts_at
        ]
        tone = "" if sitter else BAD
        booked = [
            Bar(BOOKED, row.visit_starts_at, row.booked_until, tone=tone, title=row.booking)
            for row in rows
        ]
        name = f"{rows[0].sitter_name} ({sitter})" if sitter else _NOBODY
        yield Lane(name, (*lead, *grace, *booked))


def _numbers(timeline: "Timeline", letter: dict[str, str]) -> Lane:
    """The number the client sees: a new bar wherever the number or the reason changes."""
    bars = []
    for segment in timeline.segments:
        route = segment.route
        name = letter[route.number.e164] if route.number is not None else "!"
        if route.number is None:
            tone = BAD
        elif route.gap is not None:
            tone = WAITS
        else:
            tone = GOOD if route.number.sitter is not None else ""
        title = f"{route.number.e164 if route.number else 'no number'}: {route.reason}"
        bars.append(Bar(LINE, segment.from_at, segment.to_at, name, tone, title))
    return Lane("Number seen", tuple(bars))


def _quarantines(timeline: "Timeline", letter: dict[str, str]) -> Iterator[Lane]:
    numbers = dict.fromkeys(row.number for row in timeline.quarantines)
    for number in numbers:
        bars = [
            Bar(REST, row.from_at, row.to_at or timeline.end, tone=WAITS, title=row.reason or "")
            for row in timeline.quarantines
            if row.number == number
        ]
        yield Lane(f"{letter[number]} in quarantine", tuple(bars))


def _messages(timeline: "Timeline") -> Lane:
    marks = [
        (
            row.at,
            "in" if row.direction == Direction.INBOUND else "out",
            f"message {row.message}: {row.status}",
        )
        for row in timeline.messages
    ]
    return Lane("Messages", marks=tuple(marks))


def _calls(timeline: "Timeline") -> Lane:
    marks = [
        (
            row.started_at,
            "out" if row.caller == CallerKind.SITTER else "in",
            f"call {row.call}: {outcome_of(row)}",
        )
        for row in timeline.calls
    ]
    return Lane("Calls", marks=tuple(marks))


# --------------------------------------------------------------------------------------------- axis


def place(at: datetime, timeline: "Timeline", width: float) -> float:
    """The position of an instant between 0 and `width`; instants outside the span are clamped."""
    whole = (timeline.end - timeline.start).total_seconds()
    return min(max((at - timeline.start).total_seconds() / whole, 0.0), 1.0) * width


def midnights(timeline: "Timeline", *, room: float) -> list[tuple[datetime, str]]:
    """Local midnights for the axis, with their labels. `room` is how many labels fit."""
    place_ = zone(timeline.timezone)
    day = timeline.start.astimezone(place_).date()
    last = timeline.end.astimezone(place_).date()
    days = (last - day).days + 1
    apart = next((each for each in _TICKS_APART if days / each <= room), _TICKS_APART[-1])
    ticks = []
    while day <= last:
        at = datetime.combine(day, time(), tzinfo=place_)
        if timeline.start <= at < timeline.end:
            ticks.append((at, at.strftime("%a %d" if apart < 7 else "%m-%d")))
        day += timedelta(days=apart)
    return ticks


TONE_OF = {
    LEAD: OVER,
    BOOKED: GOOD,
    GRACE: OVER,
    REST: WAITS,
    LINE: "",
    PENDING: WAITS,
    AWAY: OVER,
}
"""The tone of a bar without a tone of its own."""
