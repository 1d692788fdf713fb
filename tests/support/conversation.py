"""A program that asks, on a terminal of its own: `expect` waits for its words, `type` answers."""

import os
import pty
import select
import signal
import sys
import time
from collections.abc import Mapping
from typing import Self

from tests import ROOT

SECONDS = 60


class Conversation:
    """A running `petmsg …`. `shown` is all that the terminal showed."""

    def __init__(self, *arguments: str, environ: Mapping[str, str]) -> None:
        self.shown = ""
        self._looked = 0
        self._child, self._fd = pty.fork()
        if self._child == 0:
            os.chdir(ROOT)
            line = [sys.executable, "-m", "petmsg", *arguments]
            kept = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "COLUMNS": "200"}
            os.execvpe(line[0], line, {**kept, "TERM": "dumb", **environ})  # noqa: S606 because no shell is meant

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._child:
            os.kill(self._child, signal.SIGKILL)
            os.waitpid(self._child, 0)
        os.close(self._fd)

    def expect(self, words: str) -> None:
        """Wait until the terminal shows the words, after those that were waited for before."""
        end = time.monotonic() + SECONDS
        while words not in self.shown[self._looked :]:
            assert self._read(end), f"no {words!r} in {self.shown!r}"
        self._looked = self.shown.index(words, self._looked) + len(words)

    def type(self, text: str) -> None:
        """Type a line, and Enter."""
        os.write(self._fd, f"{text}\n".encode())

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        os.write(self._fd, b"\x03")

    def ends_with(self) -> int:
        """Wait for the end; the exit code."""
        end = time.monotonic() + SECONDS
        while self._read(end):
            pass
        _, status = os.waitpid(self._child, 0)
        self._child = 0
        return os.waitstatus_to_exitcode(status)

    def _read(self, end: float) -> bool:
        """Read on; False at the program's end, or if nothing comes."""
        if not select.select([self._fd], [], [], max(end - time.monotonic(), 0))[0]:
            return False
        try:
            read = os.read(self._fd, 65536)
        except OSError:  # the other side is closed
            return False
        self.shown += read.decode(errors="replace").replace("\r", "")
        return bool(read)
