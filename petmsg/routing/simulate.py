"""Every change of the number that clients see over a span, without looking at each instant.

`decide` answers for an instant. Its answer stays the same until something changes that it looked
at, so it is asked again there and nowhere else: where a window begins, where booked time ends
beside another window, where a window ends, where the state of a number, a sitter or the pool
changes, and where a quarantine is over. What it looked at is what its trace says: a rule that was
not tried cannot have minded its facts.

Clients in the same situation get the same answer, so it is kept: thousands of windows of one
sitter ask once. A situation is everything that `decide` could tell apart, without the rules by
which it does: how the windows of an instant lie to each other, whose they are, the client's kind
and her thread's own pool number.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import repeat
from operator import itemgetter
from typing import NamedTuple, TypeVar

from petmsg.enums import ClientKind, Code, Rule
from petmsg.routing.course import ClientCourse, Course, OrgCourse, WindowRow, WindowSpan
from petmsg.routing.decide import decide
from petmsg.routing.decision import ChosenNumber, Decision
from petmsg.routing.facts import Facts, NumberFact, WindowFact

_new = tuple.__new__
_START = itemgetter(0)
State = TypeVar("State")


class Route(NamedTuple):
    """Where a text would leave from, and why: a Decision without its instant.

    `rule` yielded the number, None if none did; `code` is what the last rule tried had found. `gap`
    is what was missing where a window's sitter cannot speak, or where there is no number at all.
    """

    number: ChosenNumber | None
    rule: Rule | None
    code: Code
    gap: Code | None
    reason: str


class Segment(NamedTuple):
    """The time `[from_at, to_at)` in which a text to the client leaves from one number for one
    reason. Instants are aware UTC."""

    client: str
    from_at: datetime
    to_at: datetime
    route: Route


def simulate(
    org: OrgCourse, clients: Iterable[ClientCourse], *, start: datetime, end: datetime
) -> Iterator[list[Segment]]:
    """The segments of each client over `[start, end)`, in order and without gaps.

    Two that follow each other differ in number, speaker, code or reason. At every instant a
    segment says what `decide` says of the facts of that instant.
    """
    answers = _Answers(org, start, end)
    for client in clients:
        yield _segments(answers, client)


class _Answer(NamedTuple):
    """A route, and the span in which nothing changes that it depends on."""

    from_at: datetime
    to_at: datetime
    route: Route


Key = Hashable
"""What tells the windows of an instant apart: `()` for none, the sitter's id for one."""
_OUTSIDE: Key = ()
_NEVER = _Answer(
    datetime.max.replace(tzinfo=UTC),
    datetime.min.replace(tzinfo=UTC),
    Route(None, None, Code.NO_ACTIVE_WINDOW, None, ""),
)
"""An answer that holds at no time: nothing is known yet."""


class _Kept:
    """Answers by key, each with the span in which it holds."""

    def __init__(self) -> None:
        self._all: dict[Key, tuple[list[datetime], list[_Answer]]] = {}

    def find(self, key: Key, at: datetime) -> _Answer | None:
        """The answer that is known for `at`, if one is."""
        kept = self._all.get(key)
        if kept is None:
            return None
        since, answers = kept
        place = bisect_right(since, at)
        if place and at < answers[place - 1].to_at:
            return answers[place - 1]
        return None

    def keep(self, key: Key, answer: _Answer) -> _Answer:
        """Keep the answer; where it only goes on, what it goes on from is the longer for it."""
        since, answers = self._all.setdefault(key, ([], []))
        place = bisect_right(since, answer.from_at)
        if place:
            before = answers[place - 1]
            if before.to_at == answer.from_at and before.route is answer.route:
                answers[place - 1] = before._replace(to_at=answer.to_at)
                return answers[place - 1]
        since.insert(place, answer.from_at)
        answers.insert(place, answer)
        return answer


