"""Tables on a terminal. Only this package imports Rich.

Colours repeat what the words say: green works, yellow waits or needs attention, red failed, dim is
over or missing.
"""

import io
import os
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.text import Text

from petmsg.render.escape import escape
from petmsg.render.field_types import BAD, GOOD, OVER, TEXT, WAITS, FieldType
from petmsg.render.fields import Field, View
from petmsg.render.layout import GAP, Column, Layout, lay_out
from petmsg.render.terminal import Terminal, terminal_of

STYLES = {GOOD: "green", WAITS: "yellow", BAD: "bold red", OVER: "dim"}
_INDENT = 4
_NOTHING = "-"


def show(renderable: RenderableType, terminal: Terminal | None = None) -> None:
    """Print it on stdout, without trailing spaces. Off a terminal it is wide, so that nothing is
    cut."""
    if terminal is None:
        terminal = terminal_of(sys.stdout, os.environ)
    drawn = Console(
        file=io.StringIO(),
        width=terminal.width,
        force_terminal=terminal.colour,
        color_system="standard" if terminal.colour else None,
        no_color=not terminal.colour,
        emoji=False,
        markup=False,
        highlight=False,
        legacy_windows=False,
    )
    with drawn.capture() as captured:
        drawn.print(renderable)
    for line in captured.get().splitlines():
        sys.stdout.write(line.rstrip() + "\n")


def cell(text: str, kind: FieldType | None = None) -> Text:
    """A text as a cell: escaped, and coloured if its type has a colour for it."""
    tone = OVER if text == _NOTHING else kind.tones.get(text) if kind is not None else None
    return Text(escape(text), style=STYLES[tone] if tone is not None else "")


def print_table(fields: Sequence[Field], rows: Sequence[Any], view: View) -> None:
    """Print rows below a header, as wide as the terminal; an empty list says so."""
    terminal = view.terminal or terminal_of(sys.stdout, os.environ)
    shown = _in_table(fields, rows)
    if not rows:
        show(Text("Nothing to show.", style="dim"), terminal)
        return
    cells, layout = _fitted(shown, rows, view._replace(relative=True), terminal.width)
    if layout.is_tight:
        cells, layout = _fitted(shown, rows, view._replace(relative=False), terminal.width)
    show(Text("\n").join(_table_lines(shown, cells, layout, terminal)), terminal)


def print_record(fields: Sequence[Field], row: Any, view: View) -> None:
    """Print one record, its fields one below the other."""
    terminal = view.terminal or terminal_of(sys.stdout, os.environ)
    close = view._replace(relative=True)
    titled = _in_table(fields, [row])
    widest = max((cell_len(field.title or "") for field in titled), default=0)
    room = max(terminal.width - widest - GAP, 1)
    lines = []
    for field in titled:
        value = cell(field.text(row, close), field.kind)
        title = Text(field.title or "", style="bold")
        for number, piece in enumerate(wrapped(value, room)):
            line = _padded(Text() if number else title, widest + GAP)
            lines.append(line.append_text(piece))
    show(Text("\n").join(lines), terminal)


def _in_table(fields: Sequence[Field], rows: Sequence[Any]) -> list[Field]:
    """The fields that a table of these rows has."""
    titled = (field for field in fields if field.title is not None)
    return [each for each in titled if not each.notable or any(map(each.value, rows))]


# ------------------------------------------------------------------------------------------ drawing


Cells = list[list[Text]]


def _fitted(
    fields: Sequence[Field], rows: Sequence[Any], view: View, width: int
) -> tuple[Cells, Layout]:
    """The cells of a list, and how its columns fit into the width."""
    views = [view._replace(relative=view.relative and field.kind.relative) for field in fields]
    cells = [
        [
            cell(field.text(row, of_field), field.kind)
            for field, of_field in zip(fields, views, strict=True)
        ]
        for row in rows
    ]
    columns = [_column(field, [row[i] for row in cells]) for i, field in enumerate(fields)]
    return cells, lay_out(columns, width)


