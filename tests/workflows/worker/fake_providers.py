"""Carriers for a worker's tests: they stand behind the Protocol, and remember what they got."""

import secrets
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from petmsg.providers.base import (
    Accepted,
    Delivery,
    OutgoingMessage,
    ProviderMessage,
    ProviderNumber,
    SendOutcome,
)


class Remembering:
    """Accepts every message, or answers what `answer` says; lists what it accepted."""

    name = "remembering"

    def __init__(
        self, answer: Callable[[OutgoingMessage], SendOutcome | None] | None = None
    ) -> None:
        self.answer = answer
        self.got: list[tuple[float, OutgoingMessage]] = []
        self.taken: list[ProviderMessage] = []
        self.at_once = 0
        self.most_at_once = 0
        self._guard = threading.Lock()

    def send(self, text: OutgoingMessage) -> SendOutcome:
        with self._guard:
            self.got.append((time.monotonic(), text))
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            outcome = self.answer(text) if self.answer is not None else None
        finally:
            with self._guard:
                self.at_once -= 1
        if outcome is not None:
            return outcome
        with self._guard:
            sid = "SM" + secrets.token_hex(16)
            taken = (sid, text.from_e164, text.to_e164, text.body)
            self.taken.append(ProviderMessage(*taken, Delivery.IN_TRANSIT, datetime.now(UTC)))
        return Accepted(sid, "accepted")

    def find(
        self, *, from_e164: str | None, to_e164: str, since: datetime
    ) -> Sequence[ProviderMessage]:
        return [
            text
            for text in self.taken
            if from_e164 in (None, text.from_e164)
            and text.to_e164 == to_e164
            and text.created_at >= since
        ]

    def fetch(self, provider_message_id: str) -> ProviderMessage | None:
        return next((t for t in self.taken if t.provider_message_id == provider_message_id), None)

    def numbers(self) -> Sequence[ProviderNumber] | None:
        return None

    @property
    def bodies(self) -> list[str]:
        """What it got, in order."""
        return [text.body for _, text in self.got]

    def gaps(self) -> list[float]:
        """Seconds between two messages from the same number."""
        by_number: dict[str, list[float]] = defaultdict(list)
        for at, text in self.got:
            by_number[text.from_e164].append(at)
        return [b - a for times in by_number.values() for a, b in pairwise(times)]

    def fastest_rate(self) -> float:
        """The most messages a second that any number sent, measured from its first to its last.

        Not from one to the next: a thread may be late for the first.
        """
        by_number: dict[str, list[float]] = defaultdict(list)
        for at, text in self.got:
            by_number[text.from_e164].append(at)
        return max(
            (len(times) - 1) / (times[-1] - times[0])
            for times in by_number.values()
            if len(times) > 1
        )
