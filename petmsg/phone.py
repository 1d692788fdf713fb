"""Phone numbers: read them as people write them, and mask them for output.

What is stored is E.164 (ITU-T: a plus, a country code that does not begin with 0, at most 15
digits). Text in that form is checked here; all other ways to write a phone are read by
`petmsg.phone_formats`, which is imported for such a text only, because it takes longer to load than
a command takes to answer. The patterns use `fullmatch` and `[0-9]`, because `$` accepts a trailing
newline and `\\d` accepts Arabic digits.
"""

import re
from typing import NamedTuple

from petmsg.errors import MalformedPhone

_E164 = r"\+[1-9][0-9]{1,14}"
LONGEST_WRITTEN = 80
_FEWEST_DIGITS = 7
"""Text with fewer digits is not meant as a whole phone number: no area has shorter ones."""
_SHORTEST_NATIONAL = 4
_OF_NO_COUNTRY = frozenset(("800", "808", "878", "882", "883"))
BEGIN_WITH_0 = _OF_NO_COUNTRY | frozenset(
    ("39", "225", "226", "229", "241", "242", "250", "378", "379", "992")
)
"""Country codes after which a 0 is part of the number: Italy and its neighbours, Ivory Coast,
Burkina Faso, Benin, Gabon, Congo, Rwanda, Tajikistan, and the codes that belong to no country."""
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


class Phone(NamedTuple):
    """A phone number that somebody wrote.

    `extension` are digits that are dialled after the connection; petmsg cannot send to them.
    `is_unassigned` means that the number has a possible length, but that no operator is known to
    have it; plain E.164 is not checked for that.
    """

    e164: str
    extension: str | None = None
    is_unassigned: bool = False

    @property
    def warnings(self) -> list[str]:
        """What to tell about the number to the person who wrote it. The phone is masked."""
        found = []
        if self.extension is not None:
            found.append(
                f"{mask_phone(self.e164)} is used without its extension {self.extension}: a message"
                " cannot reach an extension."
            )
        if self.is_unassigned:
            found.append(
                f"{mask_phone(self.e164)} is a possible number, but no known range of phones has "
                "it. Check its digits."
            )
        return found


def parse_phone(text: str, country: str | None = None) -> str:
    """Parse a phone number as a person writes it; returns E.164. See `read_phone`."""
    return read_phone(text, country).e164


def read_phone(text: str, country: str | None = None) -> Phone:
    """Parse a phone number as a person writes it, with what a warning may say about it.

    `country` (ISO 3166, two letters) is where a number without a plus is dialled, with the prefixes
    that are usual there. Without it such a number is refused: no country is guessed.

    Raises `MalformedPhone` for text that is no phone number, and for a number that cannot exist: an
    unassigned country code, too few or too many digits, an area code of North America that begins
    with 0 or 1, or a 0 after the code of a country whose numbers have none.
    """
    if is_e164(text):
        why_not = why_impossible(text)
        if why_not is not None:
            raise MalformedPhone(text, why=why_not)
        return Phone(text)
    if len(text) > LONGEST_WRITTEN:
        raise MalformedPhone(text, why="it is too long")
    from petmsg.phone_formats import read_formatted

    return read_formatted(text, country)


def phone_to_look_up(text: str, country: str | None = None) -> str:
    """Parse a phone number that is only looked up among stored ones; returns E.164.

    Unlike `parse_phone` it accepts a number in E.164 that cannot exist, because one may have been
    stored. Raises `MalformedPhone`.
    """
    if is_e164(text):
        return text
    if len(text) > LONGEST_WRITTEN:
        raise MalformedPhone(text, why="it is too long")
    from petmsg.phone_formats import e164_of_formatted

    return e164_of_formatted(text, country)


def split_phones(cell: str) -> list[str]:
    """The phones in a cell of a file, each as it was written; an empty cell has none.

    Those with a label of a landline (`Home: …`) stand last, and those of a fax are left out.

    Phones are separated by a line break, `/`, `;`, `,`, `|`, `&`, `or` or `and`. An extension stays
    with its phone. A `/` or `,` inside a number (`030/1234567`) does not separate.
    """
    if is_e164(cell):
        return [cell]
    from petmsg.phone_formats import split_cell

    return split_cell(cell)


def why_impossible(e164: str) -> str | None:
    """Why no such number in E.164 can exist; None if one can, as far as its digits alone tell."""
    code = calling_code(e164)
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
    elif national[0] == "0" and code not in BEGIN_WITH_0:
        return f"leave out the 0 after +{code}: it is dialled within the country only"
    return None


def is_e164(text: str) -> bool:
    """Whether the text is a phone number in E.164, exactly as it is stored."""
    return re.fullmatch(_E164, text) is not None


def is_phone(text: str) -> bool:
    """Whether the text is meant as a phone number and cannot be a ref: it begins with a plus and a
    digit."""
    return len(text) > 1 and text[0] == "+" and text[1] in "0123456789"


def may_be_phone(text: str) -> bool:
    """Whether the text can be meant as a phone number, such as `(415) 555-0171` or `4155550171`.

    It may just as well be the ref or the name of a row, so these are to be tried first.
    """
    if is_phone(text):
        return True
    if len(text) > LONGEST_WRITTEN or sum(each.isdigit() for each in text) < _FEWEST_DIGITS:
        return False
    from petmsg.phone_formats import is_formatted

    return is_formatted(text)


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
