"""Rule 2: outside a window a message is sent from a number of the pool."""

from datetime import UTC, datetime

import pytest

from petmsg.enums.numbers import NumberClass
from petmsg.enums.orgs import PoolFor
from petmsg.enums.people import ClientKind
from petmsg.enums.routing import Code, Rule
from petmsg.rules.routing import NumberFact, decide
from tests.rules.routing.builders import (
    HOUR,
    TICK,
    T,
    codes,
    e164,
    facts,
    number_of,
    pool_number,
    pooled,
    quarantined,
    retired,
)


def test_outside_a_window_a_pool_number_speaks() -> None:
    decision = decide(facts(), T)
    assert codes(decision) == [Code.NO_ACTIVE_WINDOW, Code.POOL_LEAST_RECENTLY_USED]
    assert decision.rule is Rule.POOL
    assert decision.number is not None
    assert decision.number.number_class is NumberClass.POOL
    assert decision.number.sitter is None


def test_the_threads_own_pool_number_stays_the_threads() -> None:
    own = pool_number(12, last_used_at=T)
    decision = decide(facts(pool=(pool_number(11), own), own_pool_number_id=12), T)
    assert number_of(decision) == e164(12)
    assert codes(decision)[1] is Code.POOL_STICKY


def test_the_threads_own_pool_number_stays_the_threads_beyond_its_capacity() -> None:
    own = pool_number(12, own_threads=5)
    full = facts(pool=(pool_number(11), own), own_pool_number_id=12, pool_threads_per_number=1)
    assert number_of(decide(full, T)) == e164(12)


@pytest.mark.parametrize(
    "gone", [quarantined(pool_number(12).number), retired(pool_number(12).number), None]
)
def test_an_own_pool_number_that_cannot_be_used_gives_way(gone: NumberFact | None) -> None:
    others = () if gone is None else (pooled(gone),)
    decision = decide(facts(pool=(pool_number(11), *others), own_pool_number_id=12), T)
    assert number_of(decision) == e164(11)
    assert codes(decision)[1] is Code.POOL_LEAST_RECENTLY_USED


def test_a_number_never_used_comes_before_the_oldest_use() -> None:
    long_ago = pool_number(11, last_used_at=datetime(1970, 1, 1, tzinfo=UTC))
    assert number_of(decide(facts(pool=(long_ago, pool_number(12))), T)) == e164(12)


def test_the_number_used_longest_ago_comes_first() -> None:
    pool = (
        pool_number(11, last_used_at=T - HOUR),
        pool_number(12, last_used_at=T - HOUR - TICK),
    )
    assert number_of(decide(facts(pool=pool), T)) == e164(12)


@pytest.mark.parametrize("used", [None, T - HOUR])
def test_of_numbers_used_at_the_same_time_the_lowest_id_comes_first(used: datetime | None) -> None:
    pool = (pool_number(12, last_used_at=used), pool_number(11, last_used_at=used))
    assert number_of(decide(facts(pool=pool), T)) == e164(11)


def test_a_full_number_takes_no_new_thread() -> None:
    pool = (pool_number(11, own_threads=2), pool_number(12, own_threads=1, last_used_at=T))
    assert number_of(decide(facts(pool=pool, pool_threads_per_number=2), T)) == e164(12)


def test_when_every_pool_number_is_full_the_front_desk_speaks() -> None:
    full = facts(pool=(pool_number(own_threads=2),), pool_threads_per_number=2)
    decision = decide(full, T)
    assert codes(decision)[1:] == [Code.POOL_AT_CAPACITY, Code.FRONT_DESK]
    assert decision.reason == "No active window - using front desk"


def test_a_thread_keeps_its_far_number_while_those_of_its_country_are_full() -> None:
    abroad = pool_number(11, own_threads=1)
    abroad = abroad._replace(number=abroad.number._replace(e164="+447700900011"))
    known = facts(
        pool=(abroad, pool_number(12, own_threads=1)),
        own_pool_number_id=11,
        pool_threads_per_number=1,
        desks=(),
        calling_code="1",
    )
    decision = decide(known, T)
    assert number_of(decision) == "+447700900011"
    assert codes(decision)[1:] == [Code.POOL_STICKY]


def test_a_limit_of_0_takes_no_new_thread_at_all() -> None:
    assert codes(decide(facts(pool_threads_per_number=0), T))[1] is Code.POOL_AT_CAPACITY


def test_without_a_limit_no_number_is_ever_full() -> None:
    assert number_of(decide(facts(pool=(pool_number(own_threads=9),)), T)) == e164(11)


@pytest.mark.parametrize(
    "number", [quarantined(pool_number().number, until=T + TICK), retired(pool_number().number)]
)
def test_a_pool_without_usable_numbers_is_empty(number: NumberFact) -> None:
    decision = decide(facts(pool=(pooled(number),)), T)
    assert codes(decision)[1:] == [Code.POOL_EMPTY, Code.FRONT_DESK]


def test_a_pool_number_whose_quarantine_is_due_is_usable() -> None:
    due = pooled(quarantined(pool_number().number, until=T))
    assert number_of(decide(facts(pool=(due,)), T)) == e164(11)


def test_a_pool_for_one_time_clients_is_not_for_a_recurring_one() -> None:
    decision = decide(
        facts(pool_for=PoolFor.ONE_TIME, client_kind=ClientKind.RECURRING, own_pool_number_id=11),
        T,
    )
    assert codes(decision)[1:] == [Code.POOL_NOT_FOR_CLIENT, Code.FRONT_DESK]


@pytest.mark.parametrize(
    ("pool_for", "kind"),
    [
        (PoolFor.ALL, ClientKind.RECURRING),
        (PoolFor.ALL, ClientKind.ONE_TIME),
        (PoolFor.ONE_TIME, ClientKind.ONE_TIME),
    ],
)
def test_every_other_client_gets_a_pool_number(pool_for: PoolFor, kind: ClientKind) -> None:
    assert number_of(decide(facts(pool_for=pool_for, client_kind=kind), T)) == e164(11)


def test_whom_the_pool_is_for_is_asked_before_whether_it_is_empty() -> None:
    nobodys = facts(pool_for=PoolFor.ONE_TIME, client_kind=ClientKind.RECURRING, pool=())
    assert codes(decide(nobodys, T))[1] is Code.POOL_NOT_FOR_CLIENT
