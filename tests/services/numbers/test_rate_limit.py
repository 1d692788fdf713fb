"""petmsg number pace: the rate limit of a number."""

from typing import Any

import pytest

from petmsg.services.numbers.rate_limit import SLOWEST
from tests.support.fixtures import Cli, Ran, add_org

DESK, LONG, TOLL_FREE = "+14155550100", "+14155550101", "+18335550102"


def pace(cli: Cli, *arguments: str) -> Ran:
    return cli("number", "pace", *arguments, "-o", "json")


def rows(cli: Cli, *arguments: str) -> list[dict[str, Any]]:
    ran = pace(cli, *arguments)
    assert ran.code == 0, ran.err
    found: list[dict[str, Any]] = ran.json
    return found


def shown(cli: Cli, e164: str) -> float:
    return float(cli("number", "show", e164, "-o", "json").json["segments_per_second"])


@pytest.fixture
def company(cli: Cli) -> Cli:
    cli("number", "add", LONG, TOLL_FREE, "--class", "pool")
    return cli


def events(cli: Cli) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cli(
        "audit", "list", "--event", "number.pace_set", "-o", "json"
    ).json
    return found


def test_a_number_has_the_default_rate_limit_of_its_kind(company: Cli) -> None:
    assert rows(company, LONG, TOLL_FREE) == [
        {"number": LONG, "segments_per_second": 1.0, "usual": True},
        {"number": TOLL_FREE, "segments_per_second": 3.0, "usual": True},
    ]
    assert (shown(company, LONG), shown(company, TOLL_FREE)) == (1.0, 3.0)


def test_a_rate_limit_is_set_audited_and_shown(company: Cli) -> None:
    assert rows(company, LONG, "--segments-per-second", "2.5", "--reason", "campaign") == [
        {"number": LONG, "segments_per_second": 2.5, "usual": False, "reused": False}
    ]
    assert rows(company, LONG) == [{"number": LONG, "segments_per_second": 2.5, "usual": False}]
    assert shown(company, LONG) == 2.5
    (event,) = events(company)
    assert (event["entity"], event["ref"], event["reason"]) == ("number", LONG, "campaign")
    assert event["payload"] == {"before": None, "after": 2.5}


def test_setting_the_same_rate_limit_changes_nothing(company: Cli) -> None:
    rows(company, LONG, "--segments-per-second", "2")
    (again,) = rows(company, LONG, "--segments-per-second", "2.0")
    assert again["reused"] is True
    assert len(events(company)) == 1


def test_a_rate_limit_is_reset_to_the_default(company: Cli) -> None:
    rows(company, TOLL_FREE, "--segments-per-second", "10")
    assert rows(company, TOLL_FREE, "--usual") == [
        {"number": TOLL_FREE, "segments_per_second": 3.0, "usual": True, "reused": False}
    ]
    assert events(company)[0]["payload"] == {"before": 10.0, "after": None}
    assert rows(company, TOLL_FREE, "--usual")[0]["reused"] is True


def test_a_setting_equal_to_the_default_is_still_a_setting(company: Cli) -> None:
    (row,) = rows(company, LONG, "--segments-per-second", "1")
    assert (row["usual"], row["reused"]) == (False, False)


@pytest.mark.parametrize("text", ["0.001", "0.5", "1", "1000"])
def test_a_rate_limit_may_be_from_0_001_to_1000(sqlite_cli: Cli, text: str) -> None:
    (row,) = rows(sqlite_cli, DESK, "--segments-per-second", text)
    assert row["segments_per_second"] == float(text)
    assert SLOWEST <= row["segments_per_second"] <= 1000


@pytest.mark.parametrize(
    "text", ["0", "-1", "1000.1", "0.0009", "1e-300", "inf", "-inf", "nan", "1e400", "fast", ""]
)
def test_a_rate_limit_out_of_range_is_a_usage_error(sqlite_cli: Cli, text: str) -> None:
    ran = pace(sqlite_cli, DESK, "--segments-per-second", text)
    assert (ran.code, ran.out) == (2, "")
    assert ran.error["code"] in ("out_of_range", "usage")
    assert rows(sqlite_cli, DESK)[0]["usual"] is True


def test_a_rate_limit_cannot_be_set_and_reset_at_once(sqlite_cli: Cli) -> None:
    assert pace(sqlite_cli, DESK, "--usual", "--segments-per-second", "1").code == 2


@pytest.mark.parametrize("options", [(), ("--usual",), ("--segments-per-second", "2")])
def test_a_number_that_is_not_there(sqlite_cli: Cli, options: tuple[str, ...]) -> None:
    ran = pace(sqlite_cli, LONG, *options)
    assert (ran.code, ran.error["code"]) == (3, "number_not_found")
    assert pace(sqlite_cli, "5550123", *options).code == 2
    several = pace(sqlite_cli, LONG, DESK, "abc", *options)
    assert several.code == 4
    assert [row.get("error", {}).get("code") for row in several.json] == [
        "number_not_found", None, "malformed_phone",
    ]  # fmt: skip


def test_a_retired_number_is_shown_and_not_changed(company: Cli) -> None:
    company("number", "retire", "--yes", LONG)
    assert rows(company, LONG)[0]["usual"] is True
    ran = pace(company, LONG, "--segments-per-second", "2")
    assert (ran.code, ran.error["code"]) == (4, "number_retired")


def test_a_dry_run_changes_nothing(company: Cli) -> None:
    assert rows(company, LONG, "--segments-per-second", "2", "--dry-run")[0]["usual"] is False
    assert rows(company, LONG)[0]["usual"] is True
    assert events(company) == []


def test_a_number_of_another_org_is_not_touched(sqlite_cli: Cli, migrated_sqlite: str) -> None:
    add_org(migrated_sqlite, "calm-cats", front_desk=LONG)
    ran = pace(sqlite_cli, LONG, "--segments-per-second", "2", "--org", "happy-paws")
    assert ran.code == 3
    assert rows(sqlite_cli, LONG, "--org", "calm-cats")[0]["usual"] is True
