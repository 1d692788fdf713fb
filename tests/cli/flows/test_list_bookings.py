"""`booking list` of a day or a span: what overlaps it, in the order of its start."""

from datetime import datetime

import pytest

from tests.support.booking_commands import HEADER, imported, people
from tests.support.fixtures import Cli, copied

ROWS = (
    ("LATE", "C-1", "S-1", "2026-02-14T23:00", "2026-02-15T01:00"),
    ("NOON", "C-2", "S-2", "2026-02-14T12:00", "2026-02-14T13:00"),
    ("EARLY", "C-1", "S-1", "2026-02-13T22:00", "2026-02-14T00:30"),
    ("BEFORE", "C-1", "S-1", "2026-02-13T22:00", "2026-02-14T00:00"),
    ("AFTER", "C-2", "", "2026-02-15T00:00", "2026-02-15T01:00"),
    ("NOON2", "C-1", "S-1", "2026-02-14T12:00", "2026-02-14T12:30"),
)
"""In New York; half-open, so that BEFORE and AFTER are not on the 14th."""
THE_14TH = ["EARLY", "NOON", "NOON2", "LATE"]


@copied
def booked(cli: Cli) -> None:
    people(cli)
    imported(cli, HEADER, *ROWS)


def refs(cli: Cli, *options: str) -> list[str]:
    ran = cli("booking", "list", *options, "-o", "json")
    assert ran.code == 0, ran.err
    return [row["booking"] for row in ran.json]


def test_a_day_is_a_local_day_of_the_org_in_the_order_of_the_starts(cli: Cli) -> None:
    booked(cli)
    assert refs(cli, "--on", "2026-02-14") == THE_14TH
    assert refs(cli, "--from", "2026-02-14", "--to", "2026-02-14") == THE_14TH
    assert refs(cli, "--on", "2026-02-16") == []
    assert refs(cli) == [row[0] for row in ROWS][::-1], "without a span the newest come first"
    assert refs(cli, "--from", "2026-02-14T12:30") == ["NOON", "LATE", "AFTER"]
    assert refs(cli, "--to", "2026-02-14T00:00") == ["EARLY", "BEFORE"]
    for options, shown in (
        (("--sitter", "Maya Lee"), ["EARLY", "NOON2", "LATE"]),
        (("--client", "C-2", "--status", "pending"), ["NOON"]),
        (("--status", "confirmed"), []),
    ):
        assert refs(cli, "--on", "2026-02-14", *options) == shown


def test_pages_of_a_day_follow_each_other(cli: Cli) -> None:
    booked(cli)
    found: list[str] = []
    behind: tuple[str, ...] = ()
    while page := refs(cli, "--on", "2026-02-14", "--limit", "1", *behind):
        found += page
        behind = ("--before", found[-1])
    assert found == THE_14TH
    assert refs(cli, "--on", "2026-02-14", "--limit", "1", "--all") == THE_14TH


def test_today_and_tomorrow_are_days_from_now_on(sqlite_cli: Cli) -> None:
    booked(sqlite_cli)
    for now, options in (
        ("2026-02-14T05:00Z", ("--today",)),
        ("2026-02-15T04:59Z", ("--on", "today")),
        ("2026-02-15T04:59Z", ("--from", "today", "--to", "today")),
        ("2026-02-13T18:00Z", ("--on", "tomorrow")),
        ("2026-02-12T18:00Z", ("--on", "+2d")),
    ):
        ran = sqlite_cli("booking", "list", *options, "-o", "json", now=datetime.fromisoformat(now))
        assert [row["booking"] for row in ran.json] == THE_14TH, (now, options)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--today", "--on", "today"), "--today, --on, and --from with --to cannot be combined."),
        (("--on", "today", "--to", "now"), "--today, --on, and --from with --to cannot be"),
        (("--on", "2026-02-30"), "Invalid day '2026-02-30': this date does not exist."),
        (("--on", "soon"), "Invalid day 'soon'."),
        (("--from", "soon"), "Invalid time 'soon'."),
        (("--from", "now", "--to", "-1h"), "--to '-1h' is not later than --from 'now'."),
    ],
)
def test_a_span_that_means_nothing_is_wrong_usage(
    sqlite_cli: Cli, options: tuple[str, ...], says: str
) -> None:
    ran = sqlite_cli("booking", "list", *options)
    assert (ran.code, says in ran.err) == (2, True), ran.err
