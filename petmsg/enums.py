"""The closed vocabularies of petmsg.

Every value stored in the database, printed or accepted from a command line is spelled here and
nowhere else. They are stored by value, and the database checks them.
"""

from enum import StrEnum


class ClientKind(StrEnum):
    """How a client books: once, or again and again."""

    ONE_TIME = "one_time"
    RECURRING = "recurring"


class SitterStatus(StrEnum):
    """Where a sitter stands with the company."""

    INACTIVE = "inactive"
    ACTIVE = "active"
    OFFBOARDED = "offboarded"


class NumberClass(StrEnum):
    """What a masked number is for."""

    FRONT_DESK = "front_desk"
    SITTER = "sitter"
    POOL = "pool"


class NumberStatus(StrEnum):
    """Whether a masked number may be used."""

    ACTIVE = "active"
    QUARANTINED = "quarantined"
    RETIRED = "retired"


class BookingStatus(StrEnum):
    """How far a booking is."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


class PoolFor(StrEnum):
    """Which clients an org's pool numbers serve."""

    ALL = "all"
    ONE_TIME = "one_time"


class ProviderName(StrEnum):
    """Who carries the texts of an org."""

    SANDBOX = "sandbox"
    TWILIO = "twilio"


class Switch(StrEnum):
    """A setting that is on or off."""

    ON = "on"
    OFF = "off"


class Direction(StrEnum):
    """Which way a text went."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"


class MessageStatus(StrEnum):
    """Where a text is on its way. `received` is the only one of an inbound text."""

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
    """What became of one attempt to send a text. `put_back`: the provider did not process it;
    `absent`: its fate was in doubt, and the provider never had it."""

    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    PUT_BACK = "put_back"
    ABSENT = "absent"


class OptOutSource(StrEnum):
    """How petmsg learned that somebody wants no texts."""

    OPERATOR = "operator"
    PROVIDER = "provider"
    KEYWORD = "keyword"


class AlertSeverity(StrEnum):
    """How soon a person should look: `critical` at once, `warning` today, `info` some day."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class AlertKind(StrEnum):
    """What an alert is about. Not checked by the database: later releases know more kinds."""

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


class DriftKind(StrEnum):
    """What petmsg and the provider disagree about."""

    MESSAGE_UNKNOWN = "message_unknown"
    NUMBER_NOT_KNOWN = "number_not_known"
    NUMBER_GONE = "number_gone"


class CheckResult(StrEnum):
    """What a check of `doctor` found. A warning is no reason to wake anybody."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


class GapKind(StrEnum):
    """What `coverage` tells of. Pool headroom alone is no gap."""

    WINDOW = "window"
    BOOKING_WITHOUT_WINDOW = "booking_without_window"
    SITTER_WITHOUT_NUMBER = "sitter_without_number"
    NO_FALLBACK = "no_fallback"
    POOL_HEADROOM = "pool_headroom"


class BlockCode(StrEnum):
    """Why a text does not leave now. The final ones end it, the others let it wait."""

    NOT_THEIR_PHONE = "not_their_phone"
    OPTED_OUT = "opted_out"
    NOT_TEXTABLE = "not_textable"
    EXPIRED = "expired"
    PAIR_BLOCKED = "pair_blocked"
    FROZEN = "frozen"
    SCHEDULED = "scheduled"
    QUIET_HOURS = "quiet_hours"


class Keyword(StrEnum):
    """What a whole text may say to the carriers: no texts, texts again, or help."""

    STOP = "stop"
    START = "start"
    HELP = "help"


class AddressedTo(StrEnum):
    """Who is to read a text that came in. `relay`: a sitter wrote it, to a client through the relay
    or, where its code is not `SITTER_REPLY`, to the company: then it waits for a person."""

    SITTER = "sitter"
    FRONT_DESK = "front_desk"
    UNROUTED = "unrouted"
    RELAY = "relay"


class RelayKind(StrEnum):
    """Why petmsg wrote a text by itself: a client's words for her sitter (`forward`), a sitter's
    for a client (`reply`), a word to a sitter about her own text (`notice`), or an answer to
    somebody who texted the company (`auto_reply`)."""

    FORWARD = "forward"
    REPLY = "reply"
    NOTICE = "notice"
    AUTO_REPLY = "auto_reply"


class RelayOutcome(StrEnum):
    """What became of a sitter's text that waited for her to say whom it is for."""

    SENT = "sent"
    REFUSED = "refused"
    EXPIRED = "expired"


class StripeOutcome(StrEnum):
    """What a payment did: confirmed its booking, did not concern petmsg, or was refused."""

    CONFIRMED = "confirmed"
    IGNORED = "ignored"
    REFUSED = "refused"


class Outcome(StrEnum):
    """How a routing decision ended."""

    ROUTED = "routed"
    NO_NUMBER = "no_number"


class Rule(StrEnum):
    """The routing rules, in the order in which they are tried."""

    ACTIVE_WINDOW = "active_window"
    POOL = "pool"
    FRONT_DESK = "front_desk"


class SystemMessageRule(StrEnum):
    """The rules for a message to nobody's thread: whether a client's words still go to the sitter
    they were meant for, and the number: the sitter's own, or the one that was texted."""

    ASSIGNED_SITTER = "assigned_sitter"
    OWN_NUMBER = "own_number"
    SAME_NUMBER = "same_number"


class Code(StrEnum):
    """What a routing rule found."""

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
    RELAY_OFF = "RELAY_OFF"


class InboundRule(StrEnum):
    """The rules for a text that came in, in the order in which they are tried."""

    RELAY = "relay"
    KEYWORD = "keyword"
    SENDER = "sender"
    CLIENT = "client"
    SITTER = "sitter"
    FRONT_DESK = "front_desk"


class InboundCode(StrEnum):
    """What a rule for a text that came in found."""

    SITTER_REPLY = "SITTER_REPLY"
    RELAY_OFF = "RELAY_OFF"
    KEYWORD_STOP = "KEYWORD_STOP"
    KEYWORD_START = "KEYWORD_START"
    KEYWORD_HELP = "KEYWORD_HELP"
    KNOWN_CLIENT = "KNOWN_CLIENT"
    KNOWN_SITTER = "KNOWN_SITTER"
    UNKNOWN_SENDER = "UNKNOWN_SENDER"
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
    """How the files of an export are written."""

    CSV = "csv"
    JSONL = "jsonl"
