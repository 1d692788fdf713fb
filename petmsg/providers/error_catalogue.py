"""Explains the error codes of messages. Needs no database and no network."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from petmsg.errors import MalformedText, OutOfRange, quoted
from petmsg.providers.base import RejectionClass
from petmsg.providers.error_codes import ErrorCode, OutcomeCertainty
from petmsg.providers.registry import error_codes, look_up_code
from petmsg.providers.rejection_help import LOCAL_CODES, REACTIONS, UNCERTAIN
from petmsg.providers.twilio_errors import look_up_status
from petmsg.suggestions import closest_words, did_you_mean

LOCAL = "petmsg"
CLASSES = (*RejectionClass, OutcomeCertainty.NOT_PROCESSED, OutcomeCertainty.UNKNOWN, LOCAL)
"""Values of `--class`: classes of rejections, the two other answers, petmsg's own codes."""

_CODE = re.compile(r"[1-9][0-9]{2,5}")


@dataclass(frozen=True, slots=True)
class Explained:
    """What a code means and what petmsg does about it.

    `known` is false for a code without a row; such a message fails and is not retried. `reaction`
    is to the answer to a request, `in_report` to a delivery receipt with the code (None if no
    receipt can have it). `to_do` is what a person does about it, None if nothing. `dated` is when
    `source` was published or read.
    """

    code: str
    known: bool
    meaning: str
    of_class: str
    reaction: str
    in_report: str | None
    to_do: str | None
    source: str
    dated: date | None


def explain(texts: Sequence[str]) -> list[Explained]:
    """Explain each code, in the order given.

    A number is a provider's code or, with three digits, an HTTP status; a word is a petmsg code.
    Raises `MalformedText` for anything else.
    """
    return [_explain(text) for text in texts]


def listed(of_class: str | None) -> list[Explained]:
    """Every known code: the providers', then petmsg's own; only of one class if given.

    Raises `OutOfRange` for an unknown class.
    """
    if of_class is not None and of_class not in CLASSES:
        meant = did_you_mean(closest_words(of_class, CLASSES))
        raise OutOfRange(
            f"{quoted(of_class)} is not a class of codes.",
            hint=f"{meant} One of {', '.join(CLASSES)}.".lstrip(),
        )
    rows = [_of_row(row, known=True) for row in error_codes().values()]
    rows += [_of_ours(code) for code in LOCAL_CODES]
    return [row for row in rows if of_class in (None, row.of_class)]


def _explain(text: str) -> Explained:
    if text in LOCAL_CODES:
        return _of_ours(text)
    if text in error_codes():
        return _of_row(look_up_code(text), known=True)
    if not _CODE.fullmatch(text):
        raise MalformedText(
            f"{quoted(text)} is not a code.",
            hint="Use a number such as 21610, or a petmsg code: petmsg errors list",
        )
    if int(text) < 600:
        return _of_row(look_up_status(int(text)), known=True, is_status=True)
    return _of_row(look_up_code(text), known=False)


def _of_row(row: ErrorCode, *, known: bool, is_status: bool = False) -> Explained:
    refused = row.certainty is OutcomeCertainty.REFUSED
    return Explained(
        code=row.code,
        known=known,
        meaning=row.meaning,
        of_class=row.rejection_class if refused else row.certainty,
        reaction=REACTIONS[row.rejection_class] if refused else UNCERTAIN[row.certainty],
        in_report=None if is_status else REACTIONS[row.in_report],
        to_do=row.to_do or None,
        source=row.source if known else LOCAL,
        dated=row.dated if known else None,
    )


def _of_ours(code: str) -> Explained:
    meaning, reaction = LOCAL_CODES[code]
    return Explained(code, True, meaning, LOCAL, reaction, None, None, LOCAL, None)
