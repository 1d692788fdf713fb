"""What keeps a message from being sent: every block, its edges, and when quiet hours end."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from petmsg.enums.messages import BlockCode
from petmsg.errors import OutOfRange
from petmsg.rules import send_blocks
from petmsg.rules.send_blocks import (
    QuietHours,
    SendBlockFacts,
    find_blocks,
    freeze_stands,
    parse_quiet_hours,
    quiet_until,
)
from tests.support.fixtures import NOW

SOON = NOW + timedelta(hours=1)
AGO = NOW - timedelta(hours=1)
MICRO = timedelta(microseconds=1)
NEW_YORK = "America/New_York"
NIGHT = QuietHours(21 * 60, 8 * 60)
AROUND_NOW = QuietHours(9 * 60, 11 * 60)
"""NOW is 10:00 in New York."""


def codes(facts: SendBlockFacts, at: datetime = NOW) -> list[BlockCode]:
    return [found.code for found in find_blocks(facts, at)]


def facts(**values: Any) -> SendBlockFacts:
    return SendBlockFacts(timezone=NEW_YORK, **values)


EVERYTHING = facts(
    quiet_hours=AROUND_NOW,
    frozen_at=AGO,
    freeze_reason="audit",
    opted_out_at=AGO,
    not_textable_code="21614",
    blocked_code="21610",
    send_at=SOON,
    expires_at=AGO,
    is_their_phone=False,
    media_pending=True,
    no_public_url=True,
)

# ------------------------------------------------------------------------------------- every hold


def test_nothing_known_holds_nothing() -> None:
    assert find_blocks(facts(), NOW) == ()


def test_the_gravest_hold_comes_first() -> None:
    assert codes(EVERYTHING) == list(BlockCode)


def test_only_an_opt_out_a_dead_phone_and_an_expiry_end_a_text() -> None:
    final = {found.code for found in find_blocks(EVERYTHING, NOW) if found.final}
    assert (
        final
        == {BlockCode.OPTED_OUT, BlockCode.NOT_SMS_CAPABLE, BlockCode.EXPIRED}
        == send_blocks.FINAL
    )


def test_each_hold_stands_alone_with_its_end_and_its_words() -> None:
    ten = "2026-02-14 11:00 EST"
    for given_facts, code, until, words in (
        (
            facts(is_their_phone=False),
            BlockCode.NOT_THEIR_PHONE,
            None,
            "no longer belongs to the client",
        ),
        (facts(opted_out_at=AGO), BlockCode.OPTED_OUT, None, "opted out"),
        (facts(not_textable_code="30006"), BlockCode.NOT_SMS_CAPABLE, None, "code 30006"),
        (facts(expires_at=AGO), BlockCode.EXPIRED, None, "expired at 2026-02-14 09:00 EST"),
        (facts(blocked_code="21610"), BlockCode.PAIR_BLOCKED, None, "code 21610"),
        (facts(frozen_at=AGO, freeze_reason="audit"), BlockCode.FROZEN, None, "audit"),
        (
            facts(frozen_at=AGO, freeze_reason="audit", frozen_until=SOON),
            BlockCode.FROZEN,
            SOON,
            "audit",
        ),
        (facts(send_at=SOON), BlockCode.SCHEDULED, SOON, f"for {ten}"),
        (facts(quiet_hours=AROUND_NOW), BlockCode.QUIET_HOURS, SOON, f"until {ten}"),
    ):
        (found,) = find_blocks(given_facts, NOW)
        assert (found.code, found.until) == (code, until)
        assert words in found.explanation


def test_urgent_passes_quiet_hours_and_nothing_else() -> None:
    urgent = codes(EVERYTHING._replace(urgent=True))
    assert urgent == [code for code in BlockCode if code is not BlockCode.QUIET_HOURS]


def test_an_opt_out_holds_whenever_it_was_noted() -> None:
    """A clock that steps back does not make an opt-out one of the future."""
    assert codes(facts(opted_out_at=SOON)) == [BlockCode.OPTED_OUT]


# ------------------------------------------------------------------------------------------- edges


def test_a_text_may_leave_until_before_the_instant_it_expires() -> None:
    assert codes(facts(expires_at=NOW + MICRO)) == []
    assert codes(facts(expires_at=NOW)) == [BlockCode.EXPIRED]


def test_a_text_may_leave_from_the_instant_it_is_scheduled_for() -> None:
    assert codes(facts(send_at=NOW)) == []
    assert codes(facts(send_at=NOW + MICRO)) == [BlockCode.SCHEDULED]


def test_a_freeze_is_over_at_its_end() -> None:
    assert codes(facts(frozen_at=AGO, freeze_reason="x", frozen_until=NOW)) == []
    assert codes(facts(frozen_at=AGO, freeze_reason="x", frozen_until=NOW + MICRO)) == [
        BlockCode.FROZEN
    ]
    assert freeze_stands(AGO, None, NOW)
    assert not freeze_stands(None, None, NOW)


def test_quiet_hours_begin_at_their_first_minute_and_are_over_at_their_last() -> None:
    for quiet, quiet_now in (
        (QuietHours(10 * 60, 11 * 60), True),
        (QuietHours(9 * 60, 10 * 60), False),
        (QuietHours(10 * 60, 9 * 60), True),
        (QuietHours(11 * 60, 10 * 60), False),
    ):
        assert (quiet_until(quiet, NOW, NEW_YORK) is not None) is quiet_now
    assert quiet_until(QuietHours(600, 601), NOW - MICRO, NEW_YORK) is None
    end = NOW + timedelta(minutes=1)
    assert quiet_until(QuietHours(600, 601), end - MICRO, NEW_YORK) == end
    assert quiet_until(QuietHours(600, 601), end, NEW_YORK) is None


# ---------------------------------------------------------------------- the end, by an ordinary day


@pytest.mark.parametrize(
    ("at", "timezone", "end"),
    [
        ("2026-02-15T02:00", NEW_YORK, "2026-02-15T13:00"),  # 21:00
        ("2026-02-15T04:59", NEW_YORK, "2026-02-15T13:00"),  # 23:59
        ("2026-02-15T05:00", NEW_YORK, "2026-02-15T13:00"),  # 00:00
        ("2026-02-15T12:59", NEW_YORK, "2026-02-15T13:00"),  # 07:59
        ("2026-02-15T13:00", NEW_YORK, None),  # 08:00
        ("2026-02-15T01:59", NEW_YORK, None),  # 20:59
        ("2026-02-15T02:00", "Asia/Kathmandu", "2026-02-15T02:15"),  # 07:45, +05:45
        ("2026-02-15T02:00", "UTC", "2026-02-15T08:00"),
    ],
)
def test_a_night_ends_in_the_morning_of_the_recipient(
    at: str, timezone: str, end: str | None
) -> None:
    assert quiet_until(NIGHT, utc(at), timezone) == (None if end is None else utc(end))


@pytest.mark.parametrize(
    ("quiet", "at", "timezone", "end"),
    [
        # New York, 2026-03-08: 02:00 becomes 03:00 at 07:00Z; 2026-11-01: 02:00 becomes 01:00 at
        # 06:00Z.
        ("21:00-02:30", "2026-03-08T05:00", NEW_YORK, "2026-03-08T07:00"),
        ("21:00-03:00", "2026-03-08T05:00", NEW_YORK, "2026-03-08T07:00"),
        ("21:00-08:00", "2026-03-08T05:00", NEW_YORK, "2026-03-08T12:00"),
        ("02:30-08:00", "2026-03-08T06:59", NEW_YORK, None),
        ("02:30-08:00", "2026-03-08T07:00", NEW_YORK, "2026-03-08T12:00"),
        ("21:00-08:00", "2026-11-01T04:00", NEW_YORK, "2026-11-01T13:00"),
        ("21:00-01:30", "2026-11-01T04:00", NEW_YORK, "2026-11-01T05:30"),
        ("21:00-01:30", "2026-11-01T06:10", NEW_YORK, "2026-11-01T06:30"),
        ("01:30-08:00", "2026-11-01T05:40", NEW_YORK, "2026-11-01T06:00"),
        ("01:30-08:00", "2026-11-01T06:10", NEW_YORK, None),
        ("01:30-08:00", "2026-11-01T06:30", NEW_YORK, "2026-11-01T13:00"),
        # Lord Howe, 2026-04-05: 02:00 becomes 01:30 at 15:00Z; 2026-10-04: 02:00 becomes 02:30
        # at 15:30Z.
        ("21:00-02:15", "2026-10-03T15:00", "Australia/Lord_Howe", "2026-10-03T15:30"),
        ("21:00-01:45", "2026-04-04T14:00", "Australia/Lord_Howe", "2026-04-04T14:45"),
        ("21:00-01:45", "2026-04-04T15:00", "Australia/Lord_Howe", "2026-04-04T15:15"),
        # Apia had no 2011-12-30: at 10:00Z the 29th became the 31st, at midnight.
        ("21:00-08:00", "2011-12-30T09:30", "Pacific/Apia", "2011-12-30T18:00"),
        # Havana's 00:00 becomes 01:00 on 2026-03-08, at 05:00Z.
        ("21:00-00:30", "2026-03-08T04:00", "America/Havana", "2026-03-08T05:00"),
    ],
)
def test_where_clocks_change_quiet_hours_end_when_the_clock_first_shows_a_time_outside(
    quiet: str, at: str, timezone: str, end: str | None
) -> None:
    hours = parse_quiet_hours(quiet)
    assert hours is not None
    assert quiet_until(hours, utc(at), timezone) == (None if end is None else utc(end))


# ---------------------------------------------------------------- the end, against a slow model

PLACES = (
    NEW_YORK,
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Havana",
    "America/Santiago",
    "America/St_Johns",
    "Antarctica/Troll",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Pacific/Apia",
    "Pacific/Chatham",
    "UTC",
)
"""Shifts by 30 minutes and by two hours, at midnight and a minute after, a skipped day, odd
offsets, and zones that have no changes."""


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def wall_clock(at: datetime, timezone: str) -> str:
    return at.astimezone(ZoneInfo(timezone)).strftime("%H:%M")


def is_quiet(hours: str, at: datetime, timezone: str) -> bool:
    """By comparing the texts of clocks."""
    first, last = hours.split("-")
    shows = wall_clock(at, timezone)
    return first <= shows < last if first < last else not last <= shows < first


def end_by_waiting(hours: str, at: datetime, timezone: str) -> datetime | None:
    """Look at the wall clock each minute until it shows a time outside."""
    minute = at.replace(second=0, microsecond=0)
    if not is_quiet(hours, minute, timezone):
        return None
    while is_quiet(hours, minute, timezone):
        minute += timedelta(minutes=1)
    return minute


@cache
def clock_changes(timezone: str) -> list[datetime]:
    """The minutes of some years at which a zone's offset becomes another; NOW if there are none."""
    place = ZoneInfo(timezone)
    found = []
    for year in (2010, 2011, 2026, 2040):
        hour = datetime(year, 1, 1, tzinfo=UTC)
        while hour.year == year:
            after = hour + timedelta(hours=1)
            if hour.astimezone(place).utcoffset() != after.astimezone(place).utcoffset():
                found += [
                    minute
                    for minute in (hour + timedelta(minutes=m) for m in range(1, 61))
                    if minute.astimezone(place).utcoffset()
                    != (minute - timedelta(minutes=1)).astimezone(place).utcoffset()
                ]
            hour = after
    return found or [NOW]


