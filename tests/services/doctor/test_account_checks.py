"""doctor --provider looks at the accounts, each once, and ends in findings whatever they answer."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.fixtures import Cli
from tests.support.on_twilio import DESK, POOL, company, keys
from tests.support.twilio_fake import TwilioFake
from tests.support.twilio_services import DEMO_SMS, FakeService
from tests.support.twilio_shapes import Fault, Request, answer, hang, refusal

PUBLIC = "https://texts.example.com"
INBOUND = f"{PUBLIC}/twilio/inbound"


@pytest.fixture
def fake() -> Iterator[TwilioFake]:
    with TwilioFake(numbers=[DESK, POOL]) as running:
        yield running


def set_up(fake: TwilioFake) -> FakeService:
    """An account without a fault."""
    service = FakeService(1, "Paws", [DESK, POOL], campaigns=[("VERIFIED", "")])
    service.use_inbound_webhook_on_number = True
    fake.account.services = [service]
    fake.account.number_settings = {e164: {"sms_url": INBOUND} for e164 in (DESK, POOL)}
    return service


def told(cli: Cli, fake: TwilioFake, **environ: str) -> list[tuple[str, str]]:
    names = ("--check", "provider_account", "--check", "provider", "-o", "json")
    ran = cli("doctor", "--provider", *names, **keys(fake, PETMSG_PUBLIC_URL=PUBLIC) | environ)
    assert ran.err == ""
    return [(row["result"], row["message"]) for row in ran.json if row["result"] != "ok"]


def test_an_account_that_is_set_up_has_no_finding(cli: Cli, fake: TwilioFake) -> None:
    company(cli)
    set_up(fake)

    assert told(cli, fake) == []


def test_calls_are_looked_at_once_the_company_takes_them(cli: Cli, fake: TwilioFake) -> None:
    company(cli)
    set_up(fake)
    fake.account.number_settings[DESK]["voice_url"] = "https://ivr.example.com/in"
    assert told(cli, fake) == []
    cli("org", "set", "--voicemail", "on")

    elsewhere = told(cli, fake)
    fake.account.number_settings[DESK]["voice_url"] = f"{PUBLIC}/twilio/voice"
    incomplete = told(cli, fake)

    assert elsewhere == [
        (
            "warning",
            f"{DESK}: hands calls to https://ivr.example.com/in, not to {PUBLIC}/twilio/voice",
        )
    ]
    assert incomplete == [
        (
            "problem",
            f"{DESK}: tells the end of calls to nowhere, not to {PUBLIC}/twilio/voice/ended (POST)",
        )
    ]


def test_what_is_wrong_is_found_and_nothing_is_changed(cli: Cli, fake: TwilioFake) -> None:
    company(cli)
    service = set_up(fake)
    service.use_inbound_webhook_on_number = False
    service.campaigns = []
    fake.account.kind = "Trial"

    rows = told(cli, fake)

    assert [result for result, _ in rows] == ["warning", "problem", "problem"]
    assert "trial" in rows[0][1]
    assert rows[1][1].startswith(f"{DESK}: Messaging Service Paws drops every message")
    assert rows[2][1].startswith(f"{DESK}: the number is in no registered 10DLC campaign")
    assert {request.method for request in fake.requests} == {"GET"}


def test_an_account_is_looked_at_before_a_company_uses_it(cli: Cli, fake: TwilioFake) -> None:
    set_up(fake)
    fake.account.number_settings[DESK] = {"sms_url": DEMO_SMS}

    assert [words.partition(":")[0] for _, words in told(cli, fake)] == [DESK]


@pytest.mark.parametrize("fault", [hang(), answer(200, b"<html>"), refusal(20003, status=401)])
@pytest.mark.parametrize("path", [".json", "/v1/Services", "/PhoneNumbers"])
def test_odd_answers_end_in_findings(cli: Cli, fake: TwilioFake, fault: Fault, path: str) -> None:
    def chosen(request: Request) -> Fault | None:
        return fault if request.path.endswith(path) else None

    company(cli)
    set_up(fake)
    fake.choose_fault = chosen

    rows: list[Any] = told(cli, fake, PETMSG_TWILIO_TIMEOUT_SECONDS="0.3")

    assert rows
    assert all("Traceback" not in words for _, words in rows)
