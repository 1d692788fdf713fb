"""The threads that send messages to a provider, one message at a time, without a transaction.

A message starts at the time its claim reserved, and never sooner than the number's previous message
of this worker allows. If it cannot start soon after its claim, it does not start at all: looking up
messages with an unknown outcome relies on that (`services.outbox.unknown_outcomes`). The deadline
counts from before the claim's transaction, and the provider checks it again before it writes.
"""

import math
import queue
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from petmsg import clock
from petmsg.providers.base import Accepted, Provider, RetryLater, SendOutcome, Unknown
from petmsg.services.outbox.claimed import Claim
from petmsg.services.outbox.record_outcome import HandedOver

BEGIN_WITHIN = 30.0
"""Seconds within which a message must start, from before its claim was written."""
SPARE_SECONDS = 0.1
"""How long a claimed message may have to wait for a thread, at the speed of the last ones."""
MOST_SPARE = 56
"""The most messages that wait for a thread."""
LONGEST_SPARE = 2.0
"""Seconds after which a message that still waits for a thread is not sent: what its claim decided
may not be true any more."""
COLLECT_SECONDS = 0.02
"""How long results are collected once the first is there, if threads take less than that for one:
the dispatcher records them in one transaction."""


@dataclass(frozen=True, slots=True)
class _Order:
    org: str
    claim: Claim
    provider: Provider
    begin_by: float
    submitted_at: float


class SenderPool:
    """A fixed number of threads. The thread that submits messages also reads the results.

    `now` is the worker's clock (aware UTC); rate limits within this worker use a monotonic clock.
    Where the provider answers fast, a few more messages than threads are taken, so that one
    transaction claims and records many.
    """

    def __init__(self, count: int, *, now: Callable[[], datetime]) -> None:
        self.count = count
        self.busy = 0
        self._now = now
        self._orders: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._back: queue.SimpleQueue[tuple[str, HandedOver, float]] = queue.SimpleQueue()
        self._seconds = math.inf
        """How long a thread needs for one message, its wait for the rate limit included."""
        self._free_at: dict[int, float] = {}
        self._guard = threading.Lock()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def free(self) -> int:
        """How many more messages can be submitted."""
        spare = min(int(self.count * SPARE_SECONDS / self._seconds), MOST_SPARE)
        return max(self.count + spare - self.busy, 0)

    def submit(self, org: str, claim: Claim, provider: Provider, *, claimed_at: float) -> None:
        """Submit a message. Threads are started as they are needed.

        `claimed_at` (in seconds of `clock.uptime`) is before the claim was written.
        """
        self.busy += 1
        begin_by = claimed_at + BEGIN_WITHIN
        self._orders.put(_Order(org, claim, provider, begin_by, clock.uptime()))
        if len(self._threads) < min(self.busy, self.count):
            thread = threading.Thread(target=self._work, daemon=True)
            self._threads.append(thread)
            thread.start()

    def results(self, seconds: float = 0.0) -> list[tuple[str, HandedOver]]:
        """Outcomes with their orgs. Waits up to `seconds` for the first one, and where the threads
        are fast a moment more for half of those that are in flight."""
        found: list[tuple[str, HandedOver]] = []
        enough, waited_until = 1, clock.uptime() + seconds
        while True:
            wait = 0.0 if len(found) >= enough else waited_until - clock.uptime()
            try:
                org, done, took = (
                    self._back.get(timeout=wait) if wait > 0 else self._back.get_nowait()
                )
            except queue.Empty:
                break
            self._learn(done, took)
            if not found and seconds and self._seconds < COLLECT_SECONDS:
                enough = self.busy // 2
                waited_until = clock.uptime() + COLLECT_SECONDS
            found.append((org, done))
        self.busy -= len(found)
        return found

    def _learn(self, done: HandedOver, took: float) -> None:
        """A provider that does not accept messages gets no more than there are threads."""
        if not isinstance(done.outcome, Accepted):
            self._seconds = math.inf
            return
        known = self._seconds if self._seconds < math.inf else took
        self._seconds = max(known + (took - known) / 8, 1e-6)

    def stop(self) -> None:
        """Start nothing more: messages not started return at once, others when they are done."""
        self._stopping.set()

    def close(self) -> None:
        """End the threads. Call it when no message is in flight."""
        for _ in self._threads:
            self._orders.put(None)

    def _work(self) -> None:
        while (order := self._orders.get()) is not None:
            taken_at = clock.uptime()
            outcome, started_at = self._send(order)
            jitter = random.random()  # noqa: S311 - because it only spreads the next try
            done = HandedOver(order.claim, outcome, started_at, jitter)
            self._back.put((order.org, done, clock.uptime() - taken_at))

    def _send(self, order: _Order) -> tuple[SendOutcome, datetime | None]:
        if clock.uptime() - order.submitted_at > LONGEST_SPARE:
            return RetryLater(0.0, None, "No thread was free at the start time."), None
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
