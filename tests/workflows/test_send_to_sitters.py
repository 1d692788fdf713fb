"""One message to several sitters, through the real SDK: each has a result of their own."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.fixtures import Cli, Ran, copied
from tests.support.twilio_fake import ACCOUNT_SID, AUTH_TOKEN, TwilioFake
from tests.support.twilio_shapes import refusal

DESK, MAYA, OLGA = "+14155550100", "+14155550102", "+14155550103"
PHONES = {"S-1": "+14155552001", "S-2": "+14155552002", "S-3": "+14155552003"}


@pytest.fixture
def fake() -> Iterator[TwilioFake]:
    with TwilioFake(numbers=[DESK, MAYA, OLGA]) as running:
        yield running


@copied
def sitters(cli: Cli) -> None:
    """Two active sitters with a number each, a new one without, and an org that uses Twilio."""
    cli("number", "add", MAYA, OLGA, "--class", "sitter")
    for ref, phone in PHONES.items():
        cli("sitter", "add", f"Sitter {ref}", "--phone", phone, "--ref", ref)
    cli("sitter", "activate", "S-1", "S-2")
    assert cli("org", "set", "--yes", "--force", "--provider", "twilio").code == 0


def send(cli: Cli, fake: TwilioFake, *words: str, **options: Any) -> Ran:
    environ = {
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "PETMSG_TWILIO_API_URL": fake.url,
        "PETMSG_TWILIO_TIMEOUT_SECONDS": "2",
    }
    line = ["message", "send", "--body", "Snow day", *words, "-o", "json"]
    ran = cli(*line, **environ, **options)
    assert not any(phone in ran.out + ran.err for phone in PHONES.values())
    return ran


def to(fake: TwilioFake) -> list[tuple[str, str]]:
    """The senders and recipients that Twilio was asked for."""
    return [(each.form["From"], each.form["To"]) for each in fake.requests if each.method == "POST"]


def test_all_active_sitters_get_it_each_from_their_own_number(cli: Cli, fake: TwilioFake) -> None:
    sitters(cli)
    ran = send(cli, fake, "--to-sitter", "all-active")
    assert ran.code == 0, ran.err
    assert [(row["sitter"], row["status"], row["from"]) for row in ran.json] == [
        ("S-1", "sent", MAYA),
        ("S-2", "sent", OLGA),
    ]
    assert to(fake) == [(MAYA, PHONES["S-1"]), (OLGA, PHONES["S-2"])]


def test_one_who_cannot_be_reached_stops_nobody(cli: Cli, fake: TwilioFake) -> None:
    sitters(cli)
    cli("optout", "add", "S-1", "--reason", "asked")
    names = [word for ref in ("S-1", "S-404", "S-3", "S-2") for word in ("--to-sitter", ref)]
    ran = send(cli, fake, *names)
    assert ran.code == 4
    assert [row.get("error", {}).get("code") or row["status"] for row in ran.json] == [
        "opted_out",
        "sitter_not_found",
        "sent",
        "sent",
    ]
    assert to(fake) == [(DESK, PHONES["S-3"]), (OLGA, PHONES["S-2"])]


def test_a_provider_that_refuses_one_sends_to_the_others(cli: Cli, fake: TwilioFake) -> None:
    sitters(cli)
    fake.faults.append(refusal(21610))
    ran = send(cli, fake, "--to-sitter", "S-1", "--to-sitter", "S-2")
    assert ran.code == 4
    assert ran.json[0]["ref"] == "S-1"
    assert (ran.json[1]["sitter"], ran.json[1]["status"]) == ("S-2", "sent")
    kinds = {(each["kind"], each["ref"]) for each in cli("alert", "list", "-o", "json").json}
    assert {("relay_failed", "S-1"), ("sitter_opted_out", "S-1")} <= kinds


def test_the_same_sitter_twice_gets_it_once(cli: Cli, fake: TwilioFake) -> None:
    sitters(cli)
    ran = send(cli, fake, "--to-sitter", "S-1", "--to-sitter", PHONES["S-1"], "--to-sitter", "S-1")
    assert [row["sitter"] for row in ran.json] == ["S-1"]
    assert to(fake) == [(MAYA, PHONES["S-1"])]


def test_a_key_makes_it_safe_to_repeat(cli: Cli, fake: TwilioFake) -> None:
    sitters(cli)
    send(cli, fake, "--to-sitter", "S-1", "--key", "snow")
    again = send(cli, fake, "--to-sitter", "all-active", "--key", "snow")
    assert [(row["sitter"], row["note"]) for row in again.json] == [
        ("S-1", "already sent"),
        ("S-2", None),
    ]
    assert to(fake) == [(MAYA, PHONES["S-1"]), (OLGA, PHONES["S-2"])]


def test_a_dry_run_says_what_it_would_do_and_does_nothing(cli: Cli, fake: TwilioFake) -> None:
    sitters(cli)
    ran = send(cli, fake, "--to-sitter", "all-active", "--dry-run")
    assert [(row["sitter"], row["from"]) for row in ran.json] == [("S-1", MAYA), ("S-2", OLGA)]
    assert cli("message", "list", "-o", "json").json == []
    assert to(fake) == []


def test_with_nobody_active_nothing_is_sent(cli: Cli, fake: TwilioFake) -> None:
    cli("org", "set", "--yes", "--force", "--provider", "twilio")
    ran = send(cli, fake, "--to-sitter", "all-active")
    assert (ran.code, ran.json) == (0, [])
    assert "No sitter is active" in ran.err
