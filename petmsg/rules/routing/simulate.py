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
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

from petmsg.enums.people import ClientKind
from petmsg.enums.routing import Code, Rule
from petmsg.rules.routing.decide import decide
from petmsg.rules.routing.decision import ChosenNumber, Decision
from petmsg.rules.routing.facts import Facts, NumberFact, OverrideFact, WindowFact
from petmsg.rules.routing.state_intervals import (
    ClientIntervals,
    OrgIntervals,
    StateIntervals,
    WindowRow,
)


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


def simulate(
    org: OrgIntervals, clients: Iterable[ClientIntervals], *, start: datetime, end: datetime
) -> Iterator[list[Segment]]:
    """Yield the segments of each client over `[start, end)` (aware UTC), in order and without gaps.

    Consecutive segments differ in number, code or reason. A segment equals what `decide` says at
    each of its instants.
    """
    answers = _Answers(org, start, end)
    for client in clients:
        yield _segments(answers, client)


def _segments(answers: "_Answers", client: ClientIntervals) -> list[Segment]:
    """Return the client's segments, with equal neighbours merged."""
    since: list[datetime] = []
    routes: list[Route] = []
    own_numbers, overrides = client.own_pool_number, client.overrides
    for from_at, to_at, windows in _stretches(client, answers.start, answers.end):
        own = own_numbers.states[own_numbers.place(from_at)]
        override = _override(overrides, from_at) if overrides else None
        state = _State(windows, client.kind, own, override, client.calling_code)
        for at, route in answers.over(from_at, to_at, state):
            if not routes or route is not routes[-1]:
                since.append(at)
                routes.append(route)
    ends = [*since[1:], answers.end]
    return [
        Segment(client.client, *each, client.client_name)
        for each in zip(since, ends, routes, strict=True)
    ]


def _stretches(
    client: ClientIntervals, start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime, Sequence[WindowRow]]]:
    """Cut the span where the client's own facts change; yield each part with its open windows."""
    windows = sorted(client.windows)
    edges = {start, end, *client.own_pool_number.since}
    for window in windows:
        edges.update(window[:4])
    for override in client.overrides:
        edges.update(override)
    cuts = sorted(edge for edge in edges if start <= edge <= end)
    open_now: list[WindowRow] = []
    place = 0
    for from_at, to_at in pairwise(cuts):
        if open_now:
            open_now = [window for window in open_now if window[3] > from_at]
        while place < len(windows) and windows[place][0] <= from_at:
            if windows[place][3] > from_at:
                open_now.append(windows[place])
            place += 1
        yield from_at, to_at, open_now


def _override(overrides: Sequence[OverrideFact], at: datetime) -> OverrideFact | None:
    return next((each for each in overrides if each.starts_at <= at < each.until), None)


class _State(NamedTuple):
    """What is the client's own at an instant: open windows, kind, own pool number, override; and
    the country code of their phone."""

    windows: Sequence[WindowRow]
    kind: ClientKind
    own: int | None
    override: OverrideFact | None
    calling_code: str | None


class _Answers:
    """A cache of decisions, shared by all clients of an org."""

    def __init__(self, org: OrgIntervals, start: datetime, end: datetime) -> None:
        self.start = start
        self.end = end
        self._org = org
        self._changes = sorted({start, *(each for each in _changes(org) if start < each < end)})
        self._known: dict[tuple[Any, ...], Route] = {}
        self._routes: dict[Route, Route] = {}

    def over(
        self, from_at: datetime, to_at: datetime, state: _State
    ) -> list[tuple[datetime, Route]]:
        """Return the routes in `[from_at, to_at)` with this state, each with its start."""
        changes = self._changes
        place = bisect_right(changes, from_at)
        routes = [(from_at, self._at(from_at, place, state))]
        while place < len(changes) and changes[place] < to_at:
            at = changes[place]
            place += 1
            routes.append((at, self._at(at, place, state)))
        return routes

    def _at(self, at: datetime, place: int, state: _State) -> Route:
        """Return the route at `at`, after `place` changes of the org."""
        windows, kind, own, override, code = state
        key: tuple[Any, ...]
        if override is not None:  # the front desk or no number, whatever else there is
            key = (place, code)
        elif len(windows) > 1:  # the overlap decides which of them counts
            return self._ask(at, state)
        else:
            key = (place, kind, own, windows[0][6] if windows else 0, code)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._ask(at, state)
        return found

    def _ask(self, at: datetime, state: _State) -> Route:
        org = self._org
        facts = Facts(
            org=org.org,
            timezone=org.timezone,
            pool_for=org.pool_for,
            pool_threads_per_number=org.pool_threads_per_number,
            client="",
            client_kind=state.kind,
            windows=tuple([self._fact(window, at) for window in state.windows]),
            own_pool_number_id=state.own,
            pool=org.pool.states[org.pool.place(at)],
            desks=org.desks.states[org.desks.place(at)],
            override=state.override,
            calling_code=state.calling_code,
        )
        route = _route(decide(facts, at))
        return self._routes.setdefault(route, route)

    def _fact(self, window: WindowRow, at: datetime) -> WindowFact:
        starts_at, booked_from, booked_until, ends_at, booking_id, booking, sitter_id = window
        if sitter_id is None:
            return WindowFact(
                booking_id, booking, starts_at, booked_until, ends_at, booked_from=booked_from
            )
        sitter, name, intervals = self._org.sitters[sitter_id]
        active, number = intervals.states[intervals.place(at)]
        return WindowFact(
            booking_id,
            booking,
            starts_at,
            booked_until,
            ends_at,
            sitter,
            name,
            active,
            number,
            booked_from,
        )


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
