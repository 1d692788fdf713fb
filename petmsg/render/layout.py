"""Fits the columns of a table into a width. Pure; standard library only.

A table that is too wide first breaks prose and times at spaces. Columns that still do not fit are
moved below their row, prose first. Refs, numbers and statuses stay in line and are never broken.
"""

from collections.abc import Sequence
from typing import NamedTuple

GAP = 2
"""Spaces between columns."""


class Column(NamedTuple):
    """A column: its natural width, its minimum width, and how soon it is moved below the row.

    The column with the highest `rank` is moved first; of equal ranks the rightmost. Columns
    `of_two_sizes` all have either their natural or their minimum width: a time is shown whole, or
    broken after its day.
    """

    natural: int
    least: int
    rank: int = 0
    of_two_sizes: bool = False


class Layout(NamedTuple):
    """The widths of the columns in line, by index; `hanging` columns are below the row.

    `is_tight`: some column is narrower than its natural width.
    """

    widths: dict[int, int]
    hanging: tuple[int, ...]
    is_tight: bool


def lay_out(columns: Sequence[Column], width: int) -> Layout:
    """Fit columns into a width. The first column always stays in line."""
    inline = list(range(len(columns)))
    while len(inline) > 1 and _total([columns[place].least for place in inline]) > width:
        inline.remove(max(inline[1:], key=lambda place: (columns[place].rank, place)))
    room = width - GAP * (len(inline) - 1)
    widths = _share(_sized([columns[place] for place in inline], room), room)
    hanging = tuple(place for place in range(len(columns)) if place not in inline)
    tight = any(width < columns[i].natural for i, width in zip(inline, widths, strict=True))
    return Layout(dict(zip(inline, widths, strict=True)), hanging, bool(hanging) or tight)


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _sized(columns: Sequence[Column], room: int) -> list[Column]:
    """The columns, with those `of_two_sizes` set to one of their sizes."""
    whole = sum(each.natural if each.of_two_sizes else each.least for each in columns) <= room
    sized = []
    for each in columns:
        size = each.natural if whole else each.least
        sized.append(each._replace(natural=size, least=size) if each.of_two_sizes else each)
    return sized


def _share(columns: Sequence[Column], room: int) -> list[int]:
    """Widths of the columns: each gets its minimum; spare space goes to the narrowest first."""
    widths = [min(column.least, max(room, 1)) for column in columns]
    left = room - sum(widths)
    while left > 0:
        growing = [i for i, column in enumerate(columns) if widths[i] < column.natural]
        if not growing:
            break
        narrowest = min(growing, key=lambda i: widths[i])
        widths[narrowest] += 1
        left -= 1
    return widths
