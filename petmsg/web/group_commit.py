"""Group commit: one thread stores many requests in one transaction, and answers after the commit.

A commit waits for the disk, so one commit per message would allow only some dozens a second.
Requests that arrive during a commit go into the next one. Measured on two cores with SQLite: see
tests.campaigns.receiving.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from petmsg.workflows.webhook_outcome import Outcome

MOST_AT_ONCE = 256
MOST_WAITING = 2000
"""Maximum queue length; more requests are rejected at once and may be repeated."""
LINGER_SECONDS = 0.008
"""How long a batch waits for more items if the previous batch had several, in seconds."""

IDLE_SECONDS = 1.0
"""How long nothing comes until `on_idle` is called, in seconds."""

BROKEN = Outcome(500, "bug")


class TooManyWait(Exception):
    """The queue is full."""


@dataclass(slots=True, eq=False)
class _Waiting:
    item: Any
    answer: asyncio.Future[Outcome]


class GroupCommit:
    """The queue and its thread. `store` is called with what came in, at most `MOST_AT_ONCE`, in its
    order; it commits before it returns one outcome for each. `on_idle` is called in its thread when
    nothing came for a while. A context manager: at its end what was accepted is stored."""

    def __init__(
        self,
        store: Callable[[Sequence[Any]], Sequence[Outcome]],
        *,
        on_idle: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._on_idle = on_idle
        self._queue: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="petmsg-commits", daemon=True)

    def __enter__(self) -> "GroupCommit":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()
        if kind is None:
            self._thread.join()

    @property
    def is_alive(self) -> bool:
        """Whether the storing thread runs."""
        return self._thread.is_alive()

    def put(self, item: object) -> asyncio.Future[Outcome]:
        """Queue an item; the future gets its outcome. Call it in the event loop's thread.

        A caller that stops waiting cancels the future: the item is still stored, unless the server
        stops first. Raises `TooManyWait`.
        """
        waiting = _Waiting(item, asyncio.get_running_loop().create_future())
        with self._changed:
            if self._closed or len(self._queue) >= MOST_WAITING:
                raise TooManyWait
            self._queue.append(waiting)
            self._changed.notify()
        return waiting.answer

    def put_aside(self, item: object) -> bool:
        """Queue an item without waiting for its outcome; False if the queue is full."""
        try:
            self.put(item)
        except TooManyWait:
            return False
        return True

    # --- the thread -------------------------------------------------------------------------

    def _work(self) -> None:
        had_company = False
        while batch := self._next(linger=had_company):
            had_company = len(batch) > 1
            try:
                outcomes = self._store([each.item for each in batch])
            except Exception:  # noqa: BLE001 because the thread must outlive any bug
                outcomes = [BROKEN] * len(batch)
            loop = batch[0].answer.get_loop()
            with suppress(RuntimeError):  # the loop has closed: nobody waits for the answers
                loop.call_soon_threadsafe(_answer, batch, outcomes)

    def _next(self, *, linger: bool) -> list[_Waiting]:
        """The next batch; empty at the end."""
        if not self._wait(IDLE_SECONDS):
            with suppress(Exception):  # the thread must outlive any bug
                self._on_idle()
            self._wait(None)
        if linger:
            time.sleep(LINGER_SECONDS)
        with self._changed:
            batch: list[_Waiting] = []
            while self._queue and len(batch) < MOST_AT_ONCE:
                waiting = self._queue.popleft()
                if not (self._closed and waiting.answer.cancelled()):
                    batch.append(waiting)
            return batch

    def _wait(self, seconds: float | None) -> bool:
        """Wait for an item or the end, at most so long; whether one came."""
        with self._changed:
            return self._changed.wait_for(lambda: bool(self._queue) or self._closed, seconds)


def _answer(batch: Sequence[_Waiting], outcomes: Sequence[Outcome]) -> None:
    for waiting, outcome in zip(batch, outcomes, strict=True):
        if not waiting.answer.done():
            waiting.answer.set_result(outcome)
