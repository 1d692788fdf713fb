"""Series of visits: their days, and their instants over a change of clocks."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petmsg.errors import MalformedText, MalformedTime, OutOfRange
from petmsg.rules.recurrence import (
    MOST_VISITS,
    FirstVisit,
    Repeat,
    Series,
    days_of,
    parse_repeat,
    plan_series,
)

NEW_YORK = "America/New_York"
ZONES = (
    NEW_YORK, "America/Los_Angeles", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu",
    "America/Havana", "Pacific/Apia", "Africa/Casablanca", "America/St_Johns", "UTC",
)  # fmt: skip


def first(start: str, end: str, *, timezone: str = NEW_YORK, keeps: bool = False) -> FirstVisit:
    """A visit at local times."""
    place = ZoneInfo(timezone)
    at, until = (datetime.fromisoformat(each).replace(tzinfo=place) for each in (start, end))
    return FirstVisit(at.astimezone(UTC), until.astimezone(UTC), keeps)


def plan(visit: FirstVisit, rule: str, *, timezone: str = NEW_YORK, **limits: object) -> Series:
    ends = {"until": None, "count": None, **limits}
    return plan_series(visit, parse_repeat(rule), timezone=timezone, **ends)  # type: ignore[arg-type]


def local(series: Series, timezone: str = NEW_YORK) -> list[str]:
    """Each visit in local time."""
    place = ZoneInfo(timezone)
    return [
        f"{visit.position} {visit.starts_at.astimezone(place):%m-%d %H:%M %Z}"
        f" to {visit.ends_at.astimezone(place):%m-%d %H:%M %Z}"
        for visit in series.visits
    ]


# ------------------------------------------------------------------------------------ the grammar


@pytest.mark.parametrize(
    ("typed", "repeat"),
    [
        ("daily", Repeat(False, 1)),
        ("daily/2", Repeat(False, 2)),
        ("weekly", Repeat(True, 1)),
        (" Weekly:Mo,we , FR ", Repeat(True, 1, frozenset({0, 2, 4}))),
        ("weekly:monday,tues/2", Repeat(True, 2, frozenset({0, 1}))),
        ("weekly:su,su", Repeat(True, 1, frozenset({6}))),
    ],
)
def test_a_rule_is_read(typed: str, repeat: Repeat) -> None:
    assert parse_repeat(typed) == repeat


@pytest.mark.parametrize(
    "typed",
    ["", "hourly", "daily:mo", "weekly:", "weekly:m", "weekly:mo,", "weekly/", "weekly/x", "mo,we",
     "weekly:mo/-1", "weekly:xx", "weekly:mo/٢"],
)  # fmt: skip
def test_anything_else_is_no_rule(typed: str) -> None:
    with pytest.raises(MalformedText, match="Invalid repetition"):
        parse_repeat(typed)


@pytest.mark.parametrize("typed", ["daily/0", "weekly/53", "daily/99999999999999999999"])
def test_a_distance_has_bounds(typed: str) -> None:
    with pytest.raises(OutOfRange, match="/1 to /52"):
        parse_repeat(typed)


# --------------------------------------------------------------------------------------- the days


def naive_days(repeat: Repeat, start: date) -> Iterator[date]:
    """The same days, found by looking at each day."""
    monday = start - timedelta(days=start.weekday())
    day = start
    while True:
        if repeat.is_weekly:
            weeks = (day - monday).days // 7
            wanted = repeat.weekdays or {start.weekday()}
            hit = weeks % repeat.every == 0 and day.weekday() in wanted
        else:
            hit = (day - start).days % repeat.every == 0
        if hit:
            yield day
        day += timedelta(days=1)


repeats = st.builds(Repeat, st.booleans(), st.integers(1, 5), st.frozensets(st.integers(0, 6))).map(
    lambda each: each if each.is_weekly else each._replace(weekdays=frozenset())
)


@given(repeats, st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_the_days_are_those_that_a_look_at_each_day_finds(repeat: Repeat, start: date) -> None:
    assert list(islice(days_of(repeat, start), 12)) == list(islice(naive_days(repeat, start), 12))


def test_the_days_end_with_the_calendar() -> None:
    assert len(list(days_of(Repeat(False, 1), date(9999, 12, 30)))) == 2


# ------------------------------------------------------------------------------- the wall time


def test_a_series_keeps_its_wall_time_when_the_clocks_go_forward() -> None:
    series = plan(first("2026-03-06T09:00", "2026-03-06T10:00"), "weekly:fr,mo", count=3)
    assert local(series) == [
        "1 03-06 09:00 EST to 03-06 10:00 EST",
        "2 03-09 09:00 EDT to 03-09 10:00 EDT",
        "3 03-13 09:00 EDT to 03-13 10:00 EDT",
    ]


def test_a_time_that_does_not_exist_moves_with_the_clocks() -> None:
    visit = plan(first("2026-03-07T02:30", "2026-03-07T03:30"), "daily", count=2).visits[1]
    assert visit.starts_at == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)
    assert visit.notes[0] == (
        "02:30 does not exist on 2026-03-08 in America/New_York: the visit starts at 03:30 EDT."
    )
    assert visit.ends_at - visit.starts_at == timedelta(hours=1)
    assert visit.notes[1] == "It lasts as long as the others, until 04:30 EDT."


def test_of_a_time_that_exists_twice_the_first_is_meant() -> None:
    visit = plan(first("2026-10-31T01:30", "2026-10-31T03:00"), "daily", count=2).visits[1]
    assert visit.starts_at == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    (note,) = visit.notes
    assert note == (
        "01:30 happens twice on 2026-11-01 in America/New_York: the visit starts at the first, "
        "01:30 EDT."
    )
    assert visit.ends_at == datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(("keeps", "hours"), [(False, 11), (True, 12)])
def test_a_night_ends_at_its_wall_time_unless_it_keeps_its_duration(
    keeps: bool, hours: int
) -> None:
    night = first("2026-03-06T20:00", "2026-03-07T08:00", keeps=keeps)
    visit = plan(night, "daily", count=2).visits[1]
    assert visit.ends_at - visit.starts_at == timedelta(hours=hours)


def test_the_first_visit_is_at_the_instant_that_was_typed() -> None:
    second_half = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    visit = FirstVisit(second_half, second_half + timedelta(hours=1), True)
    series = plan(visit, "daily", count=2)
    assert local(series)[0].startswith("1 11-01 01:30 EST")
    assert series.visits[0].notes == ()


def test_a_day_that_a_zone_skips_has_no_visit() -> None:
    apia = "Pacific/Apia"
    visit = first("2011-12-29T10:00", "2011-12-29T11:00", timezone=apia)
    series = plan(visit, "daily", timezone=apia, count=3)
    assert [line[:7] for line in local(series, apia)] == ["1 12-29", "3 12-31"]


def offsets(place: ZoneInfo, day: date) -> set[timedelta]:
    """Each offset that the zone has within two days of that one."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    near = (noon + timedelta(hours=hours) for hours in range(-48, 49))
    return {each.astimezone(place).utcoffset() or timedelta(0) for each in near}


