"""How people write phone numbers, and what looks like one but is not. Pure.

Sources: the NANP's numbering plan (area code and exchange begin with 2 to 9); the national plans of
the ITU (lengths and first digits of national numbers).
"""

import re

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
_LINK = r"https?://[^ ]+"
NO_PHONE = re.compile(rf"{_LINK}|{_DATE}|{_TIME}|{_PRICE}")
"""Dates, times, prices and links."""

_CHAT = re.compile(
    r"(?i)https?://(?:[a-z0-9-]+\.)*(?:wa\.me|whatsapp\.com|signal\.me|signal\.group|t\.me|"
    r"telegram\.(?:me|org|dog)|viber\.(?:com|me|click)|line\.me|m\.me|imo\.im|zalo\.me)(?![\w.-])"
)
_ADDRESS = re.compile(r"https?://[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?=[:/?#]|$)")
_HOST = re.compile(r"https?://([^/?#]+)")
_DIALLED = re.compile(r"(?i)\+ ?[1-9]|[?&#/](?:phone|tel|mobile|cell|whatsapp|sms|call|dial)[=:]")


def dials(text: str) -> bool:
    """Whether a link contains a phone number to dial: a chat link, one with a plus or a `phone=`
    parameter, or one whose host is a number. False for anything but a link."""
    host = _HOST.match(text)
    if host is None:
        return False
    if _CHAT.match(text) or _DIALLED.search(text):
        return True
    digits = sum(each.isdigit() for each in host.group(1))
    return digits >= 7 and not _ADDRESS.match(text)


NANP = frozenset({(10,), (3, 7), (6, 4), (3, 3, 4), (3, 3, 2, 2)})
"""How people group the ten digits of the NANP."""
WITH_1 = frozenset(
    {(1, *groups) for groups in NANP} | {(groups[0] + 1, *groups[1:]) for groups in NANP}
)
PREFIX = re.compile(r"00(?=[1-9]|$)|011(?=[1-9]|$)")
"""Prefixes before a country code."""
NANP_DIGITS = re.compile(r"1?[2-9][0-9]{2}[2-9][0-9]{6}")
NATIONAL = frozenset(
    {
        *((10,), (11,), (2, 8), (2, 9), (3, 7), (3, 8), (4, 6), (4, 7), (5, 5), (5, 6)),
        *((2, 4, 4), (3, 3, 4), (3, 4, 3), (3, 4, 4), (4, 3, 3), (4, 3, 4), (5, 3, 3)),
        (2, 2, 2, 2, 2),
    }
)
"""National numbers with a leading 0, as they are grouped in Europe and Australia."""

_WITH_TRUNK_0 = re.compile(r"0[1-9][0-9]{7,10}")
_WITHOUT_TRUNK = {
    "7": r"8?[3489][0-9]{9}",
    "30": r"[26][0-9]{9}",
    "34": r"[6-9][0-9]{8}",
    "39": r"3[0-9]{8,9}|0[0-9]{7,10}",
    "45": r"[2-9][0-9]{7}",
    "47": r"[2-9][0-9]{7}",
    "48": r"[1-9][0-9]{8}",
    "52": r"[1-9][0-9]{9}",
    "54": r"[1-9][0-9]{9}",
    "55": r"[1-9]{2}(?:9[0-9]{8}|[2-5][0-9]{7})",
    "56": r"[2-9][0-9]{8}",
    "57": r"[36][0-9]{9}",
    "61": r"4[0-9]{8}",
    "65": r"[3689][0-9]{7}",
    "86": r"1[3-9][0-9]{9}",
    "91": r"[6-9][0-9]{9}",
    "351": r"[29][0-9]{8}",
    "352": r"6[0-9]{8}",
    "354": r"[4-8][0-9]{6}",
    "420": r"[2-7][0-9]{8}",
    "852": r"[2-9][0-9]{7}",
}
"""National numbers by country code, where people write no 0 before them."""
_OWN = {code: re.compile(pattern) for code, pattern in _WITHOUT_TRUNK.items()}


def is_national(code: str, digits: str) -> bool:
    """Whether the digits are a national number of the country with that calling code."""
    own = _OWN.get(code)
    if own is not None and own.fullmatch(digits):
        return True
    return _WITH_TRUNK_0.fullmatch(digits) is not None


_CALLED = re.compile(
    r"(?i)\b(?:call|calls|text|phone|ring|dial|reach|sms|whatsapp|signal|message|msg|txt|cell|"
    r"mobile|tel|fone|(?:my|her|his|our|their|new|direct|private|personal|other) (?:\w+ )?"
    r"(?:number|no|line|digits|nr))\b[^0-9!?\n]{0,24}$"
)
_OTHER = re.compile(
    r"(?i)\b(?:code|pin|gate|door|lock|lockbox|alarm|combo|order|invoice|booking|confirmation|"
    r"reservation|policy|account|case|ticket|ref|reference|unit|apt|apartment|room|tag|chip|"
    r"microchip|licen[cs]e|serial|model|tracking|receipt|zip|box)\b[^!?\n]{0,24}$"
)


def is_called(before: str) -> bool | None:
    """Whether the words before a number say that it is dialled (True), that it is another kind of
    number (False), or neither (None)."""
    if _OTHER.search(before):
        return False
    return True if _CALLED.search(before) else None
