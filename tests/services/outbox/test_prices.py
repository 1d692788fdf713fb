"""Prices and segments of messages are stored as the provider tells them, as often as it does."""

from typing import Any

from petmsg.money import Money
from petmsg.providers.base import Bill
from petmsg.services.outbox.prices import Priced, record_bills
from tests.support.fixtures import Cli, looking, working


def stored(url: str) -> list[tuple[Any, ...]]:
    with looking(url) as cursor:
        return cursor.tuples(
            "SELECT price_micros, price_currency, segments FROM message ORDER BY id"
        )


def record(url: str, *bills: Bill) -> Priced:
    with working(url, org="happy-paws") as uow:
        return record_bills(uow, bills)


def three_messages(cli: Cli, url: str) -> list[str]:
    """Two messages that went out and one that came in; their ids."""
    cli("client", "add", "Ann", "--phone", "+14155551001", "--ref", "C-1")
    for body in ("Hi", "See you"):
        assert cli("message", "send", "C-1", "--body", body).code == 0
    words = ("--from", "+14155551001", "--to", "+14155550100", "--body", "Yes", "--sid", "SM-in")
    assert cli("message", "receive", *words).code == 0
    with looking(url) as cursor:
        return [
            row[0] for row in cursor.tuples("SELECT provider_message_id FROM message ORDER BY id")
        ]


def test_prices_come_late_and_are_stored_once(cli: Cli, migrated_url: str) -> None:
    first, second, inbound = three_messages(cli, migrated_url)
    unknown = Bill(first, None, None)
    priced = Bill(second, Money(15800, "USD"), 2)
    received = Bill(inbound, Money(7900, "USD"), 1)
    strange = Bill("SM-of-another-account", Money(1, "USD"), 1)
    assert record(migrated_url, unknown, priced, received, strange) == Priced(3, 2, 1)
    kept = [(None, None, 1), (15800, "USD", 2), (7900, "USD", 1)]
    assert stored(migrated_url) == kept
    assert record(migrated_url, priced, received, unknown) == Priced(3, 0, 1)
    assert stored(migrated_url) == kept
    later = Bill(first, Money(7900, "EUR"), 1)
    assert record(migrated_url, later, Bill(second, None, 2)) == Priced(2, 1, 0)
    assert stored(migrated_url) == [(7900, "EUR", 1), *kept[1:]]


def test_another_orgs_message_gets_no_price(cli: Cli, migrated_url: str) -> None:
    first, *_ = three_messages(cli, migrated_url)
    words = ("org", "add", "other", "--name", "Other", "--timezone", "UTC")
    assert cli(*words, "--front-desk", "+14155550900").code == 0
    with working(migrated_url, org="other") as uow:
        assert record_bills(uow, [Bill(first, Money(1, "USD"), 1)]) == Priced(0, 0, 0)
    assert stored(migrated_url)[0] == (None, None, 1)
