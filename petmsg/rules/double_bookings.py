"""Double bookings: a sitter in two homes at once, and two sitters for one client at once.

Pure: visits in, clashes out. Visits are half-open, so one may begin when another ends.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple


class Visit(NamedTuple):
    """A booked visit, `[starts_at, ends_at)` in aware UTC. People are named by their refs."""

    booking: str
    is_confirmed: bool
    starts_at: datetime
    ends_at: datetime
    client: str
    sitter: str


class Clash(NamedTuple):
    """`visit` begins while `other` runs; both run in `[starts_at, ends_at)` (aware UTC)."""

    visit: Visit
    other: Visit

    @property
    def starts_at(self) -> datetime:
        """When the second visit begins."""
        return max(self.visit.starts_at, self.other.starts_at)

    @property
    def ends_at(self) -> datetime:
        """When the first of the two ends."""
        return min(self.visit.ends_at, self.other.ends_at)

    @property
    def is_certain(self) -> bool:
        """Whether both visits are confirmed."""
        return self.visit.is_confirmed and self.other.is_confirmed


def in_two_homes(visits: Iterable[Visit]) -> list[Clash]:
    """Visits of a sitter that begin while the same sitter visits another client."""
    return _clashes(visits, same="sitter", differing="client")


def two_sitters(visits: Iterable[Visit]) -> list[Clash]:
    """Visits of a client that begin while another sitter visits the same client."""
    return _clashes(visits, same="client", differing="sitter")


def _clashes(visits: Iterable[Visit], *, same: str, differing: str) -> list[Clash]:
    """One clash for each visit that begins during an earlier one, in the order of their start.

    The other visit is a confirmed one if there is a choice, then the one that ends last. Takes
    O(n log n) for n visits, since no list of pairs is made.
    """
    ordered = sorted(visits, key=attrgetter("starts_at", "booking"))
    certain = {
        clash.visit.booking: clash
        for clash in _sweep([each for each in ordered if each.is_confirmed], same, differing)
    }
    return [certain.get(clash.visit.booking, clash) for clash in _sweep(ordered, same, differing)]


def _sweep(ordered: Sequence[Visit], same: str, differing: str) -> Iterator[Clash]:
    """Each visit that begins during an earlier one of the group, with the one that ends last.

    Of each group two visits are enough: the one that ends last, and the one that ends last among
    those that differ from it.
    """
    group_of, side_of = attrgetter(same), attrgetter(differing)
    last: dict[str, tuple[Visit, Visit | None]] = {}
    for visit in ordered:
        group, side = group_of(visit), side_of(visit)
        if group not in last:
            last[group] = (visit, None)
            continue
        first, second = last[group]
        other = first if side_of(first) != side else second
        if other is not None and other.ends_at > visit.starts_at:
            yield Clash(visit, other)
        if visit.ends_at > first.ends_at:
            last[group] = (visit, first if side_of(first) != side else second)
        elif side_of(first) != side and (second is None or visit.ends_at > second.ends_at):
            last[group] = (first, visit)
