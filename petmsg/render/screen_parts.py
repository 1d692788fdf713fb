"""The parts of a screen of text: labels in a column, and beside them rows and items that fit."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rich.cells import cell_len
from rich.text import Text

from petmsg.render.day_words import DayWords, command_lines, pieces_of
from petmsg.render.field_types import OVER
from petmsg.render.table import STYLES

GAP = 2
_INDENT = 2


class Line(NamedTuple):
    """A line beside the labels, or one that needs the whole width."""

    text: Text
    is_wide: bool = False


class Grid(NamedTuple):
    """The screen: a column of labels, and beside it what belongs to them."""

    words: DayWords
    labels: int
    width: int
    show_all: bool

    @property
    def body(self) -> int:
        """The width beside the labels."""
        return self.width - self.labels - GAP

    def labelled(self, label: str, style: str, lines: Sequence[Line]) -> list[Text]:
        """The lines, the first of them beside the label."""
        if lines and lines[0].is_wide:
            lines = [Line(Text()), *lines]
        found = []
        for number, line in enumerate(lines):
            if line.is_wide:
                found.append(Text(" " * _INDENT).append_text(line.text))
                continue
            shown = self.words.cut(label, self.labels) if number == 0 else ""
            blanks = " " * (self.labels - cell_len(shown) + GAP)
            found.append(Text().append(shown, style=style).append(blanks).append_text(line.text))
        return found

    def command(self, command: str) -> list[Line]:
        """A command on one line if the screen is wide enough for it."""
        command = self.words.encodable(command)
        if cell_len(command) <= self.body:
            return [Line(Text(command, style="bold"))]
        pieces = command_lines(command, self.width - _INDENT)
        return [Line(Text(each, style="bold"), is_wide=True) for each in pieces]

    def pointed(self, before: str, command: str) -> list[Line]:
        """Words and the command that shows what they are about, together on a line if they fit."""
        line = f"{before}: " if before else ""
        if cell_len(line) + cell_len(command) <= self.body:
            return [Line(Text(line).append(command, style="bold"))]
        words = [Line(Text(each)) for each in pieces_of(f"{before}:", self.body)] if before else []
        return [*words, *self.command(command)]


class Piece(NamedTuple):
    """Some words of a row, which are not broken. `is_over`: they give way to the others."""

    text: str
    style: str = ""
    is_over: bool = False


@dataclass(slots=True)
class Row:
    """A label and pieces beside it, in at most `most` lines.

    `short` are the same pieces in fewer words, for where there is not enough room.
    """

    grid: Grid
    label: str
    style: str
    pieces: list[Piece]
    short: list[Piece] = field(default_factory=list)
    most: int = 1
    _made: dict[int, tuple[list[Line], int]] = field(default_factory=dict, init=False)

    def lines(self) -> list[Line]:
        """The pieces in lines."""
        return self._fitted()[0]

    @property
    def hidden(self) -> int:
        """How many of the pieces are not shown."""
        return self._fitted()[1]

    def _fitted(self) -> tuple[list[Line], int]:
        if self.most not in self._made:
            self._made[self.most] = self._fit()
        return self._made[self.most]

    def _fit(self) -> tuple[list[Line], int]:
        for pieces, hidden in self._shorter():
            lines = _packed(pieces, self.grid)
            if len(lines) <= self.most or self.grid.show_all:
                return lines, hidden
        return [Line(self._first())], len(self.pieces) - 1

    def _first(self) -> Text:
        """The first piece that is not over, as much of it as fits, and how many more there are."""
        pieces = self.short or self.pieces
        piece = next((each for each in pieces if not each.is_over), pieces[0])
        left = len(pieces) - 1
        more = f", +{left} more" if left else ""
        words, room = self.grid.words, self.grid.body
        shown = words.cut(piece.text, max(room - len(more), 2))
        return Text(shown, piece.style).append(words.cut(more, room - cell_len(shown)))

    @property
    def whole(self) -> int:
        """How many lines all pieces take."""
        return len(_packed(self.pieces, self.grid))

    def _shorter(self) -> Iterator[tuple[list[Piece], int]]:
        """All pieces, then fewer and fewer, with how many are left out."""
        yield self.pieces, 0
        pieces = self.short or self.pieces
        yield pieces, 0
        over = sum(each.is_over for each in pieces)
        ahead = [each for each in pieces if not each.is_over]
        before = [Piece(f"{over} over", STYLES[OVER])] if over else []
        for left in range(bool(not before), len(ahead)):
            after = [Piece(f"+{left} more")] if left else []
            yield [*before, *ahead[: len(ahead) - left], *after], over + left


def _packed(pieces: Sequence[Piece], grid: Grid) -> list[Line]:
    """The pieces in lines as wide as the body, with commas between them."""
    lines, line = [], Text()
    for number, each in enumerate(pieces):
        comma = "," * (number < len(pieces) - 1)
        text = grid.words.cut(each.text, grid.body - len(comma))
        if line and cell_len(line.plain) + 1 + cell_len(text) + len(comma) > grid.body:
            lines.append(Line(line))
            line = Text()
        line.append(" " * bool(line)).append(text, style=each.style).append(comma)
    return [*lines, Line(line)]


@dataclass(slots=True)
class Section:
    """What stands below one another: rows with labels of their own, or items beside one label.

    `rest` is the command that shows what is not shown.
    """

    grid: Grid
    label: str
    style: str
    rest: str
    items: list[list[Line]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    is_optional: bool = False
    hidden_words: Callable[[int, "Section"], str] | None = None

    @property
    def count(self) -> int:
        """How many items there are."""
        return len(self.rows) or len(self.items)

    def lines(self, shown: int) -> list[Text]:
        """The lines with the first `shown` items."""
        if self.rows:
            return [*self._row_lines(shown), *self._rest_of_rows(shown)]
        if shown == 0 and self.is_optional:
            return []
        body = [line for item in self.items[:shown] for line in item]
        left = len(self.items) - shown
        if left:
            body += self.grid.pointed(f"{left} more" if shown else "", self.rest)
        return self.grid.labelled(self.label, self.style, body)

    def _row_lines(self, shown: int) -> list[Text]:
        return [
            line
            for row in self.rows[:shown]
            for line in self.grid.labelled(row.label, row.style, row.lines())
        ]

    def _rest_of_rows(self, shown: int) -> list[Text]:
        if shown == 0 and self.is_optional:
            return []
        hidden = sum(row.hidden for row in self.rows[:shown])
        hidden += sum(len(row.pieces) for row in self.rows[shown:])
        if not hidden:
            return []
        words = self.hidden_words(hidden, self) if self.hidden_words else f"{hidden} more"
        return self.grid.labelled(self.label, self.style, self.grid.pointed(words, self.rest))
