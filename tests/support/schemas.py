"""A small, strict validator of JSON Schema, and what a command line's output is held against.

It knows the keywords that petmsg's schemas use and refuses a schema with any other, so that nothing
is passed over in silence. Stricter than the published schemas in one way: a key that the schema
does not name is an error here, because a key without a declaration is one that drifted.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from petmsg.cli.command_tree import printed
from petmsg.render.json_schema import document, item_of
from petmsg.render.printed import Form

_WORDS = {"$schema", "title", "description"}
"""Keywords that assert nothing."""


def complaints(value: Any, schema: Mapping[str, Any], at: str = "$") -> list[str]:
    """Everything that is wrong with a value, each with its place in it."""
    unknown = set(schema) - set(_ASSERTIONS) - _WORDS
    if unknown:
        raise ValueError(f"the validator does not know {sorted(unknown)} at {at}")
    return [
        complaint
        for keyword, wanted in schema.items()
        if keyword not in _WORDS
        for complaint in _ASSERTIONS[keyword](value, wanted, schema, at)
    ]


Assertion = Callable[[Any, Any, Mapping[str, Any], str], Iterator[str]]

_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}


def _type(value: Any, wanted: Any, _: Any, at: str) -> Iterator[str]:
    names = [wanted] if isinstance(wanted, str) else wanted
    if not any(_TYPES[name](value) for name in names):
        yield f"{at}: {value!r} is not {' or '.join(names)}"


def _enum(value: Any, wanted: Any, _: Any, at: str) -> Iterator[str]:
    if value not in wanted:
        yield f"{at}: {value!r} is none of {wanted}"


def _pattern(value: Any, wanted: str, _: Any, at: str) -> Iterator[str]:
    if isinstance(value, str) and not re.search(wanted, value):
        yield f"{at}: {value!r} does not match {wanted}"


def _format(value: Any, wanted: str, _: Any, at: str) -> Iterator[str]:
    read = {"date-time": datetime.fromisoformat, "date": date.fromisoformat}[wanted]
    if isinstance(value, str):
        try:
            read(value)
        except ValueError:
            yield f"{at}: {value!r} is no {wanted}"


def _length(least: bool) -> Assertion:
    def held(value: Any, wanted: int, _: Any, at: str) -> Iterator[str]:
        if isinstance(value, str) and (len(value) < wanted if least else len(value) > wanted):
            yield f"{at}: {value!r} is {len(value)} long"

    return held


def _minimum(value: Any, wanted: float, _: Any, at: str) -> Iterator[str]:
    if isinstance(value, int | float) and value < wanted:
        yield f"{at}: {value} is below {wanted}"


def _exclusive_minimum(value: Any, wanted: float, _: Any, at: str) -> Iterator[str]:
    if isinstance(value, int | float) and value <= wanted:
        yield f"{at}: {value} is not above {wanted}"


def _required(value: Any, wanted: Sequence[str], _: Any, at: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (f"{at}: {name} is missing" for name in wanted if name not in value)


def _properties(
    value: Any, wanted: Mapping[str, Any], schema: Mapping[str, Any], at: str
) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            if name in wanted:
                yield from complaints(each, wanted[name], f"{at}.{name}")
            elif "additionalProperties" not in schema:
                yield f"{at}: {name} is not declared"


def _additional_properties(
    value: Any, wanted: Mapping[str, Any], schema: Mapping[str, Any], at: str
) -> Iterator[str]:
    if isinstance(value, dict):
        for name in value.keys() - schema.get("properties", {}).keys():
            yield from complaints(value[name], wanted, f"{at}.{name}")


def _items(value: Any, wanted: Mapping[str, Any], _: Any, at: str) -> Iterator[str]:
    if isinstance(value, list):
        for place, each in enumerate(value):
            yield from complaints(each, wanted, f"{at}[{place}]")


def _any_of(value: Any, wanted: Sequence[Mapping[str, Any]], _: Any, at: str) -> Iterator[str]:
    tried = [complaints(value, each, at) for each in wanted]
    if all(tried):
        yield f"{at}: none of {len(wanted)} fits: {min(tried, key=len)}"


_ASSERTIONS: Mapping[str, Assertion] = {
    "type": _type,
    "enum": _enum,
    "pattern": _pattern,
    "format": _format,
    "minLength": _length(least=True),
    "maxLength": _length(least=False),
    "minimum": _minimum,
    "exclusiveMinimum": _exclusive_minimum,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional_properties,
    "items": _items,
    "anyOf": _any_of,
}


# ------------------------------------------------------------------------- what a command printed


def shape_named(arguments: Sequence[str]) -> str | None:
    """Which entry of `printed` a command line is: the one that names the most of its words."""
    named = [each for each in printed() if _is_of(arguments, each.split())]
    return max(named, key=lambda each: len(each.split()), default=None)


def _is_of(arguments: Sequence[str], words: Sequence[str]) -> bool:
    command = [word for word in words if not word.startswith("--")]
    options = [word for word in words if word.startswith("--")]
    return list(arguments[: len(command)]) == command and set(options) <= set(arguments)


def output_complaints(arguments: Sequence[str], out: str, *, form: str) -> list[str]:
    """What is wrong with what a command printed with `-o json` or `-o jsonl`."""
    name = shape_named(arguments)
    if name is None or not out.strip():
        return []
    if name == "schema":  # what it prints is a schema of its own, whose keys are not petmsg's
        return (
            [] if {"$schema", "title", "description"} <= json.loads(out).keys() else ["no schema"]
        )
    shape = printed()[name]
    by_line = form == "jsonl" or shape.form is Form.LINES
    if shape.form is Form.KEPT and not {"-o", "--output"} & set(arguments):
        by_line = True
    if not by_line:
        return complaints(json.loads(out), _document(name))
    item = _item(name)
    return [
        complaint
        for number, line in enumerate(out.splitlines(), start=1)
        for complaint in complaints(json.loads(line), item, f"line {number}")
    ]


@cache
def _document(name: str) -> dict[str, Any]:
    return document(name, printed()[name])


@cache
def _item(name: str) -> dict[str, Any]:
    return item_of(printed()[name])
