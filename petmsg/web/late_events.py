"""Events of phone calls that could not be stored yet. They are tried again until they are stored.

A call cannot wait for the database: its request was answered without it. The events are kept in
this process's memory, each for `KEEP_SECONDS`; what is not stored by then, or when the server stops
without the database, is found by `petmsg reconcile`. Everything runs in the event loop's thread.
"""

import asyncio
import time
from collections import deque
from functools import partial
from typing import NamedTuple

from petmsg.providers.call_events import SignedCall
from petmsg.web.group_commit import GroupCommit, TooManyWait
from petmsg.workflows.webhook_outcome import Outcome

FIRST_SECONDS = 2.0
"""How long the first new try waits; each further one waits twice as long, up to `LAST_SECONDS`."""
LAST_SECONDS = 30.0
KEEP_SECONDS = 900.0
MOST_AT_ONCE = 200
"""Maximum number of events in one new try, so that requests find room in the queue."""
MOST_FAILURES = 3
"""An event whose storing fails more often, though the database answers, is dropped."""
MOST = 2000
"""Maximum number of events; the oldest are dropped for new ones."""


class _Late(NamedTuple):
    """An event, since when it is known, and how often petmsg itself failed to store it."""

    signed: SignedCall
    since: float
    failures: int = 0


class LateEvents:
    """The events, in the order in which they came."""

    def __init__(self, commits: GroupCommit) -> None:
        self._commits = commits
        self._waiting: deque[_Late] = deque(maxlen=MOST)
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, signed: SignedCall) -> asyncio.Future[Outcome] | None:
        """Queue an event behind the earlier ones of its call; None if the queue is full. An event
        that is not stored is kept."""
        ours = [each for each in self._waiting if each.signed.event.call == signed.event.call]
        for each in ours:
            self._waiting.remove(each)
            self._queue(each)
        return self._queue(_Late(signed, time.monotonic()))

    def _queue(self, late: _Late) -> asyncio.Future[Outcome] | None:
        try:
            answer = self._commits.put(late.signed)
        except TooManyWait:
            self._keep(late)
            return None
        answer.add_done_callback(partial(self._on_answer, late))
        return answer

    def _on_answer(self, late: _Late, answer: asyncio.Future[Outcome]) -> None:
        if answer.cancelled():
            return
        status = answer.result().status
        failures = late.failures + (status == 500)
        if status >= 500 and failures <= MOST_FAILURES:
            self._keep(late._replace(failures=failures))

    def _keep(self, late: _Late) -> None:
        self._waiting.append(late)
        if self._task is None:
            self._task = asyncio.create_task(self._work())

    async def _work(self) -> None:
        wait = FIRST_SECONDS
        try:
            while self._waiting:
                await asyncio.sleep(wait)
                answers = [answer for each in self._next() if (answer := self._queue(each))]
                if answers:
                    await asyncio.wait(answers)
                stored = bool(answers) and all(each.result().status < 500 for each in answers)
                wait = 0.0 if stored else min(2 * max(wait, FIRST_SECONDS), LAST_SECONDS)
        finally:
            self._task = None

    def _next(self) -> list[_Late]:
        """The oldest events, without those that were kept for too long."""
        self._waiting = deque(sorted(self._waiting, key=lambda each: each.since), maxlen=MOST)
        oldest = time.monotonic() - KEEP_SECONDS
        batch: list[_Late] = []
        while self._waiting and len(batch) < MOST_AT_ONCE:
            late = self._waiting.popleft()
            if late.since > oldest:
                batch.append(late)
        return batch
