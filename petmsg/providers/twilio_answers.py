"""Reads Twilio's HTTP answers, and failures without an answer; checks the API's URL.

Does not import the SDK, which drops what is read here.
"""

import json
import re
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests
from urllib3 import exceptions as urllib3_errors

from petmsg import clock
from petmsg.errors import Misconfigured
from petmsg.providers.base import TOO_LATE, RetryLater, Unknown
from petmsg.providers.public_url import LOOPBACK
from petmsg.providers.timed_http import TooLateError

TWILIO_URL = "https://api.twilio.com"

_LONGEST_WAIT = 86_400
_NO_SUCH = 20404


class AnsweredNo(Exception):
    """An HTTP answer that is not a 2xx, passed around the SDK, which would drop its headers."""

    def __init__(self, answer: requests.Response) -> None:
        super().__init__(f"HTTP {answer.status_code}")
        self.status = answer.status_code
        self.headers: Mapping[str, str] = answer.headers
        self.body = answer.content.decode("utf-8", errors="replace")


def is_missing(answer: AnsweredNo) -> bool:
    """Whether Twilio itself says that there is no such thing; another 404 may not be Twilio's."""
    if answer.status == 410:
        return True
    return answer.status == 404 and code_and_message(answer.body)[0] == _NO_SUCH


def checked_url(api_url: str) -> str:
    """The scheme, host and port of `api_url`, or `Misconfigured`."""
    try:
        parts = urlsplit(api_url)
        host, port = parts.hostname, parts.port
    except ValueError:
        pass
    else:
        bare = not (parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc)
        allowed = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
        if host and bare and allowed:
            shown_host = f"[{host}]" if ":" in host else host
            return f"{parts.scheme}://{shown_host}" + (f":{port}" if port else "")
    raise Misconfigured(
        "The URL of Twilio's API is not usable: it must be https, or http to this machine.",
        hint=f"Give only scheme and host, such as {TWILIO_URL}",
    )


def outcome_of_transport(error: requests.RequestException) -> RetryLater | Unknown:
    """The outcome of a failure below HTTP. Its own message is dropped, because it quotes URLs."""
    cause: object = error.args[0] if error.args else None
    if isinstance(cause, urllib3_errors.MaxRetryError):
        cause = cause.reason
    through = "the proxy" if isinstance(error, requests.exceptions.ProxyError) else "Twilio"
    if isinstance(cause, urllib3_errors.ProxyError):
        cause = cause.original_error
    # All of these happen before the first byte of a request is written.
    if isinstance(cause, urllib3_errors.NameResolutionError):
        return RetryLater(None, None, f"The name of {through} could not be resolved.")
    if isinstance(cause, urllib3_errors.NewConnectionError):
        return RetryLater(None, None, f"The connection to {through} was refused.")
    if isinstance(cause, TooLateError):
        return TOO_LATE
    if isinstance(cause, urllib3_errors.ConnectTimeoutError):
        return RetryLater(None, None, f"Connecting to {through} timed out.")
    if isinstance(cause, urllib3_errors.SSLError) and isinstance(
        cause.args[0] if cause.args else None, ssl.SSLCertVerificationError
    ):
        return RetryLater(None, None, f"The certificate of {through} could not be verified.")
    if isinstance(error, requests.Timeout) or isinstance(cause, urllib3_errors.ReadTimeoutError):
        return Unknown(None, "Twilio did not answer in time.")
    return Unknown(None, f"The connection to {through} was lost.")


def code_and_message(body: str) -> tuple[int | None, str]:
    """Twilio's code and message of an error answer; empty if it is not Twilio's JSON."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None, ""
    if not isinstance(answer, dict):
        return None, ""
    code, message = answer.get("code"), answer.get("message") or answer.get("title")
    try:
        number = int(code) if isinstance(code, int | str) else None
    except ValueError:
        number = None
    return number, message if isinstance(message, str) else ""


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds to wait, at most a day, or None without a usable `Retry-After` (RFC 9110).

    A date is compared with the answer's own `Date`, so that a wrong local clock does no harm.
    """
    asked = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", asked):
        return float(min(int(asked), _LONGEST_WAIT))
    until = _http_date(asked)
    if until is None:
        return None
    since = answered_at(headers) or clock.now()
    return min(max((until - since).total_seconds(), 0.0), float(_LONGEST_WAIT))


def answered_at(headers: Mapping[str, str]) -> datetime | None:
    """When the answer was written, by the server's clock (to the second)."""
    return _http_date(headers.get("Date", ""))


def _http_date(text: str) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
