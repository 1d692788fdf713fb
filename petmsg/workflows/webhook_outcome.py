"""What passes between the web server and the store of its webhooks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request: the status it is answered with, and a word for the log."""

    status: int
    word: str
