"""The thread in which `petmsg serve` reads whose phone rings while the database does not answer."""

import threading
from collections.abc import Callable, Mapping
from types import TracebackType

from petmsg.errors import PetmsgError
from petmsg.queries.desk_lines import desk_lines
from petmsg.rules.desk_line import DeskLine
from petmsg.workflows.store import Store

LOOK_SECONDS = 10.0
"""How often it reads them."""


class DeskLinesThread:
    """A context manager: from its start to its end a thread reads the front desks of all numbers.

    `open_store` makes the thread's own store, `report` is called with sentences for stderr: an
    error once, until another one or none follows. The first look is over when it has started.
    """

    def __init__(self, open_store: Callable[[], Store], report: Callable[[str], None]) -> None:
        self._open_store = open_store
        self._report = report
        self._ended = threading.Event()
        self._lines: Mapping[str, DeskLine | None] = {}
        self._last_problem = ""
        self._thread = threading.Thread(target=self._work, name="petmsg-desks", daemon=True)

    def __enter__(self) -> "DeskLinesThread":
        self._look(self._open_store())
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()

    def line_of(self, e164: str) -> DeskLine | None:
        """The front desk for calls to that number, as it was read last; never waits."""
        return self._lines.get(e164)

    def is_ours(self, e164: str) -> bool:
        """Whether that is one of the numbers of the orgs; never waits."""
        return e164 in self._lines

    def _work(self) -> None:
        store = self._open_store()
        with store.at_end:
            while not self._ended.wait(LOOK_SECONDS):
                self._look(store)

    def _look(self, store: Store) -> None:
        problem = ""
        try:
            with store.snapshot() as cursor:
                self._lines = desk_lines(cursor, store.tick())
        except PetmsgError as error:
            problem = f"The front desks' phones are as they were read last: {error.message}"
        except Exception as error:  # noqa: BLE001 because the thread must outlive any bug
            name = type(error).__name__
            problem = (
                f"The front desks' phones are as they were read last: an internal error ({name})."
            )
        if problem and problem != self._last_problem:
            self._report(problem)
        self._last_problem = problem
