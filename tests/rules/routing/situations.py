"""Facts and instants made to collide: what the rules of routing are tried with.

A situation is a snapshot of facts and an instant.
"""

from datetime import datetime
from itertools import permutations, product
from random import Random
from typing import Any

from hypothesis import strategies as st

from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.enums.orgs import PoolFor
from petmsg.enums.people import ClientKind
from petmsg.enums.routing import Rule
from petmsg.rules.routing import (
    Facts,
    NumberFact,
    OverrideFact,
    PoolNumberFact,
    SpeakerFact,
    WindowFact,
)
from tests.rules.routing.builders import (
    HOUR,
    TICK,
    T,
    e164,
)

# Few values, so that they meet: T itself and its neighbours are most of the calendar.
_INSTANTS = [T - HOUR, T - TICK, T, T + TICK, T + HOUR]
_STATES: list[tuple[NumberStatus, datetime | None]] = [
    (NumberStatus.ACTIVE, None),
    (NumberStatus.ACTIVE, None),
    (NumberStatus.QUARANTINED, T),
    (NumberStatus.QUARANTINED, T - TICK),
    (NumberStatus.QUARANTINED, T + TICK),
    (NumberStatus.QUARANTINED, T + HOUR),
    (NumberStatus.RETIRED, None),
]
_SPANS = [
    (start, booked, end)
    for start in _INSTANTS
    for booked in _INSTANTS
    for end in _INSTANTS
    if start < booked and start < end
]
# With the instant at which the booked time begins; the time before it is the lead.
_SPANS_WITH_LEAD = [
    (*span, begins) for span in _SPANS for begins in _INSTANTS if span[0] <= begins < span[1]
]
RULES = [rule.value for rule in Rule if rule is not Rule.CHOSEN_BY_A_PERSON]

# One draw per row of a snapshot, from all the rows there could be: flat is what makes it fast.
# None is a row that is not there. 99 is an own pool number that is no pool number any more.
_WINDOWS = [None, *((who, span) for who in (1, 2, 3, None) for span in _SPANS)]
_WINDOWS_WITH_LEAD = [
    None, *((who, span) for who in (1, 2, 3, None) for span in (*_SPANS, *_SPANS_WITH_LEAD)),
]  # fmt: skip
_SITTERS = [(active, state) for active in (True, True, True, False) for state in (*_STATES, None)]
_POOL = [
    *(None for _ in range(20)),
    *product(_STATES, (None, T - HOUR, T - TICK, T), (0, 1, 2)),
]
_DESKS = [None, None, *_STATES]
_SETTINGS = list(product(PoolFor, ClientKind, (None, 0, 1, 2)))
_OWN = [None, None, 11, 12, 13, 99]
_MMS = [None, None, None, True, False, False]
_ORDERS = [
    (bookings, pool, desks)
    for bookings in permutations((1, 2, 3, 4))
    for pool in permutations((11, 12, 13))
    for desks in permutations((21, 22))
]

_BY_NUMBER = {id_: place for place, id_ in enumerate((1, 2, 3, 11, 12, 13, 21, 22))}

Situation = tuple[Facts, datetime]


def _rows(rows: list[Any], count: int) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.tuples(*[st.sampled_from(rows)] * count)


def _window(booking: int, span: tuple[datetime, ...]) -> WindowFact:
    begins = span[3] if len(span) > 3 else None
    return WindowFact(booking, f"B-{booking}", *span[:3], booked_from=begins)


def _situation(drawn: tuple[Any, ...]) -> Situation:
    windows, sitters, pool, desks, (pool_for, kind, limit), own, ids, at = drawn
    bookings, pool_ids, desk_ids = ids
    speakers: dict[int, dict[str, Any]] = {
        who: {
            "sitter": f"S-{who}",
            "sitter_name": f"Sitter {who}",
            "sitter_active": active,
            "number": state and NumberFact(who, e164(who), NumberClass.SITTER, *state),
        }
        for who, (active, state) in enumerate(sitters, start=1)
    }
    made = Facts(
        org="happy-paws",
        timezone="America/Los_Angeles",
        pool_for=pool_for,
        pool_threads_per_number=limit,
        client="C-1",
        client_kind=kind,
        windows=tuple(
            _window(booking, row[1])._replace(**speakers.get(row[0], {}))
            for booking, row in zip(bookings, windows, strict=True)
            if row is not None
        ),
        own_pool_number_id=own,
        pool=tuple(
            PoolNumberFact(NumberFact(each, e164(each), NumberClass.POOL, *row[0]), *row[1:])
            for each, row in zip(pool_ids, pool, strict=True)
            if row is not None
        ),
        desks=tuple(
            NumberFact(each, e164(each), NumberClass.FRONT_DESK, *state)
            for each, state in zip(desk_ids, desks, strict=True)
            if state is not None
        ),
    )
    return made, at


_AT = [T, T, T - TICK, T + TICK]


