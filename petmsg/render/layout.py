"""Which columns of a list stand beside each other, and how wide. Pure; standard library only.

A list that is too wide first breaks its prose and its times at spaces. What still does not fit
leaves its column and hangs below its row, prose first: refs, numbers and statuses stay in line and
are never broken.
"""

from collections.abc import Sequence
from typing import NamedTuple

GAP = 2
"""Blanks between columns."""


class Column(NamedTuple):
    """A column: its widest line, the narrowest it may be, and how soon it leaves the line.

    The column of the highest `rank` leaves first, of several the rightmost. One `of_two_sizes` is
    as wide as it wants to be or as narrow as it may be, and all of them alike: a time is whole, or
    broken after its day.
    """

    natural: int
    least: int
    rank: int = 0
    of_two_sizes: bool = False


class Layout(NamedTuple):
    """The columns that stand in line, by their place, each with its width; the others hang.

    `is_tight`: not every column is as wide as it wants to be.
    """

    widths: dict[int, int]
    hanging: tuple[int, ...]
    is_tight: bool


def lay_out(columns: Sequence[Column], width: int) -> Layout:
    """How columns fit into a width. The first stays in line whatever happens."""
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
    """The columns with those of two sizes set to one of them."""
    whole = sum(each.natural if each.of_two_sizes else each.least for each in columns) <= room
    sized = []
    for each in columns:
        size = each.natural if whole else each.least
        sized.append(each._replace(natural=size, least=size) if each.of_two_sizes else each)
    return sized


def _share(columns: Sequence[Column], room: int) -> list[int]:
    """What each column gets: its least, and of what is left the narrowest first, up to what it
    needs."""
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
