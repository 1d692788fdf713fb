"""Facts over a span of time: what each of them is, and from when on.

All instants are aware UTC and all spans half-open. As in `petmsg.rules.routing.facts` a course says
what is, was or will be; what follows for a text is for `decide` alone to say.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from petmsg.enums import ClientKind, PoolFor
from petmsg.rules.routing.facts import NumberFact, PoolNumberFact

State = TypeVar("State")


class StateIntervals(NamedTuple, Generic[State]):
    """`states[i]` holds from `since[i]` until `since[i + 1]`, the last one to the end.

    The first one begins no later than the span that is looked at.
    """

    since: Sequence[datetime]
    states: Sequence[State]

    def place(self, at: datetime) -> int:
        """The place of the state that holds at `at`."""
        return bisect_right(self.since, at) - 1


class SitterState(NamedTuple):
    """Whether a sitter may speak, and the number she holds."""

    active: bool
    number: NumberFact | None


class SitterIntervals(NamedTuple):
    """A sitter, and what she was and will be."""

    sitter: str
    name: str
    course: StateIntervals[SitterState]


class WindowSpan(NamedTuple):
    """An assignment window of a confirmed booking. `sitter_id` None: it has no sitter yet."""

    starts_at: datetime
    booked_until: datetime
    ends_at: datetime
    booking_id: int
    booking: str
    sitter_id: int | None


WindowRow: TypeAlias = tuple[datetime, datetime, datetime, int, str, int | None]
"""A `WindowSpan`, or a bare tuple of the same: a hundred thousand are made faster without names."""


class ClientIntervals(NamedTuple):
    """A client: her windows in the span, in any order, and her thread's own pool number."""

    client: str
    kind: ClientKind
    windows: Sequence[WindowRow]
    own_pool_number: StateIntervals[int | None]


class OrgIntervals(NamedTuple):
    """What all clients of an org have in common. `sitters` by id.

    `pool` and `desks` hold what `Facts` does, as it is from each instant on.
    """

    org: str
    timezone: str
    pool_for: PoolFor
    pool_threads_per_number: int | None
    sitters: Mapping[int, SitterIntervals]
    pool: StateIntervals[tuple[PoolNumberFact, ...]]
    desks: StateIntervals[tuple[NumberFact, ...]]
