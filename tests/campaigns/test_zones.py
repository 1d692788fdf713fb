"""Local times near changes of the clocks: a few zones in CI, all of them in `make campaigns`."""

from tests.campaigns.zones import as_of_first, first_of_two, run

ODD = ("Africa/Casablanca", "America/New_York", "Antarctica/Troll", "Australia/Lord_Howe",
       "Pacific/Apia")  # fmt: skip


def test_near_a_change_a_time_is_exact_or_refused() -> None:
    counts, faults = run(ODD, range(2010, 2027))
    assert faults == []
    assert counts["changes"] > 100


def test_a_time_that_is_read_as_the_first_of_two_is_found() -> None:
    assert run(ODD[1:2], [2026], first_of_two)[1] != []


def test_a_time_that_is_shown_with_the_offset_of_the_first_of_two_is_found() -> None:
    assert run(ODD[1:2], [2026], showing=as_of_first)[1] != []


def test_an_offset_with_seconds_in_it_is_refused_not_misread() -> None:
    assert run(["Africa/Monrovia"], [1972])[1] == []
