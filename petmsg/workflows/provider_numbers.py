"""The numbers of a provider's account, each with the Messaging Service that it sits in."""

from collections.abc import Sequence
from dataclasses import replace

from petmsg.providers.account import Account, AccountInspector, in_services
from petmsg.providers.base import Provider, ProviderNumber


def numbers_of(provider: Provider) -> Sequence[ProviderNumber] | None:
    """The account's numbers; None for a provider without a list of numbers.

    Asks the provider with no transaction open. Raises what listing the numbers raises; Messaging
    Services that are not told leave `messaging_service` None.
    """
    listed = provider.numbers()
    if not listed or not isinstance(provider, AccountInspector):
        return listed
    services = in_services(provider.memberships(), [number.e164 for number in listed])
    return [
        replace(number, messaging_service=services.get(number.e164)) if number.e164 else number
        for number in listed
    ]


def numbers_of_account(account: Account) -> list[ProviderNumber]:
    """The numbers of an account that was looked at."""
    services = account.services
    is_told = services is not None and all(each.numbers is not None for each in services)
    found = []
    for number in account.numbers:
        service = account.service_of(number.e164)
        in_none = "" if is_told else None
        found.append(
            ProviderNumber(
                number.e164,
                number.provider_number_id,
                number.sms,
                number.mms,
                number.voice,
                in_none if service is None else service.provider_id,
            )
        )
    return found
