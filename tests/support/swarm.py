"""Many real processes that run petmsg's command line at once, from one warm start.

`python -m tests.support.swarm` loads petmsg once, forks a process per job and lets all of them go
at the same moment. Each job is a list of command lines that its process runs one after the other.
The start of a process costs a millisecond then, and not the second of Python's imports.

A sabotage (tests.support.sabotages) takes away one thing that holds petmsg together, inside those
processes only: the negative control that shows that a test can fail.
"""

import gc
import importlib
import io
import json
import os
import pkgutil
import resource
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from petmsg.errors import BUSY, CONFIGURATION
from tests import ROOT
from tests.support.fixtures import ACTOR, Ran
from tests.support.sabotages import SABOTAGES

Line = Sequence[str]


@dataclass(frozen=True)
class Swarm:
    """What a swarm left: the results of each job's command lines, None for what a kill cut off.

    `seconds` are those each command line took, in the order of `ran`; `repeats` is how many were
    run again.
    """

    jobs: list[list[Ran | None]]
    seconds: list[float] = field(default_factory=list)
    repeats: int = 0

    @property
    def ran(self) -> list[Ran]:
        """Every command line that came to its end."""
        return [ran for job in self.jobs for ran in job if ran is not None]

    @property
    def codes(self) -> set[int]:
        return {ran.code for ran in self.ran}


@dataclass(frozen=True)
class Conditions:
    """What surrounds the processes.

    `kill_after` kills the first job's process that many seconds after the start. `user` drops
    root. `file_bytes` is the size no file may grow past. `sabotage` names one of `SABOTAGES`.
    `now` stops petmsg's clock at an instant, `folder` is where the processes stand, and `variables`
    are real ones of the process, for what is preloaded.
    A command that lost its database (exit 5 or 75) is run again for `again_seconds`, as it says;
    not a dispatch, which the next one goes on with.
    """

    stdin: str = ""
    sabotage: str | None = None
    kill_after: float | None = None
    user: int | None = None
    file_bytes: int | None = None
    again_seconds: float = 0.0
    environ: Mapping[str, str] = field(default_factory=dict)
    now: str | None = None
    folder: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


def swarm(
    url: str, jobs: Sequence[Sequence[Line]], *, seconds: float = 120, **kwargs: Any
) -> Swarm:
    """Run the jobs on the database at `url`, all at once. `kwargs` are `Conditions`."""
    with Hive() as hive:
        return hive.run(url, jobs, seconds=seconds, **kwargs)


