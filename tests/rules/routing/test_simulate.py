"""`Simulation` against `decide` asked at every instant at which anything at all happens.

The naive answer builds the facts of an instant by looking through the intervals from their start,
and decides; nothing of how `Simulation` finds its change points is shared.
"""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.enums.orgs import PoolFor
from petmsg.enums.people import ClientKind
from petmsg.enums.routing import Code, Rule
from petmsg.rules.routing import (
    Decision,
    Facts,
    NumberFact,
    OverrideFact,
    PoolNumberFact,
    WindowFact,
    decide,
)
from petmsg.rules.routing import simulate as simulating
from petmsg.rules.routing.simulate import Segment, Simulation
from petmsg.rules.routing.state_intervals import (
    ClientIntervals,
    OrgIntervals,
    SitterIntervals,
    SitterState,
    StateIntervals,
    WindowSpan,
)
from tests.rules.routing.builders import (
    DAY,
    HOUR,
    OF_COUNTRIES,
    OF_DIRECT_TEXTS,
    OF_PERSONS,
    OF_PICTURES,
    TICK,
    T,
    desk_number,
    e164,
    pool_number,
    quarantined,
    sitter_number,
)

START, END = T, T + DAY
DESK, POOL, MAYA, JO = e164(21), e164(11), e164(2), e164(3)
OTHER = e164(12)


def intervals(states: Mapping[int, Any]) -> StateIntervals[Any]:
    """States by the hour from which on they hold."""
    return StateIntervals([T + hour * HOUR for hour in states], list(states.values()))


def speaking(number: NumberFact | None = None) -> SitterState:
    return SitterState(True, sitter_number() if number is None else number)


def org(**changes: Any) -> OrgIntervals:
    """Maya (id 1) and Jo (id 2) speak, one pool number and one desk are there, all the time."""
    plain = OrgIntervals(
        org="happy-paws",
        timezone="UTC",
        pool_for=PoolFor.ALL,
        pool_threads_per_number=None,
        sitters={
            1: SitterIntervals("S-1", "Maya Lee", intervals({0: speaking()})),
            2: SitterIntervals("S-2", "Jo Park", intervals({0: speaking(sitter_number(3))})),
        },
        pool=intervals({0: (pool_number(),)}),
        desks=intervals({0: (desk_number(),)}),
    )
    return plain._replace(**changes)


def with_maya(states: Mapping[int, SitterState]) -> OrgIntervals:
    plain = org()
    return plain._replace(
        sitters={**plain.sitters, 1: SitterIntervals("S-1", "Maya Lee", intervals(states))}
    )


def visit(
    first: float,
    last: float,
    sitter: int | None = 1,
    *,
    id: int = 1,  # noqa: A002 because it is one
    lead: float = 0,
) -> WindowSpan:
    """Booked from hour to hour, with an hour of grace."""
    begins, ends = T + first * HOUR, T + last * HOUR
    return WindowSpan(begins - lead * HOUR, begins, ends, ends + HOUR, id, f"B-{id}", sitter)


def client(
    *windows: WindowSpan,
    own: Mapping[int, int | None] | None = None,
    overrides: Sequence[tuple[float, float]] = (),
) -> ClientIntervals:
    return ClientIntervals(
        "C-1",
        ClientKind.ONE_TIME,
        windows,
        intervals(own or {0: None}),
        [OverrideFact(T + first * HOUR, T + last * HOUR) for first, last in overrides],
    )


def simulate(
    org: OrgIntervals,
    clients: Sequence[ClientIntervals],
    *,
    start: datetime = START,
    end: datetime = END,
) -> list[list[Segment]]:
    """The segments of each client in an org whose pool is known as a whole."""
    simulation = Simulation(org, start=start, end=end)
    found = [simulation.segments(each) for each in clients]
    return [each for each in found if each is not None]


def lived(org: OrgIntervals, client: ClientIntervals) -> list[Segment]:
    (segments,) = simulate(org, [client])
    return segments


def told(segments: list[Segment]) -> list[tuple[float, str | None]]:
    """From which hour on which number."""
    return [
        ((each.from_at - T) / HOUR, None if each.route.number is None else each.route.number.e164)
        for each in segments
    ]


# ----------------------------------------------------------------------------------- one by one


def test_without_windows_there_is_one_segment_over_the_whole_span() -> None:
    (only,) = lived(org(), client())
    assert (only.client, only.from_at, only.to_at) == ("C-1", START, END)
    assert only.route.code is Code.POOL_LEAST_RECENTLY_USED
    assert only.route.reason == "No active window - using pool"
    assert only.route.gap is None


def test_a_window_is_a_segment_from_its_start_to_the_end_of_its_grace() -> None:
    segments = lived(org(), client(visit(2, 4)))
    assert told(segments) == [(0, POOL), (2, MAYA), (5, POOL)]
    assert segments[1].route.number == (2, MAYA, NumberClass.SITTER, "S-1")
    assert segments[1].route.rule is Rule.ACTIVE_WINDOW


