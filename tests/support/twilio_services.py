"""The fake Twilio's account apart from its messages: addresses, Messaging Services, registrations.

Shapes follow Twilio's public OpenAPI description: `twilio_api_v2010` (Account,
IncomingPhoneNumber) and `twilio_messaging_v1` (Service, PhoneNumber, UsAppToPerson,
BrandRegistrations, TollfreeVerification), with the paging of each.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from tests.support.twilio_shapes import VERSION, WORDS, Request, error_body

MESSAGING = "https://messaging.twilio.com"
DEMO_SMS = "https://demo.twilio.com/welcome/sms/reply/"
DEMO_VOICE = "https://demo.twilio.com/welcome/voice/"
_AT = "2026-01-05T10:00:00Z"
_SERVICE = re.compile(r"/v1/Services/(MG[0-9a-f]{32})")
_PART = re.compile(r"/v1/Services/(MG[0-9a-f]{32})/(PhoneNumbers|Compliance/Usa2p)")

Answer = tuple[int, dict[str, object]]


@dataclass
class FakeService:
    """A Messaging Service: the numbers of its sender pool, its settings and its campaigns.

    `campaigns` are pairs of a status and a reason. `opted_out` are the phones that sent STOP to one
    of its numbers: Twilio refuses messages to them from all of its numbers.
    """

    at: int = 1
    name: str = "Happy Paws"
    numbers: list[str] = field(default_factory=list)
    inbound_request_url: str | None = None
    inbound_method: str = "POST"
    use_inbound_webhook_on_number: bool | None = False
    campaigns: list[tuple[str, str]] = field(default_factory=list)
    opted_out: set[str] = field(default_factory=set)

    @property
    def sid(self) -> str:
        return f"MG{self.at:032x}"


@dataclass
class FakeServices:
    """The account of a fake: `status` and `kind` are Twilio's words (`active`, `Full`).

    `number_settings` are the fields of a number that are other than usual, by E.164. `brands` and
    `toll_free` (by E.164) are pairs of a status and a reason.
    """

    status: str = "active"
    kind: str = "Full"
    services: list[FakeService] = field(default_factory=list)
    number_settings: dict[str, dict[str, object]] = field(default_factory=dict)
    brands: list[tuple[str, str]] = field(default_factory=list)
    toll_free: dict[str, tuple[str, str]] = field(default_factory=dict)

    def service_of(self, e164: str) -> FakeService | None:
        return next((each for each in self.services if e164 in each.numbers), None)

    def refused_in(self, sid: str, *, from_: str, to: str) -> int | None:
        """The code with which a message through a service is refused."""
        service = next((each for each in self.services if each.sid == sid), None)
        if service is None:
            return 21701
        if from_ and from_ not in service.numbers:
            return 21711
        return 21610 if to in service.opted_out else None

    def account(self, account_sid: str) -> Answer:
        uri = f"/{VERSION}/Accounts/{account_sid}"
        return 200, {
            "auth_token": "the-token-of-the-account",
            "date_created": "Thu, 30 Jul 2015 20:00:00 +0000",
            "date_updated": "Thu, 30 Jul 2015 20:00:00 +0000",
            "friendly_name": "Happy Paws",
            "owner_account_sid": account_sid,
            "sid": account_sid,
            "status": self.status,
            "subresource_uris": {"messages": f"{uri}/Messages.json"},
            "type": self.kind,
            "uri": f"{uri}.json",
        }

    def update_number(self, e164: str, form: dict[str, str]) -> None:
        """Keep the fields that a request changes. Setting a trunk ends an application, and the
        other way round."""
        names = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): form[name] for name in form}
        kept = self.number_settings.setdefault(e164, {})
        kept.update({name: value or None for name, value in names.items()})

    def respond(
        self,
        request: Request,
        account_sid: str,
        numbers: list[dict[str, Any]],
        spoil: Callable[[dict[str, object]], dict[str, object]],
    ) -> Answer:
        """The answer of `messaging.twilio.com`. Its rows may be `spoil`t."""
        status, body = self._respond(request, account_sid, numbers)
        for key, items in body.items():
            if isinstance(items, list):
                body[key] = [spoil(each) for each in items]
        return status, body

    def _respond(self, request: Request, account_sid: str, numbers: list[dict[str, Any]]) -> Answer:
        path = request.path
        if path == "/v1/Services" and request.method == "GET":
            shown = [self._service(each, account_sid) for each in self.services]
            return _page(request, "services", shown)
        if path == "/v1/a2p/BrandRegistrations":
            return _page(request, "data", [*self._brands(account_sid)])
        if path == "/v1/Tollfree/Verifications":
            return _page(request, "verifications", [*self._toll_free(account_sid, numbers)])
        if found := _SERVICE.fullmatch(path):
            service = next((each for each in self.services if each.sid == found[1]), None)
            if service is not None:
                self._update_service(service, request)
                return 200, self._service(service, account_sid)
        if found := _PART.fullmatch(path):
            service = next((each for each in self.services if each.sid == found[1]), None)
            if service is not None and found[2] == "PhoneNumbers":
                return _page(request, "phone_numbers", [*_pool(service, account_sid, numbers)])
            if service is not None:
                return _page(request, "compliance", [*_campaigns(service, account_sid)])
        return 404, error_body(20404, 404, WORDS[20404].format(path=path))

    def _update_service(self, service: FakeService, request: Request) -> None:
        if "UseInboundWebhookOnNumber" in request.form:
            on = request.form["UseInboundWebhookOnNumber"].lower() == "true"
            service.use_inbound_webhook_on_number = on

    def _service(self, service: FakeService, account_sid: str) -> dict[str, object]:
        url = f"{MESSAGING}/v1/Services/{service.sid}"
        return {
            "account_sid": account_sid,
            "area_code_geomatch": True,
            "date_created": _AT,
            "date_updated": _AT,
            "fallback_method": "POST",
            "fallback_to_long_code": True,
            "fallback_url": None,
            "friendly_name": service.name,
            "inbound_method": service.inbound_method,
            "inbound_request_url": service.inbound_request_url,
            "links": {"phone_numbers": f"{url}/PhoneNumbers"},
            "mms_converter": True,
            "scan_message_content": "inherit",
            "sid": service.sid,
            "smart_encoding": False,
            "status_callback": None,
            "sticky_sender": True,
            "synchronous_validation": False,
            "url": url,
            "us_app_to_person_registered": any(
                status == "VERIFIED" for status, _ in service.campaigns
            ),
            "use_inbound_webhook_on_number": service.use_inbound_webhook_on_number,
            "usecase": "notifications",
            "validity_period": 36000,
        }

    def _brands(self, account_sid: str) -> Any:
        for at, (status, reason) in enumerate(self.brands, start=1):
            sid = f"BN{at:032x}"
            yield {
                "account_sid": account_sid,
                "brand_type": "STANDARD",
                "date_created": _AT,
                "date_updated": _AT,
                "failure_reason": reason or None,
                "sid": sid,
                "status": status,
                "url": f"{MESSAGING}/v1/a2p/BrandRegistrations/{sid}",
            }

    def _toll_free(self, account_sid: str, numbers: list[dict[str, Any]]) -> Any:
        sids = {str(each["phone_number"]): each["sid"] for each in numbers}
        for at, (e164, (status, reason)) in enumerate(self.toll_free.items(), start=1):
            sid = f"HH{at:032x}"
            yield {
                "account_sid": account_sid,
                "date_created": _AT,
                "date_updated": _AT,
                "error_code": None,
                "rejection_reason": reason or None,
                "sid": sid,
                "status": status,
                "tollfree_phone_number_sid": sids.get(e164),
                "url": f"{MESSAGING}/v1/Tollfree/Verifications/{sid}",
            }


def _pool(service: FakeService, account_sid: str, numbers: list[dict[str, Any]]) -> Any:
    sids = {str(each["phone_number"]): each["sid"] for each in numbers}
    for at, e164 in enumerate(service.numbers, start=1):
        sid = sids.get(e164, f"PN{at:032x}")
        yield {
            "account_sid": account_sid,
            "capabilities": ["SMS", "MMS"],
            "country_code": "US",
            "date_created": _AT,
            "date_updated": _AT,
            "phone_number": e164,
            "service_sid": service.sid,
            "sid": sid,
            "url": f"{MESSAGING}/v1/Services/{service.sid}/PhoneNumbers/{sid}",
        }


def _campaigns(service: FakeService, account_sid: str) -> Any:
    for at, (status, reason) in enumerate(service.campaigns, start=1):
        sid = f"QE{at:032x}"
        yield {
            "account_sid": account_sid,
            "brand_registration_sid": f"BN{1:032x}",
            "campaign_id": "C1",
            "campaign_status": status,
            "date_created": _AT,
            "date_updated": _AT,
            "errors": [
                {"description": reason, "error_code": 30909, "fields": ["MESSAGE_FLOW"], "url": ""}
            ]
            if reason
            else [],
            "messaging_service_sid": service.sid,
            "mock": False,
            "sid": sid,
            "us_app_to_person_usecase": "CUSTOMER_CARE",
            "url": f"{MESSAGING}/v1/Services/{service.sid}/Compliance/Usa2p/{sid}",
        }


def _page(request: Request, key: str, items: list[dict[str, Any]]) -> Answer:
    """A page of a list of `messaging.twilio.com`: `meta` names absolute URLs and the key."""
    size = min(int(request.query.get("PageSize", "50")), 100)
    page = int(request.query.get("Page", "0"))
    start = page * size
    shown = items[start : start + size]

    def url(at: int, **more: str) -> str:
        query = {**request.query, "PageSize": str(size), "Page": str(at), **more}
        return f"{MESSAGING}{request.path}?{urlencode(query)}"

    more_left = start + size < len(items)
    return 200, {
        "meta": {
            "first_page_url": url(0),
            "key": key,
            "next_page_url": url(page + 1, PageToken=f"PA{page + 1}") if more_left else None,
            "page": page,
            "page_size": size,
            "previous_page_url": url(page - 1) if page else None,
            "url": url(page),
        },
        key: shown,
    }
