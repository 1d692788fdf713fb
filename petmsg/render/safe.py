"""A stranger's text on a terminal: control, bidi and zero-width characters shown, not obeyed."""

import unicodedata

_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def safe(text: str, *, keep_newlines: bool = False) -> str:
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
