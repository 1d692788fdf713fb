"""What the adapter sees of an account, also where Twilio answers oddly, and what it changes."""

from collections.abc import Iterator
from typing import Any

import pytest

from petmsg.errors import ProviderAccount, ProviderUnavailable
from petmsg.providers.account import (
    Account,
    AccountInspector,
    NewAddresses,
    RegistrationKind,
    RegistrationState,
)
from petmsg.providers.credentials import TwilioCredentials
from petmsg.providers.twilio import TwilioProvider
from tests.support.twilio_account import MISSING
from tests.support.twilio_fake import ACCOUNT_SID, AUTH_TOKEN, TwilioFake
from tests.support.twilio_services import DEMO_SMS, DEMO_VOICE, FakeService
from tests.support.twilio_shapes import Fault, Request, answer, hang, refusal, server_error

ONE, TWO, TOLL_FREE = "+14155550101", "+14155550102", "+18885550103"
OURS = "https://texts.example.com/twilio/inbound"


@pytest.fixture
def fake() -> Iterator[TwilioFake]:
    with TwilioFake(numbers=[ONE, TWO, TOLL_FREE]) as running:
        yield running


@pytest.fixture
def twilio(fake: TwilioFake) -> Iterator[TwilioProvider]:
    provider = connected(fake)
    yield provider
    provider.close()


def connected(fake: TwilioFake, **options: Any) -> TwilioProvider:
    credentials = TwilioCredentials(ACCOUNT_SID, AUTH_TOKEN)
    return TwilioProvider(credentials, api_url=fake.url, timeout_seconds=0.5, **options)


def on(path: str, fault: Fault) -> Any:
    """The fault for requests whose path ends so."""

    def chosen(request: Request) -> Fault | None:
        return fault if request.path.endswith(path) else None

    return chosen


def untold(account: Account) -> list[str]:
    return [each.what for each in account.untold]


def test_an_account_without_anything_special(twilio: TwilioProvider) -> None:
    account = twilio.look()

    assert isinstance(twilio, AccountInspector)
    assert (account.provider_id, account.name) == (ACCOUNT_SID, "Happy Paws")
    assert (account.status, account.is_trial) == ("active", False)
    assert [number.e164 for number in account.numbers] == [ONE, TWO, TOLL_FREE]
    assert account.numbers[0].provider_number_id == f"PN{1:032x}"
    assert (account.services, account.toll_free, account.brands) == ((), (), None)
    assert account.untold == ()
    assert AUTH_TOKEN not in repr(account)
    assert "the-token-of-the-account" not in repr(account)


def test_addresses_capabilities_and_what_takes_their_place(
    fake: TwilioFake, twilio: TwilioProvider
) -> None:
    fake.account.number_settings = {
        ONE: {
            "sms_url": DEMO_SMS,
            "voice_url": DEMO_VOICE,
            "sms_application_sid": "AP1",
            "voice_application_sid": "AP2",
            "trunk_sid": "TK1",
            "sms_method": "GET",
        },
        TWO: {"capabilities": {"voice": False, "sms": False, "mms": None}},
    }

    one, two, _ = twilio.look().numbers

    assert (one.sms_url, one.sms_method, one.sms_application) == (DEMO_SMS, "GET", "AP1")
    assert (one.voice_url, one.voice_application, one.trunk) == (DEMO_VOICE, "AP2", "TK1")
    assert (two.voice, two.sms, two.mms) == (False, False, None)


