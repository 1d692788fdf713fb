"""Buying numbers from a provider, and giving them back. Standard library only.

An adapter that can has a `market`. Buying and giving back return an outcome and raise nothing, as
sending does: an answer that was lost is `Unsure`, and is looked up before a second try.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from petmsg.money import Money


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which numbers are looked for: of a country (ISO 3166), with these digits or letters, which
    may hold `*` for any one. `area` is a US or Canadian area code."""

    country: str
    area: str | None = None
    contains: str | None = None
    toll_free: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """A number that can be bought. `monthly` is its price a month; None if it was not told."""

    number: str
    place: str | None = None
    mms: bool | None = None
    voice: bool | None = None
    monthly: Money | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The number was bought, with this ID, or was given back."""

    provider_number_id: str = ""


@dataclass(frozen=True, slots=True)
class NotDone:
    """The provider refused: nothing was bought or given back."""

    code: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Unsure:
    """The answer was lost. It may have been done."""

    message: str


Outcome = Done | NotDone | Unsure


class NumberMarket(Protocol):
    """What an adapter can do whose provider sells numbers."""

    def offers(self, wanted: Wanted, *, limit: int) -> Sequence[Offer]:
        """At most `limit` numbers that send messages and can be bought. Raises `ProviderAccount`
        and `ProviderUnavailable`."""
        ...

    def owned(self, e164: str) -> str | None:
        """The ID of the account's number; None if the account does not have it. Raises as
        `offers`."""
        ...

    def buy(self, e164: str) -> Outcome:
        """Buy a number."""
        ...

    def give_back(self, provider_number_id: str) -> Outcome:
        """Give a number back; one that the account does not have is `Done`."""
        ...


@runtime_checkable
class SellsNumbers(Protocol):
    """An adapter whose provider sells numbers."""

    market: NumberMarket