def naive_instant(wall: datetime, place: ZoneInfo) -> datetime:
    """The first instant that the clock shows this time; where none does, as if the clocks had not
    been changed yet."""
    shown = sorted(
        at
        for offset in offsets(place, wall.date())
        if (at := (wall - offset).replace(tzinfo=UTC)).astimezone(place).replace(tzinfo=None)
        == wall
    )
    if shown:
        return shown[0]
    before = (wall.replace(tzinfo=UTC) - timedelta(hours=36)).astimezone(place).utcoffset()
    assert before is not None
    return (wall - before).replace(tzinfo=UTC)


@given(
    zone=st.sampled_from(ZONES),
    repeat=repeats,
    day=st.dates(date(2024, 1, 1), date(2027, 12, 1)),
    quarter=st.integers(0, 95),
    minutes=st.integers(1, 192).map(lambda quarters: quarters * 15),
    count=st.integers(1, 40),
    keeps=st.booleans(),
    left_out=st.sets(st.integers(0, 39), max_size=5),
)
def test_a_series_is_what_a_look_at_each_day_finds(
    *, zone: str, repeat: Repeat, day: date, quarter: int, minutes: int, count: int, keeps: bool,
    left_out: set[int],
) -> None:  # fmt: skip
    start = datetime.combine(day, time.min) + timedelta(minutes=15 * quarter)
    place = ZoneInfo(zone)
    begin = naive_instant(start, place)
    start = begin.astimezone(place).replace(tzinfo=None)
    end = begin + timedelta(minutes=minutes)
    end_wall = end.astimezone(place).replace(tzinfo=None)
    days = list(islice(naive_days(repeat, start.date()), count))
    excepted = {days[at] for at in left_out if at < len(days)}
    expected = []
    for position, at_day in enumerate(days, start=1):
        if at_day in excepted:
            continue
        at = naive_instant(datetime.combine(at_day, start.time()), place)
        last_day = at_day + (end_wall.date() - start.date())
        until = naive_instant(datetime.combine(last_day, end_wall.time()), place)
        if at_day == start.date():
            at, until = begin, end
        elif keeps or until <= at:
            until = at + (end - begin)
        expected.append((position, at, until))
    if not expected:
        return
    series = plan_series(
        FirstVisit(begin, end, keeps), repeat, timezone=zone, until=None, count=count,
        excepted=excepted,
    )  # fmt: skip
    assert [(each.position, each.starts_at, each.ends_at) for each in series.visits] == expected
    assert series.unmet == ()