class _Cell(NamedTuple):
    """A cell in line: its lines, the width of its column, and its alignment."""

    lines: list[Text]
    width: int
    right: bool


def _column(field: Field, cells: Sequence[Text]) -> Column:
    """The natural and the minimum width of a column."""
    title = field.title or ""
    whole = max(cell_len(each.plain) for each in cells)
    natural = max(whole, cell_len(title))
    least = max(whole, _longest_word(title))
    if field.kind.wrap:
        words = max(_longest_word(each.plain) for each in cells)
        least = min(natural, max(field.kind.wrap, words, _longest_word(title)))
    return Column(natural, least, _rank(field.kind), of_two_sizes=field.kind.is_instant)


def _rank(kind: FieldType) -> int:
    """Which columns are moved below the row first: prose, then times, then names."""
    if kind.is_instant:
        return 2
    return 0 if not kind.wrap else 1 if kind.wrap < TEXT.wrap else 3


def _longest_word(text: str) -> int:
    return max(cell_len(word) for word in text.split(" "))


def _table_lines(
    fields: Sequence[Field], cells: Cells, layout: Layout, terminal: Terminal
) -> Iterable[Text]:
    """The lines of a table: titles, a rule, and each row with the columns moved below it."""
    titles = [Text(field.title or "", style="bold") for field in fields]
    header = list(_in_line(fields, titles, layout))
    yield from header
    widest = sum(layout.widths.values()) + GAP * (len(layout.widths) - 1)
    yield Text(("-" if terminal.plain else "─") * min(widest, terminal.width), style="dim")
    for row in cells:
        yield from _in_line(fields, row, layout)
        yield from _hanging(fields, row, layout.hanging, terminal.width)


def _in_line(fields: Sequence[Field], row: Sequence[Text], layout: Layout) -> Iterable[Text]:
    """The columns of a row that are in line, with as many lines as the highest cell."""
    there = [
        _Cell(wrapped(row[place], width), width, fields[place].kind.right)
        for place, width in layout.widths.items()
    ]
    for number in range(max(len(each.lines) for each in there)):
        line = Text()
        for place, each in enumerate(there):
            piece = each.lines[number] if number < len(each.lines) else Text()
            line.append(" " * GAP * bool(place))
            line.append_text(_padded(piece, each.width, right=each.right))
        yield line


def _hanging(
    fields: Sequence[Field], row: Sequence[Text], places: Sequence[int], width: int
) -> Iterable[Text]:
    """Columns that did not fit: `Title: value`, several on a line if they are short.

    Missing values are left out.
    """
    room = max(width - _INDENT, 1)
    line = Text()
    for place in places:
        if row[place].plain == _NOTHING:
            continue
        title = (fields[place].title or "").rstrip("?")
        pair = Text().append(f"{title}: ", style="dim").append_text(row[place])
        if line and cell_len(line.plain) + GAP + cell_len(pair.plain) <= room:
            line.append(" " * GAP).append_text(pair)
            continue
        yield from _indented(line, room)
        line = pair
    yield from _indented(line, room)


def _indented(line: Text, room: int) -> Iterable[Text]:
    if line:
        for piece in wrapped(line, room):
            yield Text(" " * _INDENT).append_text(piece)


@cache
def _ruler() -> Console:
    return Console(file=io.StringIO(), emoji=False, markup=False, highlight=False)


def wrapped(text: Text, width: int) -> list[Text]:
    """The text in lines of that width, broken at spaces; longer words are broken anywhere."""
    if cell_len(text.plain) <= width:
        return [text]
    lines = list(text.wrap(_ruler(), width, overflow="fold"))
    for line in lines:
        line.rstrip()
    return lines


def _padded(text: Text, width: int, *, right: bool = False) -> Text:
    blanks = " " * max(width - cell_len(text.plain), 0)
    return Text().append(blanks * right).append_text(text).append(blanks * (not right))
