"""Who is rung for a phone call, and why. Apart, because sending needs none of it."""

from enum import StrEnum


class CallRule(StrEnum):
    """The rules for a phone call: before those for an inbound message (`reject`), and after
    them, who is rung."""

    REJECT = "reject"
    RING_CLIENT = "ring_client"
    RING_SITTER = "ring_sitter"
    RING_FRONT_DESK = "ring_front_desk"
    VOICEMAIL = "voicemail"


class CallCode(StrEnum):
    """Why a call rings whom it rings: for a call to the front desk the `InboundCode` of a message,
    and these.

    Of a sitter's call: `NO_NUMBER` means that no number can be shown to the client, `OWN_PHONE`
    that the client has the phone that the sitter calls from, `OVERRIDE` that an override holds.
    """

    SITTER_RINGS = "SITTER_RINGS"
    CLIENT_RINGS = "CLIENT_RINGS"
    SITTER_CHOOSES = "SITTER_CHOOSES"
    NO_OPEN_WINDOW = "NO_OPEN_WINDOW"
    NO_NUMBER = "NO_NUMBER"
    OWN_PHONE = "OWN_PHONE"
    OWN_NUMBER_CALLS = "OWN_NUMBER_CALLS"
    NUMBER_RETIRED = "NUMBER_RETIRED"
    CALLS_PER_HOUR = "CALLS_PER_HOUR"
    KNOWN_SITTER = "KNOWN_SITTER"
    UNKNOWN_SENDER = "UNKNOWN_SENDER"
    OVERRIDE = "OVERRIDE"
    FORMER_NUMBER = "FORMER_NUMBER"
    POOL_OR_DESK_NUMBER = "POOL_OR_DESK_NUMBER"
    NUMBER_OF_ANOTHER_SITTER = "NUMBER_OF_ANOTHER_SITTER"
    SITTER_NOT_ACTIVE = "SITTER_NOT_ACTIVE"
    NUMBER_QUARANTINED = "NUMBER_QUARANTINED"
    NO_ACTIVE_WINDOW = "NO_ACTIVE_WINDOW"


class RingCode(StrEnum):
    """Why the front desk's phone is rung or is not, and how a call ends that nobody takes."""

    FRONT_DESK_RINGS = "FRONT_DESK_RINGS"
    NO_DESK_PHONE = "NO_DESK_PHONE"
    FRONT_DESK_CALLS = "FRONT_DESK_CALLS"
    OUTSIDE_OFFICE_HOURS = "OUTSIDE_OFFICE_HOURS"
    NO_CALLER_ID = "NO_CALLER_ID"
    VOICEMAIL = "VOICEMAIL"
    NO_VOICEMAIL = "NO_VOICEMAIL"
