"""The sections of `petmsg today` as lines of a terminal."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rich.cells import cell_len
from rich.text import Text

from petmsg.plurals import counted
from petmsg.render.day_words import DayWords, command_lines, pieces_of, waited
from petmsg.render.field_types import BAD, GOOD, OVER, WAITS
from petmsg.render.table import STYLES, wrapped

_GAP = 2
_INDENT = 2
_REASON = 24
"""The width of the reason of an absence."""
_MOST_OF_MESSAGE = 2
"""Lines that the words of a finding take at most, unless all is shown."""


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
        return self.width - self.labels - _GAP

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
            blanks = " " * (self.labels - cell_len(shown) + _GAP)
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


Items = Sequence[Callable[[], list[Line]]]


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
        """The lines with so many of the items."""
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


# ------------------------------------------------------------------------------------- of the day


def visits(day: Any, grid: Grid) -> Section:
    """A row for each sitter with visits: first those without a sitter, then by what comes next."""
    by_sitter: dict[str | None, list[Any]] = {}
    for each in day.visits:
        by_sitter.setdefault(each.row.sitter, []).append(each)
    away = {row.sitter: row for row in day.absences}
    names = unique_names(day)
    order = sorted(by_sitter, key=lambda sitter: _rank(sitter, by_sitter[sitter]))
    rows = [
        Row(
            grid,
            grid.words.name(names.get(sitter, sitter)) if sitter is not None else "no sitter",
            "" if sitter is not None else STYLES[BAD],
            [_visit(each, away.get(sitter), grid.words) for each in by_sitter[sitter]],
        )
        for sitter in order
    ]
    return Section(
        grid,
        "",
        "",
        rest=all_of(day),
        rows=rows,
        hidden_words=lambda hidden, _: counted(hidden, "more visit"),
    )


def _rank(sitter: str | None, visits: Sequence[Any]) -> tuple[Any, ...]:
    ahead = [each.row.ends_at for each in visits if each.state != "over"]
    starts = [each.row.starts_at for each in visits if each.state != "over"]
    first = min(starts or [each.row.starts_at for each in visits])
    return (sitter is not None, not ahead, first, sitter or "")


def unique_names(day: Any) -> dict[str, str]:
    """The sitters' names by ref; with the ref where several have the name."""
    names = {each.sitter: each.sitter_name for each in day.sitters}
    names |= {row.sitter: row.sitter_name for row in day.absences}
    names |= {each.row.sitter: each.row.sitter_name for each in day.visits if each.row.sitter}
    often = Counter(names.values())
    return {ref: f"{name} {ref}" if often[name] > 1 else name for ref, name in names.items()}


def _visit(each: Any, absence: Any, words: DayWords) -> Piece:
    row = each.row
    is_over = each.state == "over"
    is_away = (
        absence is not None
        and absence.starts_at < row.ends_at
        and row.starts_at < absence.ends_at
        and not is_over
    )
    before = ["away"] * is_away + ["pending"] * each.is_pending
    before += ["now"] * (each.state == "running")
    tone = BAD if is_away else WAITS if each.is_pending else GOOD if "now" in before else ""
    said = [*before, words.span(row.starts_at, row.ends_at), words.name(row.client_name)]
    return Piece(" ".join(said), STYLES[OVER] if is_over else STYLES.get(tone, ""), is_over)


def free(day: Any, grid: Grid) -> Section:
    """The sitters who have no visit and are not away."""
    names = unique_names(day)
    pieces = [Piece(grid.words.name(names[each.sitter])) for each in day.free]
    rows = [Row(grid, "Free", STYLES[OVER], pieces)] if pieces else []
    return Section(grid, "", "", rest=all_of(day), rows=rows, is_optional=True)


