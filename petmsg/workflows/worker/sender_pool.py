"""The threads that send messages to a provider, one message at a time, without a transaction.

A message starts at the time its claim reserved, and never sooner than the number's previous message
of this worker allows. If it cannot start soon after its claim, it does not start at all: looking up
messages with an unknown outcome relies on that (`services.outbox.unknown_outcomes`). The deadline
counts from before the claim's transaction, and the provider checks it again before it writes.
"""

import queue
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from petmsg import clock
from petmsg.providers.base import Provider, RetryLater, SendOutcome, Unknown
from petmsg.services.outbox.claim import Claim
from petmsg.services.outbox.record_outcome import HandedOver

BEGIN_WITHIN = 30.0
"""Seconds within which a message must start, from before its claim was written."""


@dataclass(frozen=True, slots=True)
class _Order:
    org: str
    claim: Claim
    provider: Provider
    begin_by: float


class SenderPool:
    """A fixed number of threads. The thread that submits messages also reads the results.

    `now` is the worker's clock (aware UTC); rate limits within this worker use a monotonic clock.
    """

    def __init__(self, count: int, *, now: Callable[[], datetime]) -> None:
        self.count = count
        self.busy = 0
        self._now = now
        self._orders: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._back: queue.SimpleQueue[tuple[str, HandedOver]] = queue.SimpleQueue()
        self._free_at: dict[int, float] = {}
        self._guard = threading.Lock()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def free(self) -> int:
        """How many more messages can be submitted."""
        return self.count - self.busy

    def submit(self, org: str, claim: Claim, provider: Provider, *, claimed_at: float) -> None:
        """Submit a message. Threads are started as they are needed.

        `claimed_at` (in seconds of `clock.uptime`) is before the claim was written.
        """
        self.busy += 1
        self._orders.put(_Order(org, claim, provider, claimed_at + BEGIN_WITHIN))
        if len(self._threads) < min(self.busy, self.count):
            thread = threading.Thread(target=self._work, daemon=True)
            self._threads.append(thread)
            thread.start()

    def results(self, seconds: float = 0.0) -> list[tuple[str, HandedOver]]:
        """Outcomes with their orgs. Waits up to `seconds` for the first one."""
        found = []
        while True:
            try:
                found.append(
                    self._back.get(timeout=seconds) if seconds else self._back.get_nowait()
                )
            except queue.Empty:
                break
            seconds = 0.0
        self.busy -= len(found)
        return found

    def stop(self) -> None:
        """Start nothing more: messages not started return at once, others when they are done."""
        self._stopping.set()

    def close(self) -> None:
        """End the threads. Call it when no message is in flight."""
        for _ in self._threads:
            self._orders.put(None)

    def _work(self) -> None:
        while (order := self._orders.get()) is not None:
            outcome, started_at = self._send(order)
            jitter = random.random()  # noqa: S311 - because it only spreads the next try
            self._back.put((order.org, HandedOver(order.claim, outcome, started_at, jitter)))

    def _send(self, order: _Order) -> tuple[SendOutcome, datetime | None]:
        if self._wait_for_its_turn(order):
            return RetryLater(0.0, None, "The dispatcher was stopped before it started."), None
        uptime = clock.uptime()
        if uptime >= order.begin_by:
            return RetryLater(0.0, None, "The dispatcher was suspended at the start time."), None
        started_at = self._now()
        text = order.claim.text.starting(now=started_at, uptime=uptime, begin_by=order.begin_by)
        try:
            return order.provider.send(text), started_at
        except Exception as problem:  # noqa: BLE001 - because its outcome is unknown
            return Unknown(None, f"Sending failed ({type(problem).__name__})."), started_at

    def _wait_for_its_turn(self, order: _Order) -> bool:
        """Sleep until the message may start; True if the pool is stopping."""
        claim = order.claim
        wait = (claim.start_at - self._now()).total_seconds()
        while True:
            if (
                self._stopping.wait(min(wait, BEGIN_WITHIN))
                if wait > 0
                else self._stopping.is_set()
            ):
                return True
            with self._guard:
                uptime = clock.uptime()
                wait = self._free_at.get(claim.number, 0.0) - uptime
                if wait <= 0:
                    self._free_at[claim.number] = uptime + claim.occupancy.total_seconds()
                    return False
