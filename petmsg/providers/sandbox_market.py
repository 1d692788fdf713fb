"""The sandbox's numbers for sale: they cost nothing, and nobody can call them.

Any number can send through the sandbox, so it sells every number that somebody asks for.
"""

from collections.abc import Callable, Sequence

from petmsg.errors import OutOfRange, quoted
from petmsg.money import Money
from petmsg.providers.market import Done, NotDone, Offer, Outcome, Wanted

_FREE = Money(0, "USD")
_MOST = 100


class SandboxMarket:
    """Numbers that the telephone companies keep for fiction: 555-0100 to 555-0199 of an area.

    `is_known` says whether a company of the database has a number already.
    """

    def __init__(self, is_known: Callable[[Sequence[str]], set[str]]) -> None:
        self._is_known = is_known

    def offers(self, wanted: Wanted, *, limit: int) -> Sequence[Offer]:
        """Numbers that no company of the database has; see `NumberMarket.offers`."""
        area = wanted.area or ("800" if wanted.toll_free else "415")
        if wanted.country not in ("US", "CA") or len(area) != 3 or not area.isdecimal():
            raise OutOfRange(
                f"The sandbox has no numbers of {quoted(wanted.country)} {quoted(area)}.",
                hint="Give --country US and an area code of three digits.",
            )
        named = [f"+1{area}5550{at}" for at in range(100, 100 + _MOST)]
        digits = (wanted.contains or "").strip("*+")
        fitting = [number for number in named if digits in number]
        known = self._is_known(fitting)
        return [
            Offer(number, None, mms=True, voice=True, monthly=_FREE)
            for number in fitting
            if number not in known
        ][:limit]

    def owned(self, e164: str) -> str | None:
        """Its ID: the sandbox has every number."""
        return f"SBN{e164.lstrip('+')}"

    def buy(self, e164: str) -> Outcome:
        """Buy a number; see `NumberMarket.buy`."""
        if not e164.startswith("+") or not e164[1:].isdecimal():
            return NotDone("21421", "The phone is not an E.164 number.")
        return Done(f"SBN{e164.lstrip('+')}")

    def give_back(self, provider_number_id: str) -> Outcome:
        """Give a number back; see `NumberMarket.give_back`."""
        del provider_number_id
        return Done()
