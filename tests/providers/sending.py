"""What the tests of Twilio's adapter send, and from where."""

import socket

from petmsg.providers.base import OutgoingMessage, SendOutcome
from petmsg.providers.credentials import TwilioCredentials
from petmsg.providers.twilio import TwilioProvider
from tests.support.twilio_fake import ACCOUNT_SID, AUTH_TOKEN

OURS = "+14155550101"
CLIENTS_PHONE = "+14155550142"
ALSO_OURS, ALSO_HERS = "+14155550102", "+14155550143"
TEXT = OutgoingMessage(OURS, CLIENTS_PHONE, "Maya is on her way.")
GOOD = TwilioCredentials(ACCOUNT_SID, AUTH_TOKEN)


def sent_to(url: str, text: OutgoingMessage = TEXT, *, timeout_seconds: float = 1.0) -> SendOutcome:
    """The outcome of one message through a provider of its own."""
    provider = TwilioProvider(GOOD, timeout_seconds=timeout_seconds, api_url=url)
    try:
        return provider.send(text)
    finally:
        provider.close()


def unused_port() -> int:
    """A port of this machine where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
