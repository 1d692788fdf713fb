"""Countries: the codes of ISO 3166, and the country of a timezone.

Source: `zone.tab`, `iso3166.tab` and `tzdata.zi` of the IANA time zone database, as the package
`tzdata` holds them. A machine's own copy may lack them, as slim containers do.
"""

import re
from functools import lru_cache
from pathlib import Path

from petmsg.errors import OutOfRange, quoted

_WITHOUT_PHONES = frozenset(("AQ", "BV", "GS", "HM", "PN", "TF", "UM"))
"""Countries of ISO 3166 that have no phone numbers of their own."""
_ABBREVIATIONS = frozenset(("CET", "EET", "EST", "HST", "MET", "MST", "WET"))
"""Names of many countries' time; the database links each to a single city."""
_OTHER_COUNTRY: dict[str, str] = {
    "Africa/Asmera": "ER",
    "Africa/Timbuktu": "ML",
    "America/Coral_Harbour": "CA",
    "America/Virgin": "VI",
    "Atlantic/Jan_Mayen": "NO",
    "Iceland": "IS",
    "Pacific/Ponape": "FM",
    "Pacific/Truk": "FM",
    "Pacific/Yap": "FM",
}
"""Old names that the database links to a zone of another country with the same clocks."""


def parse_country(text: str) -> str:
    """Return the code of a country (ISO 3166, two letters) in upper case.

    Raises `OutOfRange` for a code that no country has, and for a country without phone numbers.
    """
    from petmsg.suggestions import closest_words, did_you_mean

    code = text.strip().upper()
    names = _names()
    if code in names and code not in _WITHOUT_PHONES:
        return code
    if code in _WITHOUT_PHONES:
        raise OutOfRange(
            f"{names[code]} ({code}) has no phone numbers of its own.",
            hint="Use the country whose phones the clients have.",
        )
    typed = text.strip().casefold()
    by_name = {name.casefold(): code for code, name in names.items()}
    meant = [by_name[name] for name in by_name if typed and name.startswith(typed)]
    meant = ["GB"] if code == "UK" else meant
    if not meant and len(typed) > 2:
        meant = [by_name[name] for name in closest_words(typed, by_name)]
    raise OutOfRange(
        f"Unknown country {quoted(text)}.",
        hint=did_you_mean(meant[:3])
        or "Use the two letters of ISO 3166, for example US, CA, GB or DE.",
    )


def countries_with_phones() -> dict[str, str]:
    """The countries that have phone numbers: code and English name."""
    return {code: name for code, name in _names().items() if code not in _WITHOUT_PHONES}


@lru_cache(maxsize=64)
def country_of_zone(timezone: str) -> str | None:
    """The country of an IANA timezone; None for a zone of no country, such as UTC."""
    if timezone in _ABBREVIATIONS:
        return None
    if timezone in _OTHER_COUNTRY:
        return _OTHER_COUNTRY[timezone]
    found = _country_in_table(timezone)
    if found is None:
        link = re.search(rf"\nL (\S+) {re.escape(timezone)}\n", _text("tzdata.zi"))
        found = None if link is None else _country_in_table(link.group(1))
    return None if found in _WITHOUT_PHONES else found


def _country_in_table(timezone: str) -> str | None:
    line = rf"\n([A-Z]{{2}})\t\S+\t{re.escape(timezone)}[\t\n]"
    row = re.search(line, _text("zone.tab"))
    return None if row is None else row.group(1)


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    """The English names of the countries, by code."""
    rows = [line.split("\t") for line in _text("iso3166.tab").splitlines() if line[:1] != "#"]
    return {row[0]: row[1] for row in rows if len(row) > 1}


@lru_cache(maxsize=3)
def _text(file: str) -> str:
    # Not by importlib.resources, which takes longer to import than the file to read.
    import tzdata

    folder = Path(tzdata.__file__).parent / "zoneinfo"
    return (folder / file).read_text(encoding="utf-8")
