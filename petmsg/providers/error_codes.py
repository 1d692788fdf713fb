"""One row of a provider's table of error codes: what the code means for a message.

`petmsg.providers.registry` has the tables, and looks a code up. Standard library only.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from petmsg.providers.base import RejectionClass


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
    """One row. `dated` is when `source` was published, or else when it was read; both are set in a
    table.

    `certainty` is about the answer to a request; `in_report` is the class if a delivery receipt has
    the code, which means that the message was not delivered. `scope` and `to_do` (what a person
    does about it) are set for rejections of the account and for wrong settings.
    """

    code: str
    meaning: str
    certainty: OutcomeCertainty = OutcomeCertainty.REFUSED
    rejection_class: RejectionClass = RejectionClass.OTHER
    source: str = ""
    dated: date | None = None
    scope: Scope = Scope.ACCOUNT
    to_do: str = ""

    @property
    def in_report(self) -> RejectionClass:
        """The class in a delivery receipt. A loss by congestion is retried once."""
        if self.certainty is OutcomeCertainty.NOT_PROCESSED:
            return RejectionClass.UNEXPLAINED
        return self.rejection_class


def unknown_code(code: str) -> ErrorCode:
    """The row of a code that no table has: a refusal of class `OTHER`. Words such as `none` are not
    a provider's code and have no meaning."""
    return ErrorCode(code, "Unknown code." if code.isdecimal() else "")
