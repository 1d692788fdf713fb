"""Looks up many links in one snapshot, in a thread of its own.

Opening the database costs more than a look-up. The requests that arrive meanwhile are looked up
together the next time, so that a flood opens it some dozen times a second.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from petmsg.media.links import AskedFile
from petmsg.queries.media_link import LinkedFile

MOST_AT_ONCE = 64
MOST_WAITING = 300
"""Maximum queue length; more requests are rejected at once."""

Found = LinkedFile | None
Find = Callable[[Sequence[AskedFile]], Sequence[Found]]


class TooManyLookUps(Exception):
    """The queue is full."""


class LinkLookUps:
    """The queue. `find` is called in the thread with at most `MOST_AT_ONCE` files, and returns a
    file or None for each, in their order. Call the methods in the event loop's thread."""

    def __init__(self, find: Find) -> None:
        self._find = find
        self._waiting: deque[tuple[AskedFile, asyncio.Future[Found]]] = deque()
        self._thread = ThreadPoolExecutor(1, "petmsg-links")
        self._task: asyncio.Task[None] | None = None

    def put(self, asked: AskedFile) -> asyncio.Future[Found]:
        """Queue a look-up; the future gets the file, None, or what `find` raised.

        Raises `TooManyLookUps`.
        """
        if len(self._waiting) >= MOST_WAITING:
            raise TooManyLookUps
        answer: asyncio.Future[Found] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, answer))
        if self._task is None:
            self._task = asyncio.create_task(self._work())
        return answer

    async def _work(self) -> None:
        try:
            while batch := self._next():
                await self._look_up(batch)
        finally:
            self._task = None

    def _next(self) -> list[tuple[AskedFile, asyncio.Future[Found]]]:
        """The next batch, without the requests that no longer wait; empty at the end."""
        batch: list[tuple[AskedFile, asyncio.Future[Found]]] = []
        while self._waiting and len(batch) < MOST_AT_ONCE:
            asked, answer = self._waiting.popleft()
            if not answer.done():
                batch.append((asked, answer))
        return batch

    async def _look_up(self, batch: list[tuple[AskedFile, asyncio.Future[Found]]]) -> None:
        files = [asked for asked, _ in batch]
        try:
            found = await asyncio.get_running_loop().run_in_executor(
                self._thread, self._find, files
            )
        except Exception as problem:  # noqa: BLE001 because each request answers for itself
            for _, answer in batch:
                if not answer.done():
                    answer.set_exception(problem)
            return
        for (_, answer), file in zip(batch, found, strict=True):
            if not answer.done():
                answer.set_result(file)
