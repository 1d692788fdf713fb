"""What passes between the web server and the store of its webhooks."""

from dataclasses import dataclass

from petmsg.providers.base import DeliveryReport, ReceivedMessage
from petmsg.rules.call_plan import CallPlan


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request: the status it is answered with, and a word for the log. For a phone
    call also what happens next with it."""

    status: int
    word: str
    plan: CallPlan | None = None


@dataclass(frozen=True, slots=True)
class SignedMessage:
    """A message that came in, and the names of the account that signed it (None: without a
    name)."""

    text: ReceivedMessage
    accounts: frozenset[str | None]


@dataclass(frozen=True, slots=True)
class SignedReport:
    """A delivery receipt, and the names of the account that signed it, as in `SignedMessage`."""

    report: DeliveryReport
    accounts: frozenset[str | None]
