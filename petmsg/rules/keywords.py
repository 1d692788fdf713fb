"""Words that a whole message may consist of and that carriers act on: STOP, START, HELP. Pure.

Source: the facts file (Opt-out). Whole message, in any case. A carrier ignores only the spaces
around the word. petmsg also ignores quotes, punctuation, emoji, accents and invisible characters,
because a request for no messages must not be missed because of a phone's own quotes.
"""

import unicodedata

from petmsg.enums import Keyword

MAY_MEAN_THE_VISIT = frozenset(("CANCEL", "END"))
"""The opt-out holds all the same, and a person looks."""
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
"""Since 2025-05-14 with REVOKE and OPTOUT. OPT OUT counts under the FCC's rules, and no carrier
catches it. ARRET (also ARRÊT) is the word of Canada's carriers for French."""
START = frozenset(("START", "UNSTOP"))
START_FOR_OPTED_OUT = frozenset(("YES",))
"""An everyday word, which means START only from somebody who is opted out."""
HELP = frozenset(("HELP", "INFO"))

_LONGEST = 40
_LONGEST_WRITTEN = 400
"""With everything that is taken off."""
_IGNORED = frozenset(("Cf", "Mn", "Me"))
"""Categories of characters that are not seen: invisible ones, accents, variation selectors."""
_NOTHING_TO_SEE = frozenset("\u115f\u1160\u3164\uffa0'\u2018\u2019\u02bc\uff07`\u00b4")
"""Letters without a shape (Hangul fillers), and the apostrophes within a word."""


def words_of(text: str) -> list[str]:
    """The words of a text as they are compared: upper case, without accents, and without anything
    that is neither a letter nor a digit."""
    kept = []
    for char in unicodedata.normalize("NFKD", text):
        category = unicodedata.category(char)
        if category in _IGNORED or char in _NOTHING_TO_SEE:
            continue
        kept.append(char if category[0] in "LN" else " ")
    return "".join(kept).upper().split()


def plain_word(body: str) -> str:
    """The body as keywords are compared, with single spaces between its words; empty where it is
    too long to be one. A word that is only repeated (`STOP STOP`) is one word."""
    if len(body) > _LONGEST_WRITTEN:
        return ""
    words = words_of(body)
    if len(set(words)) == 1 and words[0] in STOP - MAY_MEAN_THE_VISIT:
        return words[0]
    plain = " ".join(words)
    return plain if len(plain) <= _LONGEST else ""


def keyword_of(body: str, *, opted_out: bool) -> Keyword | None:
    """What the message says to the carriers, None for any other. `opted_out`: its sender had
    opted out when they sent it."""
    word = plain_word(body)
    if word in STOP:
        return Keyword.STOP
    if word in START or (opted_out and word in START_FOR_OPTED_OUT):
        return Keyword.START
    return Keyword.HELP if word in HELP else None


def may_mean_the_visit(body: str) -> bool:
    """Whether an opt-out was perhaps a word about a booking."""
    return plain_word(body) in MAY_MEAN_THE_VISIT