def test_services_and_their_campaigns(fake: TwilioFake, twilio: TwilioProvider) -> None:
    fake.account.services = [
        FakeService(1, "Paws", [ONE], campaigns=[("FAILED", "No opt-in was shown")]),
        FakeService(2, "Tails", [TWO], inbound_request_url=OURS, use_inbound_webhook_on_number=True,
                    campaigns=[("VERIFIED", "")]),
        FakeService(3, "Empty"),
    ]  # fmt: skip
    fake.account.brands = [("SUSPENDED", "")]
    fake.account.toll_free = {TOLL_FREE: ("TWILIO_REJECTED", "The website is not reachable")}

    account = twilio.look()

    paws, tails, empty = account.services or ()
    assert (paws.name, paws.numbers, paws.drops_replies) == ("Paws", (ONE,), True)
    assert (tails.inbound_url, tails.uses_number_address) == (OURS, True)
    assert (tails.drops_replies, tails.is_registered, empty.campaigns) == (False, True, None)
    assert account.service_of(TWO) == tails
    assert account.service_of(TOLL_FREE) is None
    assert [(each.state, each.reason) for each in paws.campaigns or ()] == [
        (RegistrationState.REFUSED, "30909: No opt-in was shown")
    ]
    assert [each.state for each in tails.campaigns or ()] == [RegistrationState.APPROVED]
    assert [each.state for each in account.brands or ()] == [RegistrationState.SUSPENDED]
    (verification,) = account.toll_free or ()
    assert verification.kind is RegistrationKind.TOLL_FREE
    assert verification.number_id == account.numbers[2].provider_number_id
    assert (verification.state, verification.reason) == (
        RegistrationState.REFUSED,
        "The website is not reachable",
    )
    assert twilio.memberships() == {ONE: paws.provider_id, TWO: tails.provider_id}


def test_every_page_is_read(fake: TwilioFake, twilio: TwilioProvider) -> None:
    numbers = [f"+1415556{at:04}" for at in range(250)]
    fake.account.services = [FakeService(1, numbers=numbers)]

    assert twilio.memberships() == dict.fromkeys(numbers, f"MG{1:032x}")


def test_a_standard_key_may_not_read_the_account_itself(
    fake: TwilioFake, twilio: TwilioProvider
) -> None:
    fake.choose_fault = on(f"/Accounts/{ACCOUNT_SID}.json", refusal(20003, status=401))

    account = twilio.look()

    assert (account.provider_id, account.status, account.is_trial) == (ACCOUNT_SID, "", None)
    assert untold(account) == ["the account's status"]
    assert len(account.numbers) == 3


@pytest.mark.parametrize(
    "fault",
    [
        refusal(20003, status=401),
        refusal(20404, status=404),
        server_error(500),
        answer(200, b"<html>a proxy</html>"),
        answer(200, {"meta": {"key": "services"}, "services": None}),
        answer(200, {"meta": {"key": "services"}, "services": {"sid": "MG"}}),
        answer(200, b"[]"),
        answer(200, {}),
        answer(403, b""),
        hang(),
    ],
)
def test_services_that_are_not_told_leave_the_rest(
    fake: TwilioFake, twilio: TwilioProvider, fault: Fault
) -> None:
    fake.account.services = [FakeService(1, numbers=[ONE])]
    fake.choose_fault = on("/v1/Services", fault)

    account = twilio.look()

    assert account.services is None
    assert untold(account) == ["the Messaging Services"]
    assert account.toll_free == ()
    assert twilio.memberships() is None


def test_the_rest_is_not_asked_for_when_two_answers_did_not_come(
    fake: TwilioFake, twilio: TwilioProvider
) -> None:
    fake.account.services = [FakeService(at, numbers=[ONE]) for at in range(1, 30)]
    fake.choose_fault = on("/PhoneNumbers", hang())

    account = twilio.look()

    assert [each.numbers for each in account.services or ()] == [None] * 29
    assert len(untold(account)) == 3
    assert untold(account)[2] == "the rest of the account"
    assert sum(request.path.endswith("/PhoneNumbers") for request in fake.requests) == 2
    assert twilio.memberships() is None


def test_numbers_that_are_not_told_are_an_error(fake: TwilioFake, twilio: TwilioProvider) -> None:
    fake.faults.append(refusal(20003, status=401))
    with pytest.raises(ProviderAccount):
        twilio.look()

    fake.faults.append(answer(200, {"incoming_phone_numbers": "none"}))
    with pytest.raises(ProviderUnavailable):
        twilio.look()

    fake.faults.append(hang())
    with pytest.raises(ProviderUnavailable):
        twilio.look()


