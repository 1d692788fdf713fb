"""org set --provider twilio looks at the account, shows it, and refuses one that cannot send."""

from collections.abc import Iterator

import pytest

from tests.support.fixtures import Cli, looking
from tests.support.on_twilio import DESK, POOL, keys
from tests.support.twilio_fake import TwilioFake
from tests.support.twilio_services import DEMO_SMS, FakeService
from tests.support.twilio_shapes import Fault, answer, hang, refusal

TO_TWILIO = ("org", "set", "--provider", "twilio", "-o", "json")


@pytest.fixture
def fake() -> Iterator[TwilioFake]:
    with TwilioFake(numbers=[DESK, POOL]) as running:
        yield running


def provider(cli: Cli) -> str:
    return str(cli("org", "show", "-o", "json").json["provider"])


@pytest.mark.parametrize("words", [(), ("--quiet",)])
def test_it_shows_what_it_found_and_asks(
    cli: Cli, fake: TwilioFake, words: tuple[str, ...]
) -> None:
    fake.account.number_settings = {DESK: {"sms_url": DEMO_SMS}}
    fake.account.kind = "Trial"

    ran = cli(*TO_TWILIO, *words, **keys(fake))

    assert (ran.code, ran.error["code"]) == (2, "not_confirmed")
    assert "The trial account Happy Paws" in ran.err
    assert f"{DESK}: hands messages to Twilio's demo" in ran.err
    assert "petmsg number webhooks install" in ran.err
    assert "from sandbox to twilio? Messages then reach real phones" in ran.error["message"]
    assert provider(cli) == "sandbox"
    assert {request.method for request in fake.requests} == {"GET"}


def test_nobody_is_asked_and_quiet_shows_nothing(cli: Cli, fake: TwilioFake) -> None:
    assert cli(*TO_TWILIO, "--quiet", "--yes", **keys(fake)).err == ""


def test_after_a_yes_the_numbers_are_known_as_the_account_has_them(
    migrated_url: str, cli: Cli, fake: TwilioFake
) -> None:
    fake.account.services = [FakeService(1, "Paws", [DESK])]

    assert cli(*TO_TWILIO, "--yes", "--dry-run", **keys(fake)).code == 0
    assert provider(cli) == "sandbox"
    assert cli(*TO_TWILIO, "--yes", **keys(fake)).code == 0

    assert provider(cli) == "twilio"
    with looking(migrated_url) as cursor:
        rows = cursor.tuples("SELECT provider_number_id, messaging_service FROM message_number")
    assert rows == [(f"PN{1:032x}", f"MG{1:032x}")]


@pytest.mark.parametrize("words", [(), ("--yes",), ("--dry-run",)])
def test_without_credentials_it_is_refused(cli: Cli, words: tuple[str, ...]) -> None:
    ran = cli(*TO_TWILIO, *words)

    assert (ran.code, ran.error["code"], ran.out) == (5, "credentials_missing", "")
    assert "--force" in ran.error["hint"]
    assert provider(cli) == "sandbox"


@pytest.mark.parametrize(
    ("fault", "code", "name"),
    [
        (refusal(20003, status=401), 5, "provider_account"),
        (answer(200, b"<html>"), 75, "provider_unavailable"),
        (hang(), 75, "provider_unavailable"),
    ],
)
def test_an_account_that_refuses_or_does_not_answer_is_refused(
    cli: Cli, fake: TwilioFake, fault: Fault, code: int, name: str
) -> None:
    fake.choose_fault = lambda _: fault
    environ = keys(fake) | {"PETMSG_TWILIO_TIMEOUT_SECONDS": "0.3"}

    ran = cli(*TO_TWILIO, "--yes", **environ)

    assert (ran.code, ran.error["code"], provider(cli)) == (code, name, "sandbox")
    forced = cli(*TO_TWILIO, "--yes", "--force", **environ)
    assert (forced.code, provider(cli)) == (0, "twilio")
    assert "The provider is changed all the same (--force)." in forced.err


@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_an_account_that_sends_nothing_is_refused(cli: Cli, fake: TwilioFake, status: str) -> None:
    fake.account.status = status

    ran = cli(*TO_TWILIO, "--yes", **keys(fake))

    assert (ran.code, ran.error["code"], provider(cli)) == (5, "provider_account", "sandbox")
    assert f"is {status}" in ran.error["message"]


def test_the_account_is_the_one_that_the_org_is_to_have(cli: Cli, fake: TwilioFake) -> None:
    north = {f"{name}_NORTH": value for name, value in keys(fake).items() if "TWILIO_A" in name}
    url = {"PETMSG_TWILIO_API_URL": fake.url}
    line = (*TO_TWILIO, "--yes")

    assert cli(*line, **north, **url).code == 5
    assert cli(*line, "--twilio-account", "north", **north, **url).code == 0
    assert provider(cli) == "twilio"


def test_back_to_the_sandbox_needs_no_account(cli: Cli) -> None:
    assert cli(*TO_TWILIO, "--yes", "--force").code == 0

    ran = cli("org", "set", "--provider", "sandbox", "--yes")

    assert (ran.code, provider(cli)) == (0, "sandbox")


def test_a_provider_that_stays_is_not_looked_at(cli: Cli, fake: TwilioFake) -> None:
    assert cli(*TO_TWILIO, "--yes", **keys(fake)).code == 0
    asked = len(fake.requests)

    assert cli(*TO_TWILIO, **keys(fake)).code == 0
    assert len(fake.requests) == asked
