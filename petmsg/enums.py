"""The closed vocabularies of petmsg: all values of its statuses, kinds and codes.

They are stored by value, and CHECK constraints of the database hold them unless noted here.
"""

from enum import StrEnum


class ClientKind(StrEnum):
    """How a client books: once, or repeatedly."""

    ONE_TIME = "one_time"
    RECURRING = "recurring"


class SitterStatus(StrEnum):
    """The status of a sitter. Only an active sitter's windows route to the sitter's number."""

    INACTIVE = "inactive"
    ACTIVE = "active"
    OFFBOARDED = "offboarded"


class NumberClass(StrEnum):
    """The purpose of a masked number."""

    FRONT_DESK = "front_desk"
    SITTER = "sitter"
    POOL = "pool"


class NumberStatus(StrEnum):
    """Whether a masked number may be used."""

    ACTIVE = "active"
    QUARANTINED = "quarantined"
    RETIRED = "retired"


class BookingStatus(StrEnum):
    """The status of a booking. Only a confirmed booking has an assignment window that counts."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


class PoolFor(StrEnum):
    """Which clients an org's pool numbers serve."""

    ALL = "all"
    ONE_TIME = "one_time"


class ProviderName(StrEnum):
    """The provider that sends and receives an org's messages."""

    SANDBOX = "sandbox"
    TWILIO = "twilio"


class Switch(StrEnum):
    """A setting that is on or off."""

    ON = "on"
    OFF = "off"


class Direction(StrEnum):
    """Whether a message was sent by the company or received from somebody."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"


class Voice(StrEnum):
    """Who speaks in a message, if the routing rules alone do not say: the front desk (`desk`), or
    the person who answers, from the number that received the message (`reply`)."""

    DESK = "desk"
    REPLY = "reply"


class OverrideTo(StrEnum):
    """Where an override sends a client's thread. It is not stored: there is only the front desk."""

    DESK = "desk"


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


class OptOutSource(StrEnum):
    """How petmsg learned of an opt-out."""

    OPERATOR = "operator"
    PROVIDER = "provider"
    KEYWORD = "keyword"


class AlertSeverity(StrEnum):
    """How soon a person should look at an alert: `critical` now, `warning` today, `info` later."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class AlertKind(StrEnum):
    """What an alert is about. No CHECK of the database lists them: later releases add kinds."""

    NO_NUMBER = "no_number"
    NUMBER_UNUSABLE = "number_unusable"
    NUMBER_FILTERED = "number_filtered"
    NUMBER_GONE = "number_gone"
    NUMBER_NOT_KNOWN = "number_not_known"
    PAIR_BLOCKED = "pair_blocked"
    PHONE_NOT_TEXTABLE = "phone_not_textable"
    CLIENT_OPTED_OUT = "client_opted_out"
    MESSAGE_HELD = "message_held"
    MESSAGE_EXPIRED = "message_expired"
    MESSAGE_NOT_KNOWN = "message_not_known"
    PROVIDER_ACCOUNT = "provider_account"
    PROVIDER_SETTING = "provider_setting"
    SAME_CODE = "same_code"
    STRAY_TEXT = "stray_text"
    OPT_OUT_WORD = "opt_out_word"
    OPT_OUT_REQUEST = "opt_out_request"
    SITTER_OPTED_OUT = "sitter_opted_out"
    RELAY_FAILED = "relay_failed"
    RELAY_LOOP = "relay_loop"
    PAYMENT_NOT_MATCHED = "payment_not_matched"
    CLIENT_WAITING = "client_waiting"
    AUTO_REPLY_LIMIT = "auto_reply_limit"
    WEBHOOK_REFUSED = "webhook_refused"
    PAYMENT_REFUNDED = "payment_refunded"
    PAYMENT_DISPUTED = "payment_disputed"
    PAYMENT_FAILED = "payment_failed"
    MEDIA_LOST = "media_lost"
    NO_PUBLIC_URL = "no_public_url"
    NOTIFY_FAILED = "notify_failed"


class DriftKind(StrEnum):
    """A difference between petmsg and the provider that `reconcile` reports."""

    MESSAGE_UNKNOWN = "message_unknown"
    NUMBER_NOT_KNOWN = "number_not_known"
    NUMBER_GONE = "number_gone"


class CheckResult(StrEnum):
    """The result of a check of `doctor`. A warning is not urgent."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


