"""The real carrier: Twilio, through its official SDK. The only module that imports `twilio`.

`send` turns everything that can happen into one of four outcomes and raises nothing. The rule
behind it: "certainly not processed" is said only where it is certain (429, the table's codes of
congestion, a connection that never came about); everything in doubt is `Unknown`, because the
API knows no idempotency key and a second try could text a client twice.

The SDK is slow to import, so that only the command line's context imports this module, and late.
"""

import json
import logging
import re
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from twilio.base.exceptions import TwilioException  # type: ignore[import-untyped] # no py.typed
from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped] # no py.typed
from twilio.http.response import Response  # type: ignore[import-untyped] # no py.typed
from twilio.rest import Client  # type: ignore[import-untyped] # no py.typed
from urllib3 import exceptions as urllib3_errors

from petmsg.errors import CredentialsMissing, Misconfigured
from petmsg.phone import mask_phone
from petmsg.providers.base import (
    Accepted,
    OutgoingText,
    Rejected,
    RejectionClass,
    RetryLater,
    SendOutcome,
    Unknown,
)
from petmsg.providers.credentials import TwilioCredentials
from petmsg.providers.twilio_errors import Certainty, look_up

TWILIO_URL = "https://api.twilio.com"
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_LONGEST_WAIT = 86_400
_LONGEST_MESSAGE = 300
_PHONE = re.compile(r"\+?[0-9]{7,}")

# Statuses after which every other text would be refused as well: 404 is an account or an address
# that does not exist, 407 a proxy's 401.
_ACCOUNT_STATUSES = {401, 403, 404, 407}
# Without a code of Twilio's, a server that gave up waiting says nothing about the text.
_GAVE_UP_WAITING = 408


class TwilioProvider:
    """Sends through one Twilio account. Threads may share it."""

    name = "twilio"

    def __init__(
        self,
        credentials: TwilioCredentials,
        *,
        timeout_seconds: float = 15.0,
        pool_size: int = 10,
        api_url: str | None = None,
    ) -> None:
        """Prepare a client; nothing is sent.

        `timeout_seconds` bounds connecting, and then each wait for bytes. `pool_size` is how many
        connections stay open: as many as there are threads. `api_url` stands in for the scheme and
        host of Twilio's API (a sandbox, a regional edge): https, or loopback.

        Raises `CredentialsMissing` for empty credentials, `Misconfigured` for an `api_url`, a
        time-out or a pool size that cannot be meant.
        """
        if not (credentials.account_sid and credentials.auth_token):
            raise CredentialsMissing("Twilio's account SID or auth token is empty.")
        if timeout_seconds <= 0 or pool_size < 1:
            raise Misconfigured(
                "Twilio's time-out must be longer than 0 seconds and its pool hold 1 connection."
            )
        self._auth_token = credentials.auth_token
        self._http = _HttpClient(
            base_url=None if api_url is None else _checked_url(api_url),
            timeout_seconds=timeout_seconds,
            pool_size=pool_size,
        )
        self._messages = Client(
            credentials.account_sid,
            credentials.auth_token,
            http_client=self._http,
            # Not empty, because the SDK would then read the process's environment.
            environment={"TWILIO_ACCOUNT_SID": credentials.account_sid},
        ).messages

    def send(self, text: OutgoingText) -> SendOutcome:
        """Hand over one text. Raises nothing; Ctrl-C passes through."""
        try:
            text.body.encode()
        except UnicodeEncodeError:
            return Rejected("unencodable", RejectionClass.CONTENT, "The text is not valid Unicode.")
        try:
            message = self._messages.create(to=text.to_e164, from_=text.from_e164, body=text.body)
            sid, status = message.sid, message.status
        except _AnsweredNo as answer:
            return self._outcome_of_answer(answer)
        except requests.RequestException as error:
            return _outcome_of_transport(error)
        except (TwilioException, ValueError):
            return Unknown(None, "Twilio's answer could not be read.")
        except Exception as error:  # noqa: BLE001 - because a text in doubt is Unknown, not a crash
            return Unknown(None, f"Sending broke off ({type(error).__name__}).")
        if not isinstance(sid, str) or not sid:
            return Unknown(None, "Twilio's answer named no message.")
        return Accepted(sid, status if isinstance(status, str) else "accepted")

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._http.session.close()

    def _outcome_of_answer(self, answer: "_AnsweredNo") -> SendOutcome:
        code, message = _code_and_message(answer.body)
        status = answer.status
        shown_code = str(status if code is None else code)
        words = self._without_secrets(message) or f"Twilio answered HTTP {status}."
        if not 400 <= status < 500:
            # 5xx: perhaps processed. 3xx: Twilio never redirects a POST, so something else spoke.
            return Unknown(shown_code, words)
        row = None if code is None else look_up(code)
        if status == 429 or (row and row.certainty is Certainty.NOT_PROCESSED):
            return RetryLater(_retry_after(answer.headers), shown_code, words)
        if row and row.certainty is Certainty.UNKNOWN:
            return Unknown(shown_code, words)
        if row and row.rejection_class is not RejectionClass.OTHER:
            return Rejected(shown_code, row.rejection_class, words)
        if status in _ACCOUNT_STATUSES:
            return Rejected(shown_code, RejectionClass.ACCOUNT, words)
        if status == _GAVE_UP_WAITING:
            return Unknown(shown_code, words)
        return Rejected(shown_code, RejectionClass.OTHER, words)

    def _without_secrets(self, message: str) -> str:
        """Twilio's words on one line, shortened, with phones masked: it likes to quote them."""
        plain = message.replace(self._auth_token, "***")
        plain = _PHONE.sub(lambda found: mask_phone("+" + found[0].lstrip("+")), plain)
        return " ".join(plain.split())[:_LONGEST_MESSAGE]