def test_windows_that_follow_each_other_at_once_hand_off_without_a_gap() -> None:
    segments = lived(org(), client(visit(2, 4), visit(5, 6, 2, id=2)))
    assert told(segments) == [(0, POOL), (2, MAYA), (5, JO), (7, POOL)]


def test_windows_of_the_same_sitter_that_touch_are_one_segment() -> None:
    segments = lived(org(), client(visit(2, 4), visit(5, 6, id=2)))
    assert told(segments) == [(0, POOL), (2, MAYA), (7, POOL)]


def test_a_booked_time_ends_before_the_grace_of_the_other_sitter_does() -> None:
    """Maya is booked from 2 to 4, Jo from 3 to 6: the later start wins, in the grace too."""
    segments = lived(org(), client(visit(2, 4), visit(3, 6, 2, id=2)))
    assert told(segments) == [(0, POOL), (2, MAYA), (3, JO), (7, POOL)]


def test_grace_gives_way_to_a_booked_time_that_began_before_it() -> None:
    """Jo, from 3 to 4, starts later and wins; in the grace of Jo, Maya's booked time wins."""
    segments = lived(org(), client(visit(2, 8), visit(3, 4, 2, id=2)))
    assert told(segments) == [(0, POOL), (2, MAYA), (3, JO), (4, MAYA), (9, POOL)]


def test_a_lead_time_gives_way_to_a_booked_time_and_to_a_grace_time() -> None:
    """Jo's lead, from 2 to 6, is passed over while Maya is booked (to 3) and in grace (to
    4)."""
    segments = lived(org(), client(visit(1, 3), visit(6, 8, 2, id=2, lead=4)))
    assert told(segments) == [(0, POOL), (1, MAYA), (4, JO), (9, POOL)]


def test_of_two_lead_times_the_later_visit_counts_until_the_earlier_one_is_booked() -> None:
    segments = lived(org(), client(visit(5, 9, lead=3), visit(8, 9, 2, id=2, lead=4)))
    assert told(segments) == [(0, POOL), (2, MAYA), (4, JO), (5, MAYA), (8, JO), (10, POOL)]


def test_an_override_is_a_segment_of_the_front_desk_whatever_windows_there_are() -> None:
    segments = lived(org(), client(visit(2, 4), overrides=[(1, 3), (3, 3.5), (9, 10)]))
    assert told(segments) == [
        (0, POOL), (1, DESK), (3.5, MAYA), (5, POOL), (9, DESK), (10, POOL),
    ]  # fmt: skip
    route = segments[1].route
    assert (route.rule, route.code, route.gap) == (Rule.CHOSEN_BY_A_PERSON, Code.OVERRIDE, None)
    assert route.reason == "An override sends from the front desk"


def test_an_override_without_a_usable_desk_is_a_gap() -> None:
    spam = {0: (quarantined(desk_number(), until=T + 2 * HOUR),)}
    segments = lived(org(desks=intervals(spam)), client(overrides=[(1, 3)]))
    assert told(segments) == [(0, POOL), (1, None), (2, DESK), (3, POOL)]
    assert segments[1].route.gap is Code.NO_FRONT_DESK


def test_a_span_begins_and_ends_within_windows() -> None:
    segments = lived(org(), client(visit(-3, 2), visit(20, 30, 2, id=2)))
    assert told(segments) == [(0, MAYA), (3, POOL), (20, JO)]
    assert segments[-1].to_at == END


def test_a_window_that_ends_when_the_span_begins_is_not_in_it() -> None:
    assert told(lived(org(), client(visit(-3, -1), visit(24, 25, id=2)))) == [(0, POOL)]


def test_the_end_of_a_quarantine_is_a_change_although_nothing_is_written_then() -> None:
    spam = SitterState(True, quarantined(sitter_number(), until=T + 3 * HOUR))
    segments = lived(with_maya({0: spam}), client(visit(2, 4)))
    assert told(segments) == [(0, POOL), (2, POOL), (3, MAYA), (5, POOL)]
    gap = segments[1]
    assert gap.route.gap is Code.SITTER_NUMBER_QUARANTINED
    assert gap.route.reason == "Sitter Maya Lee's number is quarantined - using pool"


def test_a_quarantine_that_was_lifted_early_ends_then_and_not_once_more() -> None:
    until = T + 4 * HOUR
    states = {0: SitterState(True, quarantined(sitter_number(), until=until)), 3: speaking()}
    segments = lived(with_maya(states), client(visit(2, 6)))
    assert told(segments) == [(0, POOL), (2, POOL), (3, MAYA), (7, POOL)]


