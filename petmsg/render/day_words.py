"""The words of a local day: times, names and commands as they fit into a terminal."""

import sys
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from rich.cells import cell_len, chop_cells

from petmsg.clock import zone
from petmsg.render.escape import escape
from petmsg.render.terminal import Terminal

ERASED = "[erased]"
_FROM_RIGHT = frozenset({"R", "AL", "AN"})
_LEFT_TO_RIGHT = "\u200e"
"""Behind a name that is written from right to left: what follows stays where it is."""


class DayWords(NamedTuple):
    """How a day is worded on a terminal, in the org's timezone."""

    day: date
    end: datetime
    timezone: str
    terminal: Terminal

    def clock(self, at: datetime) -> str:
        """The time of day; with the day if it is another one, and with the zone's name if the day
        has that time twice. The end of the day is `24:00`."""
        if at == self.end:
            return "24:00"
        local = at.astimezone(zone(self.timezone))
        first, second = (local.replace(fold=fold).utcoffset() for fold in (0, 1))
        hour = f"{local:%H:%M}" if first == second else f"{local:%H:%M %Z}"
        return hour if local.date() == self.day else f"{self.day_of(local.date())} {hour}"

    def day_of(self, day: date) -> str:
        """Another day: its weekday if it is near, else its date."""
        if abs(day - self.day) < timedelta(days=7):
            return f"{day:%a}"
        return f"{day:%d %b}" if day.year == self.day.year else f"{day:%d %b %Y}"

    def span(self, start: datetime, end: datetime) -> str:
        """From when to when, as in `09:00-10:00`; a day that is another one is named once."""
        first, last = self.clock(start), self.clock(end)
        days = [at.astimezone(zone(self.timezone)).date() for at in (start, end)]
        if days[0] == days[1] != self.day and end != self.end:
            last = last.removeprefix(f"{self.day_of(days[1])} ")
        return f"{first}-{last}"

    def name(self, name: str | None) -> str:
        """A name that cannot act on the terminal, nor turn what stands behind it around."""
        shown = self.encodable(escape(ERASED if name is None else name))
        if any(unicodedata.bidirectional(each) in _FROM_RIGHT for each in shown):
            return shown + _LEFT_TO_RIGHT
        return shown

    def encodable(self, text: str) -> str:
        """The text as the stream's encoding can hold it, so that its width is known."""
        if not self.terminal.plain or text.isascii():
            return text
        encoding = getattr(sys.stdout, "encoding", None) or "ascii"
        return text.encode(encoding, "backslashreplace").decode(encoding)

    def cut(self, text: str, width: int) -> str:
        """The text, with an ellipsis if it is wider than that."""
        if cell_len(text) <= width:
            return text
        dots = "..." if self.terminal.plain else "…"
        room = width - cell_len(dots)
        if room <= 0:
            return dots[:width]
        kept = chop_cells(text, room)[0]
        turned = any(unicodedata.bidirectional(each) in _FROM_RIGHT for each in kept)
        return kept + _LEFT_TO_RIGHT * turned + dots


def command_lines(command: str, width: int) -> list[str]:
    """A command in lines of that width, which a shell takes as one command.

    A word that is longer than a line is on a line of its own, and broken if it must be.
    """
    lines: list[str] = []
    line = ""
    words = command.split(" ")
    for number, word in enumerate(words):
        joined = f"{line} {word}" if line else word
        mark = 0 if number == len(words) - 1 else 2
        if line and cell_len(joined) + mark > width:
            lines.append(f"{line} \\")
            joined = word
        line = joined
    return [piece for each in (*lines, line) for piece in pieces_of(each, width)]


def pieces_of(text: str, width: int) -> Sequence[str]:
    """The text in pieces that are no wider than that."""
    return [text] if cell_len(text) <= width else chop_cells(text, max(width, 2))
