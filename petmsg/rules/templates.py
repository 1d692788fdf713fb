"""Message templates: read, check and fill them. Pure.

A template is a text with variables in braces: `{client.first_name}`, or
`{client.first_name|there}` with words for a missing value. A variable with a dot is one of
`FIELDS`, which petmsg knows; the value of a plain name such as `{eta}` is given with each message.
`{{` and `}}` are braces. Nothing else can be reached: a value is looked up by its whole name, and
no phone is among the fields. See `docs/sending.md`.
"""

import re
from collections.abc import Mapping
from string import Formatter
from typing import NamedTuple

from petmsg.errors import MalformedText, quoted
from petmsg.suggestions import closest_words, did_you_mean

FIELDS: Mapping[str, str] = {
    "client.name": "the client's name",
    "client.first_name": "the client's first name",
    "client.ref": "the client's ref",
    "sitter.name": "the name of the visit's sitter",
    "sitter.first_name": "their first name",
    "sitter.ref": "their ref",
    "booking.ref": "the visit's ref",
    "booking.day": "the day of the visit, as in Sat 14 Feb",
    "booking.starts": "when the visit begins, as in 15:00, in the company's time zone",
    "booking.ends": "when it ends",
    "company.name": "the company's name",
}
"""Every field, with what it says."""

_PLAIN = re.compile(r"[a-z][a-z0-9_]{0,31}")
_HINT = "See the variables: petmsg template add --help"


class Variable(NamedTuple):
    """A variable of a template, and the words that stand for a missing value, if any."""

    name: str
    default: str | None


def read_template(body: str) -> list[str | Variable]:
    """Return the parts of a template: words and variables, in order.

    Raises `MalformedText` for unbalanced braces and for variables that do not exist.
    """
    parts: list[str | Variable] = []
    try:
        pieces = list(Formatter().parse(body))
    except ValueError:
        raise MalformedText(
            "The braces of the template are not balanced.",
            hint="A variable looks like {client.first_name|there}; {{ and }} are braces.",
        ) from None
    for words, inside, after_colon, conversion in pieces:
        if words:
            parts.append(words)
        if inside is None:
            continue
        if conversion is not None or after_colon:
            raise MalformedText(
                f"A variable cannot contain : or !, as in {{{quoted(inside)}…}}.",
                hint="Write only its name and, after |, words for a missing value.",
            )
        parts.append(_variable(inside))
    return parts


def _variable(inside: str) -> Variable:
    name, bar, default = inside.partition("|")
    name = name.strip()
    if "phone" in name:
        raise MalformedText("A phone cannot be a variable.", hint=_HINT)
    if not name:
        raise MalformedText("A variable has no name.", hint=_HINT)
    if name not in FIELDS and not _PLAIN.fullmatch(name):
        near = did_you_mean(closest_words(name, FIELDS))
        raise MalformedText(f"Unknown variable {quoted(name)}.", hint=f"{near} {_HINT}".strip())
    return Variable(name, default if bar else None)


def variables_of(body: str) -> list[Variable]:
    """Return the variables of a template in order, each name once. Raises `MalformedText`."""
    found: dict[str, Variable] = {}
    for part in read_template(body):
        if isinstance(part, Variable) and (part.name not in found or part.default is None):
            found[part.name] = part
    return list(found.values())


def fill(body: str, values: Mapping[str, str | None]) -> tuple[str, list[str]]:
    """Return the template filled with the values, and the names of those that are missing.

    A value of None or "" is missing, and the words after | stand for it.
    """
    filled: list[str] = []
    missing: list[str] = []
    for part in read_template(body):
        if isinstance(part, str):
            filled.append(part)
        elif value := values.get(part.name):
            filled.append(value)
        elif part.default is not None:
            filled.append(part.default)
        elif part.name not in missing:
            missing.append(part.name)
    return "".join(filled), missing


def first_name(name: str) -> str:
    """Return the first name in a full name: `Ada` in `Ada Lovelace` and in `Lovelace, Ada`."""
    before, comma, after = name.partition(",")
    words = (after if comma and after.strip() else before).split()
    return words[0] if words else ""