def test_a_status_change_outside_the_sitters_windows_changes_nothing() -> None:
    states = {
        0: speaking(),
        1: SitterState(False, None),
        2: speaking(),
        6: SitterState(False, None),
    }
    assert told(lived(with_maya(states), client(visit(2, 4)))) == [(0, POOL), (2, MAYA), (5, POOL)]


def test_a_sitter_who_is_renumbered_within_a_window_is_a_change() -> None:
    states = {0: speaking(), 3: speaking(sitter_number(4))}
    segments = lived(with_maya(states), client(visit(2, 4)))
    assert told(segments) == [(0, POOL), (2, MAYA), (3, e164(4)), (5, POOL)]


def test_without_a_number_the_segment_says_what_is_missing() -> None:
    (only,) = lived(org(pool=intervals({0: ()}), desks=intervals({0: ()})), client())
    assert (only.route.number, only.route.rule) == (None, None)
    assert (only.route.code, only.route.gap) == (Code.NO_FRONT_DESK, Code.NO_FRONT_DESK)


def test_the_own_pool_number_is_used_from_the_text_that_left_from_it() -> None:
    two = intervals({0: (pool_number(), pool_number(12))})
    segments = lived(org(pool=two), client(own={0: None, 4: 12}))
    assert told(segments) == [(0, POOL), (4, OTHER)]
    assert segments[1].route.code is Code.POOL_STICKY


def test_a_pool_in_use_changes_the_number_of_a_client_without_a_pool_number() -> None:
    fresh, used = pool_number(), pool_number(last_used_at=T + 2 * HOUR)
    pool = intervals({0: (fresh, pool_number(12)), 2: (used, pool_number(12))})
    assert told(lived(org(pool=pool), client())) == [(0, POOL), (2, OTHER)]
    assert told(lived(org(pool=pool), client(own={0: 11}))) == [(0, POOL)]


def test_each_client_gets_their_own_segments() -> None:
    clients = [client(visit(2, 4)), client()._replace(client="C-2")]
    first, second = simulate(org(), clients)
    assert {each.client for each in first} == {"C-1"}
    assert [each.client for each in second] == ["C-2"]


# --------------------------------------------------------------------------- how often it is asked


def asked(monkeypatch: pytest.MonkeyPatch, org: OrgIntervals, *clients: ClientIntervals) -> int:
    count = 0

    def counting(facts: Facts, at: datetime) -> Decision:
        nonlocal count
        count += 1
        return decide(facts, at)

    monkeypatch.setattr(simulating, "decide", counting)
    simulate(org, clients)
    return count


def test_a_thousand_windows_of_one_sitter_ask_once(monkeypatch: pytest.MonkeyPatch) -> None:
    minutes = [each / 60 for each in range(0, 1380, 3)]
    windows = [
        visit(at, at + 0.01, id=each)._replace(booking="B", ends_at=T + (at + 0.02) * HOUR)
        for each, at in enumerate(minutes)
    ]
    assert asked(monkeypatch, org(), client(*windows), client(*windows)) == 2


# ------------------------------------------------------------------------------------- by chance

_STATES: list[tuple[NumberStatus, int | None]] = [
    *[(NumberStatus.ACTIVE, None)] * 4,
    (NumberStatus.QUARANTINED, 3),
    (NumberStatus.QUARANTINED, 7),
    (NumberStatus.QUARANTINED, 99),
    (NumberStatus.QUARANTINED, -2),
    (NumberStatus.RETIRED, None),
]