class _Answers:
    """The answers of `decide` that are known so far, for all clients of an org."""

    def __init__(self, org: OrgCourse, start: datetime, end: datetime) -> None:
        self.start = start
        self.end = end
        self.by_window = _Kept()
        """Those for which a window was enough: no rule was tried that could mind the client."""
        self._pool = _with_quarantine_ends(org.pool, lambda pool: [each.number for each in pool])
        self._desks = _with_quarantine_ends(org.desks, lambda desks: desks)
        self._sitters = {
            sitter_id: each._replace(
                course=_with_quarantine_ends(
                    each.course, lambda state: [state.number] if state.number else []
                )
            )
            for sitter_id, each in org.sitters.items()
        }
        self._org = org
        self._routes: dict[Route, Route] = {}
        self._of: dict[tuple[ClientKind, int | None], _Known] = {}

    def of(self, kind: ClientKind, own: int | None) -> "_Known":
        """The answers for clients of that kind whose thread's own pool number is that one."""
        known = self._of.get((kind, own))
        if known is None:
            org = self._org
            facts = Facts(
                org=org.org,
                timezone=org.timezone,
                pool_for=org.pool_for,
                pool_threads_per_number=org.pool_threads_per_number,
                client="",
                client_kind=kind,
                own_pool_number_id=own,
            )
            known = self._of[kind, own] = _Known(self, facts)
        return known

    def ask(self, facts: Facts, windows: Sequence[WindowRow], at: datetime) -> Decision:
        """What `decide` says at `at` where these windows are open."""
        pool, desks = self._pool, self._desks
        return decide(
            facts._replace(
                windows=tuple([self._fact(window, at) for window in windows]),
                pool=pool.states[pool.place(at)],
                desks=desks.states[desks.place(at)],
            ),
            at,
        )

    def answer(self, decision: Decision, windows: Sequence[WindowRow]) -> _Answer:
        """The Decision about these windows, and how long nothing changes that it looked at."""
        at = decision.at
        looked_at = [self._sitters[each[5]].course.since for each in windows if each[5] is not None]
        for step in decision.trace:
            if step.rule is Rule.POOL:
                looked_at.append(self._pool.since)
            elif step.rule is Rule.FRONT_DESK:
                looked_at.append(self._desks.since)
        from_at, to_at = self.start, self.end
        for since in looked_at:
            place = bisect_right(since, at)
            from_at = max(from_at, since[place - 1])
            if place < len(since):
                to_at = min(to_at, since[place])
        route = _route(decision)
        return _Answer(from_at, to_at, self._routes.setdefault(route, route))

    def _fact(self, window: WindowRow, at: datetime) -> WindowFact:
        starts_at, booked_until, ends_at, booking_id, booking, sitter_id = window
        if sitter_id is None:
            return WindowFact(booking_id, booking, starts_at, booked_until, ends_at)
        sitter, name, course = self._sitters[sitter_id]
        active, number = course.states[course.place(at)]
        return WindowFact(
            booking_id, booking, starts_at, booked_until, ends_at, sitter, name, active, number
        )


class _Known:
    """The answers for one kind of client and own pool number, by how windows lie."""

    def __init__(self, answers: _Answers, facts: Facts) -> None:
        self.latest: dict[Key, _Answer] = {}
        """The answer found last: mostly it is the next one too."""
        self._answers = answers
        self._facts = facts
        self._kept = _Kept()

    def at(self, key: Key, windows: Sequence[WindowRow], at: datetime) -> _Answer:
        """The answer at `at` where these windows are open, which lie as `key` says."""
        answers = self._answers
        found = answers.by_window.find(key, at) or self._kept.find(key, at)
        if found is None:
            decision = answers.ask(self._facts, windows, at)
            kept = answers.by_window if len(decision.trace) == 1 else self._kept
            found = kept.keep(key, answers.answer(decision, windows))
        self.latest[key] = found
        return found


class _Line:
    """The routes of one client as they come, and from when on each holds."""

    def __init__(self) -> None:
        self.since: list[datetime] = []
        self.routes: list[Route] = []

    def walk(
        self,
        known: _Known,
        key: Key,
        windows: Sequence[WindowRow],
        start: datetime,
        end: datetime,
    ) -> None:
        """Lay `[start, end)`, in which just these windows are open, as `key` says."""
        at, latest = start, known.latest
        while at < end:
            from_at, to_at, route = latest.get(key, _NEVER)
            if not from_at <= at < to_at:
                _, to_at, route = known.at(key, windows, at)
            if not self.routes or route is not self.routes[-1]:
                self.since.append(at)
                self.routes.append(route)
            at = to_at


def _segments(answers: _Answers, client: ClientCourse) -> list[Segment]:
    windows = sorted(client.windows, key=_START)
    line = _Line()
    since, owns = client.own_pool_number
    for place, own in enumerate(owns):
        start = max(since[place], answers.start)
        end = min(since[place + 1], answers.end) if place + 1 < len(since) else answers.end
        if start < end:
            _lay(line, answers.of(client.kind, own), windows, start, end)
    ends = [*line.since[1:], answers.end]
    name = client.client
    rows = zip(repeat(name), line.since, ends, line.routes)
    return list(map(_new, repeat(Segment), rows))


