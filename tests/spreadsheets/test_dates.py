"""Dates and times as people write them."""

from datetime import date, time, timedelta

import pytest

from petmsg.enums.files import DateOrder
from petmsg.errors import MalformedFile, MalformedTime
from petmsg.spreadsheets.dates import (
    Moment,
    OrderFinder,
    parse_length,
    parse_moment,
    parse_range,
    parse_visit,
)

MDY, DMY, YMD = DateOrder.MDY, DateOrder.DMY, DateOrder.YMD
VALENTINE, NINE = date(2026, 2, 14), time(9)


@pytest.mark.parametrize(
    ("written", "order"),
    [
        ("02/14/2026 9:00 AM", MDY),
        ("2/14/2026 9:00", MDY),
        ("2/14/26, 9:00 AM", MDY),
        ("02-14-2026 09:00:00", MDY),
        ("14.02.2026 09:00", DMY),
        ("14. 2. 2026 9:00 Uhr", DMY),
        ("14/02/26 9h00", DMY),
        ("26-02-14 9 am", YMD),
        ("2026/02/14 9:00", MDY),
        ("2026-2-14 9:00:00.000", None),
        ("Feb 14, 2026 at 9:00\u202fAM", None),
        ("Sat, Feb 14, 2026 9:00 a.m.", None),
        ("Saturday, February 14, 2026 9am", None),
        ("14-Feb-26 09:00", None),
        ("14 February 2026, 9:00 AM", None),
    ],
)
def test_a_date_and_a_time_of_day(written: str, order: DateOrder | None) -> None:
    assert parse_moment(written, order) == Moment(VALENTINE, NINE)


@pytest.mark.parametrize(
    ("written", "clock"),
    [
        ("9:00 AM", NINE),
        ("9am", NINE),
        ("9 P.M.", time(21)),
        ("2:30p", time(14, 30)),
        ("9a", NINE),
        ("noon", time(12)),
        ("12 noon", time(12)),
        ("12:00 AM", time(0)),
        ("12:30 PM", time(12, 30)),
        ("09:05:30", time(9, 5, 30)),
        ("21:15", time(21, 15)),
    ],
)
def test_a_time_of_day(written: str, clock: time) -> None:
    assert parse_moment(written, None) == Moment(clock=clock)


@pytest.mark.parametrize(
    "written", ["2026-02-14T09:00", "2026-02-14 09:00:00Z", "2026-02-14T09:00-08:00", "now", "+2h"]
)
def test_what_the_parser_of_times_reads_stays_as_it_is(written: str) -> None:
    assert parse_moment(written, None) == Moment(as_written=written)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("46067.375", "is a number, not a date or time"),
        ("0,375", "is a number"),
        ("9", "is a number"),
        ("02/30/2026", "there is no such day with the month first"),
        ("14/02/2026", "there is no such day with the month first"),
        ("Feb 30, 2026", "there is no such day"),
        ("13:00 PM", "Invalid date or time"),
        ("25:00", "Invalid date or time"),
        ("24:00", "Invalid date or time"),
        ("Foo 14, 2026", "there is no such day"),
        ("02/14/2026 morning", "Invalid date or time"),
        ("02/14", "Invalid date or time"),
        ("1/2/3/4", "Invalid date or time"),
        ("anytime", "Invalid date or time"),
        ("9:00 AM EST", "Invalid date or time"),
        ("9" * 500, "Invalid time"),
    ],
)
def test_what_is_no_date_is_refused_with_what_to_write(written: str, told: str) -> None:
    with pytest.raises(MalformedTime) as refused:
        parse_moment(written, MDY)
    assert told in refused.value.message
    assert refused.value.hint


def order_of(*written: str) -> DateOrder | None:
    finder = OrderFinder()
    for line, text in enumerate(written, start=2):
        finder.see(text, line)
    return finder.found()


@pytest.mark.parametrize(
    ("dates", "order"),
    [
        (("02/03/2026", "02/13/2026 9:00 AM"), MDY),
        (("02/03/2026", "13/02/2026"), DMY),
        (("Sat 2/14/26", "2/3/26"), MDY),
        (("03.02.2026 09:00", "14.02.2026 09:00"), DMY),
        (("14.02.26",), DMY),
        (("14/02/26", "01/12/45"), DMY),
        (("02/02/2026", "3/3/2026"), MDY),
        (("2026-02-03", "2026/02/03", "Feb 3, 2026", "9:00", "", "soon"), None),
        (("99/99/2026", "02/13/2026"), MDY),
    ],
)
def test_a_file_proves_the_order_of_its_dates(
    dates: tuple[str, ...], order: DateOrder | None
) -> None:
    found = order_of(*dates)
    assert found == order or (dates[0] == "02/02/2026" and found in (MDY, DMY))


@pytest.mark.parametrize(
    ("dates", "told"),
    [
        (
            ("02/02/2026", "02/03/2026"),
            "'02/03/2026' in line 3 is March 2, 2026 or February 3, 2026",
        ),
        (("14/02/26",), "February 14, 2026 or February 26, 2014"),
        (("01/02/03",), "February 1, 2003 or January 2, 2003 or February 3, 2001"),
    ],
)
def test_an_order_is_never_guessed(dates: tuple[str, ...], told: str) -> None:
    with pytest.raises(MalformedFile) as refused:
        order_of(*dates)
    assert told in refused.value.message
    assert "--date-order dmy (day first)" in refused.value.hint


