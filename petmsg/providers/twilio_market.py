"""Twilio's numbers for sale: search, buy, look up and give back.

Sources: Twilio, "AvailablePhoneNumber Local resource", "IncomingPhoneNumber resource" and "Pricing:
Phone Numbers resource".
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

import requests

from petmsg.errors import OutOfRange, PetmsgError, quoted
from petmsg.money import Money, read_money
from petmsg.providers.base import RetryLater
from petmsg.providers.market import Done, NotDone, Offer, Outcome, Unsure, Wanted
from petmsg.providers.twilio_answers import AnsweredNo, outcome_of_transport
from petmsg.providers.twilio_records import Row

_MOST_OFFERS = 50
_UNSURE = "Twilio's answer could not be read."
_SID = re.compile(r"PN[0-9a-fA-F]{32}")


class TwilioMarket:
    """The numbers that Twilio sells. `ask` turns failures of a lookup into petmsg's errors, `read`
    gives the words and the code of an answer that says no."""

    def __init__(
        self,
        client: Any,
        ask: Callable[[Callable[[], Any]], Any],
        read: Callable[[AnsweredNo], tuple[Any, str, str]],
    ) -> None:
        self._client = client
        self._ask = ask
        self._read = read

    def offers(self, wanted: Wanted, *, limit: int) -> Sequence[Offer]:
        """Numbers for sale; see `NumberMarket.offers`."""
        if wanted.area is not None and not re.fullmatch("[2-9][0-9]{2}", wanted.area):
            raise OutOfRange(
                f"Invalid area code {quoted(wanted.area)}.", hint="Write three digits."
            )
        kind = "toll_free" if wanted.toll_free else "local"
        only = {"area_code": wanted.area, "contains": wanted.contains}
        given = {name: value for name, value in only.items() if value is not None}

        def found() -> list[Row]:
            country = self._client.available_phone_numbers(wanted.country)
            page = getattr(country, kind).page(
                sms_enabled=True, page_size=min(limit, _MOST_OFFERS), **given
            )
            listed = page._payload["available_phone_numbers"]
            if not isinstance(listed, list):
                raise TypeError("available_phone_numbers")
            return [Row(each) for each in listed[:limit]]

        rows = self._ask(found)
        monthly = self._monthly(wanted.country, kind) if rows else None
        return [_offer_of(row, monthly) for row in rows if row.word("phone_number")]

    def _monthly(self, country: str, kind: str) -> Money | None:
        """The price a month; None if Twilio does not tell it."""

        def found() -> Money | None:
            told = self._client.pricing.v1.phone_numbers.countries(country).fetch()
            for each in map(Row, told.phone_number_prices):
                if each.word("number_type").replace(" ", "_") == kind:
                    return read_money(each.text("current_price"), told.price_unit)
            return None

        try:
            price: Money | None = self._ask(found)
        except PetmsgError:
            return None
        return price

    def owned(self, e164: str) -> str | None:
        """The ID of a number of the account; see `NumberMarket.owned`."""

        def found() -> str | None:
            page = self._client.incoming_phone_numbers.page(phone_number=e164, page_size=50)
            listed = page._payload["incoming_phone_numbers"]
            if not isinstance(listed, list):
                raise TypeError("incoming_phone_numbers")
            mine = [row for row in map(Row, listed) if row.word("phone_number") == e164]
            return mine[0].word("sid") or None if mine else None

        owned: str | None = self._ask(found)
        return owned

    def buy(self, e164: str) -> Outcome:
        """Buy a number; see `NumberMarket.buy`."""

        def bought() -> Outcome:
            sid = self._client.incoming_phone_numbers.create(phone_number=e164).sid
            return Done(sid) if isinstance(sid, str) and sid else Unsure(_UNSURE)

        return self._outcome(bought)

    def give_back(self, provider_number_id: str) -> Outcome:
        """Give a number back; see `NumberMarket.give_back`."""
        if not _SID.fullmatch(provider_number_id):
            return NotDone(None, "The ID of the number at Twilio is not usable.")

        def gone() -> Outcome:
            try:
                self._client.incoming_phone_numbers(provider_number_id).delete()
            except AnsweredNo as answer:
                if answer.status != 404 or self._read(answer)[2] != "20404":
                    raise
            return Done()

        return self._outcome(gone)

    def _outcome(self, act: Callable[[], Outcome]) -> Outcome:
        try:
            return act()
        except AnsweredNo as answer:
            _, words, code = self._read(answer)
            return Unsure(words) if answer.status >= 500 else NotDone(code, words)
        except requests.RequestException as error:
            failed = outcome_of_transport(error)
            if isinstance(failed, RetryLater):
                return NotDone(failed.code, failed.message)
            return Unsure(failed.message)
        except Exception:  # noqa: BLE001 - because an unreadable answer may have any form
            return Unsure(_UNSURE)


def _offer_of(row: Row, monthly: Money | None) -> Offer:
    can = row.part("capabilities")
    place = ", ".join(filter(None, (row.word("locality"), row.word("region"))))
    mms, voice = (
        can.flag(name) if can.flag(name) is not None else can.flag(name.upper())
        for name in ("mms", "voice")
    )
    return Offer(row.word("phone_number"), place or None, mms, voice, monthly)
