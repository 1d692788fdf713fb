"""`booking add`: the options that go together, and the JSON of one booking and of a series."""

import pytest

from tests.support.fixtures import Cli
from tests.support.texting import people

ONE = ("booking", "add", "--client", "C-1", "--start", "2026-03-02T14:00Z", "-o", "json")


@pytest.fixture
def company(sqlite_cli: Cli) -> Cli:
    people(sqlite_cli)
    return sqlite_cli


@pytest.mark.parametrize(
    "end", [("--end", "2026-03-02T16:00Z"), ("--for", "2h"), ("--for", "120m")]
)
def test_a_booking_has_an_end_or_a_duration(company: Cli, end: tuple[str, str]) -> None:
    ran = company(*ONE, *end)
    assert ran.code == 0, ran.err
    assert ran.json["booking"] == "B-1"
    assert ran.json["ends_at"] == "2026-03-02T16:00:00Z"


def test_the_same_booking_by_end_and_by_duration_is_one(company: Cli) -> None:
    company(*ONE, "--for", "2h")
    assert company(*ONE, "--end", "2026-03-02T16:00Z").json["reused"]


@pytest.mark.parametrize("end", [(), ("--end", "2026-03-02T16:00Z", "--for", "2h")])
def test_it_has_exactly_one_of_both(company: Cli, end: tuple[str, ...]) -> None:
    ran = company(*ONE, *end)
    assert ran.code == 2
    assert ran.error["message"] == "Specify exactly one of --end and --for."


@pytest.mark.parametrize(
    "option", [("--until", "2026-04-01"), ("--count", "2"), ("--except", "2026-03-03")]
)
def test_the_options_of_a_series_need_one(company: Cli, option: tuple[str, str]) -> None:
    ran = company(*ONE, "--for", "2h", *option)
    assert ran.code == 2
    assert ran.error["message"] == "--until, --count and --except require --repeat."


def test_one_booking_is_an_object_and_a_series_an_array(company: Cli) -> None:
    one = company(*ONE, "--for", "2h").json
    series = company(*ONE, "--for", "1h", "--repeat", "daily", "--count", "1").json
    assert isinstance(one, dict)
    assert [row.keys() for row in series] == [one.keys()]
