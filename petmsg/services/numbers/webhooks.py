"""Which addresses of an org's numbers are to change at the provider, and the record that they did.

Planning is pure; the provider is called by `petmsg.workflows.number_webhooks`, with no transaction
open.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from petmsg.enums.alerts import CheckResult
from petmsg.errors import Refused
from petmsg.providers.account import Account, MessagingService, NewAddresses, NumberAtProvider
from petmsg.queries.org import OrgRow
from petmsg.services.numbers.addresses import (
    NumberProblem,
    is_same,
    shown,
    sms_address,
    with_method,
)
from petmsg.services.numbers.call_addresses import (
    CallAddresses,
    call_addresses,
    change_calls,
    taken_over_by,
    takes_calls,
)
from petmsg.services.numbers.number_problems import problems_of
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
    itself, in which case `through` names it. `voice_through` is an application or a trunk that gets
    the calls in the place of `voice_url`; `status_callback` is told of their end. `message` says
    what is wrong, `command` what fixes it.
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
    voice_method: str | None = None
    voice_through: str | None = None
    status_callback: str | None = None


@dataclass(frozen=True, slots=True)
class AddressChange:
    """What is to change for one number, in words as well; nothing if `changes` is empty.

    `service` is the ID of a Messaging Service that must first leave messages to its numbers'
    addresses. `notes` say what cannot be changed.
    """

    number: str
    provider_number_id: str
    new: NewAddresses
    service: str | None = None
    changes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def check_numbers(
    account: Account, org: OrgRow, numbers: Collection[str], *, expected_url: str | None
) -> list[NumberChecked]:
    """Each of the org's numbers as the provider has it; `expected_url` as in `problems_of`."""
    at_provider = {number.e164: number for number in account.numbers if number.e164 in numbers}
    calls = call_addresses(expected_url)
    if not takes_calls(org, at_provider.values(), calls):
        calls = None
    return [
        _checked(account, at_provider[e164], expected_url, calls)
        if e164 in at_provider
        else _gone(e164)
        for e164 in sorted(numbers)
    ]


def _gone(e164: str) -> NumberChecked:
    words = "the account does not have the number"
    problem = CheckResult.PROBLEM
    return NumberChecked(e164, None, None, None, None, None, problem, words, "petmsg reconcile")


def _checked(
    account: Account,
    number: NumberAtProvider,
    expected: str | None,
    calls: CallAddresses | None,
) -> NumberChecked:
    service = account.service_of(number.e164)
    address = sms_address(number, service)
    problems = problems_of(account, number, expected_url=expected, calls=calls)
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
        command=_command_of(problems),
        voice_method=number.voice_method or None,
        voice_through=taken_over_by(number) or None,
        status_callback=shown(number.status_callback) if number.status_callback else None,
    )


def _command_of(problems: Sequence[NumberProblem]) -> str | None:
    """The command that fixes the most severe problem: the first one that is no warning."""
    first = sorted(problems, key=lambda each: each.result is not CheckResult.PROBLEM)
    return first[0].command if first else None


def plan(
    account: Account, numbers: Collection[str], *, sms_url: str, calls: CallAddresses | None
) -> list[AddressChange | Failure]:
    """What is to change so that messages to the org's numbers go to `sms_url` with POST, and calls
    to `calls` (None leaves calls as they are).

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
        planned.append(_change(number, service, diverts, sms_url, calls))
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
    calls: CallAddresses | None,
) -> AddressChange:
    words = []
    if diverts is not None:
        words.append(
            f"Messaging Service {diverts.name or diverts.provider_id} leaves messages to the "
            "addresses of its numbers"
        )
    sms = None
    hands_on = service is not None and service.uses_number_address is False and diverts is None
    if number.sms is not False and not hands_on and not _has(number, sms_url):
        sms = sms_url
        words.append(f"messages: {_before_sms(number)} -> {sms_url} (POST)")
    new, more_words = change_calls(number, calls)
    cannot = calls is not None and number.voice is False
    return AddressChange(
        number.e164,
        number.provider_number_id,
        replace(new, sms_url=sms),
        None if diverts is None else diverts.provider_id,
        (*words, *more_words),
        ("the number cannot take calls; it is left as it is",) if cannot else (),
    )


def _has(number: NumberAtProvider, url: str) -> bool:
    return (
        not number.sms_application
        and is_same(number.sms_url, url)
        and number.sms_method.upper() == "POST"
    )


def _before_sms(number: NumberAtProvider) -> str:
    if number.sms_application:
        return f"application {number.sms_application}"
    return with_method(number.sms_url, number.sms_method)


def record(uow: UnitOfWork, change: AddressChange) -> AddressChange:
    """Record in the audit log that the addresses of a number were changed at the provider."""
    uow.audit(
        "number.webhooks_installed", "number", change.number, {"changes": list(change.changes)}
    )
    return change
