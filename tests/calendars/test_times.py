"""The times of events."""

from datetime import UTC, datetime, time
from typing import Any

import pytest
from icalendar import Event

from petmsg.calendars.times import Times, free_all_day, is_all_day, recurrence_text, times_of
from petmsg.errors import MalformedRow
from tests.support.calendars import PLACE, event

DAY = (time(8), time(20))
NIGHT = (time(20), time(8))


def times(*lines: str, hours: Any = None, **values: Any) -> Times:
    return times_of(Event.from_ical(event(*lines, **values)), PLACE, hours)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NINE = Times(utc("2026-03-02T14:00"), utc("2026-03-02T14:30"))


def test_a_time_is_in_its_timezone() -> None:
    assert times() == NINE


def test_a_time_without_a_timezone_is_in_the_orgs() -> None:
    assert times(zone=None) == NINE


def test_a_time_may_be_utc() -> None:
    assert times(zone=None, start="20260302T140000Z", end="20260302T143000Z") == NINE


def test_windows_names_of_timezones_are_known() -> None:
    assert times(zone="Eastern Standard Time") == NINE


def test_an_event_may_have_a_duration_or_no_end() -> None:
    assert times("DURATION:PT30M", end=None) == NINE
    assert times(end=None) == Times(NINE.starts_at, NINE.starts_at)


def test_a_duration_is_exact_over_a_change_of_clocks() -> None:
    found = times("DURATION:PT12H", start="20260307T200000", end=None)
    assert found == Times(utc("2026-03-08T01:00"), utc("2026-03-08T13:00"))


def test_a_time_that_is_skipped_or_repeated_is_decided() -> None:
    assert times(start="20260308T023000", end="20260308T033000").starts_at == utc(
        "2026-03-08T07:30"
    )
    assert times(start="20261101T013000", end="20261101T020000").starts_at == utc(
        "2026-11-01T05:30"
    )


@pytest.mark.parametrize("name", ["DTSTART", "RECURRENCE-ID", "EXDATE", "RDATE"])
def test_an_unknown_timezone_is_refused(name: str) -> None:
    lines = () if name == "DTSTART" else (f"{name};TZID=Mars/Base:20260302T090000",)
    with pytest.raises(MalformedRow, match="Unknown timezone 'Mars/Base'"):
        times(*lines, zone="Mars/Base" if name == "DTSTART" else PLACE)


@pytest.mark.parametrize("start", ["00010101T000000", "99991231T235959"])
def test_a_year_has_bounds(start: str) -> None:
    with pytest.raises(MalformedRow, match="out of range"):
        times(start=start, end=None, zone=None)


DAYS = {"start": "20260302", "end": "20260304", "zone": None}


def test_an_all_day_event_is_refused_with_a_hint() -> None:
    with pytest.raises(MalformedRow, match="all-day, a visit needs times") as refused:
        times(**DAYS)
    assert "--all-day 08:00-20:00" in refused.value.hint


def test_or_it_lasts_from_the_first_hour_to_the_last() -> None:
    assert times(hours=DAY, **DAYS) == Times(utc("2026-03-02T13:00"), utc("2026-03-04T01:00"))
    assert times(hours=NIGHT, **DAYS) == Times(utc("2026-03-03T01:00"), utc("2026-03-04T13:00"))
    one = times(hours=DAY, start="20260302", end=None, zone=None)
    assert one == Times(utc("2026-03-02T13:00"), utc("2026-03-03T01:00"))


def test_holidays_are_free_days() -> None:
    assert free_all_day(Event.from_ical(event("TRANSP:TRANSPARENT", **DAYS)))
    assert not free_all_day(Event.from_ical(event(**DAYS)))
    assert not free_all_day(Event.from_ical(event("TRANSP:TRANSPARENT")))


def test_a_recurrence_is_one_text_in_every_timezone() -> None:
    assert recurrence_text(utc("2026-03-02T14:00")) == "20260302T140000Z"
    assert recurrence_text(utc("2026-03-02T14:00").date()) == "20260302"
    assert is_all_day(utc("2026-03-02T14:00").date())
