"""The seam between petmsg and whoever carries its texts.

An adapter turns everything that can happen into one of four outcomes and raises nothing but
`CredentialsMissing`. It is never called while a transaction is open, and one contract test runs
against every adapter. Standard library only: services name these types.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class OutgoingText:
    """One text to hand over. Both phones are E.164."""

    from_e164: str
    to_e164: str
    body: str


class RejectionClass(StrEnum):
    """Whose matter a refusal is, which decides what happens next (facts: Twilio's error table)."""

    ACCOUNT = "account"
    """Credentials, suspension: every other text would be refused as well."""
    RECIPIENT = "recipient"
    """The client's phone cannot be texted."""
    OPTED_OUT = "opted_out"
    """The recipient said STOP to this sender."""
    SENDER = "sender"
    """Our number is not usable."""
    CONTENT = "content"
    """This text, as it is, will not be carried."""
    SETTING = "setting"
    """A setting of the account (a region, a trial) stands in the way."""
    OTHER = "other"
    """A code petmsg has no reaction for: kept, shown, not tried again by itself."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took the text and gave it an id."""

    provider_message_id: str
    status: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The provider said no: it did not and will not send this text."""

    code: str
    rejection_class: RejectionClass
    message: str


@dataclass(frozen=True, slots=True)
class RetryLater:
    """Certainly not processed; may be sent again after `after_seconds` (None: choose)."""

    after_seconds: float | None
    code: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may or may not have been sent. Sending again blindly could text the client twice."""

    code: str | None
    message: str


SendOutcome = Accepted | Rejected | RetryLater | Unknown


class Provider(Protocol):
    """What petmsg needs of a carrier."""

    name: str

    def send(self, text: OutgoingText) -> SendOutcome:
        """Hand over one text. Blocks no longer than the adapter's time-out."""
        ...
