"""Keywords that carriers act on when they are the whole message: STOP, START, HELP. Pure.

Source: the CTIA Messaging Principles, Twilio's default opt-out keywords, and the FCC's rule on
revoking consent (47 CFR 64.1200(a)(10)). Upper and lower case are equal. A carrier ignores only the
spaces around the word. petmsg also ignores quotes, punctuation, emoji, accents and invisible
characters, so that quotes added by a phone cannot hide a request for no more messages.
"""

import unicodedata

from petmsg.enums.opt_outs import Keyword

MAY_MEAN_THE_VISIT = frozenset(("CANCEL", "END"))
"""Opt-outs that may be about a booking: the opt-out is applied, and a person checks it."""
STOP = MAY_MEAN_THE_VISIT | frozenset(
    (
        "STOP",
        "STOPALL",
        "STOP ALL",
        "UNSUBSCRIBE",
        "QUIT",
        "REVOKE",
        "OPTOUT",
        "OPT OUT",
        "ARRET",
    )
)
"""REVOKE and OPTOUT are keywords since 2025-05-14. OPT OUT counts under the FCC's rules, although
no carrier acts on it. ARRET (also ARRÊT) is the French keyword of Canada's carriers."""
START = frozenset(("START", "UNSTOP"))
START_FOR_OPTED_OUT = frozenset(("YES",))
"""An everyday word that means START only from somebody who is opted out."""
HELP = frozenset(("HELP", "INFO"))

_LONGEST = 40
_LONGEST_WRITTEN = 400
"""The limit before ignored characters are removed."""
_IGNORED = frozenset(("Cf", "Mn", "Me"))
"""Categories of invisible characters, accents and variation selectors."""
_NOTHING_TO_SEE = frozenset("\u115f\u1160\u3164\uffa0'\u2018\u2019\u02bc\uff07`\u00b4")
"""Letters without a shape (Hangul fillers), and apostrophes within a word."""

_OF_ASCII = {
    code: None if chr(code) in _NOTHING_TO_SEE else " "
    for code in range(128)
    if not chr(code).isalnum()
}


def words_of(text: str) -> list[str]:
    """Return the words of a message in the form in which they are compared: upper case, without
    accents, with letters and digits only."""
    if text.isascii():  # most are, and nothing is to be taken apart in them
        return text.translate(_OF_ASCII).upper().split()
    return _words_of_any(text)


def _words_of_any(text: str) -> list[str]:
    kept = []
    for char in unicodedata.normalize("NFKD", text):
        category = unicodedata.category(char)
        if category in _IGNORED or char in _NOTHING_TO_SEE:
            continue
        kept.append(char if category[0] in "LN" else " ")
    return "".join(kept).upper().split()


def plain_word(body: str) -> str:
    """Return the body in the form in which keywords are compared, with single spaces between words.

    Returns an empty string if it is too long for a keyword. A repeated word (`STOP STOP`) counts as
    one word.
    """
    if len(body) > _LONGEST_WRITTEN:
        return ""
    words = words_of(body)
    if len(set(words)) == 1 and words[0] in STOP - MAY_MEAN_THE_VISIT:
        return words[0]
    plain = " ".join(words)
    return plain if len(plain) <= _LONGEST else ""


def keyword_of(body: str, *, opted_out: bool) -> Keyword | None:
    """Return the keyword that the message is for the carriers; None for any other message.

    `opted_out` says whether the sender had opted out when they sent it.
    """
    word = plain_word(body)
    if word in STOP:
        return Keyword.STOP
    if word in START or (opted_out and word in START_FOR_OPTED_OUT):
        return Keyword.START
    return Keyword.HELP if word in HELP else None


def may_mean_the_visit(body: str) -> bool:
    """Whether an opt-out may have been about a booking."""
    return plain_word(body) in MAY_MEAN_THE_VISIT
