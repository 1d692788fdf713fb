"""Fits sections into the lines of a screen: which of their items are shown. Pure.

Every section says how many lines it takes with a number of its items. One that cannot show all of
them says so in a line of its own, which is counted too.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

Heights = Callable[[int], int]
"""How many lines a section takes with that number of its items."""


class Step(NamedTuple):
    """A number of items that a section should show before later steps get room."""

    section: str
    items: int


def plan(
    heights: Mapping[str, Heights], items: Mapping[str, int], steps: Sequence[Step], room: int
) -> dict[str, int]:
    """How many items each section shows, so that all lines together are at most `room`.

    The steps are granted in their order as far as there is room; those of other sections are left
    out. Without room every section says only how many items there are. After the steps each section
    gets what still fits.
    """
    shown = dict.fromkeys(items, 0)
    taken = sum(heights[name](0) for name in items)
    first = [step for step in steps if step.section in items]
    for name, wanted in (*first, *(Step(name, count) for name, count in items.items())):
        for count in range(shown[name] + 1, min(wanted, items[name]) + 1):
            more = heights[name](count) - heights[name](shown[name])
            if taken + more <= room:
                taken += more
                shown[name] = count
            elif count + 1 < items[name]:
                break  # only the last item can take less room: then nothing is left to tell
    return shown
