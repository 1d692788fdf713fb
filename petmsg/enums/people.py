"""Clients and sitters."""

from enum import StrEnum


class ClientKind(StrEnum):
    """How a client books: once, or repeatedly."""

    ONE_TIME = "one_time"
    RECURRING = "recurring"


class SitterStatus(StrEnum):
    """The status of a sitter. Only an active sitter's windows route to the sitter's number."""

    INACTIVE = "inactive"
    ACTIVE = "active"
    OFFBOARDED = "offboarded"