class GapKind(StrEnum):
    """What `coverage` reports. `pool_headroom` is information, never a gap."""

    WINDOW = "window"
    BOOKING_WITHOUT_WINDOW = "booking_without_window"
    SITTER_WITHOUT_NUMBER = "sitter_without_number"
    NO_FALLBACK = "no_fallback"
    POOL_HEADROOM = "pool_headroom"


class BlockCode(StrEnum):
    """Why a message is not sent now. A terminal block ends the message, any other one delays it."""

    NOT_THEIR_PHONE = "not_their_phone"
    OPTED_OUT = "opted_out"
    NOT_TEXTABLE = "not_textable"
    EXPIRED = "expired"
    PAIR_BLOCKED = "pair_blocked"
    FROZEN = "frozen"
    SCHEDULED = "scheduled"
    QUIET_HOURS = "quiet_hours"
    MEDIA_PENDING = "media_pending"
    NO_PUBLIC_URL = "no_public_url"


class MediaStatus(StrEnum):
    """Where the bytes of a picture or file are.

    `missing`: still to be fetched from the provider. `stored`: in the media store. `linked`: at a
    URL of the sender's, never stored. `lost`: they could not be fetched. `erasing`: erased, but the
    store may still have the bytes. `erased`: gone.
    """

    MISSING = "missing"
    STORED = "stored"
    LINKED = "linked"
    LOST = "lost"
    ERASING = "erasing"
    ERASED = "erased"


class Keyword(StrEnum):
    """The meaning of an opt-out keyword that is the whole message: opt out, opt in, or help."""

    STOP = "stop"
    START = "start"
    HELP = "help"


class AddressedTo(StrEnum):
    """Who reads an inbound message.

    `relay`: a sitter wrote it. With the code `SITTER_REPLY` it is forwarded to a client; with any
    other code it is for the company and waits for a person.
    """

    SITTER = "sitter"
    FRONT_DESK = "front_desk"
    UNROUTED = "unrouted"
    RELAY = "relay"


class RelayKind(StrEnum):
    """Why petmsg itself created a message: to forward a client's message to the sitter
    (`forward`), to forward a sitter's reply to the client (`reply`), to tell a sitter what became
    of their message (`notice`), or to answer automatically (`auto_reply`); or that a person wrote a
    message outside any thread, to a sitter (`staff`) or to a stranger (`answer`)."""

    FORWARD = "forward"
    REPLY = "reply"
    NOTICE = "notice"
    AUTO_REPLY = "auto_reply"
    STAFF = "staff"
    ANSWER = "answer"


class RelayOutcome(StrEnum):
    """The outcome of a sitter's message that waited until the sitter named the client."""

    SENT = "sent"
    REFUSED = "refused"
    EXPIRED = "expired"


class StripeOutcome(StrEnum):
    """The outcome of a payment event: its booking was confirmed, petmsg ignored it, or a rule
    refused it."""

    CONFIRMED = "confirmed"
    IGNORED = "ignored"
    REFUSED = "refused"


class Outcome(StrEnum):
    """The result of a routing decision: a number was chosen, or there is none."""

    ROUTED = "routed"
    NO_NUMBER = "no_number"


class Rule(StrEnum):
    """The routing rules, in the order in which they are tried."""

    CHOSEN_BY_A_PERSON = "chosen_by_a_person"
    ACTIVE_WINDOW = "active_window"
    POOL = "pool"
    FRONT_DESK = "front_desk"


class StoredRule(StrEnum):
    """The rule that is stored with a message: which kind of number it was sent from.

    A number that a person chose is stored as what it is, a pool number or the front desk's.
    """

    ACTIVE_WINDOW = "active_window"
    POOL = "pool"
    FRONT_DESK = "front_desk"


