"""Settings of an org."""

from enum import StrEnum


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
