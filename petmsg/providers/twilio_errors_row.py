"""One row of the table of Twilio's error codes (`twilio_errors`). Standard library only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from petmsg.providers.base import RejectionClass

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


class OutcomeCertainty(StrEnum):
    """What a code says about the message that the request should have created."""

    REFUSED = "refused"
    """Not sent; the same request would be rejected again."""
    NOT_PROCESSED = "not_processed"
    """Not sent for now: throttled or congested."""
    UNKNOWN = "unknown"
    """Perhaps sent."""


class Scope(StrEnum):
    """Which numbers of an org a rejection of the account concerns; the others keep sending."""

    ACCOUNT = "account"
    KIND = "kind"
    """Numbers of the same type: long codes, or toll-free numbers. Only this number while another
    one of its type delivers messages."""
    NUMBER = "number"
    MESSAGE = "message"
    """No number: only messages of this sort, such as those with pictures."""


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """One row. `dated` is when `source` was published, or else when it was read.

    `certainty` is about the answer to a request; `in_report` is the class if a delivery receipt has
    the code, which means that the message was not delivered. `scope` and `to_do` (what a person
    does about it) are set for rejections of the account and for wrong settings.
    """

    code: int
    meaning: str
    certainty: OutcomeCertainty = OutcomeCertainty.REFUSED
    rejection_class: RejectionClass = RejectionClass.OTHER
    source: str = DICTIONARY
    dated: date = COLLECTED
    scope: Scope = Scope.ACCOUNT
    to_do: str = ""

    @property
    def in_report(self) -> RejectionClass:
        """The class in a delivery receipt. A loss by congestion is retried once."""
        if self.certainty is OutcomeCertainty.NOT_PROCESSED:
            return RejectionClass.UNEXPLAINED
        return self.rejection_class


def refused(
    rejection_class: RejectionClass,
    meanings: dict[int, str],
    *,
    source: str = DICTIONARY,
    dated: date = COLLECTED,
) -> list[ErrorCode]:
    """Rejections of one class, with the meaning of each."""
    return [
        ErrorCode(code, meaning, OutcomeCertainty.REFUSED, rejection_class, source, dated)
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
            code,
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
    return [ErrorCode(code, meaning, certainty) for code, meaning in meanings.items()]


def alike(codes: Iterable[int], meaning: str) -> dict[int, str]:
    """The same meaning for several codes."""
    return dict.fromkeys(codes, meaning)
