"""Marks of a clock that nobody sets: what two of them tell, and what they do not."""

from datetime import timedelta

import pytest

from petmsg.db.stopwatch import elapsed, stopwatch_of
from tests.support.fixtures import looking


def test_two_marks_of_one_clock_tell_the_time_between_them() -> None:
    assert elapsed("boot-a 5.25", "boot-a 7.5") == timedelta(seconds=2.25)
    assert elapsed("boot-a 5.25", "boot-a 5.25") == timedelta(0)


@pytest.mark.parametrize("since", [None, "boot-b 5.0", "boot-a 7.6", "server-1.0 5.0"])
def test_two_clocks_or_one_that_went_back_measure_nothing(since: str | None) -> None:
    assert elapsed(since, "boot-a 7.5") is None


def test_whoever_opens_the_database_reads_the_same_clock(migrated_url: str) -> None:
    marks = []
    for _ in range(3):
        with looking(migrated_url) as cursor:
            marks.append(stopwatch_of(cursor).mark())
    apart = [elapsed(marks[0], each) for each in marks]
    assert None not in apart
    assert apart == sorted(apart)  # type: ignore[type-var] # None is not among them
    assert marks[0].startswith("server-" if "postgresql" in migrated_url else "boot")
