"""stdout and stderr of one command: what cannot be written stops no work that changes the world."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

from petmsg.errors import OutputNotWritten


class OutputStream:
    """A stream that remembers that it could not be written to.

    The first failure is raised, because a reading command has nothing more to do without a reader.
    After `ignore_write_failures` it is only remembered in `problem`, which is None without a
    failure.
    """

    def __init__(self, stream: Any, *, is_patient: bool = False) -> None:
        self._stream = stream
        self._is_patient = is_patient
        self.problem: OSError | None = None
        self.done: list[str] = []

    def ignore_write_failures(self) -> None:
        """Ignore write failures from now on."""
        self._is_patient = True

    def write(self, text: str) -> int:
        """Write the text; does nothing after a failure."""
        if self.problem is None:
            try:
                self._stream.write(text)
            except OSError as problem:
                self._failed(problem)
        return len(text)

    def flush(self) -> None:
        """Flush the stream; does nothing after a failure."""
        if self.problem is None:
            try:
                self._stream.flush()
            except OSError as problem:
                self._failed(problem)

    def require_written(self) -> None:
        """Raise `OutputNotWritten` if a running command could not write all of its output.

        A reader that closed the pipe is no failure.
        """
        if self.problem is not None and not isinstance(self.problem, BrokenPipeError):
            raise self._unwritten(self.problem)

    def explained(self, problem: BaseException) -> BaseException:
        """What went wrong; a failure of this stream as `OutputNotWritten`."""
        if problem is not self.problem or isinstance(problem, BrokenPipeError):
            return problem
        return self._unwritten(self.problem)

    def _unwritten(self, problem: OSError) -> OutputNotWritten:
        words = [f"The output could not be written: {problem.strerror or problem}."]
        hint = "Check the free space and the permissions."
        if self._is_patient:
            words += self.done or ["The command did its work."]
            hint = "Check what the command did before you repeat it."
        return OutputNotWritten(" ".join(words), hint=hint)

    def _failed(self, problem: OSError) -> None:
        self.problem = problem
        if not self._is_patient:
            raise problem

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def guarded_streams() -> Iterator[tuple[OutputStream, OutputStream]]:
    """Put stdout and stderr behind an `OutputStream` each; talk on stderr is never worth a
    failure."""
    streams = sys.stdout, sys.stderr
    for stream in streams:
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    out, err = OutputStream(sys.stdout), OutputStream(sys.stderr, is_patient=True)
    sys.stdout, sys.stderr = cast("TextIO", out), cast("TextIO", err)
    try:
        yield out, err
        err.flush()
    finally:
        sys.stdout, sys.stderr = streams
        for place, stream in ((1, out), (2, err)):
            if stream.problem is not None:
                silence(place)


def ignore_write_failures() -> None:
    """For writing commands: ignore failures of stdout from now on."""
    if isinstance(sys.stdout, OutputStream):
        sys.stdout.ignore_write_failures()


def note_done(words: str) -> None:
    """Remember what was done, for the error message if the output cannot be written."""
    if isinstance(sys.stdout, OutputStream):
        sys.stdout.done.append(words)


def silence(place: int) -> None:
    """Redirect the descriptor to /dev/null, so that Python reports nothing at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), place)


def open_closed_streams() -> None:
    """Open descriptors that the caller closed (`>&-`) on /dev/null.

    Otherwise a database file could get the descriptor of stdout, and prints would go into it.
    """
    for place in range(3):
        try:
            os.fstat(place)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest place that is free
    for name, place, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(place, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 because it stays open
