"""Series of bookings: their refs, and that adding them again changes nothing."""

from typing import Any

import pytest

from tests.support.fixtures import Cli
from tests.support.texting import people

START = "2026-03-02T09:00"


@pytest.fixture
def company(cli: Cli) -> Cli:
    people(cli)
    cli("org", "set", "--timezone", "America/New_York")
    return cli


@pytest.fixture
def small(sqlite_cli: Cli) -> Cli:
    people(sqlite_cli)
    sqlite_cli("org", "set", "--timezone", "America/New_York")
    return sqlite_cli


def add(cli: Cli, *more: str, code: int = 0, rule: str = "weekly:mo,we,fr") -> Any:
    words = ("--client", "C-1", "--sitter", "S-1", "--start", START, "--repeat", rule, *more)
    times = () if "--end" in more or "--for" in more else ("--for", "1h")
    ran = cli("booking", "add", *words, *times, "-o", "json")
    assert ran.code == code, ran.err
    return ran if code == 0 else ran.error


def refs(ran: Any) -> list[str]:
    return [row["booking"] for row in ran.json]


def stored(cli: Cli) -> list[tuple[str, str, str]]:
    rows = cli("booking", "list", "--all", "-o", "json").json
    return sorted((row["booking"], row["starts_at"], row["status"]) for row in rows)


def test_a_series_is_ordinary_bookings_at_one_wall_time(company: Cli) -> None:
    ran = add(company, "--count", "4")
    assert refs(ran) == ["B-1.1", "B-1.2", "B-1.3", "B-1.4"]
    assert [row["starts_at"] for row in ran.json] == [
        "2026-03-02T14:00:00Z", "2026-03-04T14:00:00Z", "2026-03-06T14:00:00Z",
        "2026-03-09T13:00:00Z",
    ]  # fmt: skip
    assert {row["status"] for row in ran.json} == {"pending"}
    assert "4 bookings added, 0 existed already." in ran.err
    again = add(company, "--count", "4")
    assert refs(again) == refs(ran)
    assert all(row["reused"] for row in again.json)
    assert "0 bookings added, 4 existed already." in again.err
    assert len(stored(company)) == 4
    assert company("booking", "confirm", "B-1.4").code == 0


def test_a_longer_series_continues_the_first(company: Cli) -> None:
    add(company, "--count", "2")
    ran = add(company, "--until", "2026-03-09", "--except", "2026-03-06")
    assert refs(ran) == ["B-1.1", "B-1.2", "B-1.4"]
    assert [row["reused"] for row in ran.json] == [True, True, False]


def test_a_ref_is_the_stem(small: Cli) -> None:
    assert refs(add(small, "--count", "2", "--ref", "walks")) == ["walks.1", "walks.2"]
    assert refs(add(small, "--count", "3", "--ref", "walks")) == ["walks.1", "walks.2", "walks.3"]
    before = stored(small)
    error = add(small, "--count", "3", "--ref", "walks", "--for", "2h", code=4)
    assert error["code"] == "already_exists"
    assert stored(small) == before


def test_a_series_of_another_client_is_refused(small: Cli) -> None:
    small("client", "add", "Bob Ito", "--phone", "+14155551009", "--ref", "C-9")
    add(small, "--count", "2", "--ref", "walks")
    error = add(small, "--count", "2", "--ref", "walks", "--client", "C-9", code=4)
    assert error["message"] == "Booking walks.1 belongs to client C-1."


def test_what_was_changed_since_is_left_and_told(company: Cli) -> None:
    add(company, "--count", "5")
    company("booking", "reschedule", "B-1.2", "--start", "2026-03-04T10:00",
            "--end", "2026-03-04T11:00")  # fmt: skip
    company("booking", "cancel", "B-1.3", "--yes")
    before = stored(company)
    ran = add(company, "--count", "5")
    assert refs(ran) == ["B-1.1", "B-1.2", "B-1.3", "B-1.4", "B-1.5"]
    assert stored(company) == before
    assert "B-1.2: It exists with other values (start 2026-03-04 10:00 EST)" in ran.err
    assert "B-1.3: It exists and is cancelled; it stays cancelled." in ran.err


