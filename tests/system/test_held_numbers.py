"""A number from which nothing is sent says so wherever it is shown: since when, until when, why."""

from typing import Any

import pytest

from petmsg.clock import iso_utc
from petmsg.services.numbers.provider_holds import FIRST_PAUSE
from tests.support.fixtures import NOW, migrated_and, run_cli
from tests.support.postgres import Copies
from tests.support.twelve_numbers import LONG_CODES, all_answered, company

NUMBER = LONG_CODES[0]
WHY = f"the registration of {NUMBER} is missing or not complete (code 30034)"


@pytest.fixture
def url(sqlite_refilled: Copies) -> str:
    copied = sqlite_refilled("provider holds", migrated_and(company))
    all_answered(copied, 30034)
    return copied


def shown(url: str, *arguments: str) -> Any:
    ran = run_cli(url, *arguments, "-o", "json", now=NOW)
    assert ran.code == 0, ran.err
    return ran.json


def table(url: str, *arguments: str) -> str:
    ran = run_cli(url, *arguments, "-o", "table", now=NOW)
    assert ran.code == 0, ran.err
    return " ".join(ran.out.replace("│", " ").split())


HELD = {"since": iso_utc(NOW), "until": iso_utc(NOW + FIRST_PAUSE), "code": "30034", "reason": WHY}


def test_number_show_says_it(url: str) -> None:
    assert shown(url, "number", "show", NUMBER)["held"] == HELD
    words = table(url, "number", "show", NUMBER)
    assert "Held since 2026-02-14 10:00 EST: the registration" in words
    assert "one message is tried at 2026-02-14 10:05 EST" in words


def test_number_list_says_it(url: str) -> None:
    rows = {row["number"]: row for row in shown(url, "number", "list")}
    assert rows[NUMBER]["held"] == HELD
    assert rows[NUMBER]["status"] == "active"
    words = table(url, "number", "list")
    assert "active, held" in words
    assert "code 30034" in words


def test_status_says_it(url: str) -> None:
    (found,) = shown(url, "status")
    (held,) = found["held"]
    assert held["numbers"] == 13  # the front desk's too
    assert (held["code"], held["since"]) == ("30034", iso_utc(NOW))
    assert "13 SEND NOTHING since 2026-02-14 10:00 EST" in table(url, "status")


def test_what_sends_is_not_held(migrated_sqlite: str) -> None:
    company(migrated_sqlite)
    assert shown(migrated_sqlite, "number", "show", NUMBER)["held"] is None
    assert "Held no" in table(migrated_sqlite, "number", "show", NUMBER)
    assert shown(migrated_sqlite, "status")[0]["held"] == []
    assert "Held numbers none" in table(migrated_sqlite, "status")
