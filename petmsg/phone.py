"""Phone numbers: parse them to E.164, and mask them for output.

Source of the format: ITU-T E.164 (a plus, a country code that does not begin with 0, at most 15
digits). The patterns use `fullmatch` and `[0-9]`, because `$` accepts a trailing newline and `\\d`
accepts Arabic digits.
"""

import re

from petmsg.errors import MalformedPhone

_E164 = r"\+[1-9][0-9]{1,14}"
_PUNCTUATION = str.maketrans("", "", " -.()\u00a0")
_LONGEST_WRITTEN = 40
_SHORTEST_NATIONAL = 4
_BEGIN_WITH_0 = frozenset(
    ("39", "225", "241", "242", "378", "379", "800", "808", "878", "882", "883")
)
"""Country codes after which a 0 is part of the number: Italy and its neighbours, Ivory Coast,
Gabon, Congo, and the codes that belong to no country."""
_CALLING_CODE = (
    r"\+(1|7|20|27|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|21[1-368]|2[2-4][0-9]|25[0-8]|"
    r"26[0-9]|29[01789]|35[0-9]|37[0-9]|38[0-35-79]|42[013]|50[0-9]|59[0-9]|67[02-9]|68[0-35-9]|"
    r"69[0-2]|80[08]|85[02356]|87[08]|88[0-368]|96[0-8]|97[0-79]|99[2-68])"
)
"""The country codes that the ITU has assigned (source: E.164, list of assigned codes)."""
_ISLANDS = (
    r"\+1(242|246|264|268|284|345|441|473|649|658|664|721|758|767|784|809|829|849|868|869|876)"
)
"""The area codes of +1 outside the United States and Canada; messages to many of them cost more."""


def parse_phone(text: str) -> str:
    """Parse a phone number as a person writes it; returns E.164.

    Spaces, dots, dashes and brackets are removed, and so is a `(0)` that is dialled within the
    country only (`+44 (0)20 7946 0958`). A missing country code is never guessed.

    Raises `MalformedPhone` if the rest is not E.164, or if no such number can exist: an unassigned
    country code, a North American number without ten digits after the 1, or a 0 after the code of
    a country whose numbers have none.
    """
    plain = phone_to_look_up(text)
    why_not = _why_impossible(plain, calling_code(plain))
    if why_not is not None:
        raise MalformedPhone(text, why=why_not)
    return plain


def phone_to_look_up(text: str) -> str:
    """Parse a phone number that is only looked up among stored ones; returns E.164.

    Unlike `parse_phone` it accepts a number that cannot exist, because one may have been stored.
    Raises `MalformedPhone`.
    """
    if len(text) <= _LONGEST_WRITTEN:
        written = text.strip(" \t")
        if "(0)" in written and calling_code(written.translate(_PUNCTUATION)) not in _BEGIN_WITH_0:
            written = written.replace("(0)", "", 1)
        plain = written.translate(_PUNCTUATION)
        if re.fullmatch(_E164, plain):
            return plain
    raise MalformedPhone(text)


def _why_impossible(e164: str, code: str | None) -> str | None:
    if code is None:
        return "no country has this country code"
    national = e164[1 + len(code) :]
    if code == "1":
        if len(national) != 10:
            return f"a +1 number needs 10 digits after the +1, and this one has {len(national)}"
        if national[0] in "01":
            return "an area code of +1 does not begin with 0 or 1"
    elif len(national) < _SHORTEST_NATIONAL:
        return f"too short for +{code}"
    elif national[0] == "0" and code not in _BEGIN_WITH_0:
        return f"leave out the 0 after +{code}: it is dialled within the country only"
    return None


def is_e164(text: str) -> bool:
    """Whether the text is a phone number in E.164, exactly as it is stored."""
    return re.fullmatch(_E164, text) is not None


def is_phone(text: str) -> bool:
    """Whether the text is meant as a phone number: it begins with a plus and a digit."""
    return len(text) > 1 and text[0] == "+" and text[1] in "0123456789"


def calling_code(e164: str) -> str | None:
    """The country code of an E.164 number, without the plus; None if it is not assigned."""
    found = re.match(_CALLING_CODE, e164)
    return None if found is None else found.group(1)


def country_prefix(e164: str) -> str | None:
    """The first characters of an E.164 number that tell its country; None if there is no such code.

    This is the country code and, for the islands that share +1 with the United States and Canada,
    the area code.
    """
    island, code = re.match(_ISLANDS, e164), calling_code(e164)
    if island is not None:
        return island.group(0)
    return None if code is None else f"+{code}"


def mask_phone(e164: str) -> str:
    """Mask a personal phone for output: keep the first digit and the last two."""
    if len(e164) < 5:
        return "+" + "*" * (len(e164) - 1)
    return f"{e164[:2]}{'*' * (len(e164) - 4)}{e164[-2:]}"


def phone_key(org: str, e164: str) -> str:
    """A key that recognises a phone without storing it: the SHA-256 of org slug and E.164.

    It keeps the opt-out of an erased client. It does not protect against somebody who tries all
    numbers.
    """
    from hashlib import sha256

    return sha256(f"petmsg phone/1 {org} {e164}".encode()).hexdigest()
