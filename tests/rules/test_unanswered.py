"""After how long a message without an answer raises an alert."""

from datetime import UTC, datetime, timedelta

import pytest

from petmsg.errors import OutOfRange
from petmsg.rules.send_blocks import QuietHours
from petmsg.rules.unanswered import IN_HOURS, OUT_OF_HOURS, parse_minutes, unanswered_after

NINE_TO_FIVE = QuietHours(9 * 60, 17 * 60)
NIGHT_SHIFT = QuietHours(22 * 60, 6 * 60)


def after(
    hour: int,
    minute: int = 0,
    *,
    minutes: int | None = None,
    office: QuietHours | None = NINE_TO_FIVE,
    in_visit: bool = False,
) -> timedelta:
    """For a message that came at that time of a winter's day in New York."""
    return unanswered_after(
        minutes,
        office=office,
        timezone="America/New_York",
        received_at=datetime(2026, 2, 14, 5, tzinfo=UTC) + timedelta(hours=hour, minutes=minute),
        in_visit=in_visit,
    )


def test_inside_office_hours_a_client_waits_a_quarter_of_an_hour() -> None:
    assert (timedelta(minutes=15), timedelta(hours=1)) == (IN_HOURS, OUT_OF_HOURS)
    assert after(8, 59) == OUT_OF_HOURS
    assert after(9) == IN_HOURS
    assert after(16, 59) == IN_HOURS
    assert after(17) == OUT_OF_HOURS


def test_office_hours_may_pass_midnight_or_be_always() -> None:
    assert after(23, office=NIGHT_SHIFT) == IN_HOURS
    assert after(12, office=NIGHT_SHIFT) == OUT_OF_HOURS
    assert after(3, office=None) == IN_HOURS


def test_during_a_visit_it_is_a_quarter_of_an_hour_at_any_time() -> None:
    assert after(3, in_visit=True) == IN_HOURS


def test_the_orgs_own_time_holds_at_any_time() -> None:
    for hour in (3, 12):
        assert after(hour, minutes=5) == timedelta(minutes=5)
        assert after(hour, minutes=240, in_visit=True) == timedelta(hours=4)


@pytest.mark.parametrize(
    ("text", "minutes"), [("1", 1), (" 30 ", 30), ("10080", 10080), ("Default", None)]
)
def test_minutes_are_read_as_a_person_writes_them(text: str, minutes: int | None) -> None:
    assert parse_minutes(text) == minutes


@pytest.mark.parametrize(
    "text", ["", "0", "-5", "10081", "1.5", "off", "soon", "9" * 5000, "\u0663"]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(OutOfRange, match="Invalid number of minutes"):
        parse_minutes(text)
