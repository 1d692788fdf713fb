"""petmsg number webhooks: what the account has for each number, and what is set after a yes."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.consistency import content
from tests.support.fixtures import Cli, Ran
from tests.support.on_twilio import DESK, POOL, company, keys
from tests.support.twilio_fake import TwilioFake
from tests.support.twilio_services import DEMO_SMS, DEMO_VOICE, FakeService
from tests.support.twilio_shapes import Fault, Request, hang, refusal

PUBLIC = "https://texts.example.com"
INBOUND = f"{PUBLIC}/twilio/inbound"
SET = f"{INBOUND}#rc=5&rp=all"
OTHERS = "+14155550999"


@pytest.fixture
def fake() -> Iterator[TwilioFake]:
    with TwilioFake(numbers=[DESK, POOL, OTHERS]) as running:
        running.account.number_settings = {
            e164: {"sms_url": DEMO_SMS, "voice_url": DEMO_VOICE} for e164 in (DESK, POOL, OTHERS)
        }
        yield running


@pytest.fixture
def paws(cli: Cli) -> Cli:
    company(cli)
    assert cli("number", "add", POOL, "--class", "pool").code == 0
    return cli


def ran(cli: Cli, fake: TwilioFake, *words: str, **environ: str) -> Ran:
    given = keys(fake, PETMSG_PUBLIC_URL=PUBLIC) | environ
    return cli("number", "webhooks", *words, "-o", "json", **given)


def install(cli: Cli, fake: TwilioFake, *words: str, **environ: str) -> Ran:
    return ran(cli, fake, "install", "--yes", *words, **environ)


def sms_urls(fake: TwilioFake) -> dict[str, object]:
    return {e164: row.get("sms_url") for e164, row in fake.account.number_settings.items()}


def posts(fake: TwilioFake) -> list[str]:
    return [each.path for each in fake.requests if each.method == "POST"]


def test_a_check_shows_each_number_of_the_org(paws: Cli, fake: TwilioFake) -> None:
    fake.numbers = [DESK, OTHERS]
    fake.account.services = [FakeService(1, "Paws", [DESK], campaigns=[("VERIFIED", "")])]

    checked = ran(paws, fake, "check")

    assert checked.code == 10
    desk, pool = checked.json
    assert (desk["number"], desk["result"], desk["url"]) == (DESK, "problem", None)
    assert (desk["through"], desk["messaging_service"]) == (
        "Messaging Service Paws",
        f"MG{1:032x}",
    )
    assert desk["voice_url"] == DEMO_VOICE
    assert desk["message"] == (
        "Messaging Service Paws drops every message to the number; petmsg never gets it; "
        "callers hear Twilio's demo"
    )
    assert desk["command"] == "petmsg number webhooks install"
    assert (pool["message"], pool["command"]) == (
        "the account does not have the number",
        "petmsg reconcile",
    )
    assert posts(fake) == []


def test_after_an_install_the_check_has_no_finding_about_addresses(
    paws: Cli, fake: TwilioFake
) -> None:
    fake.account.services = [FakeService(1, "P", [DESK, POOL], campaigns=[("VERIFIED", "")])]
    fake.account.number_settings[DESK] |= {"sms_application_sid": "AP1", "trunk_sid": "TK1"}

    done = install(paws, fake, "--voice-url", "https://calls.example.com/in?a=b")

    assert done.code == 0
    assert sms_urls(fake) == {DESK: SET, POOL: SET, OTHERS: DEMO_SMS}
    desk = done.json[0]["changes"]
    assert desk == [
        "Messaging Service P leaves messages to the addresses of its numbers",
        f"messages: application AP1 -> {SET} (POST)",
        "calls: trunk TK1 -> https://calls.example.com/in (POST)",
    ]
    assert posts(fake) == [
        f"/2010-04-01/Accounts/{fake.account_sid}/IncomingPhoneNumbers/PN{1:032x}.json",
        f"/v1/Services/MG{1:032x}",
        f"/2010-04-01/Accounts/{fake.account_sid}/IncomingPhoneNumbers/PN{2:032x}.json",
    ]
    checked = ran(paws, fake, "check")
    assert (checked.code, {row["result"] for row in checked.json}) == (0, {"ok"})
    again = install(paws, fake, "--voice-url", "https://calls.example.com/in?a=b")
    assert [row["changes"] for row in again.json] == [[], []]
    assert len(posts(fake)) == 3
    events = paws("audit", "list", "--entity", "number", "--ref", DESK, "-o", "json").json
    assert "number.webhooks_installed" in {event["event"] for event in events}


def test_calls_are_left_alone_unless_an_address_is_given(paws: Cli, fake: TwilioFake) -> None:
    assert install(paws, fake).code == 0

    assert fake.account.number_settings[DESK]["voice_url"] == DEMO_VOICE
    checked = ran(paws, fake, "check")
    assert "callers hear Twilio's demo" in checked.json[0]["message"]


def test_nothing_is_changed_without_a_yes_or_in_a_dry_run(
    migrated_url: str, paws: Cli, fake: TwilioFake
) -> None:
    before = content(migrated_url)

    asked = ran(paws, fake, "install")
    planned = ran(paws, fake, "install", "--dry-run")

    assert (asked.code, asked.error["code"]) == (2, "not_confirmed")
    assert f"{DESK}, {POOL}: messages: {DEMO_SMS} (POST) -> {SET} (POST)" in asked.err
    assert planned.code == 0
    assert planned.json[0]["changes"] == [f"messages: {DEMO_SMS} (POST) -> {SET} (POST)"]
    assert posts(fake) == []
    assert content(migrated_url) == before


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:8000"])
def test_an_install_needs_an_address_that_twilio_reaches(
    paws: Cli, fake: TwilioFake, url: str
) -> None:
    refused = install(paws, fake, PETMSG_PUBLIC_URL=url)

    assert (refused.code, posts(fake)) == (5, [])


@pytest.mark.parametrize(
    "url", ["http://a.example.com", "https://u:p@a.example.com", "https://a b", "x"]
)
def test_an_address_for_calls_must_be_https(paws: Cli, fake: TwilioFake, url: str) -> None:
    assert (install(paws, fake, "--voice-url", url).code, posts(fake)) == (2, [])


def test_a_service_with_numbers_of_others_is_left_alone(paws: Cli, fake: TwilioFake) -> None:
    fake.account.services = [FakeService(1, "Shared", [DESK, OTHERS])]

    done = install(paws, fake)

    assert done.code == 4
    desk, pool = done.json
    assert desk["error"]["code"] == "service_shared"
    assert pool["number"] == POOL
    assert sms_urls(fake) == {DESK: DEMO_SMS, POOL: SET, OTHERS: DEMO_SMS}
    assert fake.account.services[0].use_inbound_webhook_on_number is False


def test_a_service_that_hands_messages_to_petmsg_itself_is_right(
    paws: Cli, fake: TwilioFake
) -> None:
    fake.account.services = [
        FakeService(1, numbers=[DESK, POOL, OTHERS], inbound_request_url=INBOUND)
    ]

    assert [row["changes"] for row in install(paws, fake).json] == [[], []]
    assert posts(fake) == []


@pytest.mark.parametrize("fault", [refusal(20003, status=401), hang()])
def test_a_change_that_fails_is_told_and_the_rest_is_tried_once(
    paws: Cli, fake: TwilioFake, fault: Fault
) -> None:
    def chosen(request: Request) -> Fault | None:
        return fault if request.method == "POST" else None

    fake.choose_fault = chosen
    more = [f"+141555502{at:02}" for at in range(10, 14)]
    assert paws("number", "add", *more, "--class", "pool").code == 0
    fake.numbers = [DESK, POOL, *more]

    done = install(paws, fake, PETMSG_TWILIO_TIMEOUT_SECONDS="0.3")

    rows: list[Any] = done.json
    assert (done.code, len(rows), len(posts(fake))) == (4, 6, 2)
    assert {row["error"]["hint"] for row in rows} == {
        "See what the account has now: petmsg number webhooks check"
    }


def test_the_sandbox_has_no_addresses(cli: Cli) -> None:
    checked = cli("number", "webhooks", "check", "-o", "json")

    assert (checked.code, checked.error["code"]) == (4, "no_account")
