"""What the fake Twilio says and how it can fail: its words, its shapes and its faults.

After Twilio's public documentation: the pages "Messages resource", "IncomingPhoneNumber resource",
"Twilio API responses" (paging), "Error and Warning Dictionary" and "Test credentials", and the
examples of its OpenAPI description. tests/support/test_twilio_fake.py holds the shapes.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime

from petmsg.rules.segments import measure

VERSION = "2010-04-01"
STATUSES = ("accepted", "queued", "sent", "delivered")

# Twilio's magic numbers, of its page about test credentials.
MAGIC_FROM = {"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}
MAGIC_TO = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
ALWAYS_OWNED = "+15005550006"

WORDS = {
    20003: "Authenticate",
    20404: "The requested resource {path} was not found",
    20429: "Too Many Requests",
    20500: "An internal server error has occurred",
    20503: "Service unavailable",
    21211: "Invalid 'To' Phone Number: {to}",
    21212: "Invalid From Number (caller ID): {from_}",
    21408: "Permission to send an SMS has not been enabled for the region indicated: {to}.",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21606: "The 'From' phone number provided ({from_}) is not a valid message-capable Twilio phone "
    "number for this destination/account",
    21610: "Attempt to send to unsubscribed recipient",
    21611: "This 'From' number has exceeded the maximum number of queued messages",
    21612: "Message cannot be sent with the current combination of 'To' ({to}) and/or 'From' "
    "({from_}) parameters",
    21614: "'To' number: {to}, is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit",
    21701: "The Messaging Service does not exist",
    21711: "Phone Number is not associated to the specified Messaging Service",
    21620: "Invalid media URL(s)",
    21623: "Number of media files exceeds allowed limit",
    90007: "Invalid validity period value",
}


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the fake saw it."""

    method: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    headers: dict[str, str]
    media_urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens instead of the usual answer; `accepted`: whether the message is taken.

    It is taken before the fault shows or, with `late_seconds`, so long after it.
    """

    action: str  # "answer", "hang", "reset", "cut", "trickle", "trickle_body"
    accepted: bool = False
    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    late_seconds: float = 0.0


def answer(
    status: int, body: bytes | dict[str, object] = b"", *, accepted: bool = False, **headers: str
) -> Fault:
    """Answer with this. A header's underscores are hyphens: `Retry_After="3"`."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Fault("answer", accepted, status, raw, named)


def refusal(code: int, *, status: int = 400, message: str | None = None) -> Fault:
    """Twilio's answer with this error code."""
    return answer(status, error_body(code, status, message or WORDS.get(code, "Refused")))


def throttled(retry_after: str | None = None, **headers: str) -> Fault:
    """429, with `Retry-After` if given."""
    if retry_after is not None:
        headers["Retry_After"] = retry_after
    return answer(429, error_body(20429, 429, WORDS[20429]), accepted=False, **headers)


def server_error(status: int = 503, *, code: int = 20503, accepted: bool = False) -> Fault:
    """A 5xx, before or after the message was taken."""
    return answer(status, error_body(code, status, WORDS.get(code, "")), accepted=accepted)


def hang(*, accepted: bool = True, late_seconds: float = 0.0) -> Fault:
    """Read the request and never answer."""
    return Fault("hang", accepted, late_seconds=late_seconds)


def reset(*, accepted: bool = True, late_seconds: float = 0.0) -> Fault:
    """Read the request and reset the connection."""
    return Fault("reset", accepted, late_seconds=late_seconds)


def cut_json(*, accepted: bool = True) -> Fault:
    """A well-formed HTTP answer whose JSON ends half way."""
    return Fault("cut", accepted)


def trickle(*, accepted: bool = True, head_at_once: bool = False) -> Fault:
    """The usual answer, byte by byte, ten a second: no wait for bytes is long, all of it is."""
    return Fault("trickle_body" if head_at_once else "trickle", accepted)


def error_body(code: int, status: int, message: str) -> dict[str, object]:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return {"code": code, "message": message, "more_info": more, "status": status}


