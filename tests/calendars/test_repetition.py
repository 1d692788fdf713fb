"""Rules of repetition: those that are refused, and that none runs forever."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Event

from petmsg.calendars.repetition import check_rules, expanded, never_matches
from petmsg.calendars.times import Times, times_of
from petmsg.clock import uptime
from petmsg.errors import MalformedRow
from tests.support.calendars import PLACE, event

NOW = datetime(2026, 2, 14, 15, tzinfo=UTC)
END = NOW + timedelta(days=90)


def check(rule: str, *lines: str) -> None:
    component = Event.from_ical(event(f"RRULE:{rule}", *lines))
    check_rules(component, times_of(component, PLACE, None))


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("FREQ=SECONDLY", "repeats SECONDLY"),
        ("FREQ=MINUTELY;COUNT=3", "repeats MINUTELY"),
        ("FREQ=HOURLY", "repeats HOURLY"),
        ("INTERVAL=2", "repeats without a frequency"),
        ("FREQ=DAILY;BYHOUR=1,2,3,4,5,6,7;BYMINUTE=1,2,3,4,5,6,7", "49 times a day"),
        ("FREQ=DAILY;INTERVAL=0", "less than 1"),
        ("FREQ=DAILY;COUNT=0", "less than 1"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "has no day"),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=TU", "has no day"),
        ("FREQ=WEEKLY;BYDAY=MO;BYSETPOS=3", "has no day"),
        ("FREQ=DAILY;BYYEARDAY=400", "has no day"),
    ],
)
def test_a_rule_that_no_visit_can_have_is_refused(rule: str, why: str) -> None:
    with pytest.raises(MalformedRow, match=why):
        check(rule)


@pytest.mark.parametrize(
    "rule",
    ["FREQ=WEEKLY;BYDAY=MO,WE", "FREQ=DAILY;INTERVAL=7;BYDAY=MO", "FREQ=MONTHLY;BYDAY=-1FR",
     "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "FREQ=DAILY;BYHOUR=9,17", "FREQ=DAILY;BYMONTHDAY=-1",
     "FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=-1"],
)  # fmt: skip
def test_others_are_taken(rule: str) -> None:
    check(rule)


def found(*events: str, rule_end: datetime = END) -> list[tuple[str, Times]]:
    components = [Event.from_ical(each) for each in events]
    for at, each in enumerate(components):
        each["X-PETMSG-LINE"] = str(at)
        times_of(each, PLACE, None)
    return [(each.recurrence, each.times) for each in expanded(components, NOW, rule_end, None)]


def starts(*lines: str, **values: str) -> list[str]:
    return [f"{times.starts_at:%m-%dT%H:%M}" for _, times in sorted(found(event(*lines, **values)))]


def test_the_wall_time_stays_when_the_clocks_change() -> None:
    assert starts("RRULE:FREQ=WEEKLY;COUNT=3") == ["03-02T14:00", "03-09T13:00", "03-16T13:00"]


def test_an_end_that_is_a_day_includes_it_and_a_local_end_is_local() -> None:
    for until in ("20260316", "20260316T090000", "20260316T130000Z"):
        assert starts(f"RRULE:FREQ=WEEKLY;UNTIL={until}")[-1] == "03-16T13:00"
    assert starts("RRULE:FREQ=WEEKLY;UNTIL=20260315")[-1] == "03-09T13:00"


def test_more_and_fewer_days() -> None:
    lines = (
        "RRULE:FREQ=WEEKLY;COUNT=3",
        f"EXDATE;TZID={PLACE}:20260309T090000",
        f"RDATE;TZID={PLACE}:20260310T100000",
    )
    assert starts(*lines) == ["03-02T14:00", "03-10T14:00", "03-16T13:00"]


def test_a_changed_visit_keeps_its_recurrence() -> None:
    changed = event(
        f"RECURRENCE-ID;TZID={PLACE}:20260309T090000", start="20260310T110000",
        end="20260310T120000",
    )  # fmt: skip
    rows = dict(found(event("RRULE:FREQ=WEEKLY;COUNT=3"), changed))
    assert sorted(rows) == ["20260302T140000Z", "20260309T130000Z", "20260316T130000Z"]
    assert rows["20260309T130000Z"].starts_at == datetime(2026, 3, 10, 15, tzinfo=UTC)


def test_a_change_of_all_that_follow_keeps_their_recurrences() -> None:
    changed = event(
        f"RECURRENCE-ID;TZID={PLACE};RANGE=THISANDFUTURE:20260309T090000",
        start="20260309T100000", end="20260309T103000",
    )  # fmt: skip
    rows = dict(found(event("RRULE:FREQ=WEEKLY;COUNT=4"), changed))
    assert sorted(rows) == [
        "20260302T140000Z", "20260309T130000Z", "20260316T130000Z", "20260323T130000Z",
    ]  # fmt: skip
    assert rows["20260323T130000Z"].starts_at == datetime(2026, 3, 23, 14, tzinfo=UTC)


def test_a_duration_is_exact_and_an_end_is_a_wall_time() -> None:
    night = {"start": "20260307T200000", "end": "20260308T080000"}
    (_, by_end) = found(event("RRULE:FREQ=DAILY;COUNT=1", **night))[0]
    lasts = event("RRULE:FREQ=DAILY;COUNT=1", "DURATION:PT12H", start=night["start"], end=None)
    (_, by_duration) = found(lasts)[0]
    assert by_end.ends_at - by_end.starts_at == timedelta(hours=11)
    assert by_duration.ends_at - by_duration.starts_at == timedelta(hours=12)


def test_a_rule_of_long_ago_ends_with_the_span() -> None:
    begun = uptime()
    rows = found(event("RRULE:FREQ=DAILY", start="19710302T090000", end="19710302T093000"))
    assert len(rows) == 90
    assert uptime() - begun < 20


names = st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"])


@settings(max_examples=60, deadline=None)
@given(
    freq=st.sampled_from(["DAILY", "WEEKLY"]),
    every=st.integers(1, 14) | st.sampled_from((7, 14)),
    days=st.lists(names, max_size=3, unique=True),
    months=st.lists(st.integers(1, 12), max_size=2, unique=True) | st.just([2]),
    monthdays=st.lists(
        st.integers(-31, 31).filter(bool) | st.sampled_from((30, 31, -30, -31)),
        max_size=2,
        unique=True,
    ),
    start=st.dates(date(2025, 1, 1), date(2026, 2, 1)),
)
def test_what_never_matches_has_no_day_in_60_years(
    *, freq: str, every: int, days: list[str], months: list[int], monthdays: list[int], start: date
) -> None:
    """The judgement beforehand agrees with a look at the days: a rule that it refuses has none."""
    rule = {"INTERVAL": [every], "BYDAY": days, "BYMONTH": months, "BYMONTHDAY": monthdays}
    if not never_matches(rule, freq, start, a_day=1):
        return
    order = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
    for step in range(0, 60 * 365, every if freq == "DAILY" else 1):
        day = start + timedelta(days=step)
        last = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
        assert not (
            (not days or order[day.weekday()] in days)
            and (not months or day.month in months)
            and (not monthdays or day.day in monthdays or day.day - last.day - 1 in monthdays)
        )
