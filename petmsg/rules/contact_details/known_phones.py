"""The digits of a personal phone in a plain text, in any notation. Pure.

Digits are compared with known phones and not with a shape, so there is no false alarm and no
notation that escapes: `41 5 then 555, at 01:41` contains +14155550141 for the person with that
phone. Digits may be words (`four one five`) or letters that look like them (`4l5`).
"""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from petmsg.phone import calling_code

_NEAR = 7
"""A phone of the conversation is recognised by this many digits."""
_OTHERS = 9
"""Any other phone of the company is recognised by this many digits; two people seldom share them by
chance."""
_LONGEST = 15

_WORDS = {
    **{word: str(digit) for digit, word in enumerate(
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"))},
    "oh": "0", "o": "0", "l": "1", "i": "1",
}  # fmt: skip
_DIGIT = re.compile(r"[0-9\0]")
_DIGIT_OR_WORD = re.compile(
    r"(?i)[0-9\0]|\b(?:zero|one|two|three|four|five|six|seven|eight|nine|oh)\b"
    r"|(?<=[0-9])[oli]|(?<=[0-9] )[oli]\b|[oli](?=[0-9])"
)


class _Digits(NamedTuple):
    """All digits of a text in a row; `places` are their positions in it. A NUL marks text that
    cannot be part of a phone (a masked number)."""

    row: str
    places: list[tuple[int, int]]


def find_known(
    text: str, *, near: Collection[str], others: Collection[str]
) -> Iterator[tuple[int, int]]:
    """Yield where the digits of a known phone (E.164) occur: `text[start:end]`."""
    wanted = {each for phone in near for each in _endings(phone, _NEAR)}
    wanted |= {each for phone in others for each in _endings(phone, _OTHERS)[:1]}
    for digits in _rows(text):
        for each in wanted:
            at = digits.row.find(each)
            while at >= 0:
                yield digits.places[at][0], digits.places[at + len(each) - 1][1]
                at = digits.row.find(each, at + len(each))


def has_enough_digits(text: str) -> bool:
    """Whether the text could contain a phone at all."""
    return any(len(digits.row) >= _NEAR for digits in _rows(text))


def possible_phones(text: str, ours: Collection[str]) -> set[str]:
    """Return every E.164 number that consecutive digits could be: with their country code, or in
    the national notation of a country of `ours`."""
    codes = {calling_code(each) for each in ours} - {None}
    found: set[str] = set()
    for digits in _rows(text):
        row = digits.row
        for start in range(len(row) - _OTHERS + 1):
            for length in range(_OTHERS, min(_LONGEST, len(row) - start) + 1):
                piece = row[start : start + length]
                if "\0" in piece:
                    break
                if length > _OTHERS and piece[0] != "0":
                    found.add(f"+{piece}")
                found |= {f"+{code}{piece}" for code in codes if _fits(str(code), length)}
    return found


def _fits(code: str, length: int) -> bool:
    return length == 10 if code == "1" else length <= 12 and len(code) + length <= _LONGEST


def _endings(phone: str, shortest: int) -> list[str]:
    """Return how a phone can be written in digits: nationally, and in North America also locally,
    if long enough. Returns nothing for a phone without a country."""
    code = calling_code(phone)
    if code is None:
        return []
    national = phone[1 + len(code) :].lstrip("0")
    written = [national, national[-7:]] if code == "1" else [national]
    return [each for each in written if len(each) >= shortest]


def _rows(text: str) -> Sequence[_Digits]:
    """Return the digits of the text and, if different, its digits including words for digits."""
    plain = _row(text, _DIGIT)
    spelled = _row(text, _DIGIT_OR_WORD)
    return (plain,) if spelled.row == plain.row else (plain, spelled)


def _row(text: str, pattern: re.Pattern[str]) -> _Digits:
    found = list(pattern.finditer(text))
    row = "".join(_WORDS.get(each.group().lower(), each.group()) for each in found)
    return _Digits(row, [each.span() for each in found])
