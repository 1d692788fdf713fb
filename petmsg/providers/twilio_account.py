"""The account at Twilio: its numbers, Messaging Services and registrations.

Rows are read as they are in the answer, not through the SDK's classes, so that an odd row is
skipped and told, and hides no other. Source of the fields: Twilio's public OpenAPI description
(`twilio_api_v2010`, `twilio_messaging_v1`). Does not import the SDK.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, TypeVar

from petmsg.errors import ProviderAccount, ProviderUnavailable
from petmsg.providers.account import (
    Account,
    MessagingService,
    NewAddresses,
    NumberAtProvider,
    Registration,
    RegistrationKind,
    RegistrationState,
    Untold,
)
from petmsg.rules.rate_limit import is_toll_free

MOST_SERVICES = 100
"""How many Messaging Services are looked into. Each takes up to two requests."""
_MOST_PAGES = 50
_MOST_UNANSWERED = 2
_SID = re.compile(r"[0-9A-Za-z]{1,64}")
_PAGE = 100
_LARGEST_PAGE = 1000
_LONGEST_REASON = 300

_STATES = {
    "APPROVED": RegistrationState.APPROVED,
    "TWILIO_APPROVED": RegistrationState.APPROVED,
    "VERIFIED": RegistrationState.APPROVED,
    "PENDING": RegistrationState.PENDING,
    "PENDING_REVIEW": RegistrationState.PENDING,
    "IN_PROGRESS": RegistrationState.PENDING,
    "IN_REVIEW": RegistrationState.PENDING,
    "FAILED": RegistrationState.REFUSED,
    "TWILIO_REJECTED": RegistrationState.REFUSED,
    "SUSPENDED": RegistrationState.SUSPENDED,
}

T = TypeVar("T")
Row = Mapping[str, Any]
_NOTHING: Row = {}
Ask = Callable[[Callable[[], Any]], Any]


class TwilioAccount:
    """What one account is. Threads may share it.

    `client` is the SDK's; `ask` runs a request and turns every failure into `ProviderAccount` or
    `ProviderUnavailable`.
    """

    def __init__(self, client: Any, ask: Ask, *, account_sid: str) -> None:
        self._client = client
        self._ask = ask
        self._account_sid = account_sid

    def look(self) -> Account:
        """The account; see `AccountInspector.look`."""
        told = _Told(self._ask)
        numbers = told.all_of("some of the account's numbers", self._numbers)
        # A standard API key may not read the account itself, so this comes after the numbers.
        account = told.of("the account's status", self._account, _NOTHING)
        services = told.of("the Messaging Services", lambda: self._services(told), None)
        if services is not None:
            services = tuple(self._with_campaigns(told, each) for each in services)
        brands = toll_free = None
        if any(service.campaigns for service in services or ()):
            brands = told.of("the 10DLC brands", self._brands, None)
        if any(is_toll_free(number.e164) for number in numbers):
            toll_free = told.of("the toll-free verifications", self._toll_free, None)
        return Account(
            provider_id=_word(account, "sid") or self._account_sid,
            name=_word(account, "friendly_name"),
            status=_word(account, "status").lower(),
            is_trial={"trial": True, "full": False}.get(_word(account, "type").lower()),
            numbers=numbers,
            services=services,
            brands=brands,
            toll_free=toll_free,
            untold=tuple(told.untold),
        )

    def memberships(self) -> Mapping[str, str] | None:
        """The Messaging Service of each number in one; see `AccountInspector.memberships`."""
        told = _Told(self._ask)
        services = told.of("the Messaging Services", lambda: self._services(told), None)
        if services is None or told.untold:
            return None
        return {e164: each.provider_id for each in services for e164 in each.numbers or ()}

    def set_addresses(self, provider_number_id: str, new: NewAddresses) -> NumberAtProvider:
        """Change a number's addresses; see `AccountInspector.set_addresses`."""
        if not _SID.fullmatch(provider_number_id):  # it must not become part of a URL
            raise ProviderUnavailable("Twilio did not tell the ID of the number.")
        values: dict[str, str] = {}
        if new.sms_url is not None:
            values |= {"sms_url": new.sms_url, "sms_method": "POST", "sms_application_sid": ""}
        if new.voice_url is not None:
            values |= {
                "voice_url": new.voice_url,
                "voice_method": "POST",
                "voice_application_sid": "",
                "trunk_sid": "",
            }
        if new.status_url is not None:
            values |= {"status_callback": new.status_url, "status_callback_method": "POST"}
        number: NumberAtProvider = self._ask(
            lambda: number_at_provider(
                vars(self._client.incoming_phone_numbers(provider_number_id).update(**values))
            )
        )
        has = number.sms_url, number.voice_url, number.status_callback
        wanted = new.sms_url, new.voice_url, new.status_url
        if any(each is not None and each != now for each, now in zip(wanted, has, strict=True)):
            raise ProviderUnavailable("Twilio answered with another address than the one it got.")
        return number

    def use_number_addresses(self, service_id: str) -> None:
        """See `AccountInspector.use_number_addresses`."""
        service = self._ask(
            lambda: self._client.messaging.v1.services(service_id).update(
                use_inbound_webhook_on_number=True
            )
        )
        if service.use_inbound_webhook_on_number is not True:
            raise ProviderUnavailable("Twilio did not change the Messaging Service.")

    def _account(self) -> Row:
        # Its auth token is in the answer as well: nothing else of it is kept.
        account = vars(self._client.api.v2010.accounts(self._account_sid).fetch())
        return {name: account.get(name) for name in ("sid", "friendly_name", "status", "type")}

    def _numbers(self) -> Iterator[NumberAtProvider | None]:
        first = self._client.incoming_phone_numbers.page(page_size=_LARGEST_PAGE)
        for row in rows(first, "incoming_phone_numbers"):
            number = number_at_provider(row)
            yield number if number.e164 or number.provider_number_id else None

    def _services(self, told: "_Told") -> tuple[MessagingService, ...]:
        first = self._client.messaging.v1.services.page(page_size=_PAGE)
        found = [row for row in rows(first, "services") if _SID.fullmatch(_word(row, "sid"))]
        if len(found) > MOST_SERVICES:
            told.note(
                "all Messaging Services", f"there are {len(found)}, more than {MOST_SERVICES}"
            )
        return tuple(self._service(told, row) for row in found[:MOST_SERVICES])

    def _service(self, told: "_Told", row: Row) -> MessagingService:
        sid = _word(row, "sid")

        def pool() -> tuple[str, ...]:
            first = self._client.messaging.v1.services(sid).phone_numbers.page(page_size=_PAGE)
            return tuple(
                e164 for row in rows(first, "phone_numbers") if (e164 := _word(row, "phone_number"))
            )

        return MessagingService(
            provider_id=sid,
            name=_word(row, "friendly_name"),
            inbound_url=_word(row, "inbound_request_url"),
            inbound_method=_word(row, "inbound_method"),
            uses_number_address=_flag(row, "use_inbound_webhook_on_number"),
            is_registered=_flag(row, "us_app_to_person_registered"),
            numbers=told.of(f"the numbers of Messaging Service {sid}", pool, None),
        )

    def _with_campaigns(self, told: "_Told", service: MessagingService) -> MessagingService:
        sid = service.provider_id

        def campaigns() -> tuple[Registration, ...]:
            first = self._client.messaging.v1.services(sid).us_app_to_person.page(page_size=_PAGE)
            return tuple(
                _registration(RegistrationKind.CAMPAIGN, row, "campaign_status")
                for row in rows(first, "compliance")
            )

        if not service.numbers:
            return service
        found = told.of(f"the campaigns of Messaging Service {sid}", campaigns, None)
        return replace(service, campaigns=found)

    def _brands(self) -> tuple[Registration, ...]:
        first = self._client.messaging.v1.brand_registrations.page(page_size=_PAGE)
        return tuple(
            _registration(RegistrationKind.BRAND, row, "status") for row in rows(first, "data")
        )

    def _toll_free(self) -> tuple[Registration, ...]:
        first = self._client.messaging.v1.tollfree_verifications.page(page_size=_PAGE)
        return tuple(
            _registration(RegistrationKind.TOLL_FREE, row, "status")
            for row in rows(first, "verifications")
        )


