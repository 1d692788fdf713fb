"""The seam between petmsg and whoever carries its texts.

Sending turns everything that can happen into one of four outcomes and raises nothing; looking
raises `ProviderUnavailable` or `ProviderAccount`. An adapter is never called while a transaction is
open, and one contract test runs against every adapter. Standard library and vocabularies only:
services name these types.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from math import inf
from typing import Protocol

from petmsg.enums import Keyword


@dataclass(frozen=True, slots=True)
class OutgoingText:
    """One text to hand over. Both phones are E.164.

    `begin_by` (by `clock.uptime`) is when it is too late: an adapter looks at it after everything
    that may take long, right before it writes, and then gives `RetryLater`. Whoever finds the text
    later relies on that.
    """

    from_e164: str
    to_e164: str
    body: str
    begin_by: float = inf


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
    CONFIGURATION = "configuration"
    """A setting of petmsg's own stands in the way of every message."""
    UNREACHABLE = "unreachable"
    """The recipient's handset is off or out of reach: worth two or three tries within a day."""
    BLOCKED = "blocked"
    """The recipient's carrier takes nothing from this number of ours."""
    FILTERED = "filtered"
    """Taken for spam. Never sent again unchanged, never from another number; counted."""
    UNEXPLAINED = "unexplained"
    """The carrier gave no reason: worth one delayed try."""
    DAILY_CAP = "daily_cap"
    """The day's allowance is used up, until midnight in Los Angeles."""
    QUIET_HOURS = "quiet_hours"
    """Not at this hour of the recipient: at the next allowed time."""
    LOOP = "loop"
    """Too many texts between the same two numbers: perhaps two machines talk to each other."""
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
    """Certainly not processed; may be sent again after `after_seconds` (None: choose).

    `number_only`: another number could have sent at once.
    """

    after_seconds: float | None
    code: str | None
    message: str
    number_only: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may or may not have been sent. Sending again blindly could text the client twice."""

    code: str | None
    message: str


TOO_LATE = RetryLater(0.0, None, "It was too late to begin.")
"""The outcome of a text whose `begin_by` has passed."""

SendOutcome = Accepted | Rejected | RetryLater | Unknown


class Delivery(StrEnum):
    """How far a text is that the provider took."""

    ON_ITS_WAY = "on_its_way"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    """The carrier reported that it did not arrive."""
    FAILED = "failed"
    """The provider gave up before the carrier had it."""


@dataclass(frozen=True, slots=True)
class ProviderText:
    """A text as the provider keeps it. `created_at` is aware UTC, by the provider's clock.

    `age` is how long before it was listed that was, by the same clock; None if that is not known,
    or if the clock is the one of the process that sent it.
    `code` and `rejection_class` are set where it was not delivered and the provider says why.
    """

    provider_message_id: str
    from_e164: str
    to_e164: str
    body: str
    delivery: Delivery
    created_at: datetime
    code: str | None = None
    rejection_class: RejectionClass | None = None
    age: timedelta | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """How far a text is, as the provider tells by itself.

    `code` and `rejection_class` are set where it was not delivered and the provider says why.
    """

    provider_message_id: str
    delivery: Delivery
    code: str | None = None
    rejection_class: RejectionClass | None = None


@dataclass(frozen=True, slots=True)
class ReceivedText:
    """A text that came in, as the provider tells of it.

    `from_phone` is as the network shows the sender: E.164, or a short code, or a name. `to_e164` is
    the number it came to. `received_at` (aware UTC) is the provider's; None means now.
    `opt_out_type` is set where the provider says by itself what the text means to the carriers: the
    company may have told it words of its own for STOP, START or HELP.
    """

    provider_message_id: str
    from_phone: str
    to_e164: str
    body: str
    received_at: datetime | None = None
    media_count: int = 0
    opt_out_type: Keyword | None = None


@dataclass(frozen=True, slots=True)
class ProviderNumber:
    """A number of the provider's account that may send texts.

    `e164` is empty where the provider does not name it, `sends` None where it does not say whether
    the number sends texts.
    """

    e164: str
    provider_number_id: str
    sends: bool | None = True


class Provider(Protocol):
    """What petmsg needs of a carrier. Threads may share an adapter."""

    name: str

    def close(self) -> None:
        """End what is held open, such as connections."""
        ...

    def send(self, text: OutgoingText) -> SendOutcome:
        """Hand over one text. Blocks no longer than the adapter's time-out."""
        ...

    def find(
        self, *, from_e164: str | None, to_e164: str, since: datetime
    ) -> Sequence[ProviderText]:
        """Every text from the one (None: any number) to the other that the provider took at or
        after `since`, those too that have not left yet. Complete, or it raises."""
        ...

    def fetch(self, provider_message_id: str) -> ProviderText | None:
        """A text as it stands now; None if the provider has none of that id."""
        ...

    def received(self, *, since: datetime) -> Sequence[ReceivedText]:
        """Every text that came in at or after `since`, to any number, the oldest first. Complete,
        or it raises."""
        ...

    def numbers(self) -> Sequence[ProviderNumber] | None:
        """The account's numbers; None for a carrier that keeps no list of them."""
        ...
