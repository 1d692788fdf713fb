"""The threads that hand texts to a carrier. Each holds one text at a time, no transaction.

A text is begun at the start its claim reserved, and never sooner than its number's last text of
this worker allows. One that cannot be begun soon after its claim is not begun at all: whoever finds
it later must be able to rely on that (`services.doubt.GRACE`). That moment is counted from before
the claim's transaction, and the carrier looks at it once more before it writes.
"""

import queue
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from petmsg import clock
from petmsg.providers.base import Provider, RetryLater, SendOutcome, Unknown
from petmsg.services.outbox.claim import Claim
from petmsg.services.outbox.record_outcome import HandedOver

BEGIN_WITHIN = 30.0
"""Seconds in which a text must be begun, from before its claim was written."""


@dataclass(frozen=True, slots=True)
class _Order:
    org: str
    claim: Claim
    carrier: Provider
    begin_by: float


class SenderPool:
    """A fixed number of threads. Results are collected by the thread that gave the orders.

    `now` is the worker's clock (aware UTC); the pace within this worker is kept by a clock that
    nobody sets.
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
        """How many texts can be taken on."""
        return self.count - self.busy

    def submit(self, org: str, claim: Claim, carrier: Provider, *, claimed_at: float) -> None:
        """Have a text handed over. Threads are made as they are needed.

        `claimed_at` (by `clock.uptime`) is before the claim was written.
        """
        self.busy += 1
        self._orders.put(_Order(org, claim, carrier, claimed_at + BEGIN_WITHIN))
        if len(self._threads) < min(self.busy, self.count):
            thread = threading.Thread(target=self._work, daemon=True)
            self._threads.append(thread)
            thread.start()

    def results(self, seconds: float = 0.0) -> list[tuple[str, HandedOver]]:
        """What came back, by org. Waits up to `seconds` for the first."""
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
        """Begin nothing more: what was not begun comes back at once, what was begun when it is."""
        self._stopping.set()

    def close(self) -> None:
        """Let the threads go. Called when nothing is out any more."""
        for _ in self._threads:
            self._orders.put(None)

    def _work(self) -> None:
        while (order := self._orders.get()) is not None:
            outcome, started_at = self._send(order)
            jitter = random.random()  # noqa: S311 - because it only spreads the next try
            self._back.put((order.org, HandedOver(order.claim, outcome, started_at, jitter)))

    def _send(self, order: _Order) -> tuple[SendOutcome, datetime | None]:
        if self._wait_for_its_turn(order):
            return RetryLater(0.0, None, "The worker was stopped before it began."), None
        if clock.uptime() >= order.begin_by:
            return RetryLater(0.0, None, "The worker was asleep when it should begin."), None
        started_at = self._now()
        text = replace(order.claim.text, begin_by=order.begin_by)
        try:
            return order.carrier.send(text), started_at
        except Exception as problem:  # noqa: BLE001 - because its fate is not known, whatever it was
            return Unknown(None, f"Sending broke off ({type(problem).__name__})."), started_at

    def _wait_for_its_turn(self, order: _Order) -> bool:
        """Sleep until the text may start; True if there is nothing to start any more."""
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
                    self._free_at[claim.number] = uptime + claim.busy_for.total_seconds()
                    return False
