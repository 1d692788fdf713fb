"""A client's timeline on a terminal: lanes of bars, an axis of local days, the numbers' letters."""

import os
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from math import ceil
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from petmsg.render.call_words import call_in_words
from petmsg.render.escape import escape
from petmsg.render.fields import View, local
from petmsg.render.picture_text import picture_notes
from petmsg.render.table import STYLES, print_table, show, wrapped
from petmsg.render.terminal import Terminal, terminal_of
from petmsg.render.timeline_lanes import (
    AWAY,
    BOOKED,
    GRACE,
    HANDOFF,
    LEAD,
    LINE,
    PENDING,
    REST,
    TONE_OF,
    Bar,
    Drawing,
    Lane,
    draw,
    midnights,
    place,
)
from petmsg.render.views.simulate import SEGMENTS

if TYPE_CHECKING:
    from petmsg.queries.thread_calls import ThreadCall
    from petmsg.services.routes.timeline import Timeline

_NAMES = 22
"""Maximum width of the lane names."""
_TICK = 8
_INK = {
    LEAD: "░", BOOKED: "█", GRACE: "░", LINE: "━", REST: "▒", PENDING: "▄", AWAY: "─",
}  # fmt: skip
_PLAIN_INK = {
    LEAD: ".", BOOKED: "#", GRACE: ".", LINE: "-", REST: "x", PENDING: "?", AWAY: "-",
}  # fmt: skip
_MARKS = {"in": "▼", "out": "▲", "both": "◆", HANDOFF: "◆"}
_PLAIN_MARKS = {"in": "v", "out": "^", "both": "*", HANDOFF: "*"}
_NOW = "┊"
_PLAIN_NOW = ":"


def ink_of(terminal: Terminal) -> dict[str, str]:
    """What bars are drawn with, by their kind."""
    return _PLAIN_INK if terminal.plain else _INK


def marks_of(terminal: Terminal) -> dict[str, str]:
    """What marks are drawn with."""
    return _PLAIN_MARKS if terminal.plain else _MARKS


def print_timeline(timeline: "Timeline", *, view: View) -> None:
    """Draw the timeline as wide as the terminal, and list the changes of the number below it."""
    terminal = view.terminal or terminal_of(sys.stdout, os.environ)
    show(Text("\n").join(_lines(timeline, draw(timeline), view, terminal)), terminal)
    print_table([field for field in SEGMENTS if field.name != "client"], timeline.segments, view)
    calls = [line for row in timeline.calls for line in _call(row, view, terminal)]
    if calls:
        show(Text("\n").join([Text(), Text("Calls", style="bold"), *calls]), terminal)
    pictures = list(_pictures(timeline, view, terminal))
    if pictures:
        show(Text("\n").join([Text(), Text("Pictures", style="bold"), *pictures]), terminal)


def _call(row: "ThreadCall", view: View, terminal: Terminal) -> Iterator[Text]:
    """A call in a line, or as many as it takes."""
    words = escape(f"{local(row.started_at, view)}  {call_in_words(row)}")
    first, *others = wrapped(Text(words), max(terminal.width - 2, 1))
    yield first
    yield from (Text("  ").append_text(each) for each in others)


def _pictures(timeline: "Timeline", view: View, terminal: Terminal) -> Iterator[Text]:
    """A line for each message with pictures."""
    for row in timeline.messages:
        for note in picture_notes(row.media or (), row.media_count):
            words = f"{local(row.at, view)}  message {row.message}, {row.direction}: {escape(note)}"
            first, *others = wrapped(Text(words), max(terminal.width - 2, 1))
            yield first
            yield from (Text("  ").append_text(each) for each in others)


