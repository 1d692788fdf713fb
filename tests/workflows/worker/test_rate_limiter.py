"""The rate limiter: messages wait in the order in which their numbers can start them."""

from collections import Counter
from datetime import timedelta

from petmsg.queries.queue import DueMessage, NumberRateLimit
from petmsg.rules.rate_limit import LONGEST_AHEAD
from petmsg.workflows.worker.rate_limiter import RateLimiter
from tests.support.fixtures import NOW

SECOND = timedelta(seconds=1)
MAYA, OLGA = 1, 2


def text(message: int, *, segments: int = 1) -> DueMessage:
    return DueMessage(message, message, message, f"+1415555{message:04}", segments, NOW)


def scheduler(*numbers: NumberRateLimit) -> RateLimiter:
    place = RateLimiter()
    place.update_limits(numbers, NOW)
    return place


def ready_at(place: RateLimiter, seconds: float) -> list[int]:
    """Who is ready by then."""
    return [each.message for each in place.pop_due(NOW + seconds * SECOND, 1000)]


def test_texts_of_one_number_are_tried_one_pace_apart() -> None:
    place = scheduler(NumberRateLimit(MAYA, "+14155550102", None, None))
    for message in (1, 2, 3):
        place.schedule(text(message), [MAYA], NOW)
    assert [ready_at(place, at) for at in (0, 0.9, 1, 2)] == [[1], [], [2], [3]]


def test_a_long_text_keeps_the_next_waiting_for_all_its_segments() -> None:
    place = scheduler(NumberRateLimit(MAYA, "+14155550102", 2.0, None))
    place.schedule(text(1, segments=3), [MAYA], NOW)
    place.schedule(text(2), [MAYA], NOW)
    assert [ready_at(place, at) for at in (0, 1.4, 1.5)] == [[1], [], [2]]


def test_a_busy_number_is_waited_for() -> None:
    place = scheduler(NumberRateLimit(MAYA, "+14155550102", None, NOW + 5 * SECOND))
    place.schedule(text(1), [MAYA], NOW)
    assert place.next_at() == NOW + 5 * SECOND
    assert ready_at(place, 4.9) == []


def test_one_number_does_not_wait_for_another() -> None:
    place = scheduler()
    for message in (1, 2, 3):
        place.schedule(text(message), [MAYA], NOW)
    place.schedule(text(9), [OLGA], NOW)
    assert ready_at(place, 0) == [1, 9]


def test_a_text_that_may_leave_from_any_of_several_takes_the_one_that_is_free_first() -> None:
    place = scheduler(NumberRateLimit(MAYA, "+14155550102", None, NOW + SECOND))
    for message in range(1, 5):
        place.schedule(text(message), [MAYA, OLGA], NOW)
    assert [len(ready_at(place, at)) for at in (0, 1, 2)] == [1, 2, 1]


def test_a_text_without_a_number_is_tried_at_once() -> None:
    place = scheduler()
    place.schedule(text(1), [], NOW)
    assert ready_at(place, 0) == [1]


def test_no_more_are_taken_out_than_asked_for_and_the_rest_stays_in_order() -> None:
    place = scheduler()
    for message in range(10):
        place.schedule_at(text(message), NOW + (10 - message) * SECOND)
    assert [each.message for each in place.pop_due(NOW + 60 * SECOND, 3)] == [9, 8, 7]
    assert (len(place), 6 in place, 9 in place) == (7, True, False)
    assert ready_at(place, 60) == [6, 5, 4, 3, 2, 1, 0]
    assert (len(place), place.next_at()) == (0, None)


def test_what_the_database_says_beats_an_estimate_only_if_it_is_later_while_texts_wait() -> None:
    place = scheduler()
    for message in (1, 2, 3):
        place.schedule(text(message), [MAYA], NOW)
    place.update_limits([NumberRateLimit(MAYA, "+14155550102", None, NOW + SECOND)], NOW)
    assert place.next_turn([MAYA], NOW) == NOW + 3 * SECOND
    place.update_limits([NumberRateLimit(MAYA, "+14155550102", None, NOW + 9 * SECOND)], NOW)
    assert place.next_turn([MAYA], NOW) == NOW + 9 * SECOND


def test_an_estimate_ends_with_the_last_text_that_waited_for_the_number() -> None:
    """They were cancelled, say, or left from another number: this one was never busy."""
    place = scheduler(NumberRateLimit(MAYA, "+14155550102", None, None))
    for message in range(500):
        place.schedule(text(message), [MAYA], NOW)
    assert place.next_turn([MAYA], NOW) == NOW + 500 * SECOND
    ready_at(place, 500)
    place.update_limits([NumberRateLimit(MAYA, "+14155550102", None, None)], NOW)
    assert place.next_turn([MAYA], NOW) == NOW


def test_a_number_that_a_wrong_clock_used_is_tried_at_once() -> None:
    place = scheduler(NumberRateLimit(MAYA, "+14155550102", None, NOW + 2 * LONGEST_AHEAD))
    assert place.next_turn([MAYA], NOW) == NOW


def test_ten_thousand_texts_of_a_hundred_numbers_are_each_tried_once_in_their_second() -> None:
    numbers = [NumberRateLimit(at, f"+1415555{at:04}", None, None) for at in range(100)]
    place = scheduler(*numbers)
    for message in range(10_000):
        place.schedule(text(message), [message % 100], NOW)
    tries: Counter[int] = Counter()
    for second in range(100):
        tries[len(ready_at(place, second))] += 1
    assert tries == {100: 100}


def test_texts_behind_a_late_one_are_tried_as_much_later() -> None:
    place = scheduler(NumberRateLimit(MAYA, "+14155550102", None, None))
    for message in (1, 2, 3):
        place.schedule(text(message), [MAYA], NOW)
    assert ready_at(place, 0) == [1]
    began_at = NOW + timedelta(seconds=0.4)
    place.update_limits([NumberRateLimit(MAYA, "+14155550102", None, began_at + SECOND)], NOW)
    assert [ready_at(place, at) for at in (1.3, 1.4, 2.3, 2.4)] == [[], [2], [], [3]]
