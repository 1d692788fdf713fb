"""One plain form of a body, for whoever looks for something in it. Pure.

Digits of any script become ASCII, dashes and spaces the plain ones; marks and invisible characters
go, and `%2B` of a link becomes the plus that it stands for.
"""

import re
import unicodedata
from typing import NamedTuple

_ESCAPED = re.compile(r"%([2-7][0-9A-Fa-f])")


class PlainText(NamedTuple):
    """The plain form. `starts` and `ends` say for each of its characters where it stands in the
    body: `body[starts[i]:ends[i]]`."""

    text: str
    starts: list[int]
    ends: list[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where the characters `start` to `end` of the plain form stand in the body."""
        return self.starts[start], self.ends[end - 1]


def plain_text(body: str) -> PlainText:
    """The plain form of the body."""
    escapes = {found.start(): found for found in _ESCAPED.finditer(body)} if "%" in body else {}
    kept: list[str] = []
    starts, ends = [], []
    place = 0
    while place < len(body):
        character, end = body[place], place + 1
        if place in escapes:
            character, end = chr(int(escapes[place].group(1), 16)), escapes[place].end()
        plain = _ascii(character) if character.isascii() else _folded(character)
        if plain:
            kept.append(plain)
            starts.append(place)
            ends.append(end)
        place = end
    return PlainText("".join(kept), starts, ends)


def _ascii(character: str) -> str:
    """The character; white space as a space, nothing of other control characters."""
    if character.isprintable():
        return character
    return " " if character.isspace() else ""


def _folded(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cf", "Mn", "Me"):
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "Pd" or character == "\N{MINUS SIGN}":
        return "-"
    if category in ("Zs", "Zl", "Zp"):
        return " "
    if character in "\N{MIDDLE DOT}\N{BULLET}\N{ONE DOT LEADER}":
        return "."
    compatible = unicodedata.normalize("NFKC", character)
    return compatible if len(compatible) == 1 else character