@st.composite
def moments(draw: st.DrawFn) -> tuple[str, datetime]:
    """A place, and a moment within 25 hours of a change of its clocks."""
    timezone = draw(st.sampled_from(PLACES))
    change = draw(st.sampled_from(clock_changes(timezone)))
    away = draw(st.integers(-25 * 3600 * 10**6, 3 * 3600 * 10**6))
    return timezone, change + timedelta(microseconds=away)


CLOCKS = st.builds(
    "{:02}:{:02}".format, st.integers(0, 23), st.sampled_from((0, 1, 15, 29, 30, 31, 45, 59))
)


@given(moment=moments(), first=CLOCKS, last=CLOCKS)
@example(moment=(NEW_YORK, utc("2026-03-08T05:00")), first="21:00", last="02:30")
@example(moment=(NEW_YORK, utc("2026-11-01T05:40")), first="01:30", last="08:00")
def test_quiet_hours_end_at_the_first_instant_at_which_the_clock_shows_a_time_outside(
    moment: tuple[str, datetime], first: str, last: str
) -> None:
    timezone, at = moment
    if first == last:
        return
    hours = parse_quiet_hours(f"{first}-{last}")
    assert hours is not None
    assert quiet_until(hours, at, timezone) == end_by_waiting(f"{first}-{last}", at, timezone)