class _Told:
    """Collects what Twilio does not tell. After two answers that did not come, or could not be
    read, it is not asked again: each of a hundred questions could take as long."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._unanswered = 0
        self.untold: list[Untold] = []

    def note(self, what: str, why: str) -> None:
        """Remember something that was not told."""
        self.untold.append(Untold(what, why))

    def of(self, what: str, question: Callable[[], T], instead: T) -> T:
        """The answer to a question that Twilio may refuse."""
        if self._unanswered >= _MOST_UNANSWERED:
            return instead
        try:
            answer: T = self._ask(question)
        except (ProviderAccount, ProviderUnavailable) as problem:
            self._unanswered += isinstance(problem, ProviderUnavailable)
            self.note(what, problem.message.rstrip("."))
            if self._unanswered >= _MOST_UNANSWERED:
                self.note("the rest of the account", "it was not asked for, because of that")
            return instead
        return answer

    def all_of(self, what: str, question: Callable[[], Iterator[T | None]]) -> tuple[T, ...]:
        """The answers to a question that must be answered; None is a row that says nothing."""
        found: list[T | None] = self._ask(lambda: [*question()])
        good = tuple(each for each in found if each is not None)
        if len(good) < len(found):
            self.note(what, f"{len(found) - len(good)} of its rows say nothing")
        return good


def rows(first: Any, key: str) -> Iterator[Row]:
    """All rows of a page and the pages after it. A row that is no object is an empty one. Raises if
    the answer is not a list of Twilio's."""
    page = first
    for _ in range(_MOST_PAGES):
        found = page._payload[key]
        if not isinstance(found, list):
            raise TypeError(key)
        for row in found:
            yield row if isinstance(row, Mapping) else {}
        page = page.next_page()
        if page is None:
            return
    raise ProviderUnavailable(f"Twilio's list is too long: more than {_MOST_PAGES} pages.")


