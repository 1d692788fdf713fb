"""Facts over a span of time: their states, and from when on each holds.

All instants are aware UTC and all spans half-open. As in `petmsg.rules.routing.facts`, only
`decide` says what follows from them for a message.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from petmsg.enums.orgs import PoolFor
from petmsg.enums.people import ClientKind
from petmsg.rules.routing.facts import NumberFact, OverrideFact, PoolNumberFact

State = TypeVar("State")


class StateIntervals(NamedTuple, Generic[State]):
    """State intervals: `states[i]` holds from `since[i]` until `since[i + 1]`, the last one to the
    end.

    The first one begins no later than the span in question.
    """

    since: Sequence[datetime]
    states: Sequence[State]

    def place(self, at: datetime) -> int:
        """Return the index of the state that holds at `at`."""
        return bisect_right(self.since, at) - 1


class SitterState(NamedTuple):
    """Whether a sitter is active, and the number they hold."""

    active: bool
    number: NumberFact | None


class SitterIntervals(NamedTuple):
    """A sitter with their states over time."""

    sitter: str
    name: str
    intervals: StateIntervals[SitterState]


class WindowSpan(NamedTuple):
    """An assignment window of a confirmed booking, booked `[booked_from, booked_until)`.

    `sitter_id` is None if it has no sitter yet.
    """

    starts_at: datetime
    booked_from: datetime
    booked_until: datetime
    ends_at: datetime
    booking_id: int
    booking: str
    sitter_id: int | None


WindowRow: TypeAlias = tuple[datetime, datetime, datetime, datetime, int, str, int | None]
"""A `WindowSpan`, or a plain tuple of the same values, which is faster to create by the hundred
thousand."""


class ClientIntervals(NamedTuple):
    """A client with the windows in the span, in any order, the thread's own pool number, and the
    overrides in the span, of which no two hold at the same time. `calling_code` is the country code
    of the client's phone."""

    client: str
    kind: ClientKind
    windows: Sequence[WindowRow]
    own_pool_number: StateIntervals[int | None]
    overrides: Sequence[OverrideFact] = ()
    client_name: str | None = None
    calling_code: str | None = None


class OrgIntervals(NamedTuple):
    """What all clients of an org share. `sitters` are by ID.

    `pool` and `desks` are the values of `Facts`, from each instant on. `pool` has all pool numbers,
    or else the clients' own ones, and `pool_read` of the never used and of the used ones.
    """

    org: str
    timezone: str
    pool_for: PoolFor
    pool_threads_per_number: int | None
    sitters: Mapping[int, SitterIntervals]
    pool: StateIntervals[tuple[PoolNumberFact, ...]]
    desks: StateIntervals[tuple[NumberFact, ...]]
    pool_read: int | None = None
