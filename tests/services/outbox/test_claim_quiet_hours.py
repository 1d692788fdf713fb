"""Quiet hours: an org's setting, the recipient's day, and what the claim is told of both.

When they end, also where clocks change, is in tests/rules/test_send_blocks.py.
"""

from datetime import UTC, datetime
from typing import Any

import pytest

from petmsg.enums.messages import BlockCode
from petmsg.queries.org import find_org
from petmsg.queries.send_blocks import read_block_facts
from petmsg.rules.send_blocks import QuietHours, SendBlock, find_blocks
from tests.cli.commands.test_org import events, refused
from tests.support.fixtures import Cli, looking

ANN = ("client", "add", "Ann", "--phone", "+14155551001", "--ref", "C-1")
NIGHT = ("org", "set", "--quiet-hours", "21:00-08:00")
EVENING = datetime(2026, 2, 15, 3, 30, tzinfo=UTC)
"""22:30 in New York, 19:30 in Los Angeles, 09:15 the next day in Kathmandu."""


def held(url: str, *, at: datetime = EVENING, urgent: bool = False) -> list[SendBlock]:
    with looking(url) as cursor:
        found = read_block_facts(
            cursor,
            find_org(cursor, None),
            client_id=1,
            to_e164="+14155551001",
            number_id=None,
            urgent=urgent,
        )
    return list(find_blocks(found, at))


def quiet_hours(cli: Cli) -> Any:
    return cli("org", "show", "-o", "json").json["quiet_hours"]


def timezone(cli: Cli) -> Any:
    return cli("client", "show", "C-1", "-o", "json").json["timezone"]


def test_there_are_none_unless_set(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    assert quiet_hours(cli) is None
    assert held(migrated_url) == []


def test_they_hold_a_text_until_they_are_over(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    assert cli(*NIGHT, "-o", "json").json["quiet_hours"] == "21:00-08:00"
    (found,) = held(migrated_url)
    assert (found.code, found.until) == (
        BlockCode.QUIET_HOURS,
        datetime(2026, 2, 15, 13, 0, tzinfo=UTC),
    )
    assert not found.final
    assert found.explanation == "Quiet hours until 2026-02-15 08:00 EST"


def test_an_urgent_text_passes_them(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    cli(*NIGHT)
    assert held(migrated_url, urgent=True) == []


def test_they_are_hours_of_the_recipients_day(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    cli(*NIGHT)
    assert cli("client", "set", "C-1", "--timezone", "Asia/Kathmandu").code == 0
    assert held(migrated_url) == []
    cli("client", "set", "C-1", "--timezone", "Europe/London")
    (found,) = held(migrated_url)
    assert found.until == datetime(2026, 2, 15, 8, 0, tzinfo=UTC)


def test_a_client_without_a_timezone_has_the_orgs(cli: Cli, migrated_url: str) -> None:
    cli(*ANN, "--timezone", "Asia/Kathmandu")
    cli(*NIGHT)
    assert (timezone(cli), held(migrated_url)) == ("Asia/Kathmandu", [])
    assert cli("client", "set", "C-1", "--timezone", "").code == 0
    assert timezone(cli) is None
    assert [found.code for found in held(migrated_url)] == [BlockCode.QUIET_HOURS]
    cli("org", "set", "--timezone", "America/Los_Angeles")
    assert held(migrated_url) == []


def test_they_can_be_changed_and_switched_off(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    cli(*NIGHT)
    cli("org", "set", "--quiet-hours", "12:00-13:30")
    assert (quiet_hours(cli), held(migrated_url)) == ("12:00-13:30", [])
    with looking(migrated_url) as cursor:
        facts = read_block_facts(
            cursor, find_org(cursor, None), client_id=1, to_e164="+1", number_id=None
        )
    assert facts.quiet_hours == QuietHours(720, 810)
    assert cli("org", "set", "--quiet-hours", "off").code == 0
    assert quiet_hours(cli) is None


def test_midnight_is_a_time_like_any_other(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    cli("org", "set", "--quiet-hours", "00:00-06:00")
    assert quiet_hours(cli) == "00:00-06:00"
    assert held(migrated_url, at=datetime(2026, 2, 15, 4, 59, tzinfo=UTC)) == []
    assert len(held(migrated_url, at=datetime(2026, 2, 15, 5, 0, tzinfo=UTC))) == 1


def test_each_change_is_audited_with_before_and_after(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN)
    sqlite_cli(*NIGHT)
    sqlite_cli("org", "set", "--quiet-hours", "off")
    sqlite_cli("client", "set", "C-1", "--timezone", "Europe/London")
    set_, off, moved = events(sqlite_cli)[-3:]
    assert set_["payload"] == {"quiet_hours": {"before": None, "after": "21:00-08:00"}}
    assert off["payload"] == {"quiet_hours": {"before": "21:00-08:00", "after": None}}
    assert (moved["event"], moved["payload"]) == (
        "client.updated",
        {"timezone": {"before": None, "after": "Europe/London"}},
    )


def test_setting_what_is_so_already_changes_nothing(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN, "--timezone", "Europe/London")
    sqlite_cli(*NIGHT)
    before = events(sqlite_cli)
    assert sqlite_cli(*NIGHT).code == 0
    assert sqlite_cli("client", "set", "C-1", "--timezone", "Europe/London").code == 0
    assert sqlite_cli(*ANN, "--timezone", "Europe/London").code == 0
    assert sqlite_cli(*ANN).code == 0
    assert events(sqlite_cli) == before
    refused(sqlite_cli(*ANN, "--timezone", "Europe/Paris", "-o", "json"), "already_exists")


@pytest.mark.parametrize("place", ["Mars/Olympus", "EST5EDT4", "../../etc/passwd", "x" * 300])
def test_a_timezone_that_is_none_is_wrong_usage(sqlite_cli: Cli, place: str) -> None:
    sqlite_cli(*ANN)
    for line in (
        ("client", "set", "C-1", "--timezone", place),
        ("client", "add", "Bo", "--phone", "+14155551002", "--timezone", place),
    ):
        refused(sqlite_cli(*line, "-o", "json"), "out_of_range", 2)
    assert timezone(sqlite_cli) is None
    assert len(sqlite_cli("client", "list", "-o", "json").json) == 1


@pytest.mark.parametrize("text", ["21-8", "24:00-08:00", "08:00-08:00", "9pm-8am", "on", ""])
def test_hours_that_are_none_are_wrong_usage(sqlite_cli: Cli, text: str) -> None:
    error = refused(
        sqlite_cli("org", "set", "--quiet-hours", text, "-o", "json"), "out_of_range", 2
    )
    assert error["hint"]
    assert quiet_hours(sqlite_cli) is None
