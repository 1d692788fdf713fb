"""The shapes of phone numbers in a plain text. Pure.

Searched for is what a person writes so that another can dial it: international numbers, North
American ones (NANP) with or without area code, national ones that begin with 0, and the national
notations of the countries of the company's own numbers. Numbers in words are not found here.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from petmsg.phone import calling_code
from petmsg.rules.contact_details.phone_notations import (
    NANP,
    NANP_DIGITS,
    NATIONAL,
    NO_PHONE,
    PREFIX,
    WITH_1,
    dials,
    is_called,
    is_national,
)

_DIGITS = re.compile(r"[0-9]+")
_GAP = re.compile(r"[ \-./()_]{1,4}")
_WIDE_GAP = re.compile(r"[ \-./()_,;:*|~'\"\\]{1,5}")
_LONGEST = 15
_SHORTEST = 7
_MOST_GROUPS = 10


class _Group(NamedTuple):
    """Consecutive digits.

    `gap` is what separates them from the previous digits, None if both cannot belong to the same
    number; `wide` allows unusual separators too. `skipped` marks digits of a date, a time, a price
    or a link.
    """

    start: int
    end: int
    digits: str
    gap: str | None
    wide: str | None
    plus: bool
    skipped: bool


class _Ours:
    """The masked numbers, in every notation in which they are recognised."""

    def __init__(self, numbers: Collection[str]) -> None:
        self._whole = {number.removeprefix("+") for number in numbers}
        self._local = {digits[-7:] for digits in self._whole if digits.startswith("1")}
        codes = {calling_code(number) for number in numbers}
        self.codes = tuple(sorted(code for code in codes if code not in (None, "1")))

    def international(self, digits: str) -> bool:
        """Whether the digits, country code first, are a masked number."""
        return digits in self._whole

    def national(self, digits: str) -> bool:
        """Whether the digits without a country code, perhaps after a 0 or 1, are a masked
        number."""
        if digits in self._whole or f"1{digits}" in self._whole:
            return True
        if any(f"{code}{digits}" in self._whole for code in self.codes):
            return True
        rest = digits.removeprefix("0")
        return rest != digits and any(
            whole.endswith(rest) and 1 <= len(whole) - len(rest) <= 3 for whole in self._whole
        )

    def local(self, digits: str) -> bool:
        """Whether the seven digits are the end of a masked number."""
        return digits in self._local


def phones(text: str, numbers: Collection[str]) -> Iterator[tuple[int, int, bool]]:
    """Yield where a phone occurs, `text[start:end]`, and whether it reveals a contact: it is none
    of `numbers`, which are masked ones in E.164."""
    ours = _Ours(numbers)
    groups = _groups(text)
    index = 0
    while index < len(groups):
        count, is_leak = _phone_at(text, groups, index, ours)
        if count:
            start = groups[index].start
            if groups[index].plus:
                start = text.rindex("+", 0, start)
            if is_leak or count > 1 or len(groups[index].digits) >= _SHORTEST:
                yield start, groups[index + count - 1].end, is_leak
        index += max(count, 1)


def _groups(text: str) -> list[_Group]:
    skipped = bytearray(len(text))
    for span in NO_PHONE.finditer(text):
        if not dials(span.group()):
            skipped[span.start() : span.end()] = b"\1" * (span.end() - span.start())
    groups = []
    end = None
    for found in _DIGITS.finditer(text):
        start = found.start()
        between = "" if end is None else text[end:start]
        gap = between if _GAP.fullmatch(between) else None
        wide = between if _WIDE_GAP.fullmatch(between) else None
        before = text[max(start - 3, 0) : start].rstrip(" (")
        plus = before.endswith("+") and found.group()[0] != "0"
        groups.append(
            _Group(start, found.end(), found.group(), gap, wide, plus, bool(skipped[start]))
        )
        end = found.end()
    return groups


def _phone_at(text: str, groups: list[_Group], index: int, ours: _Ours) -> tuple[int, bool]:
    """Return how many groups from `index` on form a phone, and whether it reveals a contact."""
    first = groups[index]
    if first.skipped:
        return 0, False
    if first.plus:
        return _with_plus(text, groups, index, ours)
    wide = [first]
    for group in groups[index + 1 : index + 1 + _MOST_GROUPS]:
        if group.wide is None or group.skipped or group.plus:
            break
        wide.append(group)
    usual = next((at for at, group in enumerate(wide) if at and group.gap is None), len(wide))
    ahead = wide[:usual]
    for rule in (_with_prefix, _nanp, _national, _own_country, _digit_by_digit, _bare, _local):
        count, is_ours = rule(text, ahead, ours)
        if count:
            return count, not is_ours
    count, is_ours = _unusual(text, wide, ours)
    return count, bool(count) and not is_ours


def _with_plus(text: str, groups: list[_Group], index: int, ours: _Ours) -> tuple[int, bool]:
    """Read the longest number of at most 15 digits after the plus; for a masked number, exactly its
    digits."""
    digits, count = "", 0
    for group in groups[index : index + _LONGEST + 1]:
        if count and (group.gap is None or group.plus):
            break
        begins_a_date = group.skipped and not groups[index + count - 1].skipped
        if begins_a_date and (count == 1 or len(digits) >= _SHORTEST):
            break
        is_trunk = group.digits == "0" and text[group.start - 1 : group.end + 1] == "(0)"
        if len(digits) + len(group.digits) > _LONGEST:
            break
        digits += "" if is_trunk else group.digits
        count += 1
        if ours.international(digits):
            return count, False
        if len(digits) == 11 and digits[0] == "1":
            break
    return (count, True) if len(digits) >= _SHORTEST else (1, False)


def _with_prefix(_: str, ahead: list[_Group], ours: _Ours) -> tuple[int, bool]:
    """Read `0044 20 …` or `011 44 20 …`: dialled from abroad, or from North America."""
    prefix = PREFIX.match(ahead[0].digits)
    if prefix is None:
        return 0, False
    digits = ""
    for count, group in enumerate(ahead, start=1):
        if len(digits) + len(group.digits) > _LONGEST + 3:
            return (count - 1, False) if len(digits) >= 12 else (0, False)
        digits += group.digits
        if ours.international(digits[prefix.end() :]):
            return count, True
    return (len(ahead), False) if len(digits) >= 12 else (0, False)


def _nanp(_: str, ahead: list[_Group], ours: _Ours) -> tuple[int, bool]:
    first = ahead[0].digits
    if first[0] == "0" or (len(first) < 3 and first != "1"):
        return 0, False
    for count in range(min(5, len(ahead)), 0, -1):
        shape, digits = _shape(ahead[:count])
        if shape not in NANP and shape not in WITH_1:
            continue
        if shape[-2:] in ((6, 4), (7, 4)) and " " in (ahead[count - 1].gap or ""):
            continue
        if _is_nanp(digits):
            return count, ours.national(digits)
    return 0, False


def _national(_: str, ahead: list[_Group], ours: _Ours) -> tuple[int, bool]:
    """Read a leading 0 and an area code. The five pairs of France must have equal separators,
    because short dates (02/14 02/15) are pairs too."""
    first = ahead[0].digits
    if first[0] != "0" or first[1:2] in ("", "0"):
        return 0, False
    for count in range(min(5, len(ahead)), 0, -1):
        shape, digits = _shape(ahead[:count])
        if shape not in NATIONAL:
            continue
        if count == 5 and not _look_alike(ahead[:count]):
            continue
        return count, ours.national(digits)
    return 0, False


def _own_country(_: str, ahead: list[_Group], ours: _Ours) -> tuple[int, bool]:
    """Read a notation of the company's own countries, in groups of at least two digits; the first
    may be a single `8` or `0`. Pairs must have equal separators, as in `_national`."""
    for count in range(min(5, len(ahead)) if ours.codes else 0, 0, -1):
        groups = ahead[:count]
        shape, digits = _shape(groups)
        if min(shape[1:], default=2) < 2 or (max(shape) == 2 and not _look_alike(groups)):
            continue
        if any(is_national(code, digits) for code in ours.codes):
            return count, ours.national(digits)
    return 0, False


def _digit_by_digit(_: str, ahead: list[_Group], ours: _Ours) -> tuple[int, bool]:
    """Read `4 1 5 5 5 5 0 1 2 3`."""
    if len(ahead) < 10 or any(len(group.digits) > 1 for group in ahead[:10]):
        return 0, False
    for count in (11, 10):
        shape, digits = _shape(ahead[:count])
        if shape == (1,) * count and _look_alike(ahead[:count]) and NANP_DIGITS.fullmatch(digits):
            return count, ours.national(digits)
    return 0, False


def _bare(_: str, ahead: list[_Group], ours: _Ours) -> tuple[int, bool]:
    """Read an E.164 number without its plus. Fifteen digits are a pet's microchip, and ten without
    an area code of the NANP are another kind of number."""
    digits = ahead[0].digits
    if not 11 <= len(digits) <= 13 or digits[0] == "0":
        return 0, False
    return 1, ours.international(digits)


def _local(text: str, ahead: list[_Group], ours: _Ours) -> tuple[int, bool]:
    """Read `555-0123`, with nothing else before or after its digits."""
    if len(ahead[0].digits) != 3:
        return 0, False
    shape, digits = _shape(ahead[:2])
    if shape != (3, 4) or digits[0] in "01" or ahead[1].gap not in ("-", ".", " - "):
        return 0, False
    if text[max(ahead[0].start - 1, 0)] in "-./" and ahead[0].gap is not None:
        return 0, False
    if len(ahead) > 2 and ahead[2].gap in ("-", ".", "/"):
        return 0, False
    return 2, ours.local(digits)


def _unusual(text: str, wide: list[_Group], ours: _Ours) -> tuple[int, bool]:
    """Read a North American number with unusual groups or separators: `415, 555, 0141`, `41 55 55
    01 41`, `555 0141`, `5550141`.

    Lists of amounts look alike, so there must be another sign of a phone: a later group begins with
    0, which no amount does, or the words before say that it is dialled.
    """
    for count in (6, 5, 4, 3, 2, 1):
        groups = wide[:count]
        shape, digits = _shape(groups)
        if len(groups) < count or not _is_unusual(shape, digits) or not _look_alike(groups):
            continue
        if wide[count : count + 1] and wide[count].wide == wide[max(count - 1, 1)].wide:
            continue  # a longer list
        called = is_called(text[max(groups[0].start - 40, 0) : groups[0].start])
        begins_with_0 = any(group.digits[0] == "0" for group in groups[1:])
        if called or (begins_with_0 and called is None):
            return count, ours.local(digits) if len(digits) == _SHORTEST else ours.national(digits)
    return 0, False


def _is_unusual(shape: tuple[int, ...], digits: str) -> bool:
    if shape in ((7,), (3, 4)):
        return digits[0] not in "01"
    if shape in ((3, 3, 4), (1, 3, 3, 4), (2, 2, 2, 2, 2), (1, 2, 2, 2, 2, 2)):
        return _is_nanp(digits)
    return False


def _is_nanp(digits: str) -> bool:
    return bool(NANP_DIGITS.fullmatch(digits)) and (len(digits) == 11) == (digits[0] == "1")


def _look_alike(groups: Sequence[_Group]) -> bool:
    """Whether all groups have the same separator."""
    return len({group.wide for group in groups[1:]}) <= 1


def _shape(groups: Sequence[_Group]) -> tuple[tuple[int, ...], str]:
    digits = [group.digits for group in groups]
    return tuple(map(len, digits)), "".join(digits)
