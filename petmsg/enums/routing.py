"""The results of routing: which number, and who receives a message."""

from enum import StrEnum


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


class OverrideTo(StrEnum):
    """Where an override sends a client's thread. It is not stored: there is only the front desk."""

    DESK = "desk"


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
    NUMBER_OTHER_COUNTRY = "NUMBER_OTHER_COUNTRY"
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