def test_two_orders_in_one_file_are_refused_with_the_two_lines() -> None:
    with pytest.raises(MalformedFile) as refused:
        order_of("02/13/2026", "02/01/2026", "13/02/2026")
    assert "'02/13/2026' in line 2 and '13/02/2026' in line 4" in refused.value.message


@pytest.mark.parametrize(
    ("written", "span"),
    [
        ("9:00 AM - 11:00 AM", (time(9), time(11))),
        ("11:30am–1:30pm", (time(11, 30), time(13, 30))),
        ("09:00-11:00", (time(9), time(11))),
        ("9:00 AM to 11:00 AM", (time(9), time(11))),
        ("2:30p - 3:15p", (time(14, 30), time(15, 15))),
        ("10am - noon", (time(10), time(12))),
        ("9:00 AM", (time(9), None)),
        ("9 - 11 am", (time(9), time(11))),
        ("2-4:30pm", (time(14), time(16, 30))),
        ("12 - 2p", (time(12), time(14))),
        ("11:30 - 12 AM", None),
        ("8 - 5 pm", None),
    ],
)
def test_a_span_of_a_day(written: str, span: tuple[time, time | None] | None) -> None:
    """AM or PM once is that of both ends, as calendars print it, if the day then goes on."""
    if span is None:
        with pytest.raises(MalformedTime):
            parse_range(written)
    else:
        assert parse_range(written) == span


@pytest.mark.parametrize(
    "written", ["9-11", "11 - 1 pm", "9am - 11:00", "9am-10am-11am", "-", "am"]
)
def test_a_span_whose_half_of_the_day_is_unclear_is_refused(written: str) -> None:
    with pytest.raises(MalformedTime):
        parse_range(written)


@pytest.mark.parametrize(
    ("written", "minutes"),
    [
        ("30 min", 30),
        ("45 minutes", 45),
        ("1.5 hours", 90),
        ("1,5 h", 90),
        ("1h 30m", 90),
        ("1 hr, 15 min", 75),
        ("1:30", 90),
        ("0:45:00", 45),
    ],
)
def test_how_long_a_visit_is(written: str, minutes: int) -> None:
    assert parse_length(written) == timedelta(minutes=minutes)


def test_a_number_alone_is_minutes_only_where_the_column_says_so() -> None:
    assert parse_length("30", is_minutes=True) == timedelta(minutes=30)
    for written in ("30", "0 min", "2 nights", "", "h", "9" * 300, "99999999999h", "9" * 20 + "m"):
        with pytest.raises(MalformedTime):
            parse_length(written)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("3/14/26 2:30p - 3:15p", (Moment(date(2026, 3, 14), time(14, 30)), time(15, 15))),
        ("Mon, Dec 7 2026 9 PM \u2013 7 AM", (Moment(date(2026, 12, 7), time(21)), time(7))),
        ("2026-12-07, 11:00 to 12:00", (Moment(date(2026, 12, 7), time(11)), time(12))),
        ("3/14/26 2 - 4pm", (Moment(date(2026, 3, 14), time(14)), time(16))),
        ("3/14/26 11a - noon", (Moment(date(2026, 3, 14), time(11)), time(12))),
        ("3/14/26 2:30p", (Moment(date(2026, 3, 14), time(14, 30)), None)),
        ("3/14/26", (Moment(date(2026, 3, 14)), None)),
    ],
)
def test_a_date_and_the_window_of_a_visit(
    written: str, expected: tuple[Moment, time | None]
) -> None:
    assert parse_visit(written, DateOrder.MDY) == expected


@pytest.mark.parametrize("written", ["3/14/26 11 - 1pm", "3/14/26 morning", "2/30/26 2p - 3p"])
def test_what_is_no_date_with_a_window_is_refused(written: str) -> None:
    with pytest.raises(MalformedTime, match="Invalid date"):
        parse_visit(written, DateOrder.MDY)


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-12-07 14:30:00 -0800", "2026-12-07T14:30:00-08:00"),
        ("12/7/2026 2:30:00 PM -08:00", "2026-12-07T14:30:00-08:00"),
        ("12/7/2026 2:30 PM UTC", "2026-12-07T14:30:00+00:00"),
        ("2026-12-07 14:30:00 GMT+1", "2026-12-07T14:30:00+01:00"),
        (
            "Mon Dec 07 2026 14:30:00 GMT-0800 (Pacific Standard Time)",
            "2026-12-07T14:30:00-08:00",
        ),
    ],
)
def test_a_time_with_its_offset(written: str, instant: str) -> None:
    assert parse_moment(written, DateOrder.MDY) == Moment(as_written=instant)


@pytest.mark.parametrize(
    "written", ["12/7/2026 2:30 PM EST", "2026-12-07 14:30 (Pacific Time)", "12/7/2026 9:00 -11:00"]
)
def test_the_name_of_a_time_zone_and_half_a_range_are_no_offset(written: str) -> None:
    """`EST` is written the whole year, also when the clocks say EDT."""
    with pytest.raises(MalformedTime, match="Invalid date or time") as refused:
        parse_moment(written, DateOrder.MDY)
    assert ("name of the time zone" in refused.value.hint) == (":00 -" not in written)
