"""Suggestions for a mistyped word: the closest of the known words. Pure.

The caller limits how many words are compared. For numbered words a wrong suggestion is worse than
none: `C-8` is not a typo of `C-7`, so the digits must be the same, at most in another order.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence

MOST = 3
"""The maximum number of suggestions."""
_ALIKE, _CLOSE = 0.6, 0.75
_WORSE = 0.09
"""A word whose similarity is this much below the best is not suggested."""
_DIGITS = r"\d+"


def did_you_mean(words: Sequence[str]) -> str:
    """The question `Did you mean …?`; an empty string if there is nothing to suggest."""
    if not words:
        return ""
    *others, last = words
    return f"Did you mean {', '.join(others)}{' or ' if others else ''}{last}?"


def closest_words(typed: str, words: Iterable[str]) -> list[str]:
    """The closest words of a closed set, such as commands, options or the values of an option."""
    from difflib import SequenceMatcher

    wanted = _folded(typed)
    matcher = SequenceMatcher(b=wanted)

    def closeness(word: str) -> float:
        have = _folded(word)
        if len(wanted) > 1 and (have.startswith(wanted) or wanted.startswith(have)):
            return 1.0
        matcher.set_seq1(have)
        return matcher.ratio() if matcher.real_quick_ratio() >= _ALIKE else 0.0

    return _best(words, closeness, at_least=_ALIKE)


def closest_names(typed: str, names: Iterable[str]) -> list[str]:
    """The closest names. A first name or a surname alone matches everybody who has it."""
    from difflib import SequenceMatcher

    wanted = _folded(typed)
    parts = wanted.split()
    matcher = SequenceMatcher(b=wanted)

    def closeness(name: str) -> float:
        have = _folded(name)
        theirs = have.split()
        if parts and all(any(each.startswith(part) for each in theirs) for part in parts):
            return 1.0
        found = 0.0
        for text in (have, *theirs) if len(parts) == 1 else (have,):
            matcher.set_seq1(text)
            if matcher.real_quick_ratio() >= _CLOSE and matcher.quick_ratio() >= _CLOSE:
                found = max(found, matcher.ratio())
        return found

    return _best(names, closeness, at_least=_CLOSE) if len(wanted) > 1 else []


def closest_refs(typed: str, refs: Iterable[str]) -> list[str]:
    """The closest refs: those that differ in capitals, dashes, leading zeros or the order of their
    digits."""
    from difflib import SequenceMatcher

    letters, digits = _parts(typed)
    matcher = SequenceMatcher(b=letters)

    def closeness(ref: str) -> float:
        theirs, their_digits = _parts(ref)
        if (theirs, their_digits) == (letters, digits):
            return 1.0
        if digits != their_digits:
            moved = sorted("".join(digits)) == sorted("".join(their_digits))
            return 0.9 if moved and theirs == letters else 0.0
        matcher.set_seq1(theirs)
        return matcher.ratio() if letters and theirs else 0.0

    return _best(refs, closeness, at_least=_ALIKE)


def closest_numbers(typed: str, numbers: Iterable[str]) -> list[str]:
    """The numbers that differ in one digit or in two swapped neighbours; an empty list if more than
    `MOST` numbers do."""
    found = [each for each in numbers if _one_slip(typed, each)]
    return found if len(found) <= MOST else []


def _best(words: Iterable[str], closeness: Callable[[str], float], *, at_least: float) -> list[str]:
    rated = [(closeness(word), word) for word in dict.fromkeys(words)]
    rated.sort(key=lambda each: (-each[0], each[1]))
    least = max(at_least, rated[0][0] - _WORSE) if rated else at_least
    return [word for rate, word in rated[:MOST] if rate >= least]


def _folded(text: str) -> str:
    """The text in lower case, without accents, and with single spaces between words."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(each for each in plain if not unicodedata.combining(each))
    return " ".join(kept.replace("_", " ").replace("-", " ").split())


def _parts(ref: str) -> tuple[str, list[str]]:
    """The letters of a ref, and its groups of digits without leading zeros."""
    plain = _folded(ref)
    letters = "".join(each for each in plain if each.isalpha())
    return letters, [each.lstrip("0") or "0" for each in re.findall(_DIGITS, plain)]


def _one_slip(one: str, other: str) -> bool:
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    shorter, longer = sorted((one, other), key=len)
    at = next((i for i, each in enumerate(shorter) if each != longer[i]), len(shorter))
    if len(one) != len(other):
        return shorter[at:] == longer[at + 1 :]
    changed = shorter[at : at + 2] == longer[at : at + 2][::-1]
    return shorter[at + 1 :] == longer[at + 1 :] or (
        changed and shorter[at + 2 :] == longer[at + 2 :]
    )
