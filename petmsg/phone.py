"""Phone numbers: E.164 in, masked out.

Source of the shape: ITU-T E.164 (a plus, a country code that does not begin with 0, 15 digits at
most). Fullmatch and an ASCII class, because `$` accepts a trailing newline and `\\d` Arabic digits.
"""

import re

from petmsg.errors import MalformedPhone

_E164 = r"\+[1-9][0-9]{1,14}"
_PUNCTUATION = str.maketrans("", "", " -.()\u00a0")
_LONGEST_WRITTEN = 40
_CALLING_CODE = (
    r"\+(1|7|20|27|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|21[1-368]|2[2-4][0-9]|25[0-8]|"
    r"26[0-9]|29[01789]|35[0-9]|37[0-9]|38[0-35-79]|42[013]|50[0-9]|59[0-9]|67[02-9]|68[0-35-9]|"
    r"69[0-2]|80[08]|85[02356]|87[08]|88[0-368]|96[0-8]|97[0-79]|99[2-68])"
)
"""The country codes that the ITU has assigned (E.164, list of assigned codes)."""
_ISLANDS = (
    r"\+1(242|246|264|268|284|345|441|473|649|658|664|721|758|767|784|809|829|849|868|869|876)"
)
"""Area codes within +1 of other countries than the United States and Canada; many cost more."""


def parse_phone(text: str) -> str:
    """The E.164 form of a phone as a person writes it: spaces, dots, dashes and brackets go.

    Raises `MalformedPhone` when what is left is not E.164. A country code is never guessed.
    """
    if len(text) <= _LONGEST_WRITTEN:
        plain = text.strip(" \t").translate(_PUNCTUATION)
        if re.fullmatch(_E164, plain):
            return plain
    raise MalformedPhone(text)


def is_e164(text: str) -> bool:
    """Whether the text is a phone exactly as it is stored."""
    return re.fullmatch(_E164, text) is not None


def is_phone(text: str) -> bool:
    """Whether the text is meant as a phone: it begins with a plus and a digit."""
    return len(text) > 1 and text[0] == "+" and text[1] in "0123456789"


def calling_code(e164: str) -> str | None:
    """The country code of an E.164, without its plus; None where no country has it."""
    found = re.match(_CALLING_CODE, e164)
    return None if found is None else found.group(1)


def country_prefix(e164: str) -> str | None:
    """The first characters of an E.164 that say its country: its code and, for the islands that
    share +1 with the United States and Canada, the area code. None where no country has it."""
    island, code = re.match(_ISLANDS, e164), calling_code(e164)
    if island is not None:
        return island.group(0)
    return None if code is None else f"+{code}"


def mask_phone(e164: str) -> str:
    """A personal phone as output shows it: the country's first digit and the last two."""
    if len(e164) < 5:
        return "+" + "*" * (len(e164) - 1)
    return f"{e164[:2]}{'*' * (len(e164) - 4)}{e164[-2:]}"


def phone_key(org: str, e164: str) -> str:
    """How a phone is recognised where it must not be written down: SHA-256 of org slug and E.164.

    It keeps a forgotten client's opt-out; it is no protection against somebody who tries all
    numbers.
    """
    from hashlib import sha256

    return sha256(f"petmsg phone/1 {org} {e164}".encode()).hexdigest()