def test_a_visit_that_exists_already_is_not_added_twice(small: Cli) -> None:
    small("booking", "add", "--client", "C-1", "--sitter", "S-1", "--ref", "by-hand",
          "--start", "2026-03-04T09:00", "--for", "1h")  # fmt: skip
    ran = add(small, "--count", "3")
    assert refs(ran) == ["B-1.1", "by-hand", "B-1.3"]
    assert refs(add(small, "--count", "3")) == refs(ran)


def test_other_days_make_another_series(small: Cli) -> None:
    add(small, "--count", "3")
    ran = add(small, "--count", "5", rule="daily")
    assert refs(ran) == ["B-1.1", "B-2.2", "B-1.2", "B-2.4", "B-1.3"]
    assert refs(add(small, "--count", "5", rule="daily")) == refs(ran)


def test_two_can_be_meant(small: Cli) -> None:
    add(small, "--count", "2")
    assert refs(add(small, "--count", "2", "--allow-duplicates")) == ["B-2.1", "B-2.2"]


def test_a_refusal_leaves_nothing_behind(company: Cli) -> None:
    company("sitter", "deactivate", "S-1", "--yes")
    error = add(company, "--count", "3", code=4)
    assert error["code"] == "sitter_offboarded"
    assert stored(company) == []


def test_a_dry_run_lists_them(small: Cli) -> None:
    ran = add(small, "--count", "3", "--dry-run")
    assert len(ran.json) == 3
    assert stored(small) == []


def test_the_end_of_each_visit_is_a_wall_time_and_a_duration_stays(small: Cli) -> None:
    nights = ("--start", "2026-03-07T20:00")
    by_end = add(small, "--count", "1", *nights, "--end", "2026-03-08T08:00", rule="daily").json
    by_duration = add(small, "--count", "1", *nights, "--for", "12h", rule="daily").json
    assert by_end[0]["ends_at"] == "2026-03-08T12:00:00Z"
    assert by_duration[0]["ends_at"] == "2026-03-08T13:00:00Z"


def test_what_was_decided_for_a_skipped_time_is_told(small: Cli) -> None:
    ran = add(small, "--count", "2", "--start", "2026-03-07T02:30", rule="daily")
    assert "B-1.2: 02:30 does not exist on 2026-03-08 in America/New_York" in ran.err


def test_an_exception_that_is_not_met_is_told(small: Cli) -> None:
    ran = add(small, "--count", "2", "--except", "2026-03-03")
    assert "The series has no visit on 2026-03-03; --except has no effect." in ran.err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ((), "Specify exactly one of --until and --count."),
        (("--count", "2", "--until", "2026-04-01"), "Specify exactly one of --until and --count."),
        (("--count", "0"), "Invalid --count 0."),
        (("--count", "1001"), "The series has more than 1,000 visits."),
        (("--until", "next month"), "Invalid time 'next month'."),
        (("--count", "2", "--except", "3/4"), "Invalid day '3/4'."),
        (("--count", "2", "--except", "2026-02-30"),
         "Invalid day '2026-02-30': this date does not exist."),
        (("--count", "2", "--for", "0m"),
         "The end 2026-03-02 09:00 EST is not after the start 2026-03-02 09:00 EST."),
        (("--count", "2", "--ref", "x" * 63), f"Invalid ref '{'x' * 39}"),
    ],
)  # fmt: skip
def test_a_series_that_cannot_be_is_refused(
    small: Cli, more: tuple[str, ...], message: str
) -> None:
    error = add(small, *more, code=2)
    assert error["message"].startswith(message)
    assert stored(small) == []


def test_visits_of_a_sitter_who_is_away_are_told(small: Cli) -> None:
    small("sitter", "away", "S-1", "--from", "2026-03-04T00:00", "--to", "2026-03-05T00:00",
          "--reason", "holiday")  # fmt: skip
    ran = add(small, "--count", "3")
    assert [bool(row) for row in ("B-1.1:" in ran.err, "B-1.2:" in ran.err)] == [False, True]