def test_the_places_have_the_clock_changes_that_were_wanted() -> None:
    """So that new zone data does not leave the test above with quiet places only."""

    def offset(at: datetime, place: str) -> float:
        local = at.astimezone(ZoneInfo(place)).replace(tzinfo=UTC)
        return (local - at) / timedelta(hours=1)

    steps = {
        offset(change, place) - offset(change - timedelta(minutes=1), place)
        for place in PLACES
        for change in clock_changes(place)
    }
    assert {-2, -1, -0.5, 0.5, 1, 2, 24} <= steps


# ------------------------------------------------------------------------------ as they are written


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("21:00-08:00", QuietHours(1260, 480)),
        ("00:00-23:59", QuietHours(0, 1439)),
        ("23:59-00:00", QuietHours(1439, 0)),
        (" 13:05-14:00 ", QuietHours(785, 840)),
        ("off", None),
        ("OFF", None),
    ],
)
def test_quiet_hours_are_two_times_of_24_hours_or_off(text: str, hours: QuietHours | None) -> None:
    assert parse_quiet_hours(text) == hours
    if hours is not None:
        assert str(hours) == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        "", "on", "21-8", "21:00", "21:00-", "-08:00", "21:00-8:00", "9:00 PM-8:00 AM",
        "24:00-08:00", "21:00-24:00", "21:60-08:00", "21:00-21:00", "21:00–08:00",
        "21:00 - 08:00", "21:00-08:00\n-", "٢١:00-08:00", "21:00-08:00-09:00", "x" * 10_000,
    ],
)  # fmt: skip
def test_anything_else_is_wrong_usage(text: str) -> None:
    with pytest.raises(OutOfRange):
        parse_quiet_hours(text)
