"""Every sentence that is spoken in a phone call. Standard library and leaves only.

Names and greetings are written by people: what cannot stand in XML is taken out, and one that holds
a phone number is not spoken. So no phone is ever spoken.
"""

import re
import unicodedata
from collections.abc import Sequence

from petmsg.enums.calls import Sentence

LONGEST_NAME = 80
LONGEST_GREETING = 1000
"""In characters. A voice takes at most 3,000."""
_A_COMPANY = "the company"
_A_CLIENT = "a client"
_PHONE_DIGITS = 7
"""This many digits, with nothing but these signs between them, may be a phone number."""
_BETWEEN = frozenset(" -.()+")
_BETWEEN_KINDS = frozenset(("Cf", "Me", "Mn", "Pd", "Zs"))
_NOT_SPOKEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
"""Unicode categories: characters of control and format, halves of characters, and unknown ones."""

_SENTENCES = {
    Sentence.NO_VISIT: "You have no visit now, so there is no client to connect you with.",
    Sentence.NOBODY_ANSWERS: "Nobody at {company} can take your call now. Please call again "
    "later, or send a message to this number.",
    Sentence.CLIENT_DOES_NOT_ANSWER: "The client does not answer. Please call again later, or send "
    "a message to this number.",
    Sentence.NO_CHOICE: "No client was chosen. Please call again.",
    Sentence.THANKS: "Thank you for your message.",
    Sentence.TROUBLE: "Your call cannot be connected at this moment. Please call again in a few "
    "minutes, or send a message to this number.",
    Sentence.ENDED: "If nobody took your call, please call again in a few minutes, or send a "
    "message to this number.",
}
_GOODBYE = "Goodbye."
NOTHING_RECORDED = f"No message was recorded. {_GOODBYE}"


def sentence(which: Sentence, company: str | None = None) -> str:
    """What a caller hears before the call ends."""
    return f"{_SENTENCES[which].format(company=_name(company, _A_COMPANY))} {_GOODBYE}"


def announcement(company: str, caller: str | None, *, needs_key: bool) -> str:
    """What the person hears who was rung: for whom and from whom the call is. None is an unknown
    caller."""
    named = "an unknown caller" if caller is None else _name(caller, _A_CLIENT)
    words = f"A call for {_name(company, _A_COMPANY)}, from {named}."
    return f"{words} To take the call, press 1." if needs_key else words


def choice(names: Sequence[str]) -> str:
    """The question which client a sitter wants to call; the keys are the places from 1."""
    pound = " and the pound key" if len(names) > 9 else ""
    return " ".join(
        f"To call {_name(name, _A_CLIENT)}, press {' '.join(str(key))}{pound}."
        for key, name in enumerate(names, 1)
    )


def greeting(company: str, words: str | None) -> str:
    """What a caller hears before they leave a voicemail: the company's own words, or the usual
    ones. Own words that hold a phone number are not spoken."""
    usual = (
        f"You have reached {_name(company, _A_COMPANY)}. Nobody can take your call now. Please "
        "leave a message after the tone, and hang up when you are done."
    )
    return usual if words is None else _speakable(words, usual, LONGEST_GREETING)


def holds_phone(text: str) -> bool:
    """Whether seven digits, of any script, stand in a row or with signs of phone numbers between
    them."""
    run = 0
    for character in unicodedata.normalize("NFKC", text):
        if character.isdigit():
            run += 1
            if run == _PHONE_DIGITS:
                return True
        elif not (character in _BETWEEN or unicodedata.category(character) in _BETWEEN_KINDS):
            run = 0
    return False


def _name(text: str | None, otherwise: str) -> str:
    return otherwise if text is None else _speakable(text, otherwise, LONGEST_NAME)


def _speakable(text: str, otherwise: str, longest: int) -> str:
    """The text in one line, without characters that XML or a voice refuses, and not longer than
    that; `otherwise` if nothing is left of it or if it holds a phone number."""
    kept = "".join(
        " " if unicodedata.category(character) in _NOT_SPOKEN else character for character in text
    )
    line = re.sub(r"\s+", " ", kept).strip()[:longest].strip()
    return otherwise if not line or holds_phone(text) or holds_phone(line) else line
