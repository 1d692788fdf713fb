"""Makes the rows of the table of Twilio's error codes (`twilio_errors`). Standard library only."""

from collections.abc import Iterable
from datetime import date

from petmsg.providers.base import RejectionClass
from petmsg.providers.error_codes import ErrorCode, OutcomeCertainty, Scope

DICTIONARY = "https://www.twilio.com/docs/api/errors"
CHANGELOG = (
    "https://www.twilio.com/en-us/changelog/"
    "updates-to-the-error-code-dictionary-to-clarify-number-validatio"
)
SPLIT = date(2024, 7, 10)
"""The date of `CHANGELOG`."""
COLLECTED = date(2026, 11, 22)
COMPLETED = date(2026, 11, 29)
"""When the rest of the dictionary's messaging codes was read."""


def refused(
    rejection_class: RejectionClass,
    meanings: dict[int, str],
    *,
    source: str = DICTIONARY,
    dated: date = COLLECTED,
) -> list[ErrorCode]:
    """Rejections of one class, with the meaning of each."""
    return [
        ErrorCode(str(code), meaning, OutcomeCertainty.REFUSED, rejection_class, source, dated)
        for code, meaning in meanings.items()
    ]


def to_be_done(
    rejection_class: RejectionClass,
    scope: Scope,
    rows: dict[int, tuple[str, str]],
    *,
    source: str = DICTIONARY,
    dated: date = COLLECTED,
) -> list[ErrorCode]:
    """Rejections that a person must do something about: the meaning of each, and what to do."""
    return [
        ErrorCode(
            str(code),
            meaning,
            rejection_class=rejection_class,
            source=source,
            dated=dated,
            scope=scope,
            to_do=to_do,
        )
        for code, (meaning, to_do) in rows.items()
    ]


def uncertain(certainty: OutcomeCertainty, meanings: dict[int, str]) -> list[ErrorCode]:
    """Answers that are no rejections."""
    return [
        ErrorCode(str(code), meaning, certainty, source=DICTIONARY, dated=COLLECTED)
        for code, meaning in meanings.items()
    ]


def alike(codes: Iterable[int], meaning: str) -> dict[int, str]:
    """The same meaning for several codes."""
    return dict.fromkeys(codes, meaning)
