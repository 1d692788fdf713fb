"""The thread in which `petmsg serve` fetches received pictures, beside the webhooks."""

import threading
import time
from collections.abc import Callable
from types import TracebackType

from petmsg.errors import PetmsgError
from petmsg.workflows.fetch_media import MediaFetcher, every_org
from petmsg.workflows.relay_pictures import relay_pictures
from petmsg.workflows.store import Store

LOOK_SECONDS = 5.0
"""How often it looks for files that are due, though nobody woke it."""
ERASE_SECONDS = 300.0
"""How often it finishes erasing files."""
STOP_SECONDS = 15.0
"""How long the end waits for a file that is being fetched. It is then due again later."""


class MediaThread:
    """A context manager: from its start to its end a thread fetches what is due.

    `open_store` makes the thread's own store, `report` is called with sentences for stderr: an
    error once, until another one or none follows.
    """

    def __init__(self, open_store: Callable[[], Store], report: Callable[[str], None]) -> None:
        self._open_store = open_store
        self._report = report
        self._wanted = threading.Event()
        self._ended = threading.Event()
        self._last_problem = ""
        self._thread = threading.Thread(target=self._work, name="petmsg-media", daemon=True)

    def __enter__(self) -> "MediaThread":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._wanted.set()
        if kind is None:
            self._thread.join(STOP_SECONDS)

    def wake(self) -> None:
        """Look at once: a message with pictures was stored. Any thread may call this."""
        self._wanted.set()

    def _work(self) -> None:
        store = self._open_store()
        with store.at_end:
            fetcher = MediaFetcher(store, stopping=self._ended.is_set)
            erase_at = time.monotonic()
            while not self._ended.is_set():
                self._wanted.clear()
                is_time = time.monotonic() >= erase_at
                if is_time:
                    erase_at = time.monotonic() + ERASE_SECONDS
                self._say(self._once(store, fetcher, erase=is_time))
                self._wanted.wait(LOOK_SECONDS)

    def _once(self, store: Store, fetcher: MediaFetcher, *, erase: bool) -> str:
        """Fetch what is due; return what went wrong."""
        try:
            orgs = every_org(store)
            fetcher.fetch_due(orgs)
            relay_pictures(store)
            if erase:
                fetcher.finish_erasing(orgs)
        except PetmsgError as problem:
            return f"Pictures are not fetched: {problem.message}"
        except Exception as problem:  # noqa: BLE001 because the thread must outlive any bug
            return f"Pictures are not fetched: an internal error ({type(problem).__name__})."
        return " ".join(
            f"Pictures are not fetched: {problem.message}" for problem in fetcher.problems.values()
        )

    def _say(self, problem: str) -> None:
        if problem and problem != self._last_problem:
            self._report(problem)
        self._last_problem = problem
