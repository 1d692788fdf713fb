"""A warm parent: it loads petmsg once, and forks the processes of a campaign in milliseconds.

The campaign's side gives one order a line and reads one answer a line, both as JSON.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from petmsg.db import migrate
from petmsg.db.location import locate
from tests import ROOT
from tests.support.fixtures import ACTOR, NOW, add_org, run_cli
from tests.support.swarm import load_everything

Line = Sequence[str]
AT_ONCE = 4


class WarmParent:
    """The campaign's side of the parent that `python -m MODULE` is, while it lasts."""

    def __init__(self, module: str, settings: Mapping[str, object], *, end_within: float) -> None:
        self._module, self._settings, self._end_within = module, dict(settings), end_within

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", self._module, json.dumps(self._settings)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={name: value for name, value in os.environ.items() if "PETMSG" not in name},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._orders, self.answers = self._process.stdin, self._process.stdout
        return self

    def __exit__(self, *_: object) -> None:
        self._orders.close()
        self.answers.close()
        self._process.wait(self._end_within)

    def order(self, what: str, **how: object) -> None:
        """Give an order, whose answer is read by `answer`."""
        self._orders.write(json.dumps({"what": what, **how}) + "\n")
        self._orders.flush()

    def answer(self) -> Any:
        """Wait for the answer to the last order."""
        answer = self.answers.readline()
        assert answer, "the workers' parent died"
        return json.loads(answer)


# ------------------------------------------------------------------------------ inside the parent


def obey(follow: Callable[[dict[str, Any]], object]) -> None:
    """Answer each order with what `follow` returns, until there are no more."""
    for line in sys.stdin:
        sys.stdout.write(json.dumps(follow(json.loads(line))) + "\n")
        sys.stdout.flush()


@contextmanager
def warmed() -> Iterator[str]:
    """Load what every process needs, and try a company with a client; gives its database's URL."""
    from petmsg.providers.twilio import TwilioProvider
    from tests.providers.sending import GOOD

    load_everything()
    TwilioProvider(GOOD).close()
    with tempfile.TemporaryDirectory(prefix="petmsg-warm-") as folder:
        url = locate(str(Path(folder, "petmsg.db"))).url
        migrate.upgrade(url, actor=ACTOR, now=NOW, create=True)
        add_org(url)
        run_cli(url, "client", "add", "Anna", "--phone", "+12025550101")
        yield url


def forked(live: Callable[[], int]) -> int:
    """Start a process that ends with the exit code that `live` returns; its number."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = live()
        finally:
            os._exit(code)
    return pid


def reaped(pid: int) -> int:
    """Wait for the process to end; its exit code."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def ended(pid: int, within: float) -> int:
    """Wait until a process ends, and kill it after so many seconds; its exit code."""
    deadline = time.monotonic() + within
    while (found := os.waitpid(pid, os.WNOHANG)) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.005)
    return os.waitstatus_to_exitcode(found[1])


def run_all(lines: Sequence[Line], fork: Callable[[Line], int]) -> list[int]:
    """The exit codes of command lines, in their order; a few run at once."""
    codes: list[int] = []
    for start in range(0, len(lines), AT_ONCE):
        pids = [fork(line) for line in lines[start : start + AT_ONCE]]
        codes += [reaped(pid) for pid in pids]
    return codes


def speak_into(log: str) -> None:
    """Let a forked process read nothing and say nothing, but for stderr, which goes to the log."""
    said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard, instead in ((0, nothing), (1, nothing), (2, said)):
        os.dup2(instead, standard)
    os.close(said)
    os.close(nothing)
