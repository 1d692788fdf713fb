"""Twilio's signature of a request to us, checked by its SDK. Beside the adapter, the only module
that imports `twilio`.

Signed are the address as Twilio was given it and every parameter of the form, the blank ones too.
The address is the configured public one, never what the request says of itself: a proxy changes
that, and a forger chooses it. Source: twilio.com/docs/usage/webhooks/webhooks-security.
"""

from collections.abc import Mapping, Sequence

from twilio.request_validator import RequestValidator  # type: ignore[import-untyped] # no py.typed

HEADER = "X-Twilio-Signature"


class _Every(dict[str, Sequence[str]]):
    """Parameters as the SDK asks for all values of a name."""

    def getall(self, name: str) -> Sequence[str]:
        return self[name]


class TwilioSignature:
    """Checks requests of one account at one public address."""

    def __init__(self, auth_token: str, *, public_url: str) -> None:
        """`public_url` is without a slash at its end (see `twilio_webhooks.checked_public_url`)."""
        self._validator = RequestValidator(auth_token)
        self._public_url = public_url

    def is_genuine(
        self,
        path: str,
        query: str,
        parameters: Mapping[str, Sequence[str]],
        signature: str | None,
    ) -> bool:
        """Whether Twilio signed this path and query (as they came, still encoded) with exactly
        these parameters of the form. Without a signature: no."""
        if not signature:
            return False
        address = self._public_url + path + (f"?{query}" if query else "")
        return bool(self._validator.validate(address, _Every(parameters), signature))
