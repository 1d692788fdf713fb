"""Which addresses of an org's numbers are to change at the provider, and the record that they did.

Planning is pure; the provider is called by `petmsg.workflows.number_webhooks`, with no transaction
open.
"""

from collections.abc import Collection
from dataclasses import dataclass

from petmsg.enums.alerts import CheckResult
from petmsg.errors import Refused
from petmsg.providers.account import Account, MessagingService, NewAddresses, NumberAtProvider
from petmsg.services.numbers import registration
from petmsg.services.numbers.addresses import is_same, problems_of, shown, sms_address
from petmsg.services.unit_of_work import Failure, UnitOfWork


class NotInAccount(Refused):
    code = "not_in_account"
    hint = "Compare the numbers with the account: petmsg reconcile"


class ServiceShared(Refused):
    """A Messaging Service also has numbers that are not the org's, so that petmsg leaves it."""

    code = "service_shared"


@dataclass(frozen=True, slots=True)
class NumberChecked:
    """Where the messages and calls of a number are handed to at the provider.

    `url` and `method` are those that count: the Messaging Service's own if it hands messages on
    itself, in which case `through` names it. `message` says what is wrong, `command` what helps.
    """

    number: str
    url: str | None
    method: str | None
    through: str | None
    messaging_service: str | None
    voice_url: str | None
    result: CheckResult
    message: str
    command: str | None


@dataclass(frozen=True, slots=True)
class AddressChange:
    """What is to change for one number, in words as well; nothing if `changes` is empty.

    `service` is the ID of a Messaging Service that must first leave messages to its numbers'
    addresses.
    """

    number: str
    provider_number_id: str
    new: NewAddresses
    service: str | None = None
    changes: tuple[str, ...] = ()


def check_numbers(
    account: Account, numbers: Collection[str], *, expected_url: str | None
) -> list[NumberChecked]:
    """Each of the org's numbers as the provider has it; `expected_url` as in `problems_of`."""
    at_provider = {number.e164: number for number in account.numbers}
    return [
        _checked(account, at_provider[e164], expected_url) if e164 in at_provider else _gone(e164)
        for e164 in sorted(numbers)
    ]


def _gone(e164: str) -> NumberChecked:
    words = "the account does not have the number"
    problem = CheckResult.PROBLEM
    return NumberChecked(e164, None, None, None, None, None, problem, words, "petmsg reconcile")


def _checked(account: Account, number: NumberAtProvider, expected: str | None) -> NumberChecked:
    service = account.service_of(number.e164)
    address = sms_address(number, service)
    unregistered = registration.problem_of(account, number)
    problems = problems_of(account, number, expected_url=expected)
    if unregistered is not None:
        problems.append(unregistered)
    results = [each.result for each in problems]
    worst = next((r for r in (CheckResult.PROBLEM, CheckResult.WARNING) if r in results), None)
    return NumberChecked(
        number=number.e164,
        url=shown(address.url) if address.url else None,
        method=address.method or None,
        through=address.through or None,
        messaging_service=None if service is None else service.provider_id,
        voice_url=shown(number.voice_url) if number.voice_url else None,
        result=worst or CheckResult.OK,
        message="; ".join(each.words for each in problems),
        command=problems[0].command if problems else None,
    )


def plan(
    account: Account, numbers: Collection[str], *, sms_url: str, voice_url: str | None
) -> list[AddressChange | Failure]:
    """What is to change so that messages to the org's numbers go to `sms_url` with POST, and calls
    to `voice_url` (None leaves calls as they are).

    A number that the account does not have is a `Failure`, and so is one whose Messaging Service
    drops or diverts messages and also has numbers of somebody else. A number that cannot send
    messages, or take calls, keeps that address.
    """
    at_provider = {number.e164: number for number in account.numbers}
    planned: list[AddressChange | Failure] = []
    for e164 in sorted(numbers):
        number = at_provider.get(e164)
        if number is None:
            planned.append(Failure(e164, NotInAccount(f"The account has no number {e164}.")))
            continue
        service = account.service_of(e164)
        diverts = _diverts(number, service, sms_url)
        if diverts is not None and not set(diverts.numbers or ()) <= set(numbers):
            planned.append(Failure(e164, _shared(diverts)))
            continue
        planned.append(_change(number, service, diverts, sms_url, voice_url))
    return planned


def _diverts(
    number: NumberAtProvider, service: MessagingService | None, sms_url: str
) -> MessagingService | None:
    """The Messaging Service that keeps messages from the number's own address, unless it hands them
    to `sms_url` itself."""
    if service is None or service.uses_number_address is not False or number.sms is False:
        return None
    is_ours = is_same(service.inbound_url, sms_url) and service.inbound_method.upper() == "POST"
    return None if is_ours else service


def _shared(service: MessagingService) -> ServiceShared:
    name = service.name or service.provider_id
    return ServiceShared(
        f"Messaging Service {name} does not use its numbers' addresses, and has numbers that are "
        "not of this org.",
        hint="In Twilio's console, let the service defer to the sender's webhook; then repeat this "
        "command.",
    )


def _change(
    number: NumberAtProvider,
    service: MessagingService | None,
    diverts: MessagingService | None,
    sms_url: str,
    voice_url: str | None,
) -> AddressChange:
    words = []
    if diverts is not None:
        words.append(
            f"Messaging Service {diverts.name or diverts.provider_id} leaves messages to the "
            "addresses of its numbers"
        )
    sms = voice = None
    hands_on = service is not None and service.uses_number_address is False and diverts is None
    if number.sms is not False and not hands_on and not _has(number, sms_url):
        sms = sms_url
        words.append(f"messages: {_before_sms(number)} -> {sms_url} (POST)")
    if voice_url is not None and number.voice is not False and not _has_voice(number, voice_url):
        voice = voice_url
        words.append(f"calls: {_before_voice(number)} -> {shown(voice_url)} (POST)")
    return AddressChange(
        number.e164,
        number.provider_number_id,
        NewAddresses(sms, voice),
        None if diverts is None else diverts.provider_id,
        tuple(words),
    )


def _has(number: NumberAtProvider, url: str) -> bool:
    return (
        not number.sms_application
        and is_same(number.sms_url, url)
        and number.sms_method.upper() == "POST"
    )


def _has_voice(number: NumberAtProvider, url: str) -> bool:
    return (
        not (number.voice_application or number.trunk)
        and number.voice_url == url
        and number.voice_method.upper() == "POST"
    )


def _before_sms(number: NumberAtProvider) -> str:
    if number.sms_application:
        return f"application {number.sms_application}"
    return _with_method(number.sms_url, number.sms_method)


def _before_voice(number: NumberAtProvider) -> str:
    if number.trunk:
        return f"trunk {number.trunk}"
    if number.voice_application:
        return f"application {number.voice_application}"
    return _with_method(number.voice_url, number.voice_method)


def _with_method(url: str, method: str) -> str:
    if not url:
        return "nowhere"
    return f"{shown(url)} ({method.upper()[:10]})" if method else shown(url)


def record(uow: UnitOfWork, change: AddressChange) -> AddressChange:
    """Record in the audit log that the addresses of a number were changed at the provider."""
    uow.audit(
        "number.webhooks_installed", "number", change.number, {"changes": list(change.changes)}
    )
    return change
