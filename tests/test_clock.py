"""Times: what is accepted, what is refused, and how they are formatted."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from petmsg.clock import (
    clock_local,
    from_now,
    iso_local,
    iso_utc,
    local_to_utc,
    now,
    parse_duration,
    parse_instant,
    wall_to_utc,
    when_local,
    zone,
)
from petmsg.errors import USAGE, AmbiguousTime, MalformedTime, NonexistentTime, OutOfRange
from tests.campaigns.zones import NEAR, ZONES, instants_of, transitions

LA = "America/Los_Angeles"
AT = datetime(2026, 2, 14, 15, 0, 0, 123456, tzinfo=UTC)


def parse(text: str, timezone: str = LA) -> datetime:
    return parse_instant(text, timezone=timezone, at=AT)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


# --- what is accepted ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-02-14T15:00:00Z", utc(2026, 2, 14, 15)),
        ("2026-02-14T15:00z", utc(2026, 2, 14, 15)),
        ("2026-02-14T15:00-08:00", utc(2026, 2, 14, 23)),
        ("2026-02-14T15:00-0800", utc(2026, 2, 14, 23)),
        ("2026-02-14 15:00+05:30", utc(2026, 2, 14, 9, 30)),
        ("2026-02-14T15:00+00:00", utc(2026, 2, 14, 15)),
        ("2026-02-14T15:00-00:00", utc(2026, 2, 14, 15)),
        ("2026-02-14T15:00:30.5Z", utc(2026, 2, 14, 15, 0, 30, 500_000)),
        ("2026-02-14T15:00:30.000001Z", utc(2026, 2, 14, 15, 0, 30, 1)),
        ("2026-01-01T00:30+14:00", utc(2025, 12, 31, 10, 30)),
        ("2028-02-29T12:00Z", utc(2028, 2, 29, 12)),
        ("2027-01-02 10:00:00+00", utc(2027, 1, 2, 10)),
        ("2027-01-02 10:00:00-05", utc(2027, 1, 2, 15)),
        ("2027-01-02T10:00:00.1234567Z", utc(2027, 1, 2, 10, 0, 0, 123_456)),
        ("2027-01-02 10:00:00.999999999+05:30", utc(2027, 1, 2, 4, 30, 0, 999_999)),
    ],
)
def test_a_time_with_an_offset_means_that_instant(text: str, meant: datetime) -> None:
    assert parse(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-02-14T15:00", utc(2026, 2, 14, 23)),
        ("2026-07-14T15:00", utc(2026, 7, 14, 22)),
        ("2026-07-14 15:00:01.25", utc(2026, 7, 14, 22, 0, 1, 250_000)),
        ("  2026-02-14T15:00\t", utc(2026, 2, 14, 23)),
    ],
)
def test_a_time_without_an_offset_is_in_the_orgs_timezone(text: str, meant: datetime) -> None:
    assert parse(text) == meant


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("+2h", timedelta(hours=2)),
        ("-30m", timedelta(minutes=-30)),
        ("+14d", timedelta(days=14)),
        ("+45s", timedelta(seconds=45)),
        ("-1w", timedelta(weeks=-1)),
        ("+0h", timedelta(0)),
        (" +2h ", timedelta(hours=2)),
    ],
)
def test_a_relative_time_counts_from_now(text: str, moved: timedelta) -> None:
    assert parse(text) == AT + moved


def test_now_is_now() -> None:
    assert parse("now") == AT
    assert parse(" now ") == AT


def test_a_day_is_24_hours_also_when_the_clocks_change() -> None:
    before = utc(2026, 3, 7, 20)
    assert parse_instant("+1d", timezone=LA, at=before) == utc(2026, 3, 8, 20)


@pytest.mark.parametrize("text", ["2026-02-14T15:00", "2026-02-14T15:00-08:00", "+2h", "now"])
def test_every_parsed_time_is_in_utc(text: str) -> None:
    assert parse(text).tzinfo is UTC


# --- what is refused -------------------------------------------------------------------------


def refusal(text: str, timezone: str = LA) -> MalformedTime:
    with pytest.raises(MalformedTime) as refused:
        parse(text, timezone)
    assert refused.value.exit_code == USAGE
    assert refused.value.hint
    return refused.value


def test_a_date_alone_is_refused_with_what_to_add() -> None:
    problem = refusal("2026-11-30")
    assert problem.message == "Invalid time '2026-11-30': the time of day is missing."
    assert "2026-11-30T00:00" in problem.hint


@pytest.mark.parametrize("text", ["20260701", "1771081200", "0", "15", "20260214150000", "٢٠٢٦"])
def test_only_digits_are_refused(text: str) -> None:
    assert refusal(text).code == "malformed_time"


@pytest.mark.parametrize("text", ["2026-02-14", "2026-2-14", "2026-02", "2026-W07-6", "2026-045"])
def test_only_a_date_is_refused(text: str) -> None:
    assert refusal(text).code == "malformed_time"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "tomorrow",
        "NOW",
        "15:00",
        "T15:00",
        "2026-02-14T15",
        "2026-02-14T1500",
        "20260214T150000Z",
        "2026-02-14t15:00",
        "2026-02-14  15:00",
        "2026-02-14T15:00:30,5Z",
        "2026-02-14T15:00:30.Z",
        "2026-02-14T15:00:30.1234567890Z",
        "2026-02-14T15:00 Z",
        "2026-02-14T15:00+8",
        "2026-02-14T15:00+8:00",
        "2026-02-14T15:00+08:00:00",
        "2026-02-14T15:00[America/Los_Angeles]",
        "2026-02-14T15:00 PST",
        "2026-W07-6T15:00",
        "02/14/2026 15:00",
        "+2026-02-14T15:00",
        "-2026-02-14T15:00",
        "12026-02-14T15:00",
    ],
)
def test_anything_that_is_not_a_time_is_refused(text: str) -> None:
    assert refusal(text).code == "malformed_time"


@pytest.mark.parametrize(
    "text", ["2h", "+h", "+2", "+2H", "+ 2h", "+2 h", "+1.5h", "++2h", "+2y", "+2h30m", "+-2h"]
)
def test_only_the_documented_relative_forms_are_read(text: str) -> None:
    refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30T15:00",
        "2026-02-29T15:00Z",
        "2026-13-01T15:00Z",
        "2026-00-01T15:00Z",
        "2026-01-00T15:00Z",
        "2026-02-14T25:00Z",
        "2026-02-14T24:00Z",
        "2026-02-14T24:01Z",
        "2026-02-14T15:60Z",
        "2026-02-14T15:00:60Z",
        "0000-01-01T00:00Z",
        "2026-02-14T15:00+24:00",
        "2026-02-14T15:00+99:59",
        "2026-02-14T15:00+05:60",
        "2026-02-14T15:00-0799",
    ],
)
def test_a_time_outside_the_calendar_or_the_clock_is_refused(text: str) -> None:
    refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "+999999w",
        "-999999w",
        "+999999d",
        "-999999h",
        "0001-01-01T00:00+14:00",
        "9999-12-31T23:59-12:00",
        "0001-01-01T00:00",
        "9999-12-31T23:59:59",
        "1969-12-31T23:59:59.999999Z",
        "2999-12-31T00:00:00.000001Z",
    ],
)
@pytest.mark.parametrize("timezone", [LA, "Pacific/Kiritimati", "Etc/GMT+12"])
def test_a_time_too_far_away_is_refused(text: str, timezone: str) -> None:
    refusal(text, timezone)


def test_the_earliest_and_the_latest_time_are_accepted() -> None:
    assert parse("1970-01-01T00:00Z") == utc(1970, 1, 1)
    assert parse("2999-12-31T00:00Z") == utc(2999, 12, 31)


@pytest.mark.parametrize("text", ["+1000000s", "+" + "9" * 5_000 + "h", "9" * 100_000])
def test_a_very_long_number_is_refused_quickly_and_quoted_shortened(text: str) -> None:
    assert len(refusal(text).message) < 120


@pytest.mark.parametrize(
    "text",
    [
        "now\n",
        "\nnow",
        "+2h\n",
        "2026-02-14T15:00Z\n",
        "2026-02-14T15:00\r",
        "2026-02-14\n15:00",
        "2026-02-14T15:00Z\x00",
        "2026-02-14T15:00Z\u00a0",
        "\ufeff2026-02-14T15:00Z",
    ],
)
def test_a_line_break_or_a_hidden_character_is_refused(text: str) -> None:
    message = refusal(text).message
    assert message.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "+٢h",
        "+²h",
        "2026-02-14T15:0\u0660Z",
        "2026-02-1\u0664T15:00Z",
        "\uff12\uff10\uff12\uff16-02-14T15:00Z",
        "2026\u201102\u201114T15:00Z",
        "\u22122h",
        "2026-02-14T15:00\u221208:00",
        "2026-02-14T15\uff1a00Z",
    ],
)
def test_digits_and_signs_of_other_scripts_are_refused(text: str) -> None:
    refusal(text)


@given(st.text(max_size=40) | st.from_regex(r"[-+0-9TZ:. ]{1,35}", fullmatch=True))
@example("2026-02-14T15:00Z")
def test_any_text_is_parsed_to_utc_or_refused(text: str) -> None:
    try:
        instant = parse(text)
    except MalformedTime:
        return
    assert instant.tzinfo is UTC


# --- local times that are skipped or happen twice --------------------------------------------


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


# --- how times are formatted -----------------------------------------------------------------


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