def _lay(
    line: _Line, known: _Known, windows: Sequence[WindowRow], start: datetime, end: datetime
) -> None:
    """Lay `[start, end)` with routes. The windows are in the order of their starts.

    Most windows stand alone and their answer is known: what is then done here by hand is what
    `_Line.walk` would do, because calling it costs more than all the rest together.
    """
    since, routes, latest = line.since, line.routes, known.latest
    last = routes[-1] if routes else None
    none: Sequence[WindowRow] = ()
    out_from, out_to, outside = latest.get(_OUTSIDE, _NEVER)
    always = out_from <= start and end <= out_to
    at = start
    place, count = 0, bisect_left(windows, end, key=_START)
    while place < count:
        starts_at, _, ends_at, _, _, sitter_id = windows[place]
        first, place = place, place + 1
        while place < count and windows[place][0] < ends_at:
            ends_at = max(ends_at, windows[place][2])
            place += 1
        if at < starts_at:
            if not (always or (out_from <= at and starts_at <= out_to)):
                line.walk(known, _OUTSIDE, none, at, starts_at)
                last = routes[-1]
                out_from, out_to, outside = latest[_OUTSIDE]
                always = out_from <= start and end <= out_to
            elif outside is not last:
                since.append(at)
                routes.append(outside)
                last = outside
            at = starts_at
        elif ends_at <= at:
            continue
        if place == first + 1:
            known_from, known_to, route = latest.get(sitter_id, _NEVER)
            if not (known_from <= at and ends_at <= known_to):
                line.walk(known, sitter_id, windows[first:place], at, min(ends_at, end))
                last = routes[-1]
            elif route is not last:
                since.append(at)
                routes.append(route)
                last = route
        else:
            _overlapping(line, known, windows[first:place], at, min(ends_at, end))
            last = routes[-1]
        at = ends_at
    if at < end:
        line.walk(known, _OUTSIDE, none, at, end)


def _overlapping(
    line: _Line, known: _Known, windows: Sequence[WindowRow], start: datetime, end: datetime
) -> None:
    """Lay `[start, end)`, in which windows overlap, with routes."""
    since, routes, latest = line.since, line.routes, known.latest
    last = routes[-1] if routes else None
    at = start
    for until in sorted({point for window in windows for point in window[:3]} | {end}):
        if not at < until <= end:
            continue
        open_now = [window for window in windows if window[0] <= at < window[2]]
        key = _key(open_now, at)
        known_from, known_to, route = latest.get(key, _NEVER)
        if not (known_from <= at and until <= known_to):
            line.walk(known, key, open_now, at, until)
            last = routes[-1]
        elif route is not last:
            since.append(at)
            routes.append(route)
            last = route
        at = until


def _key(windows: Sequence[WindowRow], at: datetime) -> Key:
    """How these windows lie to each other at `at`, and whose they are. They are all open then, in
    the order of their starts."""
    if len(windows) == 1:
        return windows[0][5]
    if len(windows) == 2:
        (start, booked_until, _, booking_id, _, sitter_id), other = windows
        other_start, other_booked_until, _, other_booking_id, _, other_sitter_id = other
        return (
            sitter_id,
            other_sitter_id,
            at < booked_until,
            at < other_booked_until,
            start == other_start,
            booking_id < other_booking_id,
        )
    spans = [WindowSpan(*each) for each in windows]
    starts = [each.starts_at for each in spans]
    ids = sorted([each.booking_id for each in spans])
    return tuple(
        [
            (
                each.sitter_id,
                at < each.booked_until,
                starts.index(each.starts_at),
                ids.index(each.booking_id),
            )
            for each in spans
        ]
    )


def _with_quarantine_ends(
    course: Course[State], numbers: Callable[[State], Iterable[NumberFact]]
) -> Course[State]:
    """The course with a place of its own for each instant at which a quarantine of its numbers is
    over, although nothing is written then."""
    since: list[datetime] = []
    states: list[State] = []
    for place, (from_at, state) in enumerate(zip(*course, strict=True)):
        to_at = course.since[place + 1] if place + 1 < len(course.since) else None
        ends = {
            until
            for each in numbers(state)
            if (until := each.quarantined_until) is not None
            and from_at < until
            and (to_at is None or until < to_at)
        }
        for each_from in (from_at, *sorted(ends)):
            since.append(each_from)
            states.append(state)
    return Course(since, states)


def _route(decision: Decision) -> Route:
    last = decision.trace[-1]
    first = decision.trace[0]
    gap = None
    if decision.number is None:
        gap = last.code
    elif decision.window is not None and not first.result:
        gap = first.code
    return Route(decision.number, decision.rule, last.code, gap, decision.reason)