class _AnsweredNo(Exception):
    """An HTTP answer that is not a 2xx, carried past the SDK, which would drop its headers."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"HTTP {response.status_code}")
        self.status: int = response.status_code
        self.headers: Mapping[str, str] = response.headers or {}
        self.body: str = response.text


class _HttpClient(TwilioHttpClient):  # type: ignore[misc] # the SDK is untyped
    """The SDK's own HTTP client with a silent log, no retries, a pool, and another host if asked.

    The SDK logs parameters, phones among them, at INFO: hence a logger that nobody listens to.
    """

    def __init__(self, *, base_url: str | None, timeout_seconds: float, pool_size: int) -> None:
        # Of its own making, because one from getLogger could be turned up by anyone.
        silent = logging.Logger("silent", level=logging.CRITICAL + 1)  # noqa: LOG001 - see above
        super().__init__(timeout=timeout_seconds, logger=silent)
        self._base_url = base_url
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, HTTPAdapter(pool_maxsize=pool_size, max_retries=0))
        if base_url is not None and urlsplit(base_url).hostname in _LOOPBACK:
            # A proxy of the environment must not see what is meant for this machine.
            self.session.trust_env = False

    def request(self, method: str, url: str, *args: object, **kwargs: object) -> Response:
        if self._base_url is not None:
            url = self._base_url + url.removeprefix(TWILIO_URL)
        response = super().request(method, url, *args, **kwargs)
        if not 200 <= response.status_code < 300:
            raise _AnsweredNo(response)
        return response


def _checked_url(api_url: str) -> str:
    """The scheme, host and port of `api_url`, or `Misconfigured`."""
    try:
        parts = urlsplit(api_url)
        host, port = parts.hostname, parts.port
    except ValueError:
        pass
    else:
        bare = not (parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc)
        allowed = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
        if host and bare and allowed:
            shown_host = f"[{host}]" if ":" in host else host
            return f"{parts.scheme}://{shown_host}" + (f":{port}" if port else "")
    raise Misconfigured(
        "The address of Twilio's API is not usable: it must be https, or http to this machine.",
        hint=f"Write scheme and host only, such as {TWILIO_URL}",
    )


def _outcome_of_transport(error: requests.RequestException) -> SendOutcome:
    """What a failure below HTTP says. Its own words are dropped: they quote addresses."""
    cause: object = error.args[0] if error.args else None
    if isinstance(cause, urllib3_errors.MaxRetryError):
        cause = cause.reason
    through = "the proxy" if isinstance(error, requests.exceptions.ProxyError) else "Twilio"
    if isinstance(cause, urllib3_errors.ProxyError):
        cause = cause.original_error
    # All of these come about before the first byte of a request is written.
    if isinstance(cause, urllib3_errors.NameResolutionError):
        return RetryLater(None, None, f"The name of {through} could not be resolved.")
    if isinstance(cause, urllib3_errors.NewConnectionError):
        return RetryLater(None, None, f"The connection to {through} was refused.")
    if isinstance(cause, urllib3_errors.ConnectTimeoutError):
        return RetryLater(None, None, f"Connecting to {through} timed out.")
    if isinstance(cause, urllib3_errors.SSLError) and isinstance(
        cause.args[0] if cause.args else None, ssl.SSLCertVerificationError
    ):
        return RetryLater(None, None, f"The certificate of {through} could not be verified.")
    if isinstance(error, requests.Timeout):
        return Unknown(None, "Twilio did not answer in time.")
    return Unknown(None, f"The connection to {through} broke off.")


def _code_and_message(body: str) -> tuple[int | None, str]:
    """Twilio's own code and words of an error answer; nothing if it is not Twilio's JSON."""
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


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds to wait, at most a day, or None without a usable `Retry-After` (RFC 9110).

    A date is measured from the answer's own `Date`, so that a wrong clock here does no harm.
    """
    asked = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", asked):
        return float(min(int(asked), _LONGEST_WAIT))
    until = _http_date(asked)
    if until is None:
        return None
    since = _http_date(headers.get("Date", "")) or datetime.now(UTC)
    return min(max((until - since).total_seconds(), 0.0), float(_LONGEST_WAIT))


def _http_date(text: str) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
