"""Numbers are bought once, whatever is lost, and given back only when nobody sees them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from petmsg import clock
from petmsg.errors import BUSY, FINDING, REFUSED, USAGE
from tests.support.call_rows import add_call
from tests.support.consistency import problems
from tests.support.fixtures import NOW, Cli, Ran, looking
from tests.support.on_twilio import DESK, POOL, SPARE, company, keys
from tests.support.twilio_fake import TwilioFake
from tests.support.twilio_shapes import Fault, Request, hang, refusal, reset, server_error

ONE, TWO, THREE = "+14155550171", "+14155550172", "+16465550173"
LATER = {"now": NOW + timedelta(minutes=6)}


@pytest.fixture
def fake() -> Iterator[TwilioFake]:
    with TwilioFake(numbers=[DESK, POOL, SPARE]) as running:
        running.market.for_sale = [ONE, TWO, THREE]
        yield running


def ran(cli: Cli, fake: TwilioFake, *words: str, **more: Any) -> Ran:
    return cli("number", *words, "-o", "json", **{**keys(fake), **more})


def bought(fake: TwilioFake) -> list[str]:
    """The numbers that Twilio was asked to sell, in order."""
    posted = [each for each in fake.requests if each.method == "POST"]
    return [each.form["PhoneNumber"] for each in posted if each.path.endswith("PhoneNumbers.json")]


def at_buying(fault: Fault) -> Any:
    """The fault happens to the request that buys."""
    left = [fault]

    def chosen(request: Request) -> Fault | None:
        buys = request.method == "POST" and request.path.endswith("/IncomingPhoneNumbers.json")
        return left.pop() if buys and left else None

    return chosen


def stored(url: str) -> list[tuple[Any, ...]]:
    with looking(url) as cursor:
        return cursor.tuples(
            "SELECT p.kind, p.status, p.e164, n.e164, p.monthly_micros, p.currency, p.code"
            " FROM number_purchase p LEFT JOIN message_number n ON n.id = p.number_id"
            " ORDER BY p.id"
        )


def test_search_says_what_is_sold_and_for_how_much(cli: Cli, fake: TwilioFake) -> None:
    company(cli)
    rows = ran(cli, fake, "search", "--area", "415").json
    assert [(row["number"], row["monthly"], row["currency"], row["mms"]) for row in rows] == [
        (ONE, "1.15", "USD", True),
        (TWO, "1.15", "USD", True),
    ]
    assert [row["number"] for row in ran(cli, fake, "search", "--contains", "0173").json] == [THREE]
    fake.market.price, fake.market.capabilities = None, None
    odd = ran(cli, fake, "search", "--limit", "1").json
    assert [(row["monthly"], row["mms"], row["voice"]) for row in odd] == [(None, None, None)]
    assert ran(cli, fake, "search", "--area", "4155").code == USAGE


def test_numbers_are_bought_and_added(cli: Cli, migrated_url: str, fake: TwilioFake) -> None:
    company(cli)
    words = ("buy", "--area", "415", "--count", "2", "--class", "pool", "--max-price", "1.15")
    refused = ran(cli, fake, *words)
    assert (refused.code, bought(fake)) == (USAGE, [])  # it asks, and nobody answers
    assert f"{ONE} (1.15 USD)" in refused.err
    done = ran(cli, fake, *words, "--yes")
    assert [(row["number"], row["status"], row["monthly"]) for row in done.json] == [
        (ONE, "done", "1.15"),
        (TWO, "done", "1.15"),
    ]
    assert "petmsg number webhooks install" in done.err
    assert stored(migrated_url) == [
        ("buy", "done", ONE, ONE, 1_150_000, "USD", None),
        ("buy", "done", TWO, TWO, 1_150_000, "USD", None),
    ]
    shown = cli("number", "show", ONE, "-o", "json").json
    assert (shown["class"], shown["status"]) == ("pool", "active")
    with looking(migrated_url) as cursor:
        assert cursor.value(
            "SELECT provider_number_id FROM message_number WHERE e164 = :e", e=ONE
        ).startswith("PN")
    assert problems(migrated_url) == []


def test_what_costs_too_much_or_is_not_offered_is_not_bought(cli: Cli, fake: TwilioFake) -> None:
    company(cli)
    cheap = ran(cli, fake, "buy", ONE, "--max-price", "1.149999", "--yes")
    assert (cheap.code, cheap.error["code"]) == (REFUSED, "number_too_expensive")
    fake.market.price = None
    assert ran(cli, fake, "buy", ONE, "--max-price", "9", "--yes").code == REFUSED
    ours = ran(cli, fake, "buy", DESK, "--yes")
    assert (ours.code, ours.error["code"]) == (REFUSED, "number_taken")
    strange = ran(cli, fake, "buy", "+14155550188", "--yes")
    assert (strange.code, strange.error["code"]) == (REFUSED, "no_number_offered")
    few = ran(cli, fake, "buy", "--area", "415", "--count", "3", "--yes")
    assert (few.code, few.error["message"]) == (
        REFUSED,
        "The provider has only 2 of 3 such numbers for sale.",
    )
    none = ran(cli, fake, "buy", "--area", "212", "--yes")
    assert (none.code, none.error["message"]) == (
        REFUSED,
        "The provider has no such number for sale.",
    )
    assert ran(cli, fake, "buy", "--yes").code == USAGE
    assert ran(cli, fake, "buy", ONE, "--area", "415", "--yes").code == USAGE
    assert ran(cli, fake, "buy", ONE, "--class", "front_desk", "--yes").code == REFUSED
    dry = ran(cli, fake, "buy", ONE, "--dry-run")
    assert (dry.code, [row["status"] for row in dry.json]) == (0, ["intended"])
    assert bought(fake) == []


def test_a_number_that_somebody_else_bought_is_a_failed_purchase(
    cli: Cli, migrated_url: str, fake: TwilioFake
) -> None:
    company(cli)
    fake.market.gone = {ONE}
    rows = ran(cli, fake, "buy", "--area", "415", "--count", "2", "--class", "pool", "--yes").json
    assert [(row["number"], row["status"], row["code"]) for row in rows] == [
        (ONE, "failed", "21422"),
        (TWO, "done", None),
    ]
    assert [row[1] for row in stored(migrated_url)] == ["failed", "done"]


@pytest.mark.parametrize("accepted", [True, False])
@pytest.mark.parametrize("fault", [reset, server_error, hang])
def test_a_lost_answer_is_looked_up_before_a_second_try(
    cli: Cli, migrated_url: str, fake: TwilioFake, fault: Any, accepted: bool
) -> None:
    company(cli)
    fake.choose_fault = at_buying(fault(accepted=accepted))
    words = ("buy", "--area", "415", "--class", "pool", "--yes")
    lost = ran(cli, fake, *words)
    assert (lost.code, [row["status"] for row in lost.json]) == (BUSY, ["intended"])
    assert "Wait five minutes, then look it up: petmsg number settle" in lost.json[0]["note"]
    again = ran(cli, fake, *words)
    assert (again.code, again.error["code"]) == (REFUSED, "purchase_open")
    assert bought(fake) == [ONE]
    early = ran(cli, fake, "settle", now=NOW + timedelta(minutes=4))
    assert early.json == []  # the request may still be on its way
    assert (
        early.err == f"{ONE}: not looked up yet, because it was asked for in the last 5 minutes.\n"
    )
    found = cli("doctor", "--findings", "-o", "json", now=NOW + timedelta(minutes=20))
    assert found.code == FINDING
    assert "petmsg number settle" in {row["command"] for row in found.json}
    then = ran(cli, fake, *words, **LATER)
    assert then.code == 0, then.err
    assert bought(fake) == ([ONE] if accepted else [ONE, ONE])
    assert [row[:4] for row in stored(migrated_url) if row[1] == "done"] == [
        ("buy", "done", ONE, ONE)
    ]
    assert [row["status"] for row in ran(cli, fake, "settle", **LATER).json] == []


@pytest.mark.slow
def test_a_process_that_is_killed_while_it_buys_buys_once(
    cli: Cli, migrated_url: str, fake: TwilioFake
) -> None:
    company(cli)
    fake.choose_fault = at_buying(hang(accepted=True))
    line = [sys.executable, "-m", "petmsg", "number", "buy", ONE, "--class", "pool", "--yes"]
    environ = {**os.environ, **keys(fake), "PETMSG_DATABASE_URL": migrated_url}
    process = subprocess.Popen(line, env=environ)
    deadline = time.monotonic() + 30
    while not bought(fake) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert [row[:3] for row in stored(migrated_url)] == [("buy", "intended", ONE)]
    settled = ran(cli, fake, "settle", now=clock.now() + timedelta(minutes=6))
    assert [(row["number"], row["status"]) for row in settled.json] == [(ONE, "done")]
    assert bought(fake) == [ONE]
    assert stored(migrated_url)[0][1:4] == ("done", ONE, ONE)


def test_a_number_is_given_back_only_when_nobody_sees_it(
    cli: Cli, migrated_url: str, fake: TwilioFake
) -> None:
    company(cli)
    assert cli("number", "add", POOL, SPARE, "--class", "pool").code == 0
    give = ("give-back", SPARE, "--reason", "not needed", "--yes")
    assert cli("number", "quarantine", SPARE, "--days", "9", "--reason", "x").code == 0
    assert ran(cli, fake, *give).error["code"] == "number_in_use"
    assert cli("number", "restore", SPARE, "--reason", "x").code == 0
    desk = ran(cli, fake, "give-back", DESK, "--reason", "x", "--yes")
    assert desk.code == REFUSED
    words = ("--from", "+14155551001", "--to", SPARE, "--body", "Hi")
    assert cli("message", "receive", *words).code == 0
    seen = ran(cli, fake, *give)
    assert (seen.code, seen.error["code"]) == (REFUSED, "number_in_use")
    assert ran(cli, fake, "give-back", SPARE, "--reason", "x").error["code"] == "number_in_use"
    assert ran(cli, fake, "give-back", POOL, "--reason", "x").code == USAGE
    assert stored(migrated_url) == []
    after = {"now": NOW + timedelta(days=91)}
    done = ran(cli, fake, *give, **after)
    assert (done.code, done.json["status"]) == (0, "done"), done.err
    assert fake.given_back == {SPARE}
    assert cli("number", "show", SPARE, "-o", "json").json["status"] == "retired"
    assert stored(migrated_url)[0][:4] == ("give_back", "done", SPARE, SPARE)


@pytest.mark.parametrize("shown", [False, True])
def test_a_number_that_was_called_or_shown_in_a_call_stays(
    cli: Cli, migrated_url: str, fake: TwilioFake, shown: bool
) -> None:
    company(cli)
    assert cli("number", "add", POOL, SPARE, "--class", "pool").code == 0
    if shown:  # to the client whom a sitter called from another number
        rings = {"rings": [{"target": "client", "ref": "C-1", "caller_id": SPARE}]}
        add_call(migrated_url, e164=POOL, decision=rings)
    else:
        add_call(migrated_url, e164=SPARE)
    give = ("give-back", SPARE, "--reason", "not needed", "--yes")
    seen = ran(cli, fake, *give, now=NOW + timedelta(days=89))
    assert (seen.code, seen.error["code"]) == (REFUSED, "number_in_use")
    done = ran(cli, fake, *give, now=NOW + timedelta(days=91))
    assert (done.code, done.json["status"]) == (0, "done"), done.err


def test_a_sitters_number_and_one_that_sent_stay(cli: Cli, fake: TwilioFake) -> None:
    company(cli)
    assert cli("number", "add", POOL, "--class", "sitter").code == 0
    words = ("--phone", "+14155552001", "--ref", "S-1", "--activate")
    assert cli("sitter", "add", "Maya", *words).code == 0
    after = {"now": NOW + timedelta(days=91)}
    held = ran(cli, fake, "give-back", POOL, "--reason", "x", "--yes", **after)
    assert held.error["code"] == "number_in_use"
    words = ("message", "send", "--to-sitter", "S-1", "--body", "Hi")
    assert cli(*words, **keys(fake)).code == 0
    assert cli("sitter", "deactivate", "S-1", "--yes").code == 0
    assert cli("number", "restore", POOL, "--reason", "x").code == 0
    sent = ran(cli, fake, "give-back", POOL, "--reason", "x", "--yes")
    assert sent.error["code"] == "number_in_use"
    assert "must rest for 90 days" in sent.error["hint"]


def test_an_answer_that_is_lost_when_giving_back_is_asked_again(
    cli: Cli, migrated_url: str, fake: TwilioFake
) -> None:
    company(cli)
    assert cli("number", "add", SPARE, "--class", "pool").code == 0
    fake.choose_fault = lambda each: reset(accepted=True) if each.method == "DELETE" else None
    lost = ran(cli, fake, "give-back", SPARE, "--reason", "x", "--yes")
    assert lost.json["status"] == "intended"
    fake.choose_fault = None
    settled = ran(cli, fake, "settle", **LATER)
    assert [row["status"] for row in settled.json] == ["done"]
    assert stored(migrated_url)[0][1] == "done"


def test_a_number_that_another_account_has_is_not_given_back(
    cli: Cli, migrated_url: str, fake: TwilioFake
) -> None:
    """As after a change of account: the former one has it still, and pays for it."""
    company(cli)
    assert cli("number", "add", THREE, "--class", "pool").code == 0
    refused = ran(cli, fake, "give-back", THREE, "--reason", "x", "--yes")
    assert (refused.code, refused.error["code"]) == (REFUSED, "number_not_at_account")
    assert cli("number", "show", THREE, "-o", "json").json["status"] == "active"
    assert stored(migrated_url) == []


def test_twilios_refusal_is_told_and_a_second_try_is_possible(
    cli: Cli, migrated_url: str, fake: TwilioFake
) -> None:
    company(cli)
    fake.choose_fault = at_buying(refusal(21404, message="Trial accounts have one number"))
    rows = ran(cli, fake, "buy", ONE, "--class", "pool", "--yes").json
    assert [(row["status"], row["code"]) for row in rows] == [("failed", "21404")]
    again = ran(cli, fake, "buy", ONE, "--class", "pool", "--yes")
    assert [row["status"] for row in again.json] == ["done"]
    assert [row[1] for row in stored(migrated_url)] == ["failed", "done"]


def test_the_sandbox_sells_numbers_for_nothing(sqlite_cli: Cli, migrated_sqlite: str) -> None:
    words = ("number", "buy", "--area", "415", "--count", "2", "--class", "pool", "--yes")
    first = sqlite_cli(*words, "-o", "json")
    assert [row["number"] for row in first.json] == ["+14155550101", "+14155550102"]
    second = sqlite_cli(*words, "-o", "json")
    assert [row["number"] for row in second.json] == ["+14155550103", "+14155550104"]
    back = sqlite_cli("number", "give-back", "+14155550104", "--reason", "x", "--yes", "-o", "json")
    assert (back.code, back.json["status"]) == (0, "done"), back.err