def number_at_provider(row: Row) -> NumberAtProvider:
    """A number, with the values that it has."""
    can = row.get("capabilities")
    capabilities: Row = can if isinstance(can, Mapping) else {}
    return NumberAtProvider(
        e164=_word(row, "phone_number"),
        provider_number_id=_word(row, "sid"),
        sms=_flag(capabilities, "sms"),
        mms=_flag(capabilities, "mms"),
        voice=_flag(capabilities, "voice"),
        sms_url=_word(row, "sms_url"),
        sms_method=_word(row, "sms_method"),
        sms_application=_word(row, "sms_application_sid"),
        voice_url=_word(row, "voice_url"),
        voice_method=_word(row, "voice_method"),
        voice_application=_word(row, "voice_application_sid"),
        trunk=_word(row, "trunk_sid"),
        status_callback=_word(row, "status_callback"),
        status_callback_method=_word(row, "status_callback_method"),
    )


def _registration(kind: RegistrationKind, row: Row, status_name: str) -> Registration:
    status = _word(row, status_name)
    reason = _word(row, "failure_reason") or _word(row, "rejection_reason") or _errors(row)
    return Registration(
        kind=kind,
        provider_id=_word(row, "sid"),
        status=status,
        state=_STATES.get(status.upper(), RegistrationState.UNCLEAR),
        reason=" ".join(reason.split())[:_LONGEST_REASON],
        number_id=_word(row, "tollfree_phone_number_sid"),
    )


def _errors(row: Row) -> str:
    """What a refused campaign's list of errors says, such as `30909: Call-to-action …`."""
    errors = row.get("errors")
    said = []
    for each in islice(errors, 3) if isinstance(errors, list) else ():
        if isinstance(each, Mapping):
            code, words = each.get("error_code"), _word(each, "description")
            said.append(": ".join(filter(None, (str(code or ""), words))))
    return "; ".join(filter(None, said))


def _word(row: Row, name: str) -> str:
    value = row.get(name)
    return value.strip() if isinstance(value, str) else ""


def _flag(row: Row, name: str) -> bool | None:
    value = row.get(name)
    return value if isinstance(value, bool) else None