# --------------------------------------------------------------------------------- where it ends


def test_the_last_day_counts() -> None:
    visit = first("2026-02-02T23:30", "2026-02-03T00:30")
    assert len(plan(visit, "daily", until=date(2026, 2, 4)).visits) == 3
    assert len(plan(visit, "daily", until=datetime(2026, 2, 5, 4, 30, tzinfo=UTC)).visits) == 3
    assert len(plan(visit, "daily", until=datetime(2026, 2, 5, 4, 29, tzinfo=UTC)).visits) == 2


def test_an_excepted_day_keeps_its_position_and_one_that_is_not_met_is_told() -> None:
    visit = first("2026-02-02T09:00", "2026-02-02T10:00")
    left_out = [date(2026, 2, 4), date(2026, 2, 7)]
    series = plan(visit, "weekly:mo,we,fr", count=4, excepted=left_out)
    assert [each.position for each in series.visits] == [1, 3, 4]
    assert series.unmet == (date(2026, 2, 7),)


def test_a_start_that_the_rule_does_not_have_is_no_visit() -> None:
    series = plan(first("2026-02-03T09:00", "2026-02-03T10:00"), "weekly:mo", count=1)
    assert local(series) == ["1 02-09 09:00 EST to 02-09 10:00 EST"]


def test_a_series_has_bounds() -> None:
    visit = first("2026-02-02T09:00", "2026-02-02T10:00")
    assert len(plan(visit, "daily", count=MOST_VISITS).visits) == MOST_VISITS
    with pytest.raises(OutOfRange, match="more than 1,000 visits"):
        plan(visit, "daily", count=MOST_VISITS + 1)
    with pytest.raises(OutOfRange, match="more than 1,000 visits"):
        plan(visit, "daily", until=date(2999, 1, 1))
    with pytest.raises(OutOfRange, match="no visit"):
        plan(visit, "daily", until=date(2026, 2, 1))
    with pytest.raises(MalformedTime, match="too far away"):
        plan(visit, "weekly/52", count=1000)