class Hive:
    """A warm process that runs one swarm after the other; `preload` is a library below it."""

    def __init__(self, preload: Path | None = None) -> None:
        self._preload = {} if preload is None else {"LD_PRELOAD": str(preload)}

    def __enter__(self) -> "Hive":
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.swarm"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={name: value for name, value in os.environ.items() if "PETMSG" not in name}
            | self._preload,
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process.wait(30)

    def run(
        self, url: str, jobs: Sequence[Sequence[Line]], *, seconds: float = 120, **kwargs: Any
    ) -> Swarm:
        """Run the jobs; each must end within `seconds`."""
        conditions = Conditions(**kwargs)
        order = {
            "url": url,
            "jobs": [[list(line) for line in job] for job in jobs],
            "seconds": seconds,
            "conditions": {
                **conditions.__dict__,
                "environ": dict(conditions.environ),
                "variables": dict(conditions.variables),
            },
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the swarm died"
        told = json.loads(answer)
        return Swarm(
            [
                [*(Ran(*ran[:3]) for ran in done), *[None] * (len(job) - len(done))]
                for job, done in zip(jobs, told, strict=True)
            ],
            [ran[3] for done in told for ran in done],
            sum(ran[4] for done in told for ran in done),
        )


# -------------------------------------------------------------------------------- inside the swarm


def main() -> None:
    """Obey one order a line."""
    load_everything()
    gc.freeze()  # else each process copies the whole memory the first time it collects garbage
    for line in sys.stdin:
        order = json.loads(line)
        answer = _obey(
            order["url"], order["jobs"], order["seconds"], Conditions(**order["conditions"])
        )
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def load_everything() -> None:
    import psycopg  # noqa: F401 - so that no process has to

    for package in ("petmsg.cli", "petmsg.services", "petmsg.render", "petmsg.providers"):
        folder = importlib.import_module(package).__path__
        for module in pkgutil.iter_modules(folder, f"{package}."):
            importlib.import_module(module.name)
    from sqlalchemy.orm import configure_mappers
    from sqlmodel import select

    from petmsg.models import Booking

    configure_mappers()
    str(select(Booking))


def _obey(
    url: str, jobs: list[list[list[str]]], seconds: float, conditions: Conditions
) -> list[list[list[Any]]]:
    ready, go = os.pipe()
    children = []
    for job in jobs:
        answer, tell = os.pipe()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                os.close(go)
                os.read(ready, 1)  # the start: everybody's end of the pipe closes at once
                _live(url, job, conditions, tell)
                code = 0
            finally:
                os._exit(code)
        os.close(tell)
        children.append((pid, answer))
    os.close(ready)
    os.close(go)
    if conditions.kill_after is not None:
        time.sleep(conditions.kill_after)
        os.kill(children[0][0], signal.SIGKILL)  # not reaped yet, so the number is still its own
    heard = _hear([answer for _, answer in children], seconds)
    for pid, _ in children:
        _reap(pid, 1.0)
    return [[json.loads(each) for each in said.split(b"\n")[:-1]] for said in heard]


def _hear(answers: list[int], seconds: float) -> list[bytearray]:
    """What each of them says until it ends, all at once: a full pipe makes nobody wait."""
    heard = {answer: bytearray() for answer in answers}
    deadline = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        for answer in answers:
            selector.register(answer, selectors.EVENT_READ)
        while selector.get_map() and time.monotonic() < deadline:
            for key, _ in selector.select(deadline - time.monotonic()):
                said = os.read(key.fd, 1 << 16)
                heard[key.fd] += said
                if not said:
                    selector.unregister(key.fd)
    for answer in answers:
        os.close(answer)
    return list(heard.values())


def _reap(pid: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.005)


def _live(url: str, job: list[list[str]], conditions: Conditions, tell: int) -> None:
    from petmsg.cli import run_command_line

    if conditions.sabotage is not None:
        SABOTAGES[conditions.sabotage]()
    if conditions.file_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (conditions.file_bytes, conditions.file_bytes))
    if conditions.user is not None:
        os.setgroups([])
        os.setgid(conditions.user)
        os.setuid(conditions.user)
    if conditions.folder is not None:
        os.chdir(conditions.folder)
    os.environ.update(conditions.variables)
    now = None if conditions.now is None else datetime.fromisoformat(conditions.now)
    environ = {"PETMSG_ACTOR": ACTOR, "HOME": "/nonexistent", "PETMSG_DATABASE_URL": url}
    for line in job:
        began, repeats = time.monotonic(), 0
        while True:
            out, err = io.StringIO(), io.StringIO()
            sys.stdin = io.TextIOWrapper(io.BytesIO(conditions.stdin.encode()), encoding="utf-8")
            with redirect_stdout(out), redirect_stderr(err):
                code = run_command_line(line, environ=environ | dict(conditions.environ), now=now)
            seconds = time.monotonic() - began
            if code not in (CONFIGURATION, BUSY) or seconds > conditions.again_seconds:
                break
            if line[:2] == ["message", "dispatch"]:
                break
            repeats += 1
            time.sleep(0.05)
        told = json.dumps((code, out.getvalue(), err.getvalue(), seconds, repeats)) + "\n"
        view = memoryview(told.encode())
        while view:
            view = view[os.write(tell, view) :]


if __name__ == "__main__":
    main()
