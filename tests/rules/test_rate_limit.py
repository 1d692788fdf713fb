"""How fast a number may send, and until when it is busy."""

from datetime import timedelta

import pytest

from petmsg.rules.rate_limit import (
    FASTEST,
    LONGEST_AHEAD,
    default_rate_limit,
    next_start,
    occupancy,
)
from petmsg.services.numbers.rate_limit import SLOWEST
from tests.support.fixtures import NOW

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("e164", "pace"),
    [
        ("+14155550100", 1.0),
        ("+18005550100", 3.0),
        ("+18335550100", 3.0),
        ("+18885550100", 3.0),
        ("+18015550100", 1.0),  # Utah
        ("+448005550100", 1.0),  # another country's 800
        ("+80012345678", 1.0),
    ],
)
def test_a_long_code_carries_one_segment_a_second_and_a_toll_free_number_three(
    e164: str, pace: float
) -> None:
    assert default_rate_limit(e164) == pace


@pytest.mark.parametrize(
    ("segments", "pace", "seconds"), [(1, 1.0, 1.0), (3, 1.0, 3.0), (3, 3.0, 1.0), (0, 1.0, 1.0)]
)
def test_a_number_is_busy_for_each_segment(segments: int, pace: float, seconds: float) -> None:
    assert occupancy(segments, pace) == timedelta(seconds=seconds)


def test_the_fastest_and_the_slowest_pace_keep_their_order() -> None:
    assert occupancy(1, FASTEST) > timedelta(0)
    assert occupancy(11, SLOWEST) < LONGEST_AHEAD  # else it would be taken for a wrong clock's


def test_a_free_number_starts_now_and_a_busy_one_when_it_is_free() -> None:
    assert next_start(None, NOW) == NOW
    assert next_start(NOW - SECOND, NOW) == NOW
    assert next_start(NOW + SECOND, NOW) == NOW + SECOND
    assert next_start(NOW + LONGEST_AHEAD, NOW) == NOW + LONGEST_AHEAD


@pytest.mark.parametrize("wrong", [timedelta(minutes=16), timedelta(hours=1), timedelta(days=400)])
def test_a_number_that_a_wrong_clock_used_is_not_busy_for_hours(wrong: timedelta) -> None:
    assert next_start(NOW + wrong, NOW) == NOW
