"""Local times that a change of the clock skips or repeats."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from petmsg.clock import iso_local, iso_utc, local_to_utc
from petmsg.errors import AmbiguousTime, NonexistentTime
from tests.campaigns.zones import NEAR, ZONES, instants_of, transitions
from tests.support.typed_times import LA, parse, refusal, utc


@pytest.mark.parametrize(
    ("timezone", "text"),
    [
        (LA, "2026-03-08T02:00"),
        (LA, "2026-03-08T02:59:59.999999"),
        ("Europe/Berlin", "2026-03-29T02:30"),
        ("Australia/Lord_Howe", "2026-10-04T02:15"),
        ("Pacific/Apia", "2011-12-30T12:00"),
    ],
)
def test_a_local_time_that_does_not_exist_is_refused(timezone: str, text: str) -> None:
    refused = refusal(text, timezone)
    assert isinstance(refused, NonexistentTime)
    assert refused.code == "nonexistent_time"
    assert timezone in refused.message


@pytest.mark.parametrize(
    ("timezone", "text", "offered"),
    [
        (LA, "2026-03-08T02:30", ["2026-03-08T01:30:00-08:00", "2026-03-08T03:30:00-07:00"]),
        (
            "America/New_York",
            "2026-03-08T02:30",
            ["2026-03-08T01:30:00-05:00", "2026-03-08T03:30:00-04:00"],
        ),
        (
            "Australia/Lord_Howe",
            "2026-10-04T02:15",
            ["2026-10-04T01:45:00+10:30", "2026-10-04T02:45:00+11:00"],
        ),
    ],
)
def test_the_hint_for_a_nonexistent_time_offers_two_existing_ones(
    timezone: str, text: str, offered: list[str]
) -> None:
    hint = refusal(text, timezone).hint
    assert hint == f"Choose an existing local time, for example {' or '.join(offered)}."
    for each in offered:
        assert iso_local(parse(each, timezone), timezone) == each


@pytest.mark.parametrize(
    ("timezone", "text"),
    [
        (LA, "2026-11-01T01:00"),
        (LA, "2026-11-01T01:59:59.999999"),
        ("Europe/Berlin", "2026-10-25T02:30"),
        ("Australia/Lord_Howe", "2026-04-05T01:45"),
    ],
)
def test_a_local_time_that_happens_twice_is_refused(timezone: str, text: str) -> None:
    refused = refusal(text, timezone)
    assert isinstance(refused, AmbiguousTime)
    assert refused.code == "ambiguous_time"
    assert timezone in refused.message


def test_the_hint_for_a_time_that_happens_twice_can_be_typed_back() -> None:
    hint = refusal("2026-11-01T01:30").hint
    both = [word.rstrip(".") for word in hint.split() if word.startswith("2026-")]
    assert [parse(each) for each in both] == [utc(2026, 11, 1, 8, 30), utc(2026, 11, 1, 9, 30)]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-03-08T01:59:59.999999", utc(2026, 3, 8, 9, 59, 59, 999_999)),
        ("2026-03-08T03:00", utc(2026, 3, 8, 10)),
        ("2026-11-01T00:59:59.999999", utc(2026, 11, 1, 7, 59, 59, 999_999)),
        ("2026-11-01T02:00", utc(2026, 11, 1, 10)),
    ],
)
def test_the_times_at_the_edges_of_a_change_are_exact(text: str, meant: datetime) -> None:
    assert parse(text) == meant


@pytest.mark.parametrize("text", ["2026-03-08T02:30-08:00", "2026-11-01T01:30-07:00"])
def test_an_offset_makes_every_local_time_exact(text: str) -> None:
    parse(text)


@settings(max_examples=500, deadline=None, print_blob=True)
@given(
    st.sampled_from(ZONES),
    st.integers(1971, 2100),
    st.integers(0, 9),
    st.sampled_from(NEAR),
    st.sampled_from(NEAR),
)
@example("Africa/Monrovia", 1972, 0, timedelta(0), timedelta(0))
@example("Pacific/Apia", 2011, 2, timedelta(0), timedelta(hours=-24))
@example("Africa/Casablanca", 2026, 0, timedelta(0), timedelta(hours=1))
@example("Antarctica/Troll", 2026, 0, timedelta(0), timedelta(hours=-1))
def test_a_local_time_is_exact_or_refused_in_every_zone(
    key: str, year: int, which: int, near: timedelta, off: timedelta
) -> None:
    changes = transitions(key, year) or (utc(year, 6, 1, 12),)
    instant = changes[which % len(changes)] + near
    written = instant.astimezone(ZoneInfo(key)).replace(tzinfo=None)

    # A time that a clock showed is parsed exactly, or refused because the clock showed it twice.
    try:
        assert local_to_utc(written, key) == instant
    except AmbiguousTime:
        assert len(instants_of(written, key)) == 2

    # A local time near a clock change is the one instant at which the clocks show it.
    written += off
    meant = instants_of(written, key)
    try:
        assert {local_to_utc(written, key)} == meant
    except NonexistentTime:
        assert meant == set()
    except AmbiguousTime:
        assert len(meant) == 2


@given(st.datetimes(datetime(1971, 1, 1), datetime(2990, 1, 1)), st.sampled_from(ZONES))  # noqa: DTZ001 - Hypothesis wants them naive
def test_an_instant_printed_is_read_back_as_itself(moment: datetime, key: str) -> None:
    instant = moment.replace(tzinfo=UTC)
    assert parse(iso_utc(instant), key) == instant
