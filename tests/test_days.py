"""petmsg.days: what people type for a day, and how long a day lasts."""

from datetime import UTC, date, datetime, timedelta

import pytest

from petmsg.days import Span, parse_bound, parse_day, parse_span, span_of_day
from petmsg.errors import MalformedTime, OutOfRange

NEW_YORK = "America/New_York"
LATE = datetime(2026, 2, 15, 4, 59, tzinfo=UTC)
"""23:59 on 14 February in New York, when it is the 15th in UTC."""


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("today", date(2026, 2, 14)),
        ("Tomorrow", date(2026, 2, 15)),
        ("yesterday", date(2026, 2, 13)),
        ("+1d", date(2026, 2, 15)),
        ("-2w", date(2026, 1, 31)),
        (" 2026-03-08 ", date(2026, 3, 8)),
    ],
)
def test_a_day_is_read_in_the_timezone(text: str, day: date) -> None:
    assert parse_day(text, timezone=NEW_YORK, at=LATE) == day


@pytest.mark.parametrize(
    "text",
    [
        "", "monday", "2026-02-30", "2026-2-3", "20260214", "+1h", "2026-02-14T09:00", "+99999d",
        "-99999w", "9999-12-31", "0001-01-01", "٢٠٢٦-02-14", "+1d\n",
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_what_to_write(text: str) -> None:
    at = datetime(2990, 1, 1, tzinfo=UTC) if text.startswith("+9") else LATE
    with pytest.raises(MalformedTime) as caught:
        parse_day(text, timezone=NEW_YORK, at=at)
    assert "tomorrow" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("day", "timezone", "hours"),
    [
        (date(2026, 2, 14), NEW_YORK, 24),
        (date(2026, 3, 8), NEW_YORK, 23),
        (date(2026, 11, 1), NEW_YORK, 25),
        (date(2026, 4, 24), "Africa/Cairo", 23),  # the clocks skip midnight
        (date(2026, 11, 1), "America/Havana", 25),  # midnight happens twice
        (date(2026, 4, 5), "Australia/Lord_Howe", 24.5),
    ],
)
def test_a_day_lasts_from_midnight_to_midnight(day: date, timezone: str, hours: float) -> None:
    start, end = span_of_day(day, timezone)
    assert end - start == timedelta(hours=hours)
    assert start.tzinfo is UTC
    before, _ = span_of_day(day - timedelta(days=1), timezone)
    assert span_of_day(day - timedelta(days=1), timezone) == (before, start), "days leave no gap"


def test_a_bound_is_a_time_or_a_day_and_a_day_at_the_end_belongs_to_the_span() -> None:
    at = datetime(2026, 2, 14, 15, 30, tzinfo=UTC)

    def bound(text: str, *, is_end: bool = False) -> str:
        return f"{parse_bound(text, timezone=NEW_YORK, at=at, is_end=is_end):%m-%dT%H:%M}"

    assert bound("2026-02-14") == bound("today") == "02-14T05:00"
    assert bound("2026-02-14", is_end=True) == bound("today", is_end=True) == "02-15T05:00"
    assert bound("2026-02-14T09:00") == bound("2026-02-14T09:00", is_end=True) == "02-14T14:00"
    assert bound("+1d", is_end=True) == "02-15T15:30", "a relative time is 24 hours, as everywhere"
    with pytest.raises(MalformedTime):
        bound("soon")


def test_a_span_may_be_open_and_ends_after_it_starts() -> None:
    def span(start: str | None, end: str | None) -> Span:
        at = datetime(2026, 2, 14, 15, 30, tzinfo=UTC)
        return parse_span(start, end, timezone="UTC", at=at, options=("--since", "--until"))

    first, second = datetime(2026, 2, 14, tzinfo=UTC), datetime(2026, 2, 15, tzinfo=UTC)
    assert span("2026-02-14", "2026-02-14") == (first, second)
    assert span("today", None) == (first, None)
    assert span(None, "today") == (None, second)
    for start, end in (("tomorrow", "today"), ("now", "now"), ("now", "-1h")):
        with pytest.raises(OutOfRange, match=r"--until .* is not later than --since"):
            span(start, end)
