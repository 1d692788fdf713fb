"""What can be seen of an account at a provider, and the two things petmsg may change there.

An adapter that can look is an `AccountInspector`; one that cannot (the sandbox) has no account. An
account is shown as far as it is told: whatever the provider refuses, leaves out or answers in an
odd form is `untold`, and the rest is shown. Standard library only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class NumberAtProvider:
    """A number of the account: what it can do, and where its messages and calls are handed to.

    `e164` is empty if the provider does not name it; a capability is None if it does not tell. An
    `sms_application` takes the place of the SMS address, a `voice_application` or a `trunk` that of
    the voice address. The end of a call is told to `status_callback`. All are empty if they are not
    set.
    """

    e164: str
    provider_number_id: str
    sms: bool | None = None
    mms: bool | None = None
    voice: bool | None = None
    sms_url: str = ""
    sms_method: str = ""
    sms_application: str = ""
    voice_url: str = ""
    voice_method: str = ""
    voice_application: str = ""
    trunk: str = ""
    status_callback: str = ""
    status_callback_method: str = ""


class RegistrationKind(StrEnum):
    """What carriers want registered before they deliver messages in the US."""

    BRAND = "brand"
    CAMPAIGN = "campaign"
    TOLL_FREE = "toll_free"


class RegistrationState(StrEnum):
    """The state of a registration. `UNCLEAR`: the provider's word is not known."""

    APPROVED = "approved"
    PENDING = "pending"
    REFUSED = "refused"
    SUSPENDED = "suspended"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Registration:
    """A brand, a campaign or a toll-free verification. `status` is the provider's word, `reason`
    says why it was refused; `number_id` is the number of a toll-free verification."""

    kind: RegistrationKind
    provider_id: str
    status: str
    state: RegistrationState
    reason: str = ""
    number_id: str = ""


@dataclass(frozen=True, slots=True)
class MessagingService:
    """A Messaging Service, through which the numbers of its sender pool send and receive.

    A message to one of its numbers goes to the number's own address if `uses_number_address` (None:
    not told), else to `inbound_url`; if that is empty, the message is dropped and not even listed.
    `numbers` are their E.164 and `campaigns` its 10DLC campaigns, None if they were not told.
    `is_registered` is the provider's own word on whether it has a campaign.
    """

    provider_id: str
    name: str
    inbound_url: str = ""
    inbound_method: str = ""
    uses_number_address: bool | None = None
    is_registered: bool | None = None
    numbers: tuple[str, ...] | None = None
    campaigns: tuple[Registration, ...] | None = None

    @property
    def drops_replies(self) -> bool:
        """Whether messages to its numbers are neither handed on nor listed."""
        return self.uses_number_address is False and not self.inbound_url


@dataclass(frozen=True, slots=True)
class Untold:
    """A part of the account that could not be seen, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Account:
    """An account as far as the provider shows it.

    `status` is `active` unless messages are refused, and empty if it was not told; `is_trial` is
    None then. `services`, `brands` and `toll_free` are None if they were not told.
    """

    provider_id: str
    name: str
    status: str
    is_trial: bool | None
    numbers: tuple[NumberAtProvider, ...]
    services: tuple[MessagingService, ...] | None = None
    brands: tuple[Registration, ...] | None = None
    toll_free: tuple[Registration, ...] | None = None
    untold: tuple[Untold, ...] = ()

    def service_of(self, e164: str) -> MessagingService | None:
        """The Messaging Service whose sender pool holds the number."""
        for service in self.services or ():
            if e164 in (service.numbers or ()):
                return service
        return None


@dataclass(frozen=True, slots=True)
class NewAddresses:
    """Where the messages and calls of a number are handed to from now on, and where the end of a
    call is told (`status_url`), with POST; None leaves the address as it is. An application or
    trunk in its place is taken away."""

    sms_url: str | None = None
    voice_url: str | None = None
    status_url: str | None = None

    @property
    def is_nothing(self) -> bool:
        """Whether every address is left as it is."""
        return self.sms_url is None and self.voice_url is None and self.status_url is None


@runtime_checkable
class AccountInspector(Protocol):
    """What an adapter can do whose provider has accounts."""

    def look(self) -> Account:
        """The account. Raises `ProviderAccount` if the credentials are refused, and
        `ProviderUnavailable` if the provider does not answer or its list of numbers is unusable;
        anything else that it does not tell is `untold`."""
        ...

    def memberships(self) -> Mapping[str, str] | None:
        """The Messaging Service of each number that sits in one, by E.164; None if the provider
        does not tell all of them. Raises nothing for that."""
        ...

    def set_addresses(self, provider_number_id: str, new: NewAddresses) -> NumberAtProvider:
        """Change the addresses of a number; returns it as it is now. Safe to repeat. Raises
        `ProviderAccount`, or `ProviderUnavailable`: the change may have been made then."""
        ...

    def use_number_addresses(self, service_id: str) -> None:
        """Let a Messaging Service hand messages to the addresses of its numbers. Raises as
        `set_addresses`."""
        ...


def in_services(memberships: Mapping[str, str] | None, numbers: Sequence[str]) -> dict[str, str]:
    """The Messaging Service of each of the numbers, empty for one in none; nothing if not told."""
    return {} if memberships is None else {each: memberships.get(each, "") for each in numbers}
