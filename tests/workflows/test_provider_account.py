"""Looking at an org's account from a workflow: what it says, and what it refuses."""

from collections.abc import Iterator

import pytest

from petmsg.errors import CredentialsMissing, Misconfigured, ProviderAccount, ProviderUnavailable
from petmsg.workflows.environment import Environment
from petmsg.workflows.provider_account import NoAccount, look, required_address
from petmsg.workflows.store import Store
from tests.support.fixtures import Cli
from tests.support.on_twilio import DESK, POOL, company, keys
from tests.support.twilio_fake import TwilioFake
from tests.support.twilio_services import DEMO_SMS
from tests.support.twilio_shapes import hang, refusal


@pytest.fixture
def fake() -> Iterator[TwilioFake]:
    with TwilioFake(numbers=[DESK, POOL]) as running:
        running.account.number_settings = {DESK: {"sms_url": DEMO_SMS}, POOL: {"sms_url": DEMO_SMS}}
        yield running


@pytest.fixture
def store(cli: Cli, migrated_url: str) -> Iterator[Store]:
    company(cli)
    opened = Store(Environment({}), db=migrated_url, actor="test")
    with opened.at_end:
        yield opened


def given(store: Store, environ: dict[str, str]) -> Store:
    return Store(Environment(environ), db=store.location.url, actor="test")


def looked(store: Store, environ: dict[str, str]) -> list[str]:
    with (asking := given(store, environ)).at_end:
        seen = look(asking, asking.orgs()[0])
    assert seen.summary == (
        f"The full account Happy Paws ({seen.account.provider_id}): active, 2 numbers"
    )
    return [found.message for found in seen.findings]


def test_the_findings_are_about_the_numbers_of_the_org(store: Store, fake: TwilioFake) -> None:
    demo, unregistered = looked(store, keys(fake))

    assert demo.startswith(f"{DESK}: hands messages to Twilio's demo")
    assert unregistered.startswith(f"{DESK}: the number is in no registered 10DLC campaign")


def test_an_org_without_numbers_of_the_account_sees_all(store: Store, fake: TwilioFake) -> None:
    fake.numbers = [POOL, "+14155550999"]

    missing, *found = looked(store, keys(fake))
    assert missing.startswith(f"{DESK}: the account does not have the number")
    assert {words.partition(":")[0] for words in found} == {
        POOL,
        f"{POOL}, +14155550999",
    }


@pytest.mark.parametrize(
    ("environ", "error"),
    [
        ({}, CredentialsMissing),
        ({"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "x"}, CredentialsMissing),
    ],
)
def test_credentials_that_cannot_be_right(
    store: Store, environ: dict[str, str], error: type[Exception]
) -> None:
    with (asking := given(store, environ)).at_end, pytest.raises(error):
        look(asking, asking.orgs()[0])


def test_what_the_provider_refuses_or_does_not_answer(store: Store, fake: TwilioFake) -> None:
    environ = keys(fake) | {"PETMSG_TWILIO_TIMEOUT_SECONDS": "0.3"}
    with (asking := given(store, environ)).at_end:
        org = asking.orgs()[0]
        fake.faults.append(refusal(20003, status=401))
        with pytest.raises(ProviderAccount):
            look(asking, org)
        fake.faults.append(hang())
        with pytest.raises(ProviderUnavailable):
            look(asking, org)


def test_the_sandbox_has_no_account(cli: Cli, migrated_url: str) -> None:
    opened = Store(Environment({}), db=migrated_url, actor="test")
    with opened.at_end, pytest.raises(NoAccount):
        look(opened, opened.orgs()[0])


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:8000", "not a url"])
def test_an_address_that_twilio_cannot_reach_is_none(store: Store, url: str) -> None:
    with pytest.raises(Misconfigured):
        required_address(given(store, {"PETMSG_PUBLIC_URL": url}))
