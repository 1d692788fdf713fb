"""The thread in which `petmsg serve` and `message dispatch --watch` tell channels of alerts."""

import threading
from collections.abc import Callable, Sequence
from types import TracebackType

from petmsg.errors import PetmsgError
from petmsg.queries.org import OrgRow
from petmsg.workflows.notify import Notifier, Told, has_channels
from petmsg.workflows.store import Store
from petmsg.workflows.waiting_clients import update_waiting_alerts

LOOK_SECONDS = 5.0
"""How often it looks for alerts that no channel was told of."""
STOP_SECONDS = 5.0
"""How long the end of the command waits for the thread, which by then only writes what it knows."""
_NOT_TOLD = "Channels are not told of alerts"
_NOT_RECORDED = "What channels were told is not recorded"


class NotifyThread:
    """A context manager: from its start to its end a thread tells channels of alerts.

    It is apart from the threads that send messages and answer requests, so that no channel delays
    them. `open_store` makes the thread's own store; `orgs` returns whose channels are told;
    `report` is called with sentences for stderr: an error once, until another one or none follows.
    """

    def __init__(
        self,
        open_store: Callable[[], Store],
        orgs: Callable[[Store], Sequence[OrgRow]],
        report: Callable[[str], None],
    ) -> None:
        self._open_store = open_store
        self._orgs = orgs
        self._report = report
        self._stopping = threading.Event()
        self._notifier: Notifier | None = None
        self._said: dict[str, str] = {}
        self._thread = threading.Thread(target=self._work, name="petmsg-notify", daemon=True)

    def __enter__(self) -> "NotifyThread":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        if self._notifier is not None:
            self._notifier.wake()
        self._thread.join(STOP_SECONDS)

    def _work(self) -> None:
        store = self._open_store()
        with store.at_end:
            self._notifier = notifier = Notifier(store, self._tell)
            while not self._stopping.is_set():
                self._say("look", self._once(store, notifier))
                self._say("record", self._wait(notifier, LOOK_SECONDS))
            self._say("record", self._guarded(notifier.close, _NOT_RECORDED))

    def _once(self, store: Store, notifier: Notifier) -> str:
        """Start what is due; return what went wrong."""

        def look() -> None:
            orgs = self._orgs(store)
            if has_channels(store, orgs):
                update_waiting_alerts(store, orgs)
                notifier.start_due(orgs)

        return self._guarded(look, _NOT_TOLD)

    def _wait(self, notifier: Notifier, seconds: float) -> str:
        """Record what ended meanwhile; return what went wrong."""
        return self._guarded(lambda: notifier.wait(seconds), _NOT_RECORDED)

    def _guarded(self, step: Callable[[], None], what: str) -> str:
        try:
            step()
        except PetmsgError as problem:
            return f"{what}: {problem.message}"
        except Exception as problem:  # noqa: BLE001 because the thread must outlive any bug
            return f"{what}: an internal error ({type(problem).__name__})."
        return ""

    def _tell(self, told: Told) -> None:
        name, why = told.channel.name, told.outcome.why
        words = f"Channel {name} cannot be told of alerts: {why}." if why else ""
        self._say(f"channel {name}", words)

    def _say(self, about: str, words: str) -> None:
        if words and words != self._said.get(about):
            self._report(words)
        self._said[about] = words
