"""What commands print and write."""

from enum import StrEnum


class OutputFormat(StrEnum):
    """How a command prints its data."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    TSV = "tsv"
    CSV = "csv"


class FileFormat(StrEnum):
    """The format of the files of an export."""

    CSV = "csv"
    JSONL = "jsonl"


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
