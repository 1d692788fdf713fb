"""Purchases of numbers from the provider."""

from enum import StrEnum


class PurchaseKind(StrEnum):
    """What the provider is asked for: a new number, or to take one back."""

    BUY = "buy"
    GIVE_BACK = "give_back"


class PurchaseStatus(StrEnum):
    """The status of a purchase. `intended`: the provider's answer is not known yet."""

    INTENDED = "intended"
    DONE = "done"
    FAILED = "failed"
