"""A program on a terminal of its own, as a person at a keyboard sees it."""

import os
import pty
import select
import signal
import time
from collections.abc import Mapping, Sequence
from typing import Self

SECONDS = 30


class Terminal:
    """A shell on a pseudo terminal. `run` types a line, Tabs among it, and gives its output."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str]) -> None:
        self._count = 0
        self._read = ""
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        variables = {**kept, "TERM": "dumb", "LC_ALL": "C.UTF-8", **environ}
        self._child, self._fd = pty.fork()
        if self._child == 0:
            os.execvpe(command[0], list(command), variables)  # noqa: S606 because no shell is meant

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self._child, signal.SIGKILL)
        os.waitpid(self._child, 0)
        os.close(self._fd)

    def run(self, line: str) -> str:
        """Type the line and Enter; what the terminal showed until the shell was ready again."""
        self._count += 1
        mark = f"done-{self._count}\n"
        os.write(self._fd, f"{line}\necho done''-{self._count}\n".encode())
        end = time.monotonic() + SECONDS
        while mark not in self._read:
            if not select.select([self._fd], [], [], max(end - time.monotonic(), 0))[0]:
                raise AssertionError(f"no answer to {line!r}: {self._read!r}")
            self._read += os.read(self._fd, 65536).decode().replace("\r", "")
        shown, _, self._read = self._read.partition(mark)
        return shown
