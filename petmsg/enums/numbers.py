"""Masked numbers."""

from enum import StrEnum


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


class PurchaseKind(StrEnum):
    """What the provider is asked for: a new number, or to take one back."""

    BUY = "buy"
    GIVE_BACK = "give_back"


class PurchaseStatus(StrEnum):
    """The status of a purchase. `intended`: the provider's answer is not known yet."""

    INTENDED = "intended"
    DONE = "done"
    FAILED = "failed"
