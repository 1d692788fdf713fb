"""How a dispatcher is stopped from outside."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from petmsg.workflows.worker.dispatcher import Dispatcher


@contextmanager
def stopping_on_signals(dispatcher: Dispatcher) -> Iterator[list[int]]:
    """SIGTERM and Ctrl-C stop the dispatcher gracefully; a second Ctrl-C aborts.

    Yields the list of received signals.
    """
    came: list[int] = []
    before = {}

    def on_signal(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        if came.count(signal.SIGINT) > 1:
            raise KeyboardInterrupt
        if len(came) == 1:  # a second one could find `stop` half done, and wait for itself
            dispatcher.stop()

    if threading.current_thread() is threading.main_thread():
        before = {each: signal.signal(each, on_signal) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield came
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
