"""Every change of the number that clients see over a span.

`decide` is called at each instant at which one of its facts changes: where a window begins, its
booked time begins or ends or it ends, where an override begins or ends, where the thread's own pool
number changes, and where the state of a number, a sitter or the pool changes. Equal neighbours are
merged. Messages are those of the company: nobody said `--as`.

Between two such instants the answer depends on whether an override holds, on the client's kind, the
thread's own pool number and the sitter of the open window. Answers are cached by these, because
most clients share them.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise, repeat
from operator import itemgetter
from typing import Any, NamedTuple

from petmsg.enums.routing import Code, Rule
from petmsg.rules.routing.decide import decide, needs_more_of_pool, precedence
from petmsg.rules.routing.decision import ChosenNumber, Decision
from petmsg.rules.routing.facts import Facts, NumberFact, OverrideFact, WindowFact
from petmsg.rules.routing.state_intervals import (
    ClientIntervals,
    OrgIntervals,
    StateIntervals,
    WindowRow,
)

_STARTS_AT, _ENDS_AT = itemgetter(0), itemgetter(3)


class Route(NamedTuple):
    """Which number a message would be sent from, and why: a Decision without its instant.

    `rule` yielded the number, None if none did; `code` is the finding of the last rule tried. `gap`
    says what was missing if a window's sitter has no usable number, or if there is no number at
    all.
    """

    number: ChosenNumber | None
    rule: Rule | None
    code: Code
    gap: Code | None
    reason: str


class Segment(NamedTuple):
    """The time `[from_at, to_at)` in which messages to the client are sent from one number for one
    reason. Instants are aware UTC."""

    client: str
    from_at: datetime
    to_at: datetime
    route: Route
    client_name: str | None = None


class Simulation:
    """The segments of an org's clients over `[start, end)` (aware UTC).

    A segment equals what `decide` says at each of its instants.
    """

    def __init__(self, org: OrgIntervals, *, start: datetime, end: datetime) -> None:
        self._org = org
        self._start, self._end = start, end
        self._changes = sorted({each for each in _changes(org) if start < each < end})
        self._known: dict[tuple[Any, ...], dict[tuple[Any, ...], Route]] = {}
        self._routes: dict[Route, Route] = {}

    def segments(self, client: ClientIntervals) -> list[Segment] | None:
        """Return the client's segments, in order and without gaps; two neighbours differ in number,
        code or reason.

        None if they can depend on pool numbers that `org.pool` does not have.
        """
        known = self._known.setdefault((client.kind, client.calling_code), {})
        own_since, own_numbers = client.own_pool_number
        since: list[datetime] = []
        routes: list[Route] = []
        for at, windows in self._stretches(client):
            window = _that_counts(windows, at) if windows else None
            own = own_numbers[bisect_right(own_since, at) - 1]
            override = _override(client.overrides, at) if client.overrides else None
            place = bisect_right(self._changes, at)
            key: tuple[Any, ...] = (place, own, window[6] if window else 0)
            if override is not None:  # the front desk or no number, whatever else there is
                key = (place,)
            route = known.get(key)
            if route is None:
                route = self._ask(at, client, window, own, override)
                if route is None:
                    return None
                known[key] = route
            if not routes or route is not routes[-1]:
                since.append(at)
                routes.append(route)
        who, name = repeat(client.client), repeat(client.client_name)
        return list(map(Segment, who, since, [*since[1:], self._end], routes, name))

    def _stretches(self, client: ClientIntervals) -> Iterator[tuple[datetime, Sequence[WindowRow]]]:
        """Yield each instant at which a fact changes, with the windows that are open from then
        on."""
        windows = sorted(client.windows)
        edges = {self._start, *self._changes, *client.own_pool_number.since}
        edges.update(map(_STARTS_AT, windows), map(_ENDS_AT, windows), *client.overrides)
        cuts = sorted([edge for edge in edges if self._start <= edge < self._end])
        open_now: list[WindowRow] = []
        place = 0
        for from_at, to_at in pairwise([*cuts, self._end]):
            if open_now:
                open_now = [window for window in open_now if window[3] > from_at]
            while place < len(windows) and windows[place][0] <= from_at:
                if windows[place][3] > from_at:
                    open_now.append(windows[place])
                place += 1
            yield from_at, open_now
            if len(open_now) > 1:  # another one may count when booked time begins or ends
                inner = {edge for window in open_now for edge in window[1:3]}
                for at in sorted(inner):
                    if from_at < at < to_at:
                        yield at, open_now

    def _ask(
        self,
        at: datetime,
        client: ClientIntervals,
        window: WindowRow | None,
        own: int | None,
        override: OverrideFact | None,
    ) -> Route | None:
        org = self._org
        facts = Facts(
            org=org.org,
            timezone=org.timezone,
            pool_for=org.pool_for,
            pool_threads_per_number=org.pool_threads_per_number,
            client="",
            client_kind=client.kind,
            windows=() if window is None else (self._fact(window, at),),
            own_pool_number_id=own,
            pool=org.pool.states[org.pool.place(at)],
            desks=org.desks.states[org.desks.place(at)],
            override=override,
            calling_code=client.calling_code,
        )
        most = org.pool_read
        if most and len(facts.pool) >= most and needs_more_of_pool(facts, at, most):
            return None
        route = _route(decide(facts, at))
        return self._routes.setdefault(route, route)

    def _fact(self, window: WindowRow, at: datetime) -> WindowFact:
        sitter_id = window[6]
        if sitter_id is None:
            return _span(window)
        sitter, name, intervals = self._org.sitters[sitter_id]
        active, number = intervals.states[intervals.place(at)]
        return _span(window)._replace(
            sitter=sitter, sitter_name=name, sitter_active=active, number=number
        )


def _that_counts(windows: Sequence[WindowRow], at: datetime) -> WindowRow:
    """Return the window with precedence among those that contain `at`."""
    if len(windows) == 1:
        return windows[0]
    return max(windows, key=lambda each: precedence(_span(each), at))


def _span(window: WindowRow) -> WindowFact:
    """Return the window without its sitter."""
    starts_at, booked_from, booked_until, ends_at, booking_id, booking, _ = window
    return WindowFact(
        booking_id, booking, starts_at, booked_until, ends_at, booked_from=booked_from
    )


def _override(overrides: Sequence[OverrideFact], at: datetime) -> OverrideFact | None:
    return next((each for each in overrides if each.starts_at <= at < each.until), None)


def _changes(org: OrgIntervals) -> Iterator[datetime]:
    """Yield each instant at which a number, a sitter or the pool changes, with the ends of
    quarantines."""
    timelines: list[StateIntervals[Any]] = [org.pool, org.desks]
    numbers: list[NumberFact] = [each.number for pool in org.pool.states for each in pool]
    numbers += [each for desks in org.desks.states for each in desks]
    for sitter in org.sitters.values():
        timelines.append(sitter.intervals)
        numbers += [each.number for each in sitter.intervals.states if each.number is not None]
    for intervals in timelines:
        yield from intervals.since
    for number in numbers:
        if number.quarantined_until is not None:
            yield number.quarantined_until


def _route(decision: Decision) -> Route:
    last = decision.trace[-1]
    first = decision.trace[0]
    gap = None
    if decision.number is None:
        gap = last.code
    elif decision.window is not None and not first.result:
        gap = first.code
    return Route(decision.number, decision.rule, last.code, gap, decision.reason)
