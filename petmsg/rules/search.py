"""Whether a name, a ref, a phone or a body contains what a person looks for.

Case and accents do not count: `jose` finds José. Each word is looked for by itself, as a part of a
word: `iv ann` finds Ann Ivers. No character has a special meaning.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from petmsg.errors import OutOfRange

LONGEST = 200
FEWEST_DIGITS = 3
"""Fewer digits than these are part of almost every phone."""

# Patterns are compiled at their first use: most commands look for nothing.
_PHONE = r"(?:tel:)?[+0-9 ().\-/]+"
_MARKS = (
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u064b-\u065f\u1ab0-\u1aff\u1dc0-\u1dff"
    "\u20d0-\u20ff\u3099\u309a\ufe20-\ufe2f]+"
)
"""Accents and other marks that stand behind their letter when it is taken apart."""
_LETTERS = (("ø", "o"), ("ł", "l"), ("đ", "d"), ("ð", "d"), ("þ", "th"), ("æ", "ae"), ("œ", "oe"))
"""Letters of their own in Unicode, and what a keyboard without them writes instead."""
_APART = "\0"


class Search(NamedTuple):
    """What is looked for: `words` in the form of `folded`, and `digits` if it may be a part of a
    phone: the digits in each way in which a stored phone may contain them."""

    words: tuple[str, ...]
    digits: tuple[str, ...] = ()

    def among(self, texts: Sequence[str]) -> list[bool]:
        """For each text, whether every word is a part of it. The texts are folded together, because
        one by one takes ten times as long."""
        together = _APART.join(texts)
        if together.count(_APART) >= len(texts):
            together = _APART.join(text.replace(_APART, " ") for text in texts)
        joined = folded(together)
        if any(word not in joined for word in self.words):
            return [False] * len(texts)
        return [all(word in each for word in self.words) for each in joined.split(_APART)]

    def is_in_phone(self, phone: str | None) -> bool:
        """Whether the phone contains the digits, if it is digits that are looked for."""
        return any(each in (phone or "") for each in self.digits)


def parse_search(text: str) -> Search:
    """What a person typed to look for. Raises `OutOfRange` for no word, or for too long a text."""
    words = tuple(folded(text).split())
    if not words:
        raise OutOfRange("--search is empty.", hint="Name what to look for: --search ann")
    if len(text) > LONGEST:
        raise OutOfRange(
            f"--search is longer than {LONGEST} characters.", hint="Look for a few words."
        )
    return Search(words, _digits(unicodedata.normalize("NFKC", text).strip().lower()))


def folded(text: str) -> str:
    """The text without its case and accents."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = re.sub(_MARKS, "", apart)
    for letter, plain in _LETTERS:
        bare = bare.replace(letter, plain)
    return bare


def _digits(text: str) -> tuple[str, ...]:
    """The digits of a phone or of a part of it, with and without the zeros before a national or an
    international number. None for other texts."""
    if re.fullmatch(_PHONE, text) is None:
        return ()
    digits = "".join(re.findall("[0-9]", text))
    ways = {digits, digits.lstrip("0")}
    return tuple(sorted(each for each in ways if len(each) >= FEWEST_DIGITS))
