"""Checks the signature of Twilio's requests with its SDK. Besides the adapter, the only module that
imports `twilio`.

Twilio signs the URL it was given and every parameter of the form, including blank ones. The URL is
the configured public one, never what the request says: proxies change that, and forgers choose it.
Source: twilio.com/docs/usage/webhooks/webhooks-security.
"""

from collections.abc import Mapping, Sequence

from twilio.request_validator import RequestValidator  # type: ignore[import-untyped] # no py.typed

HEADER = "X-Twilio-Signature"


class _Every(dict[str, Sequence[str]]):
    """Parameters with the method by which the SDK reads all values of a name."""

    def getall(self, name: str) -> Sequence[str]:
        return self[name]


class TwilioSignature:
    """Checks requests of one account at one public address."""

    def __init__(self, auth_token: str, *, public_url: str) -> None:
        """`public_url` has no trailing slash (see `public_url.checked_public_url`)."""
        self._validator = RequestValidator(auth_token)
        self._public_url = public_url

    def is_genuine(
        self,
        path: str,
        query: str,
        parameters: Mapping[str, Sequence[str]],
        signature: str | None,
    ) -> bool:
        """Whether Twilio signed this path and query (still encoded) with exactly these parameters.
        False without a signature."""
        if not signature:
            return False
        address = self._public_url + path + (f"?{query}" if query else "")
        return bool(self._validator.validate(address, _Every(parameters), signature))
