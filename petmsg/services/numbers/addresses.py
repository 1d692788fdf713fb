"""Where a number's messages and calls are handed to, and what is wrong with it. Pure functions."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from petmsg.enums.alerts import CheckResult
from petmsg.providers.account import Account, MessagingService, NumberAtProvider

DEMO_HOST = "demo.twilio.com"
"""Twilio gives new numbers addresses of this host, which answer with a sample."""
_PORTS = {"https": 443, "http": 80}
_CHECK = "petmsg number webhooks check{org}"
INSTALL = "petmsg number webhooks install{org}"


class AccountTopic(StrEnum):
    """What a finding about an account concerns."""

    ACCOUNT = "account"
    MISSING = "missing"
    CAPABILITY = "capability"
    PICTURES = "pictures"
    SMS_ADDRESS = "sms_address"
    VOICE_ADDRESS = "voice_address"
    MESSAGING_SERVICE = "messaging_service"
    REGISTRATION = "registration"
    UNTOLD = "untold"


@dataclass(frozen=True, slots=True)
class NumberProblem:
    """What is wrong with a number at the provider.

    `words` follow the number and a colon, and `command` may have `{org}` and `{number}`.
    """

    topic: AccountTopic
    result: CheckResult
    words: str
    command: str = _CHECK


@dataclass(frozen=True, slots=True)
class SmsAddress:
    """Where the messages to a number are handed to: `url` with `method`, by what `through` names.

    An application's address is not known, and `url` is empty. `is_dropped`: nowhere, and the
    provider does not even list them.
    """

    url: str
    method: str
    through: str = ""
    is_dropped: bool = False


def shown(url: str) -> str:
    """A URL without user, password, query and fragment, which can hold secrets of somebody else."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "an address that cannot be read"
    if not host:
        return "an address that cannot be read"
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path}"


def is_demo(url: str) -> bool:
    """Whether the address is the sample that new numbers have."""
    try:
        return urlsplit(url).hostname == DEMO_HOST
    except ValueError:
        return False


def is_same(url: str, expected: str) -> bool:
    """Whether two URLs are one address. Query and fragment are the provider's settings."""
    try:
        one, other = urlsplit(url), urlsplit(expected)
        ports = [each.port or _PORTS.get(each.scheme) for each in (one, other)]
    except ValueError:
        return False
    return (one.scheme, one.hostname, ports[0], one.path) == (
        other.scheme,
        other.hostname,
        ports[1],
        other.path,
    )


def sms_address(number: NumberAtProvider, service: MessagingService | None) -> SmsAddress:
    """Where the messages to a number are handed to."""
    if service is not None and service.uses_number_address is False:
        named = f"Messaging Service {service.name or service.provider_id}"
        return SmsAddress(
            service.inbound_url, service.inbound_method, named, is_dropped=service.drops_replies
        )
    if number.sms_application:
        return SmsAddress("", "", f"application {number.sms_application}")
    return SmsAddress(number.sms_url, number.sms_method)


def message_problems(
    account: Account, number: NumberAtProvider, *, expected_url: str | None
) -> list[NumberProblem]:
    """What is wrong with the capabilities of a number and the address of its messages.

    `expected_url` is where messages must be handed to; None if they are listed (`message pull`)
    instead, so that only what loses or answers them is wrong.
    """
    service = account.service_of(number.e164)
    found = [
        *_capabilities(number),
        _sms_problem(sms_address(number, service), service, expected_url),
    ]
    return [each for each in found if each is not None]


def _capabilities(number: NumberAtProvider) -> Iterable[NumberProblem]:
    if number.sms is False:
        yield NumberProblem(
            AccountTopic.CAPABILITY, CheckResult.PROBLEM, "the number cannot send messages"
        )
    elif number.mms is False:
        yield NumberProblem(
            AccountTopic.PICTURES, CheckResult.WARNING, "the number cannot send pictures"
        )


def _sms_problem(
    address: SmsAddress, service: MessagingService | None, expected: str | None
) -> NumberProblem | None:
    topic = AccountTopic.MESSAGING_SERVICE if address.through else AccountTopic.SMS_ADDRESS
    if service is None and address.through:
        topic = AccountTopic.SMS_ADDRESS
    by = f"{address.through} " if address.through else ""
    words = None
    if address.is_dropped:
        words = f"{by}drops every message to the number; petmsg never gets it"
    elif is_demo(address.url):
        words = f"{by}hands messages to Twilio's demo, which answers each with a sample"
    elif expected is None:
        pass
    elif address.through and not address.url:
        words = f"{by}takes the messages, so petmsg does not get them"
    elif not address.url:
        words = "messages are not handed on"
    elif not is_same(address.url, expected):
        words = f"{by}hands messages to {shown(address.url)}, not to {expected}"
    elif address.method.upper() not in ("POST", ""):
        words = f"{by}hands messages on with {address.method.upper()[:10]}, and petmsg takes POST"
    if words is None:
        return None
    return NumberProblem(topic, CheckResult.PROBLEM, words.removeprefix(" "), INSTALL)


def with_method(url: str, method: str) -> str:
    """An address without secrets and its method, as a person reads it."""
    if not url:
        return "nowhere"
    return f"{shown(url)} ({method.upper()[:10]})" if method else shown(url)