class SystemMessageRule(StrEnum):
    """The rules for a message outside any thread.

    `assigned_sitter`: a client's message still goes to the sitter it was for. The others choose the
    number: the sitter's own (`own_number`), the front desk's for what a person writes to a sitter
    (`desk_number`), or the one that received the message (`same_number`).
    """

    ASSIGNED_SITTER = "assigned_sitter"
    OWN_NUMBER = "own_number"
    DESK_NUMBER = "desk_number"
    SAME_NUMBER = "same_number"


class Code(StrEnum):
    """The result of one routing rule."""

    DESK_SPEAKS = "DESK_SPEAKS"
    OVERRIDE = "OVERRIDE"
    REPLY_FROM_SAME_NUMBER = "REPLY_FROM_SAME_NUMBER"
    WINDOW_ACTIVE = "WINDOW_ACTIVE"
    NO_ACTIVE_WINDOW = "NO_ACTIVE_WINDOW"
    WINDOW_WITHOUT_SITTER = "WINDOW_WITHOUT_SITTER"
    SITTER_NOT_ACTIVE = "SITTER_NOT_ACTIVE"
    SITTER_WITHOUT_NUMBER = "SITTER_WITHOUT_NUMBER"
    SITTER_NUMBER_QUARANTINED = "SITTER_NUMBER_QUARANTINED"
    SITTER_NUMBER_RETIRED = "SITTER_NUMBER_RETIRED"
    POOL_STICKY = "POOL_STICKY"
    POOL_LEAST_RECENTLY_USED = "POOL_LEAST_RECENTLY_USED"
    POOL_EMPTY = "POOL_EMPTY"
    POOL_AT_CAPACITY = "POOL_AT_CAPACITY"
    POOL_NOT_FOR_CLIENT = "POOL_NOT_FOR_CLIENT"
    FRONT_DESK = "FRONT_DESK"
    NO_FRONT_DESK = "NO_FRONT_DESK"
    OWN_NUMBER = "OWN_NUMBER"
    SAME_NUMBER = "SAME_NUMBER"
    NUMBER_NOT_USABLE = "NUMBER_NOT_USABLE"
    NUMBER_WITHOUT_MMS = "NUMBER_WITHOUT_MMS"
    RELAY_OFF = "RELAY_OFF"


class InboundRule(StrEnum):
    """The rules for an inbound message, in the order in which they are tried."""

    RELAY = "relay"
    KEYWORD = "keyword"
    SENDER = "sender"
    CLIENT = "client"
    OVERRIDE = "override"
    SITTER = "sitter"
    FRONT_DESK = "front_desk"


class InboundCode(StrEnum):
    """The result of one rule for an inbound message."""

    SITTER_REPLY = "SITTER_REPLY"
    RELAY_OFF = "RELAY_OFF"
    KEYWORD_STOP = "KEYWORD_STOP"
    KEYWORD_START = "KEYWORD_START"
    KEYWORD_HELP = "KEYWORD_HELP"
    KNOWN_CLIENT = "KNOWN_CLIENT"
    KNOWN_SITTER = "KNOWN_SITTER"
    UNKNOWN_SENDER = "UNKNOWN_SENDER"
    OVERRIDE = "OVERRIDE"
    WINDOW_ACTIVE = "WINDOW_ACTIVE"
    FORMER_NUMBER = "FORMER_NUMBER"
    POOL_OR_DESK_NUMBER = "POOL_OR_DESK_NUMBER"
    NUMBER_OF_ANOTHER_SITTER = "NUMBER_OF_ANOTHER_SITTER"
    SITTER_NOT_ACTIVE = "SITTER_NOT_ACTIVE"
    NUMBER_QUARANTINED = "NUMBER_QUARANTINED"
    NO_ACTIVE_WINDOW = "NO_ACTIVE_WINDOW"


class OutputFormat(StrEnum):
    """How a command prints its data."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    TSV = "tsv"


class FileFormat(StrEnum):
    """The format of the files of an export."""

    CSV = "csv"
    JSONL = "jsonl"
