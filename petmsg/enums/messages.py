"""Messages, the attempts to send them, and what delays them."""

from enum import StrEnum


class Direction(StrEnum):
    """Whether a message was sent by the company or received from somebody."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"


class Voice(StrEnum):
    """Who speaks in a message, if the routing rules alone do not say: the front desk (`desk`), or
    the person who answers, from the number that received the message (`reply`)."""

    DESK = "desk"
    REPLY = "reply"


class MessageStatus(StrEnum):
    """The status of a message. An inbound message is always `received`, an outbound one never."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    HELD = "held"
    CANCELLED = "cancelled"
    RECEIVED = "received"


OUTCOME_OPEN = frozenset((MessageStatus.SENDING, MessageStatus.UNKNOWN))
"""The statuses in which it is not known yet whether the provider took the message."""


class AttemptStatus(StrEnum):
    """The outcome of one attempt to send a message.

    `put_back`: the provider did not process it, and the message was queued again. `absent`: the
    outcome was unknown, and the provider turned out not to have the message.
    """

    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    PUT_BACK = "put_back"
    ABSENT = "absent"


class BlockCode(StrEnum):
    """Why a message is not sent now. A terminal block ends the message, any other one delays it."""

    NOT_THEIR_PHONE = "not_their_phone"
    OPTED_OUT = "opted_out"
    NOT_SMS_CAPABLE = "not_textable"
    EXPIRED = "expired"
    PAIR_BLOCKED = "pair_blocked"
    FROZEN = "frozen"
    SCHEDULED = "scheduled"
    QUIET_HOURS = "quiet_hours"
    MEDIA_PENDING = "media_pending"
    NO_PUBLIC_URL = "no_public_url"


class StoredRule(StrEnum):
    """The rule that is stored with a message: which kind of number it was sent from.

    A number that a person chose is stored as what it is, a pool number or the front desk's.
    """

    ACTIVE_WINDOW = "active_window"
    POOL = "pool"
    FRONT_DESK = "front_desk"
