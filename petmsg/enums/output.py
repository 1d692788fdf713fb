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
