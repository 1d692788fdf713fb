"""Checks the signature of Twilio's requests with its SDK.

Twilio signs the URL it was given and every parameter of the form, including blank ones. The URL is
the configured public one, never what the request says: proxies change that, and forgers choose it.
The fragment of `public_url.RETRIES`, which makes Twilio repeat a request, may be signed or not.
A request names its account in `AccountSid`; only that account's tokens are tried.
Source: twilio.com/docs/usage/webhooks/webhooks-security.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from twilio.request_validator import RequestValidator  # type: ignore[import-untyped] # no py.typed

from petmsg.enums.webhooks import LooksLike
from petmsg.providers.credentials import is_account_sid
from petmsg.providers.public_url import RETRIES
from petmsg.providers.stored_accounts import StoredAccounts
from petmsg.providers.twilio_parameters import Form

HEADER = "X-Twilio-Signature"
ACCOUNT = "AccountSid"
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(?::[0-9]{1,4})?")


class Diagnosis(NamedTuple):
    """What is probably wrong with a refused request.

    `account` is the SID that the request names, `names` are those of its credentials; `address` is
    the start of the address that Twilio signed, where the signature proves it.
    """

    kind: LooksLike
    account: str = ""
    names: frozenset[str | None] = frozenset()
    address: str | None = None


class _Every(dict[str, Sequence[str]]):
    """Parameters with the method by which the SDK reads all values of a name."""

    def getall(self, name: str) -> Sequence[str]:
        return self[name]


class TwilioSignature:
    """Checks requests of some accounts at one public address."""

    def __init__(self, accounts: StoredAccounts, *, public_url: str) -> None:
        """`public_url` has no trailing slash (see `public_url.checked_public_url`)."""
        self._accounts = accounts
        self._public_url = public_url

    def is_genuine(self, path: str, query: str, parameters: Form, signature: str | None) -> bool:
        """Whether Twilio signed this path and query (still encoded) with exactly these parameters.

        False without a signature, and without the `AccountSid` of a known account. Before a
        signature is refused, credentials that were changed are read again.
        """
        if not signature:
            return False
        self._accounts.look_if_due()
        account = _account_of(parameters)
        addresses = [*_with_fragment(self._public_url + _target(path, query))]
        if self._is_signed(account, addresses, parameters, signature):
            return True
        return self._accounts.look_again() and self._is_signed(
            account, addresses, parameters, signature
        )

    def accounts_of(self, parameters: Form) -> frozenset[str | None]:
        """The names of the credentials of the account that a request names."""
        return self._accounts.names_of(_account_of(parameters))

    def diagnose(
        self, path: str, query: str, parameters: Form, signature: str | None, host: str | None
    ) -> Diagnosis:
        """What is probably wrong with a request that `is_genuine` refused.

        `host` is its Host header. A signature that fits another address proves that the token is
        right, and that Twilio was given that address.
        """
        account = _account_of(parameters)
        names = self._accounts.names_of(account)
        if not signature:
            return Diagnosis(LooksLike.PROXY if names else LooksLike.STRANGER, account, names)
        if not self._accounts.tokens_of(account):
            return Diagnosis(LooksLike.ACCOUNT, account, names)
        for kind, base, target in self._others(path, query, host):
            addresses = [*_with_fragment(base + target)]
            if self._is_signed(account, addresses, parameters, signature):
                return Diagnosis(kind, account, names, base)
        return Diagnosis(LooksLike.TOKEN, account, names)

    def _others(
        self, path: str, query: str, host: str | None
    ) -> Iterator[tuple[LooksLike, str, str]]:
        """Other addresses that Twilio may have signed: start and rest of each.

        The SDK itself tries an address with and without its standard port.
        """
        target = _target(path, query)
        if query:
            yield LooksLike.PROXY, self._public_url, path
        parts = urlsplit(self._public_url)
        other = "http" if parts.scheme == "https" else "https"
        hosts = [parts.netloc, parts.hostname or ""]
        if host is not None and _HOST.fullmatch(host):
            hosts.append(host)
        for each in dict.fromkeys(hosts):
            for scheme in (parts.scheme, other):
                for start in dict.fromkeys((parts.path, "")):
                    yield LooksLike.ADDRESS, f"{scheme}://{each}{start}", target

    def _is_signed(
        self, account: str, addresses: Sequence[str], parameters: Form, signature: str
    ) -> bool:
        every = _Every(parameters)
        return any(
            RequestValidator(token).validate(address, every, signature)
            for token in self._accounts.tokens_of(account)
            for address in addresses
        )


def signature_of(token: str, address: str, parameters: Mapping[str, str]) -> str:
    """The signature that Twilio makes with a token: of an address, and of parameters that have one
    value each."""
    made: str = RequestValidator(token).compute_signature(address, dict(parameters))
    return made


def _account_of(parameters: Form) -> str:
    """The account that the request names; empty if it names none, two, or what is no SID."""
    values = parameters.get(ACCOUNT, ())
    return values[0] if len(values) == 1 and is_account_sid(values[0]) else ""


def _target(path: str, query: str) -> str:
    return path + (f"?{query}" if query else "")


def _with_fragment(address: str) -> Iterator[str]:
    yield address
    yield f"{address}#{RETRIES}"
