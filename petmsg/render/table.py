"""Tables on a terminal: the only importer of Rich together with its siblings in this package."""

import io
import sys
from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from petmsg.render.fields import NO_NUMBER, Field, View
from petmsg.render.safe import safe

_WIDTH_OFF_A_TERMINAL = 200
_STYLES = {
    "active": "green",
    "confirmed": "green",
    "sent": "green",
    "delivered": "green",
    "quarantined": "yellow",
    "pending": "yellow",
    "queued": "yellow",
    "unknown": "red",
    "failed": "red",
    "cancelled": "dim",
    "retired": "dim",
    "offboarded": "dim",
    "inactive": "dim",
    NO_NUMBER: "bold red",
}


def show(renderable: RenderableType) -> None:
    """Print it on stdout. Off a terminal it is wide, so that nothing is cut, and lines end where
    their text ends."""
    if sys.stdout.isatty():
        Console(file=sys.stdout, emoji=False, markup=False, highlight=False).print(renderable)
        return
    drawn = Console(
        file=io.StringIO(), width=_WIDTH_OFF_A_TERMINAL, emoji=False, markup=False, highlight=False
    )
    with drawn.capture() as captured:
        drawn.print(renderable)
    for line in captured.get().splitlines():
        sys.stdout.write(line.rstrip() + "\n")


def cell(text: str) -> Text:
    """A text as a cell: escaped, and coloured where its word has a meaning."""
    return Text(safe(text), style=_STYLES.get(text, ""))


def print_table(fields: Sequence[Field], rows: Sequence[Any], view: View) -> None:
    """Rows below a header; an empty list says so."""
    shown = [field for field in fields if field.title is not None]
    if not rows:
        show(Text("Nothing to show.", style="dim"))
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for field in shown:
        table.add_column(field.title or "", overflow="fold")
    for row in rows:
        table.add_row(*(cell(field.text(row, view)) for field in shown))
    show(table)


def print_record(fields: Sequence[Field], row: Any, view: View) -> None:
    """One thing, its fields one below the other."""
    grid = Table.grid(padding=(0, 2))
    for field in fields:
        if field.title is not None:
            grid.add_row(Text(field.title, style="bold"), cell(field.text(row, view)))
    show(grid)
