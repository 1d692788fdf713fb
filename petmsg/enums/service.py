"""The states of a service's unit file."""

from enum import StrEnum


class UnitState(StrEnum):
    """How a unit file compares with the one that petmsg would write."""

    CURRENT = "current"
    MISSING = "missing"
    OUTDATED = "outdated"
    """Written by petmsg for other settings, or by another version."""
    CHANGED = "changed"
    """Written by petmsg and changed by somebody."""
    FOREIGN = "foreign"
    """Not written by petmsg."""
    UNUSED = "unused"
    """Written by petmsg, which would not write it any more."""


class UnitResult(StrEnum):
    """What was done with a unit file."""

    WRITTEN = "written"
    UPDATED = "updated"
    OVERWRITTEN = "overwritten"
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    KEPT = "kept"
