"""Short texts that people give: refs, names, reasons, bodies. Checked once, at the door."""

import unicodedata
from datetime import timedelta

from petmsg.errors import EmptyReason, MalformedRef, MalformedText, quoted
from petmsg.phone import is_phone

LONGEST_REF = 64
LONGEST_NAME = 120
LONGEST_REASON = 500
LONGEST_BODY = 1600
"""Twilio refuses longer ones (error 21617)."""


def parse_ref(text: str) -> str:
    """A ref as it is stored. Raises `MalformedRef`; one that looks like a phone is refused too,
    because a command could not tell it from one."""
    ref = text.strip()
    if not ref or len(ref) > LONGEST_REF or not ref.isprintable() or is_phone(ref):
        raise MalformedRef(f"{quoted(text)} cannot be a ref.")
    return ref


def normal_name(text: str) -> str:
    """How names are compared and stored: NFC, single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def parse_name(text: str) -> str:
    """A name as it is stored. Raises `MalformedText`."""
    name = normal_name(_clean(text, "name"))
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise MalformedText(
            f"{quoted(text)} cannot be a name.", hint=f"1 to {LONGEST_NAME} printable characters."
        )
    return name


def parse_reason(text: str) -> str:
    """A reason as it is stored: one line. Raises `EmptyReason` or `MalformedText`."""
    reason = " ".join(_clean(text, "reason").split())
    if not reason:
        raise EmptyReason("The reason is empty.")
    if len(reason) > LONGEST_REASON or not reason.isprintable():
        raise MalformedText(
            "The reason is too long or holds control characters.",
            hint=f"At most {LONGEST_REASON} printable characters.",
        )
    return reason


def parse_body(text: str) -> str:
    """The body of a text, ends trimmed. Raises `MalformedText` if empty or over 1600 characters."""
    body = _clean(text, "body").replace("\r\n", "\n").rstrip("\n")
    if not body.strip():
        raise MalformedText("The body is empty.", hint="Say something: --body 'See you at 3 pm'.")
    if len(body) > LONGEST_BODY:
        raise MalformedText(
            f"The body has {len(body)} characters; {LONGEST_BODY} is the most a text may have.",
            hint="Send it in parts.",
        )
    if any(unicodedata.category(c) == "Cc" and c not in "\n\t" for c in body):
        raise MalformedText("The body holds control characters.", hint="Send plain text.")
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
    """How bodies are compared: a carrier may change line ends, spaces and typographic marks."""
    plain = unicodedata.normalize("NFC", text).translate(_PLAIN)
    return " ".join(plain.split())


TRIAL_LINE = "Sent from your Twilio trial account - "
"""What a trial account puts before every body (source: Twilio, "Free trial")."""
_ENOUGH = 8
"""So many letters and digits in a row are no accident: the rest was added by the provider."""


def is_body_of(sent: str, listed: str) -> bool:
    """Whether a body that the provider lists may be taken for the one that was sent.

    A provider changes line ends, spaces, marks and letters of other alphabets, writes a line of
    its own before or after the body, or redacts it and lists nothing. A short body inside a longer
    one proves nothing.
    """
    if not listed.strip():
        return True
    if normal_body(listed.removeprefix(TRIAL_LINE)) == normal_body(sent):
        return True
    ours, theirs = _letters(sent), _letters(listed)
    if theirs.removeprefix(_letters(TRIAL_LINE)) == ours != "":
        return True
    return len(ours) >= _ENOUGH and ours in theirs


def _letters(text: str) -> str:
    """The letters and digits, without their accents."""
    return "".join(each for each in unicodedata.normalize("NFKD", text) if each.isalnum())


def _clean(text: str, what: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise MalformedText(
            f"The {what} is not valid text.", hint="Use UTF-8 and a UTF-8 locale."
        ) from None
    return unicodedata.normalize("NFC", text)


def clients_wait(count: int, longest: timedelta) -> str:
    """How many clients wait for an answer, and the longest wait: `3 clients wait, the longest 42
    min`."""
    minutes = max(0, longest // timedelta(minutes=1))
    length = f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
    return (
        f"1 client waits, {length}" if count == 1 else f"{count} clients wait, the longest {length}"
    )
