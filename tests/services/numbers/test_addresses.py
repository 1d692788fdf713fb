"""Where a number's messages go at the provider, and what of that loses or answers them."""

from dataclasses import replace

import pytest

from petmsg.providers.account import Account, MessagingService, NumberAtProvider
from petmsg.services.numbers.addresses import is_same, message_problems, shown, sms_address
from petmsg.services.numbers.call_addresses import call_problems
from tests.support.twilio_services import DEMO_SMS, DEMO_VOICE

UNREADABLE = "an address that cannot be read"
E164 = "+14155550101"
OURS = "https://texts.example.com/twilio/inbound"
GOOD = NumberAtProvider(E164, "PN1", sms=True, mms=True, sms_url=OURS, sms_method="POST")
SERVICE = MessagingService("MG1", "Paws", uses_number_address=True, numbers=(E164,))


def found(
    number: NumberAtProvider, service: MessagingService | None = None, *, expected: str | None
) -> list[tuple[str, str]]:
    services = () if service is None else (service,)
    account = Account("AC1", "", "active", False, (number,), services=services)
    problems = message_problems(account, number, expected_url=expected)
    problems += call_problems(number, None)
    return [(each.topic.value, each.words) for each in problems]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, None),
        ({"sms_method": ""}, None),
        ({"sms_url": f"{OURS}#rc=5&rp=all"}, None),
        ({"sms_url": "https://Texts.Example.com:443/twilio/inbound"}, None),
        ({"sms_url": DEMO_SMS},
         "hands messages to Twilio's demo, which answers each with a sample"),
        ({"sms_url": ""}, "messages are not handed on"),
        ({"sms_url": "https://u:secret@old.example.com:8443/in?key=secret"},
         f"hands messages to https://old.example.com:8443/in, not to {OURS}"),
        ({"sms_url": "http://texts.example.com/twilio/inbound"},
         f"hands messages to http://texts.example.com/twilio/inbound, not to {OURS}"),
        ({"sms_url": "https://["}, f"hands messages to {UNREADABLE}, not to {OURS}"),
        ({"sms_url": "nonsense"}, f"hands messages to {UNREADABLE}, not to {OURS}"),
        ({"sms_method": "GET"}, "hands messages on with GET, and petmsg takes POST"),
        ({"sms_application": "AP1"},
         "application AP1 takes the messages, so petmsg does not get them"),
    ],
)  # fmt: skip
def test_the_address_of_the_number_itself(changes: dict[str, str], problem: str | None) -> None:
    number = replace(GOOD, **changes)

    assert found(number, expected=OURS) == ([] if problem is None else [("sms_address", problem)])


@pytest.mark.parametrize("service", [None, SERVICE, replace(SERVICE, uses_number_address=None)])
def test_a_service_may_leave_it_to_the_number(service: MessagingService | None) -> None:
    assert found(GOOD, service, expected=OURS) == []
    ((topic, _),) = found(replace(GOOD, sms_url=DEMO_SMS), service, expected=OURS)
    assert topic == "sms_address"


def test_a_service_without_an_address_drops_every_message() -> None:
    service = replace(SERVICE, uses_number_address=False)
    words = "Messaging Service Paws drops every message to the number; petmsg never gets it"

    assert found(GOOD, service, expected=OURS) == [("messaging_service", words)]
    assert found(GOOD, service, expected=None) == [("messaging_service", words)]
    assert sms_address(GOOD, service).is_dropped


def test_a_service_can_hand_messages_on_itself() -> None:
    service = replace(SERVICE, uses_number_address=False, inbound_url=OURS, inbound_method="POST")
    elsewhere = replace(service, inbound_url="https://other.example.com/in")

    assert found(replace(GOOD, sms_url=DEMO_SMS), service, expected=OURS) == []
    assert found(GOOD, elsewhere, expected=OURS) == [
        (
            "messaging_service",
            f"Messaging Service Paws hands messages to https://other.example.com/in, not to {OURS}",
        )
    ]


def test_without_a_public_url_only_what_answers_or_loses_messages_is_wrong() -> None:
    assert found(replace(GOOD, sms_url=""), expected=None) == []
    assert found(replace(GOOD, sms_url="https://other.example.com/"), expected=None) == []
    assert found(replace(GOOD, sms_application="AP1"), expected=None) == []
    assert len(found(replace(GOOD, sms_url=DEMO_SMS), expected=None)) == 1


def test_the_demo_must_not_answer_calls_either() -> None:
    with_demo = replace(GOOD, voice_url=DEMO_VOICE)

    assert found(with_demo, expected=OURS) == [("voice_address", "callers hear Twilio's demo")]
    assert found(replace(with_demo, trunk="TK1"), expected=OURS) == []
    assert found(replace(with_demo, voice_application="AP1"), expected=OURS) == []
    assert found(replace(GOOD, voice_url="https://calls.example.com/"), expected=OURS) == []


def test_what_a_number_cannot_do() -> None:
    assert found(replace(GOOD, sms=False, mms=False), expected=OURS) == [
        ("capability", "the number cannot send messages")
    ]
    assert found(replace(GOOD, mms=False), expected=OURS) == [
        ("pictures", "the number cannot send pictures")
    ]
    assert found(replace(GOOD, sms=None, mms=None), expected=OURS) == []


def test_a_shown_address_holds_no_secret() -> None:
    assert shown("https://user:word@a.example.com/b?c=d#e") == "https://a.example.com/b"
    assert not is_same("https://[", OURS)
