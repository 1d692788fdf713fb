"""When a receipt is asked for, against a second version of the rule that counts minutes."""

from datetime import datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petmsg.queries.delivery_status import in_transit
from petmsg.queries.org import find_org
from petmsg.rules.receipt_requests import is_due, next_request
from tests.support.fixtures import NOW, looking, migrated_and
from tests.support.postgres import Copies
from tests.support.queueing import accepted, change, claimed, company, queue, record

MINUTE = timedelta(minutes=1)
FOUR_DAYS = 4 * 24 * 60
_AGES = st.one_of(st.integers(0, 200), st.integers(0, FOUR_DAYS + 100))


def naive_is_due(asked_after: int | None, age: int) -> bool:
    """In whole minutes after sending: the last question, and now."""
    if age > FOUR_DAYS:
        return False
    if asked_after is None:
        return True
    if asked_after < 1:
        return age >= asked_after + 1
    if asked_after < 6:
        return age >= asked_after + 5
    if asked_after < 21:
        return age >= asked_after + 15
    return age >= asked_after + 60


@given(st.one_of(st.none(), _AGES), _AGES)
def test_the_rule_says_what_the_naive_one_says(asked: int | None, age: int) -> None:
    asked_at = None if asked is None else NOW + asked * MINUTE
    assert is_due(NOW, asked_at, NOW + age * MINUTE) is naive_is_due(asked, age)


def test_cron_that_runs_every_minute_asks_at_these_minutes() -> None:
    asked_at: datetime | None = None
    minutes = []
    for minute in range(FOUR_DAYS + 600):
        now = NOW + minute * MINUTE
        if is_due(NOW, asked_at, now):
            minutes.append(minute)
            asked_at = now
    assert minutes[:7] == [0, 1, 6, 21, 81, 141, 201]
    assert {later - one for one, later in pairwise(minutes[4:])} == {60}
    assert FOUR_DAYS - 60 < minutes[-1] <= FOUR_DAYS
    assert next_request(NOW, asked_at) is None


@given(st.one_of(st.none(), _AGES), _AGES)
def test_a_message_that_is_final_is_never_asked_for_again(asked: int | None, later: int) -> None:
    asked_at = None if asked is None else NOW + asked * MINUTE
    due_at = next_request(NOW, asked_at)
    if due_at is None:
        assert not is_due(NOW, asked_at, NOW + later * MINUTE)
    else:
        assert is_due(NOW, asked_at, due_at)
        assert not is_due(NOW, asked_at, due_at - timedelta(microseconds=1))


def test_a_clock_that_was_set_back_asks_again_soon() -> None:
    assert next_request(NOW, NOW - 30 * MINUTE) == NOW - 29 * MINUTE


@pytest.fixture
def url(refilled: Copies) -> str:
    return refilled("queueing", migrated_and(company))


def test_the_statements_choose_the_messages_that_the_rule_chooses(url: str) -> None:
    text = queue(url)
    record(url, claimed(url, text), accepted(1))
    dice, seen = Random(18), set()
    for _ in range(60):
        age = dice.choice([dice.randint(0, 100), dice.randint(0, FOUR_DAYS + 60)])
        asked = dice.choice([None, dice.randint(0, age), max(0, age - dice.randint(0, 70))])
        now = NOW + age * MINUTE
        asked_at = None if asked is None else NOW + asked * MINUTE
        change(url, "UPDATE message SET sent_at = :sent, synced_at = :at", sent=NOW, at=asked_at)
        with looking(url) as cursor:
            org = find_org(cursor, None)
            found = in_transit(
                cursor, org, since=now - timedelta(minutes=FOUR_DAYS), now=now, limit=5
            )
        expected = naive_is_due(asked, age)
        assert [each.message for each in found] == [text] * expected, (asked, age)
        seen.add((asked is None, expected))
    assert len(seen) == 4
