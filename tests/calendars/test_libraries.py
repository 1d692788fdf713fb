"""The libraries of calendars are loaded when they are needed, and named when they are missing."""

import sys
from datetime import UTC, datetime

import pytest

from petmsg.calendars.libraries import need_calendars
from petmsg.calendars.read import Span, read_calendar
from petmsg.errors import CONFIGURATION, ExtraMissing
from tests.support.calendars import calendar, event


@pytest.mark.parametrize("library", ["icalendar", "recurring_ical_events"])
def test_without_the_extra_it_says_how_to_get_it(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    at = datetime(2026, 3, 1, tzinfo=UTC)
    with pytest.raises(ExtraMissing) as missing:
        read_calendar(calendar(event()), Span(at, at.replace(month=6), "UTC"))
    assert (missing.value.exit_code, missing.value.code) == (CONFIGURATION, "extra_missing")
    assert "pip install 'petmsg[calendar]'" in missing.value.hint


def test_with_the_extra_nothing_is_said() -> None:
    need_calendars()