def absences(day: Any, grid: Grid) -> Section:
    """Who is away, until when and why."""
    names = unique_names(day)
    pieces, short = [], []
    for row in day.absences:
        said = f"{grid.words.name(names[row.sitter])} {_away(row, day, grid.words)}"
        pieces.append(Piece(f"{said} ({grid.words.cut(grid.words.name(row.reason), _REASON)})"))
        short.append(Piece(said))
    rows = [Row(grid, "Away", STYLES[WAITS], pieces, short)] if pieces else []
    return Section(
        grid,
        f"Away ({len(pieces)})",
        STYLES[WAITS],
        rest=all_of(day),
        rows=rows,
    )


def _away(row: Any, day: Any, words: DayWords) -> str:
    """When a sitter is away, as far as the day is concerned."""
    if row.starts_at > day.start:
        return words.span(row.starts_at, row.ends_at)
    return "all day" if row.ends_at == day.end else f"until {words.clock(row.ends_at)}"


def pending(day: Any, grid: Grid) -> Section:
    """Commands that confirm the pending bookings, with as many refs as fit on a line."""
    from shlex import quote

    refs = [quote(each.row.booking) for each in day.visits if each.command is not None]
    begin, end = "petmsg booking confirm", day.command("{org}")
    lines, line = [], begin
    for ref in refs:
        if line != begin and cell_len(f"{line} {ref}{end}") > grid.body:
            lines.append(line + end)
            line = begin
        line += f" {ref}"
    items = [grid.command(each) for each in (*lines, line + end)] if refs else []
    return Section(grid, f"Pending ({len(refs)})", STYLES[WAITS], all_of(day), items)


def gaps(day: Any, grid: Grid) -> Section:
    """What coverage finds for the day and the one after, each with its command."""
    rest = day.command("petmsg coverage --days {days}{org}", days=day.coverage_days)
    items = [_gap(row, grid) for row in day.gaps]
    return Section(grid, f"Gaps ({len(items)})", STYLES[BAD], rest, items)


def _gap(row: Any, grid: Grid) -> list[Line]:
    words = grid.words
    said = words.name(row.message)
    if row.starts_at is not None:
        until = row.starts_at if row.ends_at is None else row.ends_at
        said = f"{words.span(row.starts_at, until)} {said}"
    lines = wrapped(Text(said), grid.body)
    if len(lines) > _MOST_OF_MESSAGE and not grid.show_all:
        last = words.cut(" ".join(each.plain for each in lines[_MOST_OF_MESSAGE - 1 :]), grid.body)
        lines = [*lines[: _MOST_OF_MESSAGE - 1], Text(last)]
    return [Line(each) for each in lines] + (grid.command(row.command) if row.command else [])


def waiting(day: Any, grid: Grid) -> Section:
    """Who waits for an answer, the longest wait first, each with the command that shows how to
    answer."""
    rest = day.command("petmsg inbox list --oldest{org}")
    items = [_waiting(each, grid) for each in day.waiting]
    late = any(each.is_late for each in day.waiting)
    style = STYLES[BAD] if late else STYLES[WAITS]
    return Section(grid, f"Waiting ({len(items)})", style, rest, items)


def _waiting(each: Any, grid: Grid) -> list[Line]:
    words = grid.words
    who = "Unknown senders" if each.entity == "message" else f"{words.name(each.name)} ({each.ref})"
    if each.entity == "sitter":
        who = f"Sitter {who}"
    said = f"{who} {waited(each.minutes)}"
    if len(each.messages) > 1:
        said += f", {counted(len(each.messages), 'message')}"
    style = STYLES[BAD] if each.is_late else ""
    together = cell_len(said) + _GAP + cell_len(each.command) <= grid.body
    if together:
        text = Text(said, style=style).append(" " * _GAP).append(each.command, style="not dim bold")
        return [Line(text)]
    return [Line(Text(words.cut(said, grid.body), style=style)), *grid.command(each.command)]


def all_of(day: Any) -> str:
    """The command that shows everything of the day."""
    on = "" if day.is_today else f" --on {day.day.isoformat()}"
    return str(day.command(f"petmsg today{on} --all{{org}}"))
