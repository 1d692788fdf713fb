"""Field types: what the values of a field are, for JSON and for tables.

A type says how JSON holds a value (JSON Schema, draft 2020-12), whether a table may break it over
lines, how it is aligned and which colours its words have. Standard library only.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple

GOOD, WAITS, BAD, OVER = "good", "waits", "bad", "over"
"""The meaning of a colour: works; waits or needs attention; failed; over."""

_NO_TONES: Mapping[str, str] = {}
_STATUS_TONES = {
    "active": GOOD,
    "confirmed": GOOD,
    "sent": GOOD,
    "delivered": GOOD,
    "created": GOOD,
    "completed": GOOD,
    "answered": GOOD,
    "quarantined": WAITS,
    "pending": WAITS,
    "queued": WAITS,
    "sending": WAITS,
    "ringing": WAITS,
    "no_answer": WAITS,
    "busy": WAITS,
    "updated": WAITS,
    "warning": WAITS,
    "problem": BAD,
    "ok": GOOD,
    "unknown": BAD,
    "held": BAD,
    "failed": BAD,
    "undelivered": BAD,
    "critical": BAD,
    "rejected": OVER,
    "not_reached": OVER,
    "cancelled": OVER,
    "retired": OVER,
    "offboarded": OVER,
    "inactive": OVER,
    "unchanged": OVER,
    "info": OVER,
}


class FieldType(NamedTuple):
    """What the values of a field are.

    `schema` describes a plain value in JSON; a list has an `item` type, an object has `keys`, and a
    value of several types has `either`. `wrap` is the minimum width of its column in a table: its
    lines break at spaces; 0 means that it is never broken. `relative` marks instants that lists
    also show relative to now.
    """

    schema: Mapping[str, Any] = {}
    nullable: bool = False
    item: "FieldType | None" = None
    keys: "tuple[tuple[str, FieldType], ...] | None" = None
    either: "tuple[FieldType, ...]" = ()
    wrap: int = 0
    right: bool = False
    tones: Mapping[str, str] = _NO_TONES
    relative: bool = False

    @property
    def is_instant(self) -> bool:
        """Whether the values are instants."""
        return self.schema.get("format") == "date-time"


_PROSE = 32
_SEVERAL = 16

UNDECLARED = FieldType(wrap=_SEVERAL)
"""The type of a field that declares none; a test rejects it."""
FREE = FieldType(wrap=_PROSE)
"""Any value."""
TEXT = FieldType({"type": "string"}, wrap=_PROSE)
"""Prose: a body, a reason, an explanation."""
NAME = FieldType({"type": "string"}, wrap=_SEVERAL)
WORD = FieldType({"type": "string"})
"""A short word: a code, a slug, a setting."""
REF = FieldType({"type": "string", "minLength": 1, "maxLength": 64})
E164 = FieldType({"type": "string", "pattern": r"^\+[1-9][0-9]{1,14}$"})
"""A number of the company's."""
PHONE = FieldType(
    {
        "type": "string",
        "pattern": r"^\+[0-9*]{2,15}$",
        "description": "A personal phone; masked unless --reveal.",
    }
)
SENDER = FieldType(
    {
        "type": "string",
        "description": "The sender: a personal phone or another sender ID; masked unless --reveal.",
    }
)
ENDPOINT = FieldType(
    {
        "type": "string",
        "description": "A number of the company's, or a personal phone, masked unless --reveal.",
    }
)
INSTANT = FieldType({"type": "string", "format": "date-time", "pattern": "Z$"}, wrap=10)
"""UTC; tables show the org's local time."""
RELATIVE_INSTANT = INSTANT._replace(relative=True)
DAY = FieldType({"type": "string", "format": "date"})
ID = FieldType({"type": "integer", "minimum": 1})
INTEGER = FieldType({"type": "integer"}, right=True)
COUNT = FieldType({"type": "integer", "minimum": 0}, right=True)
AMOUNT = FieldType({"type": "number", "exclusiveMinimum": 0}, right=True)
MONEY = FieldType(
    {
        "type": "string",
        "pattern": r"^-?[0-9]+\.[0-9]{2,6}$",
        "description": "An amount of the currency that stands beside it.",
    },
    right=True,
)
FLAG = FieldType({"type": "boolean"})
GOOD_FLAG = FLAG._replace(tones={"yes": GOOD, "no": BAD})
"""Yes is good, no is bad."""
BAD_FLAG = FLAG._replace(tones={"yes": BAD})
"""Yes is bad."""
ATTENTION_FLAG = FLAG._replace(tones={"yes": WAITS})
"""Yes needs attention."""


@cache
def one_of(*vocabularies: type[StrEnum]) -> FieldType:
    """A word of closed vocabularies; statuses are coloured."""
    words = list(dict.fromkeys(each.value for vocabulary in vocabularies for each in vocabulary))
    return FieldType({"type": "string", "enum": words}, tones=_STATUS_TONES)


def one_word_of(*words: str) -> FieldType:
    """One of these words, which no vocabulary holds."""
    return FieldType({"type": "string", "enum": list(words)}, tones=_STATUS_TONES)


def or_null(kind: FieldType) -> FieldType:
    """That type, or null."""
    return kind._replace(nullable=True)


def either(*kinds: FieldType) -> FieldType:
    """An object of one of those types."""
    return FieldType(either=kinds, wrap=_PROSE)


def list_of(kind: FieldType) -> FieldType:
    """An array of that type."""
    return FieldType(item=kind, wrap=kind.wrap or _SEVERAL)


def keyed(**keys: FieldType) -> FieldType:
    """An object with those keys, for values without a field list."""
    return FieldType(keys=tuple(keys.items()), wrap=_PROSE)


def object_of(fields: Iterable[Any]) -> FieldType:
    """An object with those fields."""
    return FieldType(keys=tuple((field.name, field.kind) for field in fields), wrap=_PROSE)


def rows_of(fields: Iterable[Any]) -> FieldType:
    """An array of objects with those fields."""
    return FieldType(item=object_of(fields), wrap=_PROSE)


def counts_by(what: str) -> FieldType:
    """An object of counts whose keys are not known beforehand."""
    counts = {"type": "integer", "minimum": 0}
    return FieldType(
        {"type": "object", "additionalProperties": counts, "description": f"By {what}."},
        wrap=_SEVERAL,
    )
