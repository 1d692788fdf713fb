"""`booking import` of a calendar: its options, and files that are none."""

import pytest

from tests.support.calendars import calendar, event
from tests.support.fixtures import Cli, lines
from tests.support.texting import people


@pytest.fixture
def company(sqlite_cli: Cli) -> Cli:
    people(sqlite_cli)
    return sqlite_cli


FEED = calendar(event(summary="Ann")).decode()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--until", "2026-01-01"), "--until 2026-01-01 is not within the next two years."),
        (("--until", "+800d"), "--until +800d is not within the next two years."),
        (("--until", "soon"), "Invalid time 'soon'."),
        (("--all-day", "8-20"), "Invalid hours of all-day events '8-20'."),
        (("--all-day", "08:00-08:00"), "Hours of all-day events cannot end when they begin."),
        (("--feed", ""), "Invalid name ''."),
        (("--allow-duplicates",), "The file is a calendar: an option for files with columns"),
        (("--strict",), "The file is a calendar: an option for files with columns"),
    ],
)
def test_a_bad_option_is_refused(company: Cli, more: tuple[str, ...], message: str) -> None:
    ran = company("booking", "import", "-", "-o", "json", *more, stdin=FEED)
    assert ran.code == 2, ran.err
    assert ran.error["message"].startswith(message)


def test_an_unknown_client_of_a_whole_calendar_is_refused(company: Cli) -> None:
    ran = company("booking", "import", "-", "--client", "C-77", "-o", "json", stdin=FEED)
    assert (ran.code, ran.error["code"]) == (3, "client_not_found")


@pytest.mark.parametrize(
    "more", [("--client", "C-1"), ("--feed", "x"), ("--until", "+3d"), ("--all-day", "08:00-20:00")]
)
def test_options_of_calendars_need_one(company: Cli, more: tuple[str, str]) -> None:
    rows = lines(("ref", "client", "starts_at", "ends_at"), ("a", "C-1", "+1d", "+2d"))
    ran = company("booking", "import", "-", *more, "-o", "json", stdin=rows)
    assert ran.code == 2
    assert ran.error["message"] == f"{more[0]}: for calendars (.ics) only."


def test_other_imports_say_where_calendars_go(company: Cli) -> None:
    ran = company("client", "import", "-", "-o", "json", stdin=FEED)
    assert ran.code == 2
    assert "petmsg booking import FEED.ics" in ran.error["hint"]


def test_all_day_events_get_their_hours(company: Cli) -> None:
    day = calendar(event(start="20260302", end="20260303", zone=None, summary="Ann")).decode()
    refused = company("booking", "import", "-", "-o", "json", stdin=day)
    assert refused.code == 4
    ran = company("booking", "import", "-", "--all-day", "08:00-20:00", "-o", "json", stdin=day)
    assert (ran.code, ran.json[0]["result"]) == (0, "created")
