"""The interface between petmsg and message providers.

Sending returns one of four outcomes and raises nothing; lookups raise `ProviderUnavailable` or
`ProviderAccount`. An adapter is never called while a transaction is open, and one contract test
runs against every adapter. Standard library and vocabularies only, because services use these
types.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from math import inf
from typing import Protocol, runtime_checkable

from petmsg.enums.opt_outs import Keyword
from petmsg.money import Money

MOST_MEDIA = 10
"""The most pictures and files of one message (Twilio's error 21623)."""


@dataclass(frozen=True, slots=True)
class OutgoingMedia:
    """A picture or file of a message to send.

    `url` is where the provider fetches it; None if the provider needs none. `sha256` names the
    bytes in the media store; None for a file that petmsg does not have.
    """

    content_type: str | None
    sha256: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """One message to send. Both phones are E.164. The body may be empty if there are `media`.

    `begin_by` (in seconds of `clock.uptime`) is the deadline for starting: an adapter checks it
    right before it writes the request, and returns `RetryLater` if it has passed. Looking up a
    message whose outcome is unknown relies on that.

    `messaging_service` is the provider's ID of the Messaging Service that the number sits in: the
    message is sent through it, so that its opt-outs and its campaign apply.

    `expires_at` (aware UTC) is when the message becomes worthless; `deliver_by` is the same instant
    in seconds of `clock.uptime`, for an adapter whose provider can drop a message that waits there
    for too long.
    """

    from_e164: str
    to_e164: str
    body: str
    begin_by: float = inf
    media: tuple[OutgoingMedia, ...] = ()
    expires_at: datetime | None = None
    deliver_by: float = inf
    messaging_service: str | None = None

    def starting(self, *, now: datetime, uptime: float, begin_by: float) -> "OutgoingMessage":
        """The message as it is given to an adapter at `now` (aware UTC), which is the moment
        `uptime`: with its deadlines. A message that expires first has to begin by then."""
        if self.expires_at is None:
            return replace(self, begin_by=begin_by)
        deliver_by = uptime + (self.expires_at - now).total_seconds()
        return replace(self, begin_by=min(begin_by, deliver_by), deliver_by=deliver_by)


class RejectionClass(StrEnum):
    """The cause of a rejection; it determines how the message is handled."""

    ACCOUNT = "account"
    """Credentials or suspension: every other message would be rejected as well."""
    REGISTRATION = "registration"
    """A registration is missing, pending or suspended: every other message from numbers of the same
    type would be rejected as well."""
    RECIPIENT = "recipient"
    """The client's phone cannot receive SMS."""
    OPTED_OUT = "opted_out"
    """The recipient sent STOP to this sender."""
    SENDER = "sender"
    """Our number is not usable."""
    CONTENT = "content"
    """This message is not accepted unchanged."""
    SETTING = "setting"
    """A setting of the account (a region, a trial) prevents it."""
    CONFIGURATION = "configuration"
    """A petmsg setting prevents every message."""
    UNREACHABLE = "unreachable"
    """The recipient's phone is off or out of reach: retried two or three times within a day."""
    BLOCKED = "blocked"
    """The recipient's carrier blocks this number of ours."""
    FILTERED = "filtered"
    """Filtered as spam. Never sent again unchanged or from another number; counted."""
    UNEXPLAINED = "unexplained"
    """The carrier gave no reason: retried once, after a delay."""
    DAILY_CAP = "daily_cap"
    """The daily limit is used up, until midnight in Los Angeles."""
    QUIET_HOURS = "quiet_hours"
    """Not allowed at the recipient's local hour: sent at the next allowed time."""
    LOOP = "loop"
    """Too many messages between the same two numbers: two machines may be answering each other."""
    OTHER = "other"
    """An unknown code: stored and shown, not retried automatically."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider accepted the message and gave it an ID."""

    provider_message_id: str
    status: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The provider rejected the message: it was not and will not be sent."""

    code: str
    rejection_class: RejectionClass
    message: str


@dataclass(frozen=True, slots=True)
class RetryLater:
    """Certainly not processed; may be sent again after `after_seconds` (None: the caller chooses).

    `number_only`: another number could have sent immediately.
    """

    after_seconds: float | None
    code: str | None
    message: str
    number_only: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """The outcome is unknown. Sending again without a lookup could send the message twice."""

    code: str | None
    message: str


TOO_LATE = RetryLater(0.0, None, "The deadline for starting has passed.")
"""The outcome of a message whose `begin_by` has passed."""

SendOutcome = Accepted | Rejected | RetryLater | Unknown


class Delivery(StrEnum):
    """The delivery status of a message that the provider accepted."""

    IN_TRANSIT = "on_its_way"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    """The carrier reported that it was not delivered."""
    FAILED = "failed"
    """The provider gave up before the carrier had it."""


@dataclass(frozen=True, slots=True)
class ProviderMessage:
    """A sent message as the provider stores it. `created_at` is aware UTC, by the provider's clock.

    `age` is the time between `created_at` and the lookup, by the same clock; None if it is not
    known, or if the clock is that of the sending process. `code` and `rejection_class` are set if
    the message was not delivered and the provider says why. `media_count` is None if the provider
    does not say how many pictures it has. `price` is what it charged, `segments` how many it
    counted; both are None until it says so.
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
    media_count: int | None = None
    price: Money | None = None
    segments: int | None = None


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """A delivery receipt that the provider sent.

    `code` and `rejection_class` are set if the message was not delivered and the provider says why.
    The phones of the message are empty if the provider does not name them.
    """

    provider_message_id: str
    delivery: Delivery
    code: str | None = None
    rejection_class: RejectionClass | None = None
    from_e164: str = ""
    to_e164: str = ""


@dataclass(frozen=True, slots=True)
class ReceivedMedia:
    """A picture or file of a received message, as the provider reports it.

    `provider_media_id` is None if the provider did not name it: its list of the message's files
    then tells. `sha256` is set if petmsg has the bytes already (`message receive --media`).
    """

    content_type: str | None
    provider_media_id: str | None = None
    size: int | None = None
    sha256: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class FetchedMedia:
    """The bytes of a file that the provider holds, and the type that it reports."""

    content: bytes
    content_type: str | None


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A received message as the provider reports it.

    `from_phone` is the sender as the network shows it: E.164, a short code or a name. `to_e164` is
    the number it was sent to. `received_at` (aware UTC) is the provider's time; None means now.
    `opt_out_type` is set if the provider itself classified the message as STOP, START or HELP: a
    company can configure its own keywords there. `media` are its files as far as the provider named
    them, `media_count` is how many there are.
    """

    provider_message_id: str
    from_phone: str
    to_e164: str
    body: str
    received_at: datetime | None = None
    media_count: int = 0
    opt_out_type: Keyword | None = None
    media: tuple[ReceivedMedia, ...] = ()


@dataclass(frozen=True, slots=True)
class ProviderNumber:
    """A number of the provider's account that can send messages.

    `e164` is empty if the provider does not name it; `sends`, `mms` and `voice` are None if the
    provider does not say whether the number can send messages or pictures, or take calls.
    `messaging_service` is the ID of the Messaging Service it sits in, empty if it is in none, and
    None if that is not told.
    """

    e164: str
    provider_number_id: str
    sends: bool | None = True
    mms: bool | None = None
    voice: bool | None = None
    messaging_service: str | None = None


@dataclass(frozen=True, slots=True)
class Bill:
    """What the provider charged for one message, sent or received.

    `price` and `segments` are None until the provider says so: minutes to hours after the message.
    """

    provider_message_id: str
    price: Money | None
    segments: int | None


@runtime_checkable
class Billing(Protocol):
    """An adapter that can tell what messages cost."""

    def bills(self, day: date) -> Sequence[Bill]:
        """A bill for each message that was sent or received on that day (UTC), in any order.
        Complete, or it raises as `Provider.find`."""
        ...


class Provider(Protocol):
    """What petmsg needs from a message provider. Threads may share an adapter."""

    name: str

    def close(self) -> None:
        """End what is held open, such as connections."""
        ...

    def send(self, text: OutgoingMessage) -> SendOutcome:
        """Send one message. Blocks no longer than the adapter's timeout."""
        ...

    def find(
        self, *, from_e164: str | None, to_e164: str, since: datetime
    ) -> Sequence[ProviderMessage]:
        """Every message between the two phones (`from_e164` None: any number) that the provider
        accepted at or after `since` (aware UTC), sent or not. Complete, or it raises."""
        ...

    def fetch(self, provider_message_id: str) -> ProviderMessage | None:
        """The current state of a message; None if the provider has no message with that ID."""
        ...

    def received(self, *, since: datetime) -> Sequence[ReceivedMessage]:
        """Every message received at or after `since` (aware UTC), by any number, oldest first.
        Complete, or it raises."""
        ...

    def media_of(self, provider_message_id: str) -> Sequence[ReceivedMedia]:
        """The files of a received message, each with its ID. Complete, or it raises: `MediaGone`
        for a message that the provider does not have."""
        ...

    def fetch_media(
        self, provider_message_id: str, provider_media_id: str, *, most: int
    ) -> FetchedMedia:
        """The bytes of a file of a received message.

        Raises `MediaTooLarge` for more than `most` bytes, and `MediaGone`. Takes no longer than
        twice the adapter's longest request.
        """
        ...

    def delete_media(self, provider_message_id: str) -> None:
        """Delete the files of a message at the provider. Files that are not there are no error."""
        ...

    def numbers(self) -> Sequence[ProviderNumber] | None:
        """The account's numbers; None for a provider without a list of numbers."""
        ...
