"""How times, durations and the names of zones are printed and suggested."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from petmsg.clock import (
    clock_local,
    from_now,
    iso_local,
    iso_utc,
    now,
    parse_duration,
    wall_to_utc,
    when_local,
    zone,
)
from petmsg.errors import USAGE, MalformedTime, OutOfRange
from tests.support.typed_times import AT, LA, parse, utc


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (utc(2026, 2, 14, 15), "2026-02-14T15:00:00Z"),
        (utc(2026, 2, 14, 15, 0, 0, 1), "2026-02-14T15:00:00.000001Z"),
        (
            datetime(2026, 2, 14, 7, tzinfo=timezone(timedelta(hours=-8))),
            "2026-02-14T15:00:00Z",
        ),
    ],
)
def test_json_shows_utc_with_a_z(instant: datetime, text: str) -> None:
    assert iso_utc(instant) == text


def test_tables_show_the_orgs_timezone_with_its_offset() -> None:
    assert iso_local(utc(2026, 2, 14, 15, 0, 0, 1), LA) == "2026-02-14T07:00:00-08:00"


def test_an_explanation_shows_the_time_of_day_in_the_orgs_timezone() -> None:
    assert clock_local(utc(2026, 7, 14, 0, 5), LA) == "17:05"


@pytest.mark.parametrize(
    ("away", "words"),
    [
        ("+0s", "now"),
        ("+29s", "now"),
        ("-29s", "now"),
        ("+31s", "in 1 minute"),
        ("-5m", "5 minutes ago"),
        ("+59m", "in 59 minutes"),
        ("+3599s", "in 1 hour"),
        ("-90m", "2 hours ago"),
        ("+47h", "in 47 hours"),
        ("+48h", "in 2 days"),
        ("+14d", "in 14 days"),
        ("-90d", "90 days ago"),
        ("+729d", "in 729 days"),
        ("+730d", "in 2 years"),
        ("-3650d", "10 years ago"),
    ],
)
def test_a_table_says_how_far_from_now_an_instant_is(away: str, words: str) -> None:
    assert from_now(parse(away), now=AT) == words


def test_just_after_a_quarantine_starts_its_end_is_still_the_full_number_of_days_away() -> None:
    assert from_now(AT + timedelta(days=14), now=AT + timedelta(seconds=2)) == "in 14 days"


def test_the_clock_is_aware_and_in_utc() -> None:
    assert now().tzinfo is UTC


@pytest.mark.parametrize(
    "name",
    ["", " ", "Mars/Olympus", "America", "../../etc/passwd", "/etc/localtime", "UTC\n", "a\x00b"],
)
def test_a_timezone_the_machine_does_not_know_is_wrong_usage(name: str) -> None:
    with pytest.raises(OutOfRange) as refused:
        zone(name)
    assert refused.value.exit_code == USAGE
    assert refused.value.message.isprintable()


@pytest.mark.parametrize(
    ("text", "seconds"), [("30m", 1800), ("1h", 3600), (" 2d", 172_800), ("0s", 0)]
)
def test_a_duration_has_one_unit(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "1", "-1h", "+1h", "1h30m", "1 h", "9999999d"])
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(MalformedTime):
        parse_duration(text)


@pytest.mark.parametrize(
    ("instant", "words"),
    [
        ("2026-02-14T19:30+00:00", "at 14:30"),
        ("2026-02-15T04:59+00:00", "at 23:59"),
        ("2026-02-15T05:00+00:00", "tomorrow at 00:00"),
        ("2026-02-16T05:00+00:00", "on Mon 16 Feb at 00:00"),
        ("2027-01-10T19:00+00:00", "on Sun 10 Jan 2027 at 14:00"),
    ],
)
def test_a_coming_time_is_said_in_the_zone(instant: str, words: str) -> None:
    now = datetime(2026, 2, 14, 15, 0, tzinfo=UTC)
    said = when_local(datetime.fromisoformat(instant), "America/New_York", now=now)
    assert said == words


@pytest.mark.parametrize(
    ("written", "instant", "skipped", "repeated"),
    [
        ("2026-03-08T01:59", "2026-03-08T06:59Z", False, False),
        ("2026-03-08T02:30", "2026-03-08T07:30Z", True, False),
        ("2026-11-01T01:30", "2026-11-01T05:30Z", False, True),
        ("2026-11-01T02:00", "2026-11-01T07:00Z", False, False),
    ],
)
def test_a_calendar_decides_a_wall_time(
    *, written: str, instant: str, skipped: bool, repeated: bool
) -> None:
    found = wall_to_utc(datetime.fromisoformat(written), "America/New_York")
    assert found == (datetime.fromisoformat(instant), skipped, repeated)


def test_a_wall_time_that_is_too_far_away_is_refused() -> None:
    with pytest.raises(MalformedTime, match="too far away"):
        wall_to_utc(datetime.fromisoformat("9999-12-31T23:00"), "America/New_York")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("PST", "America/Los_Angeles"),
        ("pdt", "America/Los_Angeles"),
        ("CT", "America/Chicago"),
        ("Eastern", "America/New_York"),
        ("Mountain Time", "America/Denver"),
    ],
)
def test_what_americans_call_a_zone_suggests_it(name: str, meant: str) -> None:
    with pytest.raises(OutOfRange) as refused:
        zone(name)
    assert refused.value.hint == f"Did you mean {meant}?"
