"""Phone numbers: E.164 in, masked out.

Source of the shape: ITU-T E.164 (a plus, a country code that does not begin with 0, 15 digits at
most). Fullmatch and an ASCII class, because `$` accepts a trailing newline and `\\d` Arabic digits.
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
"""Where a 0 behind the country code belongs to the number: Italy and its neighbours, Ivory Coast,
Gabon, Congo, and codes of no country."""
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
    """The E.164 form of a phone as a person writes it: spaces, dots, dashes and brackets go, and
    the `(0)` that is dialled at home only (`+44 (0)20 7946 0958`).

    Raises `MalformedPhone` when what is left is not E.164, or a number that cannot exist: of a
    country code that nobody has, of North America without ten digits behind the 1, or with a 0
    behind the code of a country whose numbers have none. A country code is never guessed.
    """
    plain = phone_to_look_up(text)
    why_not = _why_impossible(plain, calling_code(plain))
    if why_not is not None:
        raise MalformedPhone(text, why=why_not)
    return plain


def phone_to_look_up(text: str) -> str:
    """`parse_phone` for a phone that is looked up among those that are stored: it may be one that
    cannot exist, mistyped or stored long ago. Raises `MalformedPhone`."""
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
        return "no country has that code"
    national = e164[1 + len(code) :]
    if code == "1":
        if len(national) != 10:
            return f"it has {len(national)} digits after the +1, and needs ten"
        if national[0] in "01":
            return "an area code does not begin with 0 or 1"
    elif len(national) < _SHORTEST_NATIONAL:
        return f"it is too short for a number of +{code}"
    elif national[0] == "0" and code not in _BEGIN_WITH_0:
        return f"the 0 after +{code} is dialled at home only; leave it out"
    return None


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