@pytest.mark.parametrize("value", [None, MISSING, 7, [], "", {"a": 1}])
def test_odd_values_are_read_as_missing(
    fake: TwilioFake, twilio: TwilioProvider, value: object
) -> None:
    service = FakeService(1, numbers=[ONE], campaigns=[("VERIFIED", "")])
    fake.account.services = [service]
    fake.account.toll_free = {TOLL_FREE: ("PENDING_REVIEW", "")}
    names = ("capabilities", "sms_url", "voice_url", "sms_method", "sms_application_sid", "sid",
             "trunk_sid")  # fmt: skip
    fake.spoilt[ONE] = dict.fromkeys(names, value)
    fake.spoilt[service.sid] = dict.fromkeys(
        ("friendly_name", "inbound_request_url", "use_inbound_webhook_on_number"), value
    )
    fake.spoilt[f"QE{1:032x}"] = dict.fromkeys(("campaign_status", "errors", "sid"), value)
    fake.spoilt[f"HH{1:032x}"] = dict.fromkeys(("status", "tollfree_phone_number_sid"), value)

    account = twilio.look()

    one = account.numbers[0]
    assert (one.e164, one.sms_url, one.sms, one.provider_number_id) == (ONE, "", None, "")
    (service_seen,) = account.services or ()
    assert (service_seen.name, service_seen.uses_number_address) == ("", None)
    assert service_seen.drops_replies is False
    assert [each.state for each in service_seen.campaigns or ()] == [RegistrationState.UNCLEAR]
    assert [each.state for each in account.toll_free or ()] == [RegistrationState.UNCLEAR]


def test_a_row_that_says_nothing_hides_no_other(fake: TwilioFake, twilio: TwilioProvider) -> None:
    fake.spoilt[ONE] = {"sid": None, "phone_number": None}

    account = twilio.look()

    assert [number.e164 for number in account.numbers] == [TWO, TOLL_FREE]
    assert untold(account) == ["some of the account's numbers"]


def test_addresses_are_set_with_post_and_without_what_takes_their_place(
    fake: TwilioFake, twilio: TwilioProvider
) -> None:
    fake.account.number_settings = {
        ONE: {"sms_application_sid": "AP1", "trunk_sid": "TK1", "sms_method": "GET"}
    }

    number = twilio.set_addresses(f"PN{1:032x}", NewAddresses(sms_url=OURS))

    assert (number.sms_url, number.sms_method, number.sms_application) == (OURS, "POST", "")
    assert (number.voice_url, number.trunk) == ("", "TK1")

    twilio.set_addresses(f"PN{1:032x}", NewAddresses(voice_url="https://voice.example.com/"))

    one = twilio.look().numbers[0]
    assert (one.sms_url, one.voice_url, one.trunk) == (OURS, "https://voice.example.com/", "")

    number = twilio.set_addresses(f"PN{1:032x}", NewAddresses(status_url="https://end.example.com"))

    assert (number.status_callback, number.status_callback_method) == (
        "https://end.example.com",
        "POST",
    )
    assert number.voice_url == "https://voice.example.com/"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (refusal(20003, status=401), ProviderAccount),
        (refusal(20404, status=404), ProviderAccount),
        (hang(), ProviderUnavailable),
        (answer(200, b"{"), ProviderUnavailable),
        (answer(200, {"sid": "PN1", "sms_url": None}), ProviderUnavailable),
        (refusal(21402), ProviderUnavailable),
    ],
)
def test_an_address_that_was_not_taken_is_an_error(
    fake: TwilioFake, twilio: TwilioProvider, fault: Fault, error: type[Exception]
) -> None:
    fake.faults.append(fault)

    with pytest.raises(error):
        twilio.set_addresses(f"PN{1:032x}", NewAddresses(sms_url=OURS))


def test_a_service_hands_replies_on_from_now_on(fake: TwilioFake, twilio: TwilioProvider) -> None:
    fake.account.services = [FakeService(1, numbers=[ONE])]

    twilio.use_number_addresses(f"MG{1:032x}")

    (service,) = twilio.look().services or ()
    assert service.uses_number_address is True

    fake.faults.append(answer(200, {"use_inbound_webhook_on_number": None}))
    with pytest.raises(ProviderUnavailable):
        twilio.use_number_addresses(f"MG{1:032x}")
