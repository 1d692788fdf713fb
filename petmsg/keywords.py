"""Words that a whole text may consist of and that carriers act on: STOP, START, HELP. Pure.

Source: the facts file (Opt-out). Whole message, in any case. A carrier ignores spaces around the
word; petmsg also takes the full stop or exclamation mark that a person puts after it, because a
wish to get no texts is not to be missed for a dot.
"""

from petmsg.enums import Keyword

STOP = frozenset(
    ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "OPT OUT")
)
"""Since 2025-05-14 with REVOKE and OPTOUT. OPT OUT counts under the FCC's rules, and no carrier
catches it."""
START = frozenset(("START", "UNSTOP"))
START_FOR_OPTED_OUT = frozenset(("YES",))
"""An everyday word, which means START only from somebody who is opted out."""
HELP = frozenset(("HELP", "INFO"))
MAY_MEAN_THE_VISIT = frozenset(("CANCEL", "END"))
"""The opt-out holds all the same, and a person looks."""

_LONGEST = 40


def plain_word(body: str) -> str:
    """The text as keywords are compared: upper case, single spaces, without what ends a sentence;
    empty where it is too long to be one."""
    if len(body) > _LONGEST:
        return ""
    return " ".join(body.upper().strip(" \t\r\n.!\"'\N{RIGHT SINGLE QUOTATION MARK}").split())


def keyword_of(body: str, *, opted_out: bool) -> Keyword | None:
    """What the text says to the carriers, None for any other. `opted_out`: its sender gets no
    texts now."""
    word = plain_word(body)
    if word in STOP:
        return Keyword.STOP
    if word in START or (opted_out and word in START_FOR_OPTED_OUT):
        return Keyword.START
    return Keyword.HELP if word in HELP else None


def may_mean_the_visit(body: str) -> bool:
    """Whether an opt-out was perhaps a word about a booking."""
    return plain_word(body) in MAY_MEAN_THE_VISIT
