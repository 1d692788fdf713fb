"""What reports count, and by what they group it."""

from enum import StrEnum


class ReportBy(StrEnum):
    """The rows of a report: local days, weeks from Monday on, numbers, sitters or clients."""

    DAY = "day"
    WEEK = "week"
    NUMBER = "number"
    SITTER = "sitter"
    CLIENT = "client"
