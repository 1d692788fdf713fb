"""petmsg message prices: few requests, safe to repeat, nothing lost where one fails."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from petmsg import clock
from petmsg.errors import BUSY, USAGE
from tests.support.fixtures import NOW, Cli, Ran
from tests.support.on_twilio import DESK, POOL, SPARE, becomes, company, keys, send, texts
from tests.support.twilio_fake import TwilioFake
from tests.support.twilio_shapes import cut_json, server_error


@pytest.fixture
def fake() -> Iterator[TwilioFake]:
    with TwilioFake(numbers=[DESK, POOL, SPARE]) as running:
        yield running


def prices(cli: Cli, fake: TwilioFake, *words: str, **more: Any) -> Ran:
    return cli("message", "prices", "-o", "json", *words, **{**keys(fake), **more})


def sent(cli: Cli, fake: TwilioFake, client: str, price: str | None, *, days_ago: int = 0) -> str:
    """A message that Twilio filed that many days before the test's now, with its price."""
    sid = send(cli, fake, client)
    message = fake.messages[sid]
    message.created_at, message.price = NOW - timedelta(days=days_ago), price
    becomes(fake, sid, "delivered")
    return sid


def stored(url: str) -> list[tuple[int | None, str | None]]:
    return [(row["price_micros"], row["price_currency"]) for row in texts(url)]


def test_a_request_for_a_day_stores_all_prices_of_it(
    cli: Cli, migrated_url: str, fake: TwilioFake
) -> None:
    company(cli)
    sent(cli, fake, "C-1", "-0.00790", days_ago=2)
    sent(cli, fake, "C-2", "-0.01580")
    late = sent(cli, fake, "C-3", None)
    fake.requests.clear()
    ran = prices(cli, fake)
    assert ran.code == 0, ran.err
    assert [(row["day"], row["messages"], row["priced"], row["unpriced"]) for row in ran.json] == [
        ("2026-02-12", 1, 1, 0),
        ("2026-02-13", 0, 0, 0),
        ("2026-02-14", 2, 1, 1),
    ]
    assert stored(migrated_url) == [(7900, "USD"), (15800, "USD"), (None, None)]
    assert len(fake.requests) == 3
    fake.messages[late].price = "-0.00790"
    again = prices(cli, fake, "--days", "1")
    assert [(row["messages"], row["priced"]) for row in again.json] == [(2, 1)]
    assert stored(migrated_url)[2] == (7900, "USD")
    shown = cli("message", "show", "1", "-o", "json").json
    assert (shown["price"], shown["currency"], shown["segments"]) == ("0.0079", "USD", 1)
    (first,) = cli("thread", "show", "C-1", "-o", "json").json["messages"]
    assert (first["price"], first["currency"]) == ("0.0079", "USD")
    assert "0.0079 USD" in cli("message", "show", "1", "-o", "table").out


def test_sync_stores_the_price_where_it_is_known_already(
    cli: Cli, migrated_url: str, fake: TwilioFake
) -> None:
    company(cli)
    sent(cli, fake, "C-1", "-0.00790")
    assert cli("message", "sync", now=NOW + timedelta(minutes=5), **keys(fake)).code == 0
    assert stored(migrated_url) == [(7900, "USD")]


def test_what_a_failure_left_is_fetched_by_the_next_run(
    cli: Cli, migrated_url: str, fake: TwilioFake
) -> None:
    company(cli)
    sent(cli, fake, "C-1", "-0.00790", days_ago=1)
    sent(cli, fake, "C-2", "-0.00790")
    fake.faults.extend([None, server_error()])
    ran = prices(cli, fake, "--days", "2")
    assert (ran.code, ran.error["code"]) == (BUSY, "provider_unavailable")
    assert "run petmsg message prices again" in ran.error["hint"]
    assert [row["priced"] for row in ran.json] == [1]
    assert stored(migrated_url) == [(7900, "USD"), (None, None)]
    fake.faults.append(cut_json())
    assert prices(cli, fake, "--days", "1").code == BUSY
    assert prices(cli, fake, "--days", "1").code == 0
    assert stored(migrated_url) == [(7900, "USD"), (7900, "USD")]


def test_an_odd_price_is_no_price(cli: Cli, migrated_url: str, fake: TwilioFake) -> None:
    company(cli)
    sid = sent(cli, fake, "C-1", None)
    for price in ("", "free", "1e400", 7, True, {"amount": 1}, [], "-0.0079x"):
        fake.spoilt[sid] = {"price": price, "num_segments": None}
        ran = prices(cli, fake, "--days", "1")
        assert (ran.code, [row["unpriced"] for row in ran.json]) == (0, [1])
    assert stored(migrated_url) == [(None, None)]


def test_a_dry_run_stores_nothing(cli: Cli, migrated_url: str, fake: TwilioFake) -> None:
    company(cli)
    sent(cli, fake, "C-1", "-0.00790")
    ran = prices(cli, fake, "--dry-run")
    assert [row["priced"] for row in ran.json] == [0, 0, 1]
    assert stored(migrated_url) == [(None, None)]


def test_the_sandbox_costs_nothing(cli: Cli, migrated_url: str) -> None:
    cli("client", "add", "Ann", "--phone", "+14155551001", "--ref", "C-1")
    assert cli("message", "send", "C-1", "--body", "Hi").code == 0
    ran = cli("message", "prices", "-o", "json", now=clock.now())
    assert (ran.code, sum(row["priced"] for row in ran.json)) == (0, 1)
    assert stored(migrated_url) == [(0, "USD")]


@pytest.mark.parametrize("days", ["0", "401", "-1"])
def test_days_have_bounds(cli: Cli, days: str) -> None:
    ran = cli("message", "prices", "--days", days)
    assert ran.code == USAGE
    assert "1 to 400" in ran.err
