"""Read the usual phones of a country in a few microseconds, as an import of many rows needs it.

`phonenumbers` takes twenty times as long for a number, because it considers all the ways to dial
it. What is read here it would read to the same result (a test compares them in every country):
digits with the usual punctuation that are an assigned landline or mobile number. All other text is
left to `petmsg.phone_formats`.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from petmsg.phone import BEGIN_WITH_0, is_e164

_PUNCTUATION = str.maketrans("", "", " -.()")
_FIRST = frozenset("0123456789(+")


class _Country(NamedTuple):
    """How numbers of a country are dialled within it, and which are assigned."""

    calling_code: str
    international_prefix: re.Pattern[str]
    trunk_prefix: re.Pattern[str] | None
    assigned: re.Pattern[str]


def read_usual(text: str, country: str | None) -> str | None:
    """The number in E.164; None if it must be read with all rules."""
    if not text or text[0] not in _FIRST or text.count(".") == 1 or "(0)" in text:
        return None
    has_plus = text[0] == "+"
    digits = text[has_plus:].translate(_PUNCTUATION)
    if not (digits.isascii() and digits.isdecimal()) or country is None:
        return None
    rules = _rules_of(country)
    if rules is None:
        return None
    national = _after_code(digits, rules) if has_plus else _after_trunk_prefix(digits, rules)
    if national is None or rules.assigned.fullmatch(national) is None:
        return None
    if national[0] == "0" and rules.calling_code not in BEGIN_WITH_0:
        return None
    e164 = f"+{rules.calling_code}{national}"
    return e164 if is_e164(e164) else None


def _after_code(digits: str, rules: _Country) -> str | None:
    return digits.removeprefix(rules.calling_code) if _has_code(digits, rules) else None


def _has_code(digits: str, rules: _Country) -> bool:
    return digits.startswith(rules.calling_code)


def _after_trunk_prefix(digits: str, rules: _Country) -> str | None:
    if rules.international_prefix.match(digits) is not None:
        return None
    prefix = None if rules.trunk_prefix is None else rules.trunk_prefix.match(digits)
    if prefix is None:
        return digits
    is_code = prefix.group() == rules.calling_code
    if any(prefix.groups()) or (_has_code(digits, rules) and not is_code):
        return None  # a carrier was chosen, or the digits may begin with the country code
    return digits[prefix.end() :]


@lru_cache(maxsize=8)
def _rules_of(country: str) -> _Country | None:
    from phonenumbers import PhoneMetadata

    found = PhoneMetadata.metadata_for_region(country)
    if found is None or found.national_prefix_transform_rule is not None:
        return None
    patterns = [
        kind.national_number_pattern
        for kind in (found.fixed_line, found.mobile)
        if kind is not None and kind.national_number_pattern
    ]
    trunk = found.national_prefix_for_parsing
    return _Country(
        str(found.country_code),
        re.compile(found.international_prefix or r"(?!)"),
        re.compile(trunk) if trunk else None,
        re.compile("|".join(f"(?:{pattern})" for pattern in patterns) or r"(?!)"),
    )
