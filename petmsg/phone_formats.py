"""Read phone numbers that are not plain E.164: `(415) 555-0171`, `1-415-555-0171`, `tel:` and more.

Which texts are phone numbers is decided by the patterns here. What they mean in a country is known
to the library `phonenumbers` (Google's libphonenumber), which is imported for that alone.
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from petmsg.errors import MalformedPhone, quoted
from petmsg.phone import (
    BEGIN_WITH_0,
    LONGEST_WRITTEN,
    Phone,
    calling_code,
    is_e164,
    why_impossible,
)
from petmsg.usual_phones import read_usual

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

_SPACES = "\t\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u00b7\u2022"
"""Dashes, and the dots that some people put between the groups of digits."""
_FULL_WIDTH = {0xFF01 + each: 0x21 + each for each in range(0x5E)}
_TO_ASCII: dict[int, int] = {
    **_FULL_WIDTH,
    **dict.fromkeys(map(ord, _SPACES), ord(" ")),
    **dict.fromkeys(map(ord, _DASHES), ord("-")),
}
_MARKS = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
"""Marks without a width that address books put around a phone when it is copied."""
_PUNCTUATION = str.maketrans("", "", " -.()[]/")

_LANDLINE = r"(?:home|work|office|business)(?:[ ]?phone)?|land[ ]?line"
_LABEL = (
    r"(?:(?:cell|mobile)(?:[ ]?phone)?|main|phone|tel|telephone|text(?:[ ]only)?|sms|"
    rf"{_LANDLINE})"
)
_LETTER = "[cmhwo]"
"""Cell, mobile, home, work and office: `c: …`, `(h) …`, `… (w)`. A hyphen makes it a ref."""
_EXTENSION = r"(?:[ ]*[,;]?[ ]*(?:extension|extn|ext|x|\#)[ ]*[.:=]?[ ]*)(?P<extension>[0-9]{1,7})"
_FORM = re.compile(
    rf"""
    [']?                                # the mark of Excel for a cell of text
    (?:(?:tel|sms|callto):(?://)?)?
    (?:[(]?{_LABEL}[.]?[)]?[ ]*[:\-]?[ ]*|[(]?{_LETTER}[.)]{{0,2}}(?:[ ]*:|[ ]|(?<=[.)]))[ ]*)?
    (?P<number>[(\[]?[ ]*\+?[0-9(\[][0-9 \-.()\[\]/]*)
    (?:{_EXTENSION})?
    (?:[ ]*[(\-]?[ ]*{_LABEL}[ ]*[)]?|[ ]+{_LETTER}|[ ]*[(]{_LETTER}[)])?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_DECIMALS = re.compile(r"([0-9]{7,15})\.0+")
_SCIENTIFIC = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]+")
_TWO_PLUSES = re.compile(r".*[0-9].*\+[0-9].*")
_BETWEEN_PHONES = re.compile(
    r"([\r\n|&;]|\bor\b|\band\b|(?<=[0-9)])[ ]+(?=\+)|"
    rf"(?<=[0-9)])[ ]+(?=(?:fax|{_LABEL}|{_LETTER})[ ]*:))",
    re.IGNORECASE,
)
_OF_LANDLINE = rf"(?:{_LANDLINE}|[hwo])"
_IS_LANDLINE = re.compile(
    rf"[ (]*{_OF_LANDLINE}[.) ]*[:\-]?[ ]*[+(]?[0-9].*|.*[0-9)][ (\-]+{_OF_LANDLINE}[ )]*",
    re.IGNORECASE,
)
_IS_FAX = re.compile(
    rf"[ (]*(?:{_LANDLINE})?[ ]*fax\b.*[0-9].*|.*[0-9)][ (\-]+(?:{_LANDLINE})?[ ]*fax[ )]*",
    re.IGNORECASE,
)
_NOTHING_BETWEEN = re.compile(r"[ ]*\+?[0-9(][0-9 .()\-]*")
_ONLY_EXTENSION = re.compile(
    r"[ ]*(?:extension|extn|ext|x|\#)[ ]*[.:=]?[ ]*[0-9]{1,7}.*", re.IGNORECASE
)
_NO_AREA_CODE = "the area code is missing"
_WHOLE = 7
"""What has fewer digits is a part of a number, not a phone of its own."""


def is_formatted(text: str) -> bool:
    """Whether the text has the form of a phone number, in any country."""
    return _FORM.fullmatch(_plain(text)) is not None


def read_formatted(text: str, country: str | None) -> Phone:
    """Read a phone number that is written in another form than E.164. `country` is where a number
    without a plus is dialled; None if it is not known. Raises `MalformedPhone`."""
    usual = read_usual(text, country)
    if usual is not None:
        return Phone(usual)
    number, extension = _parts(text)
    if number.startswith("+"):
        why_not = why_impossible(number)
        if why_not is not None:
            raise MalformedPhone(text, why=why_not)
        return Phone(number, extension, _is_unassigned(text, number))
    if country is None:
        raise MalformedPhone(text, why="it has no country code", hint=_hint_without_country(number))
    e164, is_unassigned = _in_country(text, number, country)
    why_not = why_impossible(e164)
    if why_not is not None:
        raise MalformedPhone(text, why=why_not, hint=_hint_in_country(number, country))
    return Phone(e164, extension, is_unassigned)


def e164_of_formatted(text: str, country: str | None) -> str:
    """Read like `read_formatted`, but accept a number with a plus that cannot exist."""
    number, _ = _parts(text)
    return number if number.startswith("+") else read_formatted(text, country).e164


def split_cell(cell: str) -> list[str]:
    """Split the phones of a cell. See `petmsg.phone.split_phones`."""
    if _NOTHING_BETWEEN.fullmatch(cell):
        return [cell.strip(" ")]
    parts = _rejoin(_BETWEEN_PHONES.split(cell), fewest=0)
    for mark in (",", "/"):
        parts = [
            each for part in parts for each in _rejoin(re.split(f"({mark})", part), fewest=_WHOLE)
        ]
    phones = [phone for part in parts if (phone := part.strip(" \t\r\n,;"))]
    called = [each for each in phones if not _has_label(_IS_FAX, each)] or phones
    return sorted(called, key=lambda each: _has_label(_IS_LANDLINE, each))


def _has_label(label: re.Pattern[str], written: str) -> bool:
    if len(written) > LONGEST_WRITTEN:
        return False
    return label.fullmatch(written.translate(_TO_ASCII)) is not None


def _rejoin(pieces: list[str], *, fewest: int) -> list[str]:
    """Join what was split inside a phone. `pieces` are parts and the marks between them in turn;
    a part with fewer digits than `fewest` is not a phone of its own, and neither is an
    extension."""
    parts, digits = [pieces[:1]], _digits(pieces[0])
    for mark, part in zip(pieces[1::2], pieces[2::2], strict=True):
        is_extension = mark in ",;" and _ONLY_EXTENSION.fullmatch(part) is not None
        more = _digits(part)
        if is_extension or min(digits, more) < fewest:
            parts[-1] += [mark, part]
            digits += more
        else:
            parts.append([part])
            digits = more
    return ["".join(each) for each in parts]


def _digits(text: str) -> int:
    return sum(each in "0123456789" for each in text.translate(_TO_ASCII))


def _plain(text: str) -> str:
    """The text in ASCII where that is only another way to write it, without space around it."""
    plain = text.translate(_TO_ASCII).strip(" " + _MARKS)
    decimals = _DECIMALS.fullmatch(plain)
    return plain if decimals is None else decimals.group(1)


def _parts(text: str) -> tuple[str, str | None]:
    """The number, without punctuation, and the extension. Raises `MalformedPhone`."""
    plain = _plain(text)
    form = _FORM.fullmatch(plain)
    if form is None:
        raise _no_phone(text, plain)
    written, extension = form.group("number"), form.group("extension")
    number = written.translate(_PUNCTUATION)
    if not number.startswith("+"):
        return number, extension
    if "(0)" in written and calling_code(number) not in BEGIN_WITH_0:
        number = written.replace("(0)", "", 1).translate(_PUNCTUATION)
    if not is_e164(number):
        raise _no_phone(text, plain)
    return number, extension


def _no_phone(text: str, plain: str) -> MalformedPhone:
    if _SCIENTIFIC.fullmatch(plain):
        return MalformedPhone(
            text,
            why="a spreadsheet rounded it",
            hint="Format the column as text, enter the number again and export the file again.",
        )
    if _TWO_PLUSES.fullmatch(plain):
        return MalformedPhone(
            text, why="it contains more than one phone number", hint="Write one number."
        )
    return MalformedPhone(text)


def _hint_without_country(number: str) -> str:
    return _hint_for_00(number) or (
        "Write a plus and the country code, for example +14155550123, or set the country of the "
        "company: petmsg org set --country US"
    )


def _is_unassigned(text: str, e164: str) -> bool:
    """Whether a number with its country code is possible, but not assigned. Raises
    `MalformedPhone` if it is not possible."""
    import phonenumbers

    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return False  # a country code that the library does not know, though the ITU assigned it
    why_not = _why_not_possible(number, f"+{number.country_code}")
    if why_not is not None:
        raise MalformedPhone(text, why=why_not)
    return not phonenumbers.is_valid_number(number)


def _in_country(text: str, digits: str, country: str) -> tuple[str, bool]:
    import phonenumbers

    hint = _hint_in_country(digits, country)
    try:
        number = phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException as problem:
        why_not = {
            phonenumbers.NumberParseException.TOO_LONG: f"too long for {country}",
            phonenumbers.NumberParseException.INVALID_COUNTRY_CODE: (
                "no country has this country code"
            ),
        }.get(problem.error_type, f"too short for {country}")
        raise MalformedPhone(text, why=why_not, hint=hint) from None
    why = _why_undiallable(number, country) or _why_not_possible(number, country)
    if why == _NO_AREA_CODE and digits != str(number.national_number):
        why = (
            f"too short for {country}"  # its trunk prefix was dialled, so it is not a local number
        )
    if why is not None:
        raise MalformedPhone(text, why=why, hint=hint)
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not is_e164(e164):  # the library allows more digits than the ITU, in Germany for example
        raise MalformedPhone(text, why=f"too long for {country}", hint=hint)
    return e164, not phonenumbers.is_valid_number(number)


def _why_undiallable(number: "PhoneNumber", country: str) -> str | None:
    """Why the trunk prefix 0 could not be taken away: no number is left behind it."""
    import phonenumbers

    if not number.italian_leading_zero or str(number.country_code) in BEGIN_WITH_0:
        return None
    rules = phonenumbers.PhoneMetadata.metadata_for_region(country)
    if rules is None or rules.national_prefix != "0":
        return None
    behind = phonenumbers.PhoneNumber(number.country_code, number.national_number)
    reason = phonenumbers.is_possible_number_with_reason(behind)
    if reason == phonenumbers.ValidationResult.IS_POSSIBLE:
        return f"no area or operator of {country} has these first digits"
    if reason == phonenumbers.ValidationResult.TOO_LONG:
        return f"too long for {country}"
    return f"too short for {country}"


def _why_not_possible(number: "PhoneNumber", place: str) -> str | None:
    import phonenumbers

    reasons = {
        phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY: _NO_AREA_CODE,
        phonenumbers.ValidationResult.TOO_SHORT: f"too short for {place}",
        phonenumbers.ValidationResult.TOO_LONG: f"too long for {place}",
        phonenumbers.ValidationResult.INVALID_LENGTH: f"no number of {place} has so many digits",
    }
    return reasons.get(phonenumbers.is_possible_number_with_reason(number))


@lru_cache(maxsize=4)
def _example(country: str) -> str:
    """A number as people of the country write it, for a hint."""
    import phonenumbers

    number = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
    if number is None:
        return ""
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL))


def _hint_for_00(digits: str) -> str:
    e164 = f"+{digits[2:]}"
    if digits.startswith("00") and is_e164(e164) and why_impossible(e164) is None:
        return f"Write a plus instead of the 00: {quoted(e164)}"
    return ""


def _hint_in_country(digits: str, country: str) -> str:
    example = _example(country)
    return _hint_for_00(digits) or (
        f"Write the number with its area code{f', for example {example}' if example else ''}; for "
        "another country write a plus and the country code first."
    )
