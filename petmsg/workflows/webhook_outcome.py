"""What passes between the web server and the store of its webhooks."""

from dataclasses import dataclass

from petmsg.providers.base import DeliveryReport, ReceivedText


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request: the status it is answered with, and a word for the log."""

    status: int
    word: str


@dataclass(frozen=True, slots=True)
class SignedText:
    """A message that came in, and the names of the account that signed it (None: without a
    name)."""

    text: ReceivedText
    accounts: frozenset[str | None]


@dataclass(frozen=True, slots=True)
class SignedReport:
    """A delivery receipt, and the names of the account that signed it, as in `SignedText`."""

    report: DeliveryReport
    accounts: frozenset[str | None]