def situations(windows: list[Any] = _WINDOWS_WITH_LEAD) -> st.SearchStrategy[Situation]:
    return st.tuples(
        _rows(windows, 4),
        _rows(_SITTERS, 3),
        _rows(_POOL, 3),
        _rows(_DESKS, 2),
        st.sampled_from(_SETTINGS),
        st.sampled_from(_OWN),
        st.sampled_from(_ORDERS),
        st.sampled_from(_AT),
    ).map(_situation)


def random_situation(dice: Random) -> Situation:
    """One of the situations of ruleset 1, also with pictures or written by a sitter: no window has
    lead time, and nobody chose a number."""
    facts, at = _situation(
        (
            dice.choices(_WINDOWS, k=4),
            dice.choices(_SITTERS, k=3),
            dice.choices(_POOL, k=3),
            dice.choices(_DESKS, k=2),
            *map(dice.choice, (_SETTINGS, _OWN, _ORDERS, _AT)),
        )
    )
    if dice.random() < 0.3:
        facts = facts._replace(speaker=dice.choice(_SPEAKERS))
    if dice.random() < 0.3:
        facts = with_mms(facts, tuple(dice.choices(_MMS, k=len(_BY_NUMBER))))
        facts = facts._replace(with_media=dice.random() < 0.8)
    if dice.random() < 0.1:
        facts = facts._replace(notes=("Setting pool_for changed after this time",))
    return facts, at


# Sitter 4 is in no window at all.
_SPEAKERS = [
    SpeakerFact(f"S-{who}", f"Sitter {who}", own_number_only)
    for who in (1, 1, 2, 3, 4)
    for own_number_only in (True, False)
]


def with_mms(facts: Facts, mms: tuple[bool | None, ...]) -> Facts:
    """The facts with what each number's provider says about pictures."""

    def of(number: NumberFact) -> NumberFact:
        return number._replace(mms=mms[_BY_NUMBER[number.id]])

    return facts._replace(
        windows=tuple(w._replace(number=w.number and of(w.number)) for w in facts.windows),
        pool=tuple(each._replace(number=of(each.number)) for each in facts.pool),
        desks=tuple(of(desk) for desk in facts.desks),
    )


def every_mms() -> st.SearchStrategy[tuple[bool | None, ...]]:
    return st.tuples(*[st.sampled_from(_MMS)] * len(_BY_NUMBER))


def with_pictures() -> st.SearchStrategy[Situation]:
    """Situations in which the message has pictures."""
    return st.tuples(st.one_of(situations(), spoken()), every_mms()).map(
        lambda drawn: (with_mms(drawn[0][0], drawn[1])._replace(with_media=True), drawn[0][1])
    )


def spoken() -> st.SearchStrategy[Situation]:
    """Situations in which a sitter wrote the message."""
    return st.tuples(situations(), st.sampled_from(_SPEAKERS)).map(
        lambda drawn: (drawn[0][0]._replace(speaker=drawn[1]), drawn[0][1])
    )


_OVERRIDES = [None, None, *(OverrideFact(*each) for each in product(_INSTANTS, _INSTANTS))]
_REPLIES = [
    None,
    None,
    *(
        NumberFact(31, e164(31), number_class, *state, mms)
        for number_class in NumberClass
        for state in _STATES
        for mms in (None, True, False)
    ),
]


def chosen() -> st.SearchStrategy[Situation]:
    """Situations in which a person may have chosen the number."""
    return st.tuples(
        st.one_of(situations(), spoken(), with_pictures()),
        st.sampled_from([True, False, False, False]),
        st.sampled_from(_OVERRIDES),
        st.sampled_from(_REPLIES),
    ).map(
        lambda drawn: (
            drawn[0][0]._replace(desk_speaks=drawn[1], override=drawn[2], reply_to=drawn[3]),
            drawn[0][1],
        )
    )


_FOREIGN = {"1": "+1415555", "44": "+447700900", "49": "+4915112345"}
EVERY_COUNTRY = st.tuples(*[st.sampled_from([*_FOREIGN])] * len(_BY_NUMBER))


def with_countries(facts: Facts, countries: tuple[str, ...], code: str | None) -> Facts:
    """The facts with the country of each number, and of the client's phone."""

    def of(number: NumberFact) -> NumberFact:
        begins = _FOREIGN[countries[_BY_NUMBER[number.id]]]
        return number._replace(e164=f"{begins}{number.id:04d}")

    return facts._replace(
        windows=tuple(w._replace(number=w.number and of(w.number)) for w in facts.windows),
        pool=tuple(each._replace(number=of(each.number)) for each in facts.pool),
        desks=tuple(of(desk) for desk in facts.desks),
        calling_code=code,
    )


def of_countries() -> st.SearchStrategy[Situation]:
    """Situations in which the org's numbers are of several countries."""
    return st.tuples(
        st.one_of(situations(), spoken(), with_pictures(), chosen()),
        EVERY_COUNTRY,
        st.sampled_from([None, *_FOREIGN, "33"]),
    ).map(lambda drawn: (with_countries(drawn[0][0], *drawn[1:]), drawn[0][1]))
