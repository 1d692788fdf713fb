"""Kinds: what the values of a field are, said once for JSON and for tables.

A kind holds how JSON has a value (JSON Schema, draft 2020-12), whether a table may break it, on
which side of its column it stands and what its words are coloured. Standard library only.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple

GOOD, WAITS, BAD, OVER = "good", "waits", "bad", "over"
"""What a colour says: it works; it waits or needs an eye; it failed; it is over."""

_NO_TONES: Mapping[str, str] = {}
_STATUS_TONES = {
    "active": GOOD,
    "confirmed": GOOD,
    "sent": GOOD,
    "delivered": GOOD,
    "created": GOOD,
    "quarantined": WAITS,
    "pending": WAITS,
    "queued": WAITS,
    "sending": WAITS,
    "updated": WAITS,
    "warning": WAITS,
    "problem": BAD,
    "ok": GOOD,
    "unknown": BAD,
    "held": BAD,
    "failed": BAD,
    "undelivered": BAD,
    "critical": BAD,
    "cancelled": OVER,
    "retired": OVER,
    "offboarded": OVER,
    "inactive": OVER,
    "unchanged": OVER,
    "info": OVER,
}


class FieldType(NamedTuple):
    """What the values of a field are.

    `schema` is how JSON has a plain value; a list has an `item`, an object its `keys`, and what
    is of one kind or another has `either`. `wrap` is the narrowest column a table may squeeze it
    into: its lines break at spaces, and 0 means that it is never broken. `soon`: an instant that
    a list, too, words from now.
    """

    schema: Mapping[str, Any] = {}
    nullable: bool = False
    item: "FieldType | None" = None
    keys: "tuple[tuple[str, FieldType], ...] | None" = None
    either: "tuple[FieldType, ...]" = ()
    wrap: int = 0
    right: bool = False
    tones: Mapping[str, str] = _NO_TONES
    soon: bool = False

    @property
    def is_instant(self) -> bool:
        """Whether it is a moment in time."""
        return self.schema.get("format") == "date-time"


_PROSE = 32
_SEVERAL = 16

UNDECLARED = FieldType(wrap=_SEVERAL)
"""Of a field that does not say: a test refuses it."""
FREE = FieldType(wrap=_PROSE)
"""Whatever somebody put there."""
TEXT = FieldType({"type": "string"}, wrap=_PROSE)
"""Prose: a body, a reason, an explanation."""
NAME = FieldType({"type": "string"}, wrap=_SEVERAL)
WORD = FieldType({"type": "string"})
"""A short word that is looked up or typed again: a code, a slug, a setting."""
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
        "description": "A personal phone, or whatever else texted us; masked unless --reveal.",
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
SOON = INSTANT._replace(soon=True)
DAY = FieldType({"type": "string", "format": "date"})
ID = FieldType({"type": "integer", "minimum": 1})
INTEGER = FieldType({"type": "integer"}, right=True)
COUNT = FieldType({"type": "integer", "minimum": 0}, right=True)
AMOUNT = FieldType({"type": "number", "exclusiveMinimum": 0}, right=True)
FLAG = FieldType({"type": "boolean"})
WELCOME = FLAG._replace(tones={"yes": GOOD, "no": BAD})
"""Yes is as it should be."""
UNWELCOME = FLAG._replace(tones={"yes": BAD})
"""Yes needs somebody."""
NOTABLE = FLAG._replace(tones={"yes": WAITS})
"""Yes is worth an eye."""


@cache
def one_of(*vocabularies: type[StrEnum]) -> FieldType:
    """A word of closed vocabularies; one that says a status has its colour."""
    words = [each.value for vocabulary in vocabularies for each in vocabulary]
    return FieldType({"type": "string", "enum": words}, tones=_STATUS_TONES)


def one_word_of(*words: str) -> FieldType:
    """One of a few words that no vocabulary holds."""
    return FieldType({"type": "string", "enum": list(words)}, tones=_STATUS_TONES)


def or_null(kind: FieldType) -> FieldType:
    """That kind, or null."""
    return kind._replace(nullable=True)


def either(*kinds: FieldType) -> FieldType:
    """An object of one of those kinds."""
    return FieldType(either=kinds, wrap=_PROSE)


def list_of(kind: FieldType) -> FieldType:
    """An array of that kind."""
    return FieldType(item=kind, wrap=kind.wrap or _SEVERAL)


def keyed(**keys: FieldType) -> FieldType:
    """An object with those keys, for one that has no field list of its own."""
    return FieldType(keys=tuple(keys.items()), wrap=_PROSE)


def object_of(fields: Iterable[Any]) -> FieldType:
    """An object with those fields."""
    return FieldType(keys=tuple((field.name, field.kind) for field in fields), wrap=_PROSE)


def rows_of(fields: Iterable[Any]) -> FieldType:
    """An array of objects with those fields."""
    return FieldType(item=object_of(fields), wrap=_PROSE)


def counts_by(what: str) -> FieldType:
    """An object whose keys are not known beforehand, each with how many there are."""
    counts = {"type": "integer", "minimum": 0}
    return FieldType(
        {"type": "object", "additionalProperties": counts, "description": f"By {what}."},
        wrap=_SEVERAL,
    )