@dataclass(frozen=True, slots=True)
class FetchedUrl:
    """What a web server answered to HEAD and to GET for a file of a message. A status of 0 means
    that it did not answer."""

    url: str
    head_status: int
    head_headers: dict[str, str]
    status: int
    headers: dict[str, str]
    content: bytes


@dataclass(slots=True)
class FakeMessage:
    """A message the fake accepted. Set `final_status` and `error_code` to let it fail.

    `arrived` and `accepted` are seconds of the machine's monotonic clock, the same in every
    process: when its request was read, and when it was taken. Lists leave it out
    `hidden_from_lists` times, and until the clock shows `hidden_until`. It may wait in the queue of
    its number for `validity_seconds`.
    """

    sid: str
    from_: str
    to: str
    body: str
    created_at: datetime
    hidden_from_lists: int = 0
    step: int = 0
    final_status: str = "delivered"
    error_code: int | None = None
    arrived: float = 0.0
    accepted: float = 0.0
    hidden_until: float = 0.0
    came_in: bool = False
    media_count: int = 0
    media_urls: tuple[str, ...] = ()
    validity_seconds: int = 36_000
    price: str | None = None
    fetched: list["FetchedUrl"] = field(default_factory=list)
    messaging_service: str | None = None

    @property
    def status(self) -> str:
        if self.came_in:
            return "received"
        return self.final_status if self.step >= 3 else STATUSES[self.step]

    def resource(self, account_sid: str) -> dict[str, object]:
        """As the API shows it."""
        at = format_datetime(self.created_at)
        uri = f"/{VERSION}/Accounts/{account_sid}/Messages/{self.sid}"
        return {
            "account_sid": account_sid,
            "api_version": VERSION,
            "body": self.body,
            "date_created": at,
            "date_sent": at if self.step >= 2 or self.came_in else None,
            "date_updated": at,
            "direction": "inbound" if self.came_in else "outbound-api",
            "error_code": self.error_code if self.step >= 3 else None,
            "error_message": None,
            "from": self.from_,
            "messaging_service_sid": self.messaging_service,
            "num_media": str(self.media_count),
            "num_segments": "1" if self.media_urls else str(measure(self.body).segments),
            "price": self.price,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": self.to,
            "uri": f"{uri}.json",
        }

    def record(self) -> dict[str, object]:
        """As a campaign or a benchmark wants to know it."""
        return {
            "sid": self.sid,
            "from": self.from_,
            "to": self.to,
            "body": self.body,
            "segments": 1 if self.media_urls else measure(self.body).segments,
            "media": self.media_count,
            "arrived": self.arrived,
            "accepted": self.accepted,
            "created_at": self.created_at.isoformat(),
            "status": self.status,
        }


def number_resource(
    account_sid: str, at: int, e164: str, *, sends_texts: bool
) -> dict[str, object]:
    """A number of the account as the API shows it."""
    sid = f"PN{at:032x}"
    created = "Thu, 30 Jul 2015 23:19:04 +0000"
    return {
        "account_sid": account_sid,
        "address_requirements": "none",
        "address_sid": None,
        "api_version": VERSION,
        "beta": False,
        "bundle_sid": None,
        "capabilities": {"voice": True, "sms": sends_texts, "mms": sends_texts, "fax": False},
        "date_created": created,
        "date_updated": created,
        "emergency_address_sid": None,
        "emergency_status": "Active",
        "friendly_name": e164,
        "identity_sid": None,
        "origin": "twilio",
        "phone_number": e164,
        "sid": sid,
        "sms_application_sid": "",
        "sms_fallback_method": "POST",
        "sms_fallback_url": "",
        "sms_method": "POST",
        "sms_url": "",
        "status": "in-use",
        "status_callback": "",
        "status_callback_method": "POST",
        "trunk_sid": None,
        "uri": f"/{VERSION}/Accounts/{account_sid}/IncomingPhoneNumbers/{sid}.json",
        "voice_application_sid": None,
        "voice_caller_id_lookup": False,
        "voice_fallback_method": "POST",
        "voice_fallback_url": None,
        "voice_method": "POST",
        "voice_url": None,
    }
