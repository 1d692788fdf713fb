"""Phone numbers and e-mail addresses in a text: what would undo the masking. Pure.

What a person writes so that another can dial it is looked for: international numbers, those of the
North American plan (NANP) with or without area code, national ones that begin with 0, in any digits
Unicode has; addresses also where `@` and `.` are spelled out. Where a shape could be both (three
digits, a dash and four), it counts as a phone. Numbers in words and letters put for digits are not
found. The time is linear in the length of the text: every look ahead is bounded.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from typing import Literal, NamedTuple


class Leak(NamedTuple):
    """Where a phone number or an e-mail address stands: `body[start:end]`."""

    kind: Literal["phone", "email"]
    start: int
    end: int


_WORDS = {"phone": "a phone number", "email": "an e-mail address"}


def find_leaks(body: str, *, ours: Collection[str] = ()) -> tuple[Leak, ...]:
    """Every phone number and e-mail address of the text, in order.

    `ours` are masked numbers in E.164: those are no leak, however they are written.
    """
    text, places = _plain(body)
    emails = list(_emails(text))
    found = [("email", *span) for span in emails]
    found += [("phone", *span) for span in _phones(_without(text, emails), _Ours(ours))]
    return tuple(
        Leak("email" if kind == "email" else "phone", places[start], places[end - 1] + 1)
        for kind, start, end in sorted(found, key=lambda each: each[1])
    )


def describe(leaks: Sequence[Leak]) -> str:
    """The leaks in words, by place and never by content: `a phone number at character 12`,
    counted from 1."""
    said = [f"{_WORDS[leak.kind]} at character {leak.start + 1}" for leak in leaks]
    if len(said) > 1:
        said[-2:] = [f"{said[-2]} and {said[-1]}"]
    return ", ".join(said) or "no phone number and no e-mail address"


# --------------------------------------------------------------------------------- one plain form


def _plain(body: str) -> tuple[str, list[int]]:
    """The text with ASCII digits, dashes and spaces, without marks and invisible characters; and
    the place in `body` of each of its characters."""
    kept, places = [], []
    for place, character in enumerate(body):
        plain = character if character.isascii() else _folded(character)
        if plain:
            kept.append(" " if plain in "\n\t\r" else plain)
            places.append(place)
    return "".join(kept), places


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


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """The text, as long as before, with nothing to read in the spans."""
    kept = list(text)
    for start, end in spans:
        kept[start:end] = "_" * (end - start)
    return "".join(kept)


# ---------------------------------------------------------------------------------------- e-mails

_AT = re.compile(r"(?i) ?[(\[{<] ?(?:at|@) ?[)\]}>] ?| {1,2}(?:at|@) {1,2}|@")
_LABEL = r"[^\W_](?:[^\W_]|-){0,62}"
_DOT = r"(?:\.| ?[(\[{<] ?(?:dot|\.) ?[)\]}>] ?| {1,2}dot {1,2})"
_HOST = re.compile(rf"(?i)({_LABEL})((?:{_DOT}{_LABEL}){{0,4}}){_DOT}[^\W\d_]{{2,24}}(?![^\W_])")
_MAIL_HOSTS = frozenset(
    ("gmail", "googlemail", "yahoo", "hotmail", "outlook", "icloud", "aol", "protonmail", "gmx")
)


def _emails(text: str) -> Iterator[tuple[int, int]]:
    last = 0
    for at in _AT.finditer(text):
        start = at.start()
        while start > last and (text[start - 1].isalnum() or text[start - 1] in "._%+-"):
            start -= 1
        host = _HOST.match(text, at.end())
        if start < at.start() and host is not None and _is_address(at.group(), host):
            yield start, host.end()
            last = host.end()


def _is_address(at: str, host: re.Match[str]) -> bool:
    """`look at example.com` names a site; `maya at gmail.com` and `maya at host dot com` do not."""
    if at.strip().lower() != "at" and at != " @ ":
        return True
    return host.group(1).lower() in _MAIL_HOSTS or "." not in host.group()


# ----------------------------------------------------------------------------------------- phones

_YEAR = r"(?:19|20)[0-9]{2}"
_MONTH_OR_DAY = r"(?:[12][0-9]|3[01]|0?[1-9])"
_DATE = (
    rf"(?<![0-9+./-])(?:{_YEAR}([-/.]){_MONTH_OR_DAY}\1{_MONTH_OR_DAY}"
    rf"|{_MONTH_OR_DAY}([-/.]){_MONTH_OR_DAY}\2(?:{_YEAR}|[0-9]{{2}}))(?![./-]?[0-9])"
)
_TIME = (
    r"(?<![0-9])[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?![0-9])"
    r"|(?<![0-9./-])(?:1[0-2]|0?[1-9])(?:[:.][0-9]{2})? ?[aApP]\.?[mM]\b"
)
_AMOUNT = r"(?:[0-9]{1,3}(?:,[0-9]{3}){1,4}|[0-9]{1,6})(?:\.[0-9]{1,2})?"
_PRICE = rf"[$€£¥] ?{_AMOUNT}(?: ?- ?[$€£¥]? ?{_AMOUNT})?(?![-.,]?[0-9])"
# A link to somebody's chat holds her phone.
_LINK = r"https?://(?!wa\.me/|api\.whatsapp\.com/|t\.me/)[^ ]+"
_NO_PHONE = re.compile(rf"{_LINK}|{_DATE}|{_TIME}|{_PRICE}")

_DIGITS = re.compile(r"[0-9]+")
_GAP = re.compile(r"[ \-./()]{1,4}")
_LONGEST = 15
_SHORTEST = 7

# How people group the ten digits of the NANP (area code and exchange begin with 2 to 9).
_NANP = frozenset({(10,), (3, 7), (6, 4), (3, 3, 4), (3, 3, 2, 2)})
_WITH_1 = frozenset(
    {(1, *groups) for groups in _NANP} | {(groups[0] + 1, *groups[1:]) for groups in _NANP}
)
_PREFIX = re.compile(r"00(?=[1-9])|011(?=[1-9]|$)")
_NANP_DIGITS = re.compile(r"1?[2-9][0-9]{2}[2-9][0-9]{6}")
# National numbers with a leading 0, as they are grouped in Europe and Australia.
_NATIONAL = frozenset(
    {
        *((10,), (11,), (2, 8), (2, 9), (3, 7), (3, 8), (4, 6), (4, 7), (5, 5), (5, 6)),
        *((2, 4, 4), (3, 3, 4), (3, 4, 3), (3, 4, 4), (4, 3, 3), (4, 3, 4), (5, 3, 3)),
        (2, 2, 2, 2, 2),
    }
)


class _Group(NamedTuple):
    """Digits without anything between them. `gap` is what separates them from the digits before,
    None where those cannot be of the same number. `skipped`: of a date, a time, a price, a link."""

    start: int
    end: int
    digits: str
    gap: str | None
    plus: bool
    skipped: bool


class _Ours:
    """The masked numbers, in every way they can be recognised."""

    def __init__(self, numbers: Collection[str]) -> None:
        self._whole = {number.removeprefix("+") for number in numbers}
        self._local = {digits[-7:] for digits in self._whole if digits.startswith("1")}

    def international(self, digits: str) -> bool:
        """Whether the digits, country code first, are one of them."""
        return digits in self._whole

    def national(self, digits: str) -> bool:
        """Whether the digits without a country code, perhaps with a 0 or 1 before, are."""
        if digits in self._whole or f"1{digits}" in self._whole:
            return True
        rest = digits.removeprefix("0")
        return rest != digits and any(
            whole.endswith(rest) and 1 <= len(whole) - len(rest) <= 3 for whole in self._whole
        )

    def local(self, digits: str) -> bool:
        """Whether the seven digits are the end of one."""
        return digits in self._local


def _phones(text: str, ours: _Ours) -> Iterator[tuple[int, int]]:
    groups = _groups(text)
    index = 0
    while index < len(groups):
        taken, is_leak = _phone_at(text, groups, index, ours)
        if is_leak:
            start = groups[index].start
            if groups[index].plus:
                start = text.rindex("+", 0, start)
            yield start, groups[index + taken - 1].end
        index += max(taken, 1)


def _groups(text: str) -> list[_Group]:
    skipped = bytearray(len(text))
    for span in _NO_PHONE.finditer(text):
        skipped[span.start() : span.end()] = b"\1" * (span.end() - span.start())
    groups = []
    end = None
    for found in _DIGITS.finditer(text):
        start = found.start()
        gap: str | None = None if end is None else text[end:start]
        if gap is not None and not _GAP.fullmatch(gap):
            gap = None
        before = text[max(start - 3, 0) : start].rstrip(" (")
        plus = before.endswith("+") and found.group()[0] != "0"
        groups.append(_Group(start, found.end(), found.group(), gap, plus, bool(skipped[start])))
        end = found.end()
    return groups


def _phone_at(text: str, groups: list[_Group], index: int, ours: _Ours) -> tuple[int, bool]:
    """How many groups from `index` on are a phone, and whether it is a leak."""
    first = groups[index]
    if first.skipped:
        return 0, False
    if first.plus:
        return _with_plus(text, groups, index, ours)
    ahead = [first]
    for group in groups[index + 1 : index + 11]:
        if group.gap is None or group.skipped or group.plus:
            break
        ahead.append(group)
    for rule in (_with_prefix, _nanp, _national, _digit_by_digit, _bare, _local):
        taken, is_ours = rule(text, ahead, ours)
        if taken:
            return taken, not is_ours
    return 0, False


def _with_plus(text: str, groups: list[_Group], index: int, ours: _Ours) -> tuple[int, bool]:
    """The longest number of at most 15 digits behind the plus; of ours, exactly theirs."""
    digits, taken = "", 0
    for group in groups[index : index + _LONGEST + 1]:
        if taken and (group.gap is None or group.plus):
            break
        begins_a_date = group.skipped and not groups[index + taken - 1].skipped
        if begins_a_date and (taken == 1 or len(digits) >= _SHORTEST):
            break
        is_trunk = group.digits == "0" and text[group.start - 1 : group.end + 1] == "(0)"
        if len(digits) + len(group.digits) > _LONGEST:
            break
        digits += "" if is_trunk else group.digits
        taken += 1
        if ours.international(digits):
            return taken, False
        if len(digits) == 11 and digits[0] == "1":
            break
    return (taken, True) if len(digits) >= _SHORTEST else (1, False)


def _with_prefix(_: str, ahead: list[_Group], ours: _Ours) -> tuple[int, bool]:
    """`0044 20 …`, `011 44 20 …`: dialled from abroad, from North America."""
    prefix = _PREFIX.match(ahead[0].digits)
    if prefix is None:
        return 0, False
    digits = ""
    for taken, group in enumerate(ahead, start=1):
        if len(digits) + len(group.digits) > _LONGEST + 3:
            return (taken - 1, False) if len(digits) >= 12 else (0, False)
        digits += group.digits
        if ours.international(digits[prefix.end() :]):
            return taken, True
    return (len(ahead), False) if len(digits) >= 12 else (0, False)


def _nanp(_: str, ahead: list[_Group], ours: _Ours) -> tuple[int, bool]:
    first = ahead[0].digits
    if first[0] == "0" or (len(first) < 3 and first != "1"):
        return 0, False
    for taken in range(min(5, len(ahead)), 0, -1):
        shape, digits = _shape(ahead[:taken])
        if shape not in _NANP and shape not in _WITH_1:
            continue
        if shape[-2:] in ((6, 4), (7, 4)) and " " in (ahead[taken - 1].gap or ""):
            continue
        if _NANP_DIGITS.fullmatch(digits) and (len(digits) == 11) == (digits[0] == "1"):
            return taken, ours.national(digits)
    return 0, False


def _national(_: str, ahead: list[_Group], ours: _Ours) -> tuple[int, bool]:
    """A leading 0 and an area code. The five pairs of France must look alike, for short dates
    (02/14 02/15) make pairs too."""
    first = ahead[0].digits
    if first[0] != "0" or first[1:2] in ("", "0"):
        return 0, False
    for taken in range(min(5, len(ahead)), 0, -1):
        shape, digits = _shape(ahead[:taken])
        if shape not in _NATIONAL:
            continue
        if taken == 5 and len({group.gap for group in ahead[1:5]}) > 1:
            continue
        return taken, ours.national(digits)
    return 0, False


def _digit_by_digit(_: str, ahead: list[_Group], ours: _Ours) -> tuple[int, bool]:
    """`4 1 5 5 5 5 0 1 2 3`."""
    if len(ahead) < 10 or any(len(group.digits) > 1 for group in ahead[:10]):
        return 0, False
    for taken in (11, 10):
        shape, digits = _shape(ahead[:taken])
        alike = len({group.gap for group in ahead[1:taken]}) == 1
        if shape == (1,) * taken and alike and _NANP_DIGITS.fullmatch(digits):
            return taken, ours.national(digits)
    return 0, False


def _bare(_: str, ahead: list[_Group], ours: _Ours) -> tuple[int, bool]:
    """An E.164 without its plus. Fifteen digits are the chip of a pet, ten without an area code
    of the NANP the number of something else."""
    digits = ahead[0].digits
    if not 11 <= len(digits) <= 13 or digits[0] == "0":
        return 0, False
    return 1, ours.international(digits)


def _local(text: str, ahead: list[_Group], ours: _Ours) -> tuple[int, bool]:
    """`555-0123`, with nothing else before or behind its digits."""
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


def _shape(groups: Sequence[_Group]) -> tuple[tuple[int, ...], str]:
    digits = [group.digits for group in groups]
    return tuple(map(len, digits)), "".join(digits)
