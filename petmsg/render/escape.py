"""Escaping of text for a terminal: control, bidi and zero-width characters become visible."""

import unicodedata
from typing import Any

_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def json_text(data: Any, *, indent: int | None = None) -> str:
    """The value as JSON that is safe to print on a terminal.

    The data is unchanged; characters that a terminal could obey are written as `\\uXXXX`.
    """
    import json  # imported here because tables and plain lines do not need it

    text = json.dumps(data, indent=indent, ensure_ascii=False)
    if text.isascii() and "\x7f" not in text:
        return text
    return "".join(
        json.dumps(character)[1:-1]
        if character != "\n" and unicodedata.category(character) in _INVISIBLE
        else character
        for character in text
    )


def from_json(text: str) -> Any:
    """Parse a value that the database stores as JSON. Raises `ValueError`."""
    import json

    return json.loads(text)


def escape(text: str, *, keep_newlines: bool = False) -> str:
    """The text with every character that could act on a terminal written as an escape."""
    if text.isascii() and text.isprintable():
        return text
    shown = []
    for character in text:
        if character == "\n" and keep_newlines:
            shown.append(character)
        elif unicodedata.category(character) in _INVISIBLE:
            shown.append(ascii(character)[1:-1])
        else:
            shown.append(character)
    return "".join(shown)
