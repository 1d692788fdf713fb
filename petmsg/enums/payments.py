"""Payments."""

from enum import StrEnum


class StripeOutcome(StrEnum):
    """The outcome of a payment event: its booking was confirmed, petmsg ignored it, or a rule
    refused it."""

    CONFIRMED = "confirmed"
    IGNORED = "ignored"
    REFUSED = "refused"
