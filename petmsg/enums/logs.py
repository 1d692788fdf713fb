"""What services write on stderr."""

from enum import StrEnum


class LogFormat(StrEnum):
    """The form of a service's notes on stderr."""

    TEXT = "text"
    JSON = "json"

    @classmethod
    def usual(cls) -> "LogFormat":
        """The form unless another is asked for."""
        return cls.TEXT


class LogLevel(StrEnum):
    """How severe a note of a service is, the least severe first."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @classmethod
    def usual(cls) -> "LogLevel":
        """The least severe notes that are written unless others are asked for."""
        return cls.INFO
