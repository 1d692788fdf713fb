"""`petmsg today --chart` on a terminal: a line for each sitter, over an axis of local hours."""

import os
import sys
from collections.abc import Iterator
from typing import Any

from rich.cells import set_cell_size
from rich.text import Text

from petmsg.plurals import counted
from petmsg.render.day_lanes import handoffs_in_words, hours, lanes_of
from petmsg.render.day_words import DayWords
from petmsg.render.fields import View
from petmsg.render.table import show, wrapped
from petmsg.render.terminal import Terminal, terminal_of
from petmsg.render.timeline_drawing import axis, columns_of, ink_of, lane_text, marks_of
from petmsg.render.timeline_lanes import AWAY, BOOKED, GRACE, HANDOFF, LEAD, PENDING, Lane
from petmsg.render.today_screen import header

_TICK = 4
_HANDOFFS = 10
"""The most hand-offs that are listed below the drawing."""


def print_day(day: Any, *, view: View) -> None:
    """Draw the day as wide as the terminal."""
    terminal = view.terminal or terminal_of(sys.stdout, os.environ)
    show(Text("\n").join(drawn(day, terminal)), terminal)


def drawn(day: Any, terminal: Terminal) -> list[Text]:
    """The lines of the drawing."""
    words = DayWords(day.day, day.end, day.timezone, terminal)
    lanes = lanes_of(day)
    lines = [*header(day, words), Text()]
    if lanes:
        lines += _lanes(day, lanes, words)
    lines += [Text(), *_below(day, lanes, words)]
    return lines


def _lanes(day: Any, lanes: list[Lane], words: DayWords) -> Iterator[Text]:
    terminal = words.terminal
    names = [words.name(lane.name) for lane in lanes]
    left, width = columns_of(names, terminal)
    yield from axis(day, hours(day, room=width / _TICK), left, width, terminal)
    for name, lane in zip(names, lanes, strict=True):
        shown = words.cut(name, left)
        yield Text(set_cell_size(shown, left) + "  ").append_text(
            lane_text(lane, day, width, terminal, with_now=True)
        )


def _below(day: Any, lanes: list[Lane], words: DayWords) -> Iterator[Text]:
    """What the inks mean, the hand-offs in words, and what the drawing does not show."""
    width = words.terminal.width
    legend = _legend(lanes, words.terminal)
    if legend:
        yield from wrapped(Text(legend, style="dim"), width)
    mark = marks_of(words.terminal)[HANDOFF]
    said = handoffs_in_words(day)
    for each in said[:_HANDOFFS]:
        yield from wrapped(Text(f"{mark} {words.name(each)}"), width)
    if len(said) > _HANDOFFS:
        rest = f"{len(said) - _HANDOFFS} more hand-offs: {_today(day)} -o json"
        yield from wrapped(Text(rest), width)
    more = [
        *[counted(len(day.gaps), "gap")] * bool(day.gaps),
        *[f"{len(day.waiting)} waiting for an answer"] * bool(day.waiting),
    ]
    if more:
        yield from wrapped(Text(f"{', '.join(more)}: {_today(day)}", style="bold"), width)


def _today(day: Any) -> str:
    on = "" if day.is_today else f" --on {day.day.isoformat()}"
    return str(day.command(f"petmsg today{on}{{org}}"))


def _legend(lanes: list[Lane], terminal: Terminal) -> str:
    """The inks that are used, each with its meaning."""
    kinds = {bar.kind for lane in lanes for bar in lane.bars}
    ink, marks = ink_of(terminal), marks_of(terminal)
    said = [f"{ink[kind]} {kind}" for kind in (BOOKED, PENDING) if kind in kinds]
    outside = [kind for kind in (LEAD, GRACE) if kind in kinds]
    said += [f"{ink[GRACE]} {', '.join(outside)}"] * bool(outside)
    said += [f"{ink[AWAY]} away"] * (AWAY in kinds)
    said += [f"{marks[HANDOFF]} hand-off"] * any(lane.marks for lane in lanes)
    return "  ".join(said)
