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
