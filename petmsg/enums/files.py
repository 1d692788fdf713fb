"""How a file is read."""

from enum import StrEnum


class DateOrder(StrEnum):
    """The order of day, month and year in the dates of a file, such as 02/14/2026."""

    MDY = "mdy"
    DMY = "dmy"
    YMD = "ymd"


class ImportNoun(StrEnum):
    """What a file has rows of."""

    CLIENT = "client"
    SITTER = "sitter"
    BOOKING = "booking"
    NUMBER = "number"
