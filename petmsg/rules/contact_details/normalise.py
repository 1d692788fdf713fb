"""The plain form of a body, in which contact details are searched for. Pure.

Digits of any script become ASCII, dashes and spaces the plain ones. Marks and invisible characters
are removed, and `%2B` in a link becomes a plus.
"""

import re
import unicodedata
from typing import NamedTuple

_ESCAPED = re.compile(r"%([2-7][0-9A-Fa-f])")


class PlainText(NamedTuple):
    """The plain form of a body. `starts` and `ends` give the position of each of its characters in
    the body: `body[starts[i]:ends[i]]`."""

    text: str
    starts: list[int]
    ends: list[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where the characters `start` to `end` of the plain form are in the body."""
        return self.starts[start], self.ends[end - 1]


def plain_text(body: str) -> PlainText:
    """Return the plain form of the body."""
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
    """Return the character, white space as a space, and nothing for other control characters."""
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
