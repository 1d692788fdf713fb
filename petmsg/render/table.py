"""Tables on a terminal: the only importer of Rich together with its siblings in this package."""

import sys
from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from petmsg.render.fields import Field, View
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
}


def console() -> Console:
    """A console on today's stdout; off a terminal it is wide, so that nothing is cut."""
    width = None if sys.stdout.isatty() else _WIDTH_OFF_A_TERMINAL
    return Console(file=sys.stdout, width=width, emoji=False, markup=False, highlight=False)


def cell(text: str) -> Text:
    """A text as a cell: escaped, and coloured where its word has a meaning."""
    return Text(safe(text), style=_STYLES.get(text, ""))


def print_table(fields: Sequence[Field], rows: Sequence[Any], view: View) -> None:
    """Rows below a header; an empty list says so."""
    shown = [field for field in fields if field.title is not None]
    if not rows:
        console().print(Text("Nothing to show.", style="dim"))
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for field in shown:
        table.add_column(field.title or "", overflow="fold")
    for row in rows:
        table.add_row(*(cell(field.text(row, view)) for field in shown))
    console().print(table)


def print_record(fields: Sequence[Field], row: Any, view: View) -> None:
    """One thing, its fields one below the other."""
    grid = Table.grid(padding=(0, 2))
    for field in fields:
        if field.title is not None:
            grid.add_row(Text(field.title, style="bold"), cell(field.text(row, view)))
    console().print(grid)
