"""Parse the short texts that people type: refs, names, reasons, bodies."""

import re
import unicodedata

from petmsg.errors import EmptyReason, MalformedRef, MalformedText, quoted
from petmsg.phone import is_phone

_WORDS = r"[^\W_]+"
LONGEST_REF = 64
LONGEST_NAME = 120
LONGEST_REASON = 500
LONGEST_BODY = 1600
"""Twilio rejects a longer body (error 21617)."""
FORMULA_STARTS = "=+-@|%\t\r"
"""Characters that start a formula in a spreadsheet: petmsg writes such cells with a leading `'`."""


def parse_ref(text: str) -> str:
    """Return the ref as it is stored. Raises `MalformedRef`, also for a text that looks like a
    phone number: a command could not tell the two apart."""
    ref = text.strip()
    if not ref or len(ref) > LONGEST_REF or not ref.isprintable() or is_phone(ref):
        raise MalformedRef(f"Invalid ref {quoted(text)}.")
    return ref


def normal_name(text: str) -> str:
    """The form in which names are compared and stored: NFC, with single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def parse_name(text: str) -> str:
    """Return the name as it is stored. Raises `MalformedText`."""
    name = normal_name(_clean(text, "name"))
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise MalformedText(
            f"Invalid name {quoted(text)}.",
            hint=f"A name has 1 to {LONGEST_NAME} printable characters.",
        )
    return name


def as_code(text: str) -> str:
    """The form in which a word of a vocabulary is looked up: `Front Desk` is `front_desk`."""
    return "_".join(re.findall(_WORDS, text.casefold()))


def parse_reason(text: str) -> str:
    """Return the reason as it is stored, on one line. Raises `EmptyReason`, `MalformedText`."""
    reason = " ".join(_clean(text, "reason").split())
    if not reason:
        raise EmptyReason("The reason is empty.")
    if len(reason) > LONGEST_REASON or not reason.isprintable():
        raise MalformedText(
            "The reason is too long or contains control characters.",
            hint=f"Use at most {LONGEST_REASON} printable characters.",
        )
    return reason


def parse_body(text: str) -> str:
    """Return the body of a message without line ends after it.

    Raises `MalformedText` for a body that is empty, has more than 1600 characters or contains
    control characters.
    """
    body = _clean(text, "body").replace("\r\n", "\n").rstrip("\n")
    if not body.strip():
        raise MalformedText("The body is empty.", hint="Write one: --body 'See you at 3 pm'")
    if len(body) > LONGEST_BODY:
        raise MalformedText(
            f"The body has {len(body)} characters; a message has at most {LONGEST_BODY}.",
            hint="Send it in several messages.",
        )
    if any(unicodedata.category(c) == "Cc" and c not in "\n\t" for c in body):
        raise MalformedText("The body contains control characters.", hint="Send plain text.")
    return body


_PLAIN = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201a": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u201e": '"',
        "\u2013": "-",
        "\u2014": "-",
        "\u2026": "...",
    }
)


def normal_body(text: str) -> str:
    """The form in which bodies are compared, because a carrier may change line ends, spaces and
    typographic marks."""
    plain = unicodedata.normalize("NFC", text).translate(_PLAIN)
    return " ".join(plain.split())


TRIAL_LINE = "Sent from your Twilio trial account - "
"""Twilio puts this before every body that a trial account sends (source: Twilio, "Free trial")."""
_LONG_ENOUGH = 8
"""A match of this many letters and digits is no accident: the provider added the rest."""


def is_body_of(sent: str, listed: str) -> bool:
    """Whether a body that the provider lists can be the body that was sent.

    A provider may change line ends, spaces, marks and letters of other alphabets, add a line
    before or after the body, or redact it and list an empty one. A short body inside a longer one
    is no match.
    """
    if not listed.strip():
        return True
    if normal_body(listed.removeprefix(TRIAL_LINE)) == normal_body(sent):
        return True
    ours, theirs = _letters(sent), _letters(listed)
    if theirs.removeprefix(_letters(TRIAL_LINE)) == ours != "":
        return True
    return len(ours) >= _LONG_ENOUGH and ours in theirs


def _letters(text: str) -> str:
    """The letters and digits of the text, without accents."""
    return "".join(each for each in unicodedata.normalize("NFKD", text) if each.isalnum())


def _clean(text: str, what: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise MalformedText(
            f"The {what} is not valid UTF-8.", hint="Use UTF-8 and a UTF-8 locale."
        ) from None
    return unicodedata.normalize("NFC", text)
