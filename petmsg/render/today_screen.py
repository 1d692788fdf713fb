"""`petmsg today` on a terminal: one screen of at most 24 lines, or everything."""

import os
import sys
from collections.abc import Iterator
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from petmsg.clock import zone
from petmsg.plurals import counted
from petmsg.render.day_words import DayWords
from petmsg.render.fields import View
from petmsg.render.screen_parts import Grid, Section
from petmsg.render.screen_plan import Step, plan
from petmsg.render.table import show, wrapped
from petmsg.render.terminal import Terminal, terminal_of
from petmsg.render.today_sections import (
    absences,
    free,
    gaps,
    pending,
    unique_names,
    visits,
    waiting,
)
from petmsg.render.views.today import counts

SCREEN = 23
"""Lines: those of a usual terminal, less the one of the next prompt."""
_LABELS = 18
_ORDER = (
    Step("gaps", 1),
    Step("waiting", 1),
    Step("absences", 1),
    Step("visits", 8),
    Step("pending", 1),
    Step("gaps", 2),
    Step("waiting", 2),
    Step("visits", 1000),
    Step("gaps", 1000),
    Step("waiting", 1000),
)
"""What is shown first where there is little room."""


def print_today(day: Any, *, view: View, show_all: bool) -> None:
    """Print the day: a screen of it, or all."""
    terminal = view.terminal or terminal_of(sys.stdout, os.environ)
    show(Text("\n").join(screen(day, terminal, show_all=show_all)), terminal)


def screen(day: Any, terminal: Terminal, *, show_all: bool = False) -> list[Text]:
    """The lines of the screen."""
    words = DayWords(day.day, day.end, day.timezone, terminal)
    top = list(header(day, words))
    grid = Grid(words, _label_width(day, words), terminal.width, show_all)
    sections: dict[str, Section] = {
        "visits": visits(day, grid),
        "free": free(day, grid),
        "absences": absences(day, grid),
        "pending": pending(day, grid),
        "gaps": gaps(day, grid),
        "waiting": waiting(day, grid),
    }
    there = {name: section for name, section in sections.items() if section.count}
    items = {name: section.count for name, section in there.items()}
    if show_all:
        return _joined(top, [there[name].lines(items[name]) for name in there], room=None)
    room = SCREEN - len(top)
    heights = {
        name: (lambda count, section=section: len(section.lines(count)))
        for name, section in there.items()
    }
    shown = plan(heights, items, _ORDER, room)
    _grow(there, shown, room)
    return _joined(top, [there[name].lines(shown[name]) for name in there], room=room)


def _grow(sections: dict[str, Section], shown: dict[str, int], room: int) -> None:
    """Give rows that are cut more lines while there is room."""

    def taken() -> int:
        return sum(len(section.lines(shown[name])) for name, section in sections.items())

    for name in ("absences", "visits", "free"):
        section = sections.get(name)
        for row in section.rows[: shown[name]] if section is not None else ():
            for most in range(2, row.whole + 1):
                before, row.most = row.most, most
                if taken() > room:
                    row.most = before
                    break


def _joined(top: list[Text], parts: list[list[Text]], *, room: int | None) -> list[Text]:
    """The parts, with blank lines between them as far as there is room."""
    parts = [part for part in parts if part]
    blanks = len(parts) if room is None else room - sum(map(len, parts))
    lines = list(top)
    for part in parts:
        if blanks > 0:
            lines.append(Text())
            blanks -= 1
        lines += part
    return lines


def _label_width(day: Any, words: DayWords) -> int:
    """Wide enough for the labels of the sections, and for names within reason."""
    known = unique_names(day)
    names = [words.name(known[each.row.sitter]) for each in day.visits if each.row.sitter]
    most = min(_LABELS, words.terminal.width // 4)
    numbers = [len(str(len(rows))) for rows in (day.visits, day.gaps, day.waiting)]
    least = len("Pending ()") + max(numbers)
    wanted = max(min(max(map(cell_len, names), default=0), most), least)
    return min(wanted, words.terminal.width // 2 - 3)


def header(day: Any, words: DayWords) -> Iterator[Text]:
    """The org, the day and the time, and how many visits there are."""
    width = words.terminal.width
    local = day.now.astimezone(zone(day.timezone))
    when = f"{local:%H:%M %Z}" if day.is_today else f"now {local:%a %d %b %H:%M %Z}"
    title = f"{day.day:%a %d %b %Y}, {when}"
    hours = (day.end - day.start).total_seconds() / 3600
    if hours != 24:
        title += f", a day of {hours:g} hours"
    name = words.cut(words.name(day.org.name), max(width - cell_len(title) - 2, 8))
    yield from wrapped(Text(f"{name}, {title}", style="bold"), width)
    yield from wrapped(Text(_counts(day)), width)


def _counts(day: Any) -> str:
    found = counts(day)
    said = ["no visits"]
    if found["visits"]:
        said = [counted(found["visits"], "visit"), counted(found["sitters"], "sitter")]
    for name, words in (
        ("running", "now"),
        ("to_come", "to come"),
        ("over", "over"),
        ("pending", "pending"),
        ("without_sitter", "without a sitter"),
    ):
        said += [f"{found[name]} {words}"] * bool(found[name])
    said += ["no gaps"] * (not day.gaps)
    said += ["nobody waits"] * (not day.waiting)
    said += [counted(day.calls.missed, "missed call")] * bool(day.calls.missed)
    line = ", ".join(said)
    return line[0].upper() + line[1:]
