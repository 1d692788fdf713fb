"""The digits of a personal phone in a plain text, whatever stands between them. Pure.

There is no shape here, so that there is no false alarm and no notation that escapes: `41 5 then
555, at 01:41` holds +14155550141 for whoever's phone that is. Digits may be words (`four one five`)
and letters that look like them (`4l5`).
"""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from petmsg.phone import calling_code

_NEAR = 7
"""With so many digits a phone of the conversation is recognised."""
_OTHERS = 9
"""With so many, anybody's of the company: two people seldom share them by chance."""
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
    """All digits of a text in a row; `places` are where each of them stands in it. What is no
    part of any phone (a masked number of ours) is a NUL."""

    row: str
    places: list[tuple[int, int]]


def find_known(
    text: str, *, near: Collection[str], others: Collection[str]
) -> Iterator[tuple[int, int]]:
    """Where the digits of a known phone (E.164) stand: `text[start:end]`."""
    wanted = {each for phone in near for each in _endings(phone, _NEAR)}
    wanted |= {each for phone in others for each in _endings(phone, _OTHERS)[:1]}
    for digits in _rows(text):
        for each in wanted:
            at = digits.row.find(each)
            while at >= 0:
                yield digits.places[at][0], digits.places[at + len(each) - 1][1]
                at = digits.row.find(each, at + len(each))


def has_enough_digits(text: str) -> bool:
    """Whether any phone could be in the text at all."""
    return any(len(digits.row) >= _NEAR for digits in _rows(text))


def possible_phones(text: str, ours: Collection[str]) -> set[str]:
    """Every E.164 that digits in a row could be: with their country code, or nationally written
    in one of the countries of `ours`."""
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
    """How a phone can be written in digits: nationally, and in North America locally; only what is
    long enough. Nothing for a phone of no country."""
    code = calling_code(phone)
    if code is None:
        return []
    national = phone[1 + len(code) :].lstrip("0")
    written = [national, national[-7:]] if code == "1" else [national]
    return [each for each in written if len(each) >= shortest]


def _rows(text: str) -> Sequence[_Digits]:
    """The digits of the text, and, where these are others, its digits with the words for them."""
    plain = _row(text, _DIGIT)
    spelled = _row(text, _DIGIT_OR_WORD)
    return (plain,) if spelled.row == plain.row else (plain, spelled)


def _row(text: str, pattern: re.Pattern[str]) -> _Digits:
    found = list(pattern.finditer(text))
    row = "".join(_WORDS.get(each.group().lower(), each.group()) for each in found)
    return _Digits(row, [each.span() for each in found])
