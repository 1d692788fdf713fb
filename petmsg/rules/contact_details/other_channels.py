"""Other channels around the company in a plain text: handles, payment apps, and links to chats,
bookings and payments. Pure."""

import re
from collections.abc import Iterator
from typing import Literal

_Way = Literal["handle", "payment", "link"]

_LATER = (
    "home|work|noon|midnight|night|lunch|dinner|breakfast|school|gym|office|airport|door|gate|park|"
    "vet|vets|the|your|my|our|his|her|their|this|that|least|all|once|first|any|about|around|"
    "same|end|start|time|times|house|place"
)
"""Words after `@` that mean a place or a time (`@home`), not a person."""
_HANDLE = re.compile(rf"(?i)(?<![\w.@/])@(?!(?:{_LATER})\b)[a-z][\w.]{{1,29}}\w")
_NETWORK = r"(?:insta(?:gram)?|ig|snap(?:chat)?|tiktok|telegram|whatsapp|wechat|kik|facebook|fb)"
_NAMED = re.compile(
    rf"(?i)\b(?:my|on|our) {_NETWORK}(?:'s| (?:is|handle|name|id|user(?:name)?)){{1,3}} ?:? ?"
    rf"\w[\w.]{{2,29}}"
    rf"|\b{_NETWORK} ?: ?\w[\w.]{{2,29}}"
    rf"|\b(?:text|message|msg|dm|write|call|reach|find|add|contact|chat with) "
    rf"(?:me|us) (?:on|through|via|over|at) (?:{_NETWORK}|signal|viber|messenger|facetime)\b"
)
_PAYMENT = re.compile(
    r"(?i)\b(?:venmo|zelle|cash ?app|paypal|apple ?cash|google ?pay|gpay|revolut|bizum|twint|"
    r"interac|e-transfer)\w{0,3}\b|(?<![\w$])\$[a-z][a-z0-9_-]{2,19}\b"
)
_SITES = (
    r"rover\.com|wagwalking\.com|care\.com|meowtel\.com|pawshake\.\w+|holidog\.com|gudog\.\w+|"
    r"trustedhousesitters\.com|thumbtack\.com|nextdoor\.\w+|taskrabbit\.\w+|petbacker\.\w+|"
    r"calendly\.com|cal\.com|acuityscheduling\.com|as\.me|setmore\.com|square\.site|"
    r"book\.squareup\.com|squareup\.com|timetopet\.com|fresha\.com|simplybook\.\w+|"
    r"doodle\.com|picktime\.com|youcanbook\.me|zcal\.co|tidycal\.com|linktr\.ee|"
    r"venmo\.com|paypal\.me|paypal\.com|cash\.app|buymeacoffee\.com|"
    r"wa\.me|whatsapp\.com|signal\.me|signal\.group|t\.me|telegram\.(?:me|dog)|m\.me|viber\.\w+|"
    r"line\.me|instagram\.com|facebook\.com|fb\.me|fb\.com|snapchat\.com|tiktok\.com|discord\.gg"
)
_LINK = re.compile(
    rf"(?i)(?<![\w@.])(?:https?://)?(?:[a-z0-9-]{{1,63}}\.){{0,4}}(?:{_SITES})(?![\w-])"
    rf"(?:[/?#][^ ]{{0,300}})?"
    r"|https?://[^ /?#]{1,253}/(?:[^ ]{0,100}[/?&#-])?"
    r"(?:book(?:ing)?s?|book-?(?:now|me|online)|schedule|scheduling|appointments?|hire-?me)"
    r"(?![a-z0-9])[^ ]{0,300}"
)


def ways(text: str) -> Iterator[tuple[_Way, int, int]]:
    """Yield where another channel occurs: `text[start:end]`."""
    for found in _LINK.finditer(text):
        yield "link", *found.span()
    for pattern in (_HANDLE, _NAMED):
        for found in pattern.finditer(text):
            yield "handle", *found.span()
    for found in _PAYMENT.finditer(text):
        yield "payment", *found.span()