class Chance:
    """A company by chance. Hours are few, so that instants meet."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)

    def hours(self) -> list[int]:
        return [-1, *sorted(self.dice.sample(range(10), self.dice.choice((0, 0, 1, 2, 3))))]

    def number(self, number_id: int, number_class: NumberClass) -> NumberFact:
        status, hour = self.dice.choice(_STATES)
        until = None if hour is None else T + hour * HOUR
        return NumberFact(number_id, e164(number_id), number_class, status, until)

    def sitter_state(self, number_id: int) -> SitterState:
        held = self.dice.random() < 0.85
        number = self.number(number_id, NumberClass.SITTER) if held else None
        return SitterState(self.dice.random() < 0.85, number)

    def pool(self) -> tuple[PoolNumberFact, ...]:
        return tuple(
            PoolNumberFact(
                self.number(each, NumberClass.POOL),
                self.dice.choice((None, T - HOUR, T - 2 * HOUR)),
                self.dice.choice((0, 1, 2)),
            )
            for each in (11, 12, 13)
            if self.dice.random() < 0.5
        )

    def desks(self) -> tuple[NumberFact, ...]:
        return tuple(
            self.number(each, NumberClass.FRONT_DESK)
            for each in (21, 22)
            if self.dice.random() < 0.5
        )

    def org(self) -> OrgIntervals:
        return org(
            pool_for=self.dice.choice(list(PoolFor)),
            pool_threads_per_number=self.dice.choice((None, None, 1, 2)),
            sitters={
                each: SitterIntervals(
                    f"S-{each}",
                    f"Sitter {each}",
                    intervals({hour: self.sitter_state(each) for hour in self.hours()}),
                )
                for each in (1, 2, 3)
            },
            pool=intervals({hour: self.pool() for hour in self.hours()}),
            desks=intervals({hour: self.desks() for hour in self.hours()}),
        )

    def window(self, booking: int) -> WindowSpan:
        first = self.dice.randint(-2, 9)
        booked = first + self.dice.choice((1, 1, 2, 3))
        return WindowSpan(
            T + (first - self.dice.choice((0, 0, 0, 1, 3))) * HOUR,
            T + first * HOUR,
            T + booked * HOUR,
            T + (booked + self.dice.choice((0, 1, 1, 2))) * HOUR,
            booking,
            f"B-{booking}",
            self.dice.choice((1, 1, 2, 3, None)),
        )

    def overrides(self) -> list[OverrideFact]:
        """One after the other, some of them of no length."""
        hours = [T + hour * HOUR for hour in sorted(self.dice.choices(range(-2, 13), k=4))]
        spans = [OverrideFact(*hours[:2]), OverrideFact(*hours[2:])]
        return self.dice.choice(([], [], spans[:1], spans))

    def client(self, ref: str) -> ClientIntervals:
        bookings = self.dice.sample(range(1, 10), self.dice.choice((0, 1, 2, 3, 5)))
        return ClientIntervals(
            ref,
            self.dice.choice(list(ClientKind)),
            [self.window(each) for each in bookings],
            intervals({hour: self.dice.choice((None, 11, 12, 99)) for hour in self.hours()}),
            self.overrides(),
        )


def state_at(intervals: StateIntervals[Any], at: datetime) -> Any:
    """The state that holds at an instant, found from the front."""
    found = intervals.states[0]
    for since, state in zip(intervals.since, intervals.states, strict=True):
        if since <= at:
            found = state
    return found


def facts_at(org: OrgIntervals, client: ClientIntervals, at: datetime) -> Facts:
    windows = []
    for window in client.windows:
        fact = WindowFact(
            window.booking_id,
            window.booking,
            window.starts_at,
            window.booked_until,
            window.ends_at,
            booked_from=window.booked_from,
        )
        if window.sitter_id is not None:
            ref, name, states = org.sitters[window.sitter_id]
            active, number = state_at(states, at)
            fact = fact._replace(sitter=ref, sitter_name=name, sitter_active=active, number=number)
        windows.append(fact)
    return Facts(
        org=org.org,
        timezone=org.timezone,
        pool_for=org.pool_for,
        pool_threads_per_number=org.pool_threads_per_number,
        client=client.client,
        client_kind=client.kind,
        windows=tuple(windows),
        own_pool_number_id=state_at(client.own_pool_number, at),
        pool=state_at(org.pool, at),
        desks=state_at(org.desks, at),
        override=next((o for o in client.overrides if o.starts_at <= at < o.until), None),
    )


def as_route(decision: Decision) -> tuple[Any, ...]:
    last = decision.trace[-1]
    return (decision.number, decision.rule, last.code, decision.reason)


@pytest.mark.parametrize("seed", range(4))
def test_a_segment_says_what_decide_says_at_every_instant(seed: int) -> None:
    """All that happens happens at a full hour: at each, just before it and half past it."""
    seen: Counter[Any] = Counter()
    for number in range(250):
        chance = Chance(seed * 1000 + number)
        company = chance.org()
        clients = [chance.client(f"C-{each}") for each in range(3)]
        start, end = T + chance.dice.randint(0, 2) * HOUR, T + chance.dice.randint(9, 12) * HOUR
        for who, segments in zip(
            clients, simulate(company, clients, start=start, end=end), strict=True
        ):
            assert (segments[0].from_at, segments[-1].to_at) == (start, end)
            for before, after in pairwise(segments):
                assert before.to_at == after.from_at
                assert before.route != after.route
            at, current = start, iter(segments)
            segment = next(current)
            while at < end:
                for each in (at, at + HOUR / 2, at + HOUR - TICK):
                    while segment.to_at <= each:
                        segment = next(current)
                    decision = decide(facts_at(company, who, each), each)
                    route = segment.route
                    assert as_route(decision) == (
                        route.number, route.rule, route.code, route.reason,
                    ), (seed, number, who.client, each)  # fmt: skip
                    seen.update(step.code for step in decision.trace)
                at += HOUR
    assert set(Code) - OF_DIRECT_TEXTS - OF_PICTURES - OF_PERSONS - OF_COUNTRIES <= set(seen), seen
    assert seen[Code.OVERRIDE]