def _lines(
    timeline: "Timeline", drawing: Drawing, view: View, terminal: Terminal
) -> Iterator[Text]:
    names = [escape(lane.name) for lane in drawing.lanes]
    left, width = columns_of(names, terminal)
    yield Text(
        f"{escape(timeline.name or '[erased]')} ({escape(timeline.client)}), "
        f"{local(timeline.start, view)} to {local(timeline.end, view)}",
        style="bold",
    )
    yield from axis(timeline, midnights(timeline, room=width / _TICK), left, width, terminal)
    for name, lane in zip(names, drawing.lanes, strict=True):
        yield Text(set_cell_size(name, left) + "  ").append_text(
            lane_text(lane, timeline, width, terminal)
        )
    yield Text()
    if drawing.letters:
        said = ", ".join(f"{letter} {e164}" for letter, e164 in drawing.letters.items())
        yield Text(f"Numbers: {said}")
    ink, marks = ink_of(terminal), marks_of(terminal)
    yield Text(
        f"{ink[BOOKED]} booked  {ink[GRACE]} {_outside_booked(drawing)}  {ink[REST]} quarantined  "
        f"{marks['in']} received  {marks['out']} sent  {marks['both']} both",
        style="dim",
    )
    yield Text()


def _outside_booked(drawing: Drawing) -> str:
    """What the parts of windows outside the booked times are."""
    has_lead = any(bar.kind == LEAD for lane in drawing.lanes for bar in lane.bars)
    return "lead, grace" if has_lead else "grace"


def columns_of(names: Sequence[str], terminal: Terminal) -> tuple[int, int]:
    """The widths of the names and of the lanes beside them."""
    left = min(max(map(cell_len, names)), _NAMES, terminal.width // 3)
    return left, max(terminal.width - left - 2, 10)


def axis(
    timeline: "Timeline",
    ticks_at: Sequence[tuple[datetime, str]],
    left: int,
    width: int,
    terminal: Terminal,
) -> Iterator[Text]:
    """The axis: a label at each tick, and a mark at the current time."""
    labels, ticks = [" "] * width, [" "] * width
    for at, label in ticks_at:
        at_cell = int(place(at, timeline, width))
        ticks[min(at_cell, width - 1)] = "|" if terminal.plain else "│"
        if at_cell + len(label) <= width:
            labels[at_cell : at_cell + len(label)] = label
    line = Text(" " * (left + 2) + "".join(ticks), style="dim")
    if timeline.start <= timeline.now < timeline.end:
        now = left + 2 + min(int(place(timeline.now, timeline, width)), width - 1)
        shown = line.plain[:now] + ("n" if terminal.plain else "▾") + line.plain[now + 1 :]
        line = Text(shown, style="dim")
        line.stylize("bold not dim", now, now + 1)
    yield Text(" " * (left + 2) + "".join(labels).rstrip())
    yield line


def lane_text(
    lane: Lane, timeline: "Timeline", width: int, terminal: Terminal, *, with_now: bool = False
) -> Text:
    """A lane as one line of cells. A bar fills every cell that it touches.

    `with_now` marks the current time where the lane is empty.
    """
    ink, marks = ink_of(terminal), marks_of(terminal)
    cells = [(" ", "")] * width
    if with_now and timeline.start <= timeline.now < timeline.end:
        spot = min(int(place(timeline.now, timeline, width)), width - 1)
        cells[spot] = (_PLAIN_NOW if terminal.plain else _NOW, "dim")
    for bar in lane.bars:
        style = STYLES.get(bar.tone or TONE_OF[bar.kind], "")
        first, last = _cells(bar, timeline, width)
        cells[first:last] = [(ink[bar.kind], style)] * (last - first)
        for offset, character in enumerate(bar.label[: last - first]):
            cells[first + offset] = (character, f"bold {STYLES.get(bar.tone, '')}".strip())
    for at, way, _ in lane.marks:
        spot = min(int(place(at, timeline, width)), width - 1)
        there = cells[spot][0]
        is_free = there in (" ", marks[way]) or way == HANDOFF
        cells[spot] = (marks[way] if is_free else marks["both"], "")
    drawn = Text()
    for character, style in cells:
        drawn.append(character, style=style)
    drawn.rstrip()
    return drawn


def _cells(bar: Bar, timeline: "Timeline", width: int) -> tuple[int, int]:
    first = min(int(place(bar.start, timeline, width)), width - 1)
    return first, max(ceil(place(bar.end, timeline, width)), first + 1)
