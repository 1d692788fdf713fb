"""Workers of a campaign: real petmsg processes, started in milliseconds and killed at random.

`python -m tests.campaigns.workers` loads petmsg once and forks a worker whenever one is wanted, as
tests.support.swarm does. Each runs one command line, `message dispatch --watch` if nothing else was
asked for. A worker's waits are scaled down, in the order that matters (a request is
shorter than the grace); everything else is what a user runs. A control takes away one thing that
holds the sending together, in the workers only.
"""

import json
import os
import random
import select
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from tests.campaigns.warm_parent import (
    Line,
    WarmParent,
    ended,
    forked,
    obey,
    reaped,
    run_all,
    speak_into,
    warmed,
)
from tests.support.consistency import raw
from tests.support.fixtures import ACTOR, run_cli
from tests.support.sabotages import swap

TIMEOUT = 0.12
"""Seconds for a wait of a request; the whole request takes at most four times that."""
GRACE = 0.55
SECOND_LOOK = 0.3
LEASE = 2.5
"""Seconds that a file is leased for its fetch: longer than its requests."""
STOP_SECONDS = 20.0
DISPATCH = ("message", "dispatch", "--watch", "--workers", "4", "-o", "jsonl")
TASKS_FIRST = 0.7
"""How often a new worker takes a task, while there are some, and no chore."""
LONGER, SHORTER = 1.1, 0.85
"""How the longest life of a command changes when it was killed, and when it ended by itself: as
many are killed in their last moments as at once, however fast the machine is."""
AGAIN = 0.5
"""How often a task whose process was killed is begun again in the same storm."""


@dataclass(frozen=True)
class Work:
    """The command lines of a storm's workers.

    `tasks` are wanted once each; a killed one may be begun again. `chores` are run again and again,
    and `always` is the line of one more worker, which is replaced whenever it is killed.
    """

    tasks: Sequence[Line] = ()
    chores: Sequence[Line] = (DISPATCH,)
    always: Line = ()


@dataclass(frozen=True)
class Storm:
    """What a storm of kills left: how many, and how workers ended that ended by themselves.

    `unit` are the seconds in which their lives were measured: what a worker's first message takes,
    times the workers.
    `finished` are the places of the tasks that ended with 0, `killed` counts the kills by command.
    """

    kills: int
    unit: float
    exits: Mapping[str, int]
    finished: Sequence[int] = ()
    killed: Mapping[str, int] = field(default_factory=dict)


class Nursery(WarmParent):
    """The warm process that forks workers on one database.

    `log` takes what they say on stderr, `preload` names modules that the workers need beside the
    usual ones. `patience` is how many times longer the waits are of those that nobody kills, so
    that they come to an end on a busy machine.
    """

    def __init__(
        self,
        url: str,
        environ: Mapping[str, str],
        log: Path,
        *,
        control: str | None = None,
        preload: Sequence[str] = (),
        patience: float = 1.0,
    ) -> None:
        settings = {
            "url": url,
            "environ": dict(environ),
            "log": str(log),
            "control": control,
            "preload": list(preload),
            "patience": patience,
        }
        super().__init__("tests.campaigns.workers", settings, end_within=30)

    def storm(
        self,
        kills: int,
        workers: int,
        seed: int,
        meanwhile: Callable[[], object],
        work: Work = Work(),
    ) -> Storm:
        """Keep workers running and kill them at random, until there were so many kills."""
        self.order("storm", kills=kills, workers=workers, seed=seed, **work.__dict__)
        while not select.select([self.answers], [], [], 0.05)[0]:
            meanwhile()
        return Storm(**self.answer())

    def run(self, lines: Sequence[Line]) -> list[int]:
        """The exit codes of commands that nobody kills, in their order; a few run at once."""
        self.order("run", lines=lines)
        return list(self.answer())

    @contextmanager
    def calm(self, workers: int, also: Sequence[Line] = ()) -> Iterator[list[int]]:
        """Dispatchers and others that nobody kills. They are asked to stop at the end (SIGTERM);
        gives the list of their exit codes then."""
        codes: list[int] = []
        self.order("calm", lines=[*[DISPATCH] * workers, *also])
        self.answer()
        try:
            yield codes
        finally:
            self.order("stop")
            codes += self.answer()


# ------------------------------------------------------------------------------ inside the parent


def main() -> None:
    """Obey one order a line."""
    settings = json.loads(sys.argv[1])
    unit = _warm_up(settings["preload"])
    calm: list[int] = []

    def follow(order: dict[str, Any]) -> object:
        match order.pop("what"):
            case "storm":
                return _storm({**settings, "patience": 1.0}, unit=unit, **order)
            case "calm":
                calm[:] = [_fork(settings, line) for line in order["lines"]]
                return calm
            case "run":
                return run_all(order["lines"], partial(_fork, settings))
            case _:
                codes = _stop(calm)
                calm.clear()
                return codes

    obey(follow)
    _stop(calm)  # of a campaign that was broken off


def _warm_up(preload: Sequence[str]) -> float:
    """Load and try everything a worker needs; the seconds that a worker's first message takes."""
    for module in preload:
        import_module(module)
    took = 0.0
    with warmed() as url:
        with raw(url) as cursor:  # the usual limit, a message a second, would be measured
            cursor.run("UPDATE message_number SET segments_per_second = 1000")
        for _ in range(3):
            text = ("message", "send", "Anna", "--body", "Hello", "--queue-only")
            assert run_cli(url, *text).code == 0
            began = time.monotonic()
            assert run_cli(url, "message", "dispatch", now=None).code == 0
            took = time.monotonic() - began
    return took


class _Living(NamedTuple):
    """A worker: its line, which task that is, and when it is killed."""

    line: Line
    task: int | None
    killed_at: float

    @property
    def command(self) -> str:
        return " ".join(self.line[:2])


class _Crew:
    """The workers of a storm, and what they have done."""

    def __init__(self, settings: dict[str, Any], work: Work, *, unit: float, seed: int) -> None:
        self._settings, self._work, self._unit = settings, work, unit
        self._dice = random.Random(f"{seed} kills")
        self._left = [*range(len(work.tasks))]
        self._spans: dict[str, float] = {}
        self.living: dict[int, _Living] = {}
        self.finished: set[int] = set()
        self.killed: Counter[str] = Counter()
        self.exits: Counter[str] = Counter()

    def fork(self) -> None:
        """One worker more."""
        line, task = self._next()
        pid = _fork(self._settings, line)
        self.living[pid] = _Living(line, task, time.monotonic() + self._life(line))

    def kill_next(self) -> None:
        """Wait for the next kill; those that end by themselves before it are told apart."""
        pid = min(self.living, key=lambda each: self.living[each].killed_at)
        while time.monotonic() < self.living[pid].killed_at:
            self._reap()
            if pid not in self.living:
                return
            time.sleep(0.002)
        os.kill(pid, signal.SIGKILL)  # not reaped yet, so the number is still its own
        self._ended(pid, reaped(pid))

    def kill_all(self) -> None:
        """The end of the storm."""
        for pid in self.living:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def _next(self) -> tuple[Line, int | None]:
        always = self._work.always
        if always and all(each.line is not always for each in self.living.values()):
            return always, None
        if self._left and self._dice.random() < TASKS_FIRST:
            task = self._left.pop(0)
            return self._work.tasks[task], task
        return self._dice.choice(self._work.chores), None

    def _life(self, line: Line) -> float:
        """Seconds: a command that ends by itself is killed on its way, or just not."""
        if "--watch" in line or line is self._work.always:
            first = self._dice.random() < 0.3
            life = self._dice.uniform(0, 2) if first else 1 + self._dice.expovariate(1 / 3)
            return life * self._unit * (1 if "--watch" in line else 10)
        span = self._spans.setdefault(" ".join(line[:2]), 2 * self._unit)
        return self._dice.uniform(0, 1.3) * span

    def _reap(self) -> None:
        for pid in [*self.living]:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self._ended(pid, os.waitstatus_to_exitcode(status))

    def _ended(self, pid: int, status: int) -> None:
        worker = self.living.pop(pid)
        if worker.command in self._spans:
            self._spans[worker.command] *= LONGER if status == -signal.SIGKILL else SHORTER
        if status == -signal.SIGKILL:
            self.killed[worker.command] += 1
            if worker.task is not None and self._dice.random() < AGAIN:
                self._left.insert(self._dice.randint(0, len(self._left)), worker.task)
            return
        if worker.task is not None and status == 0:
            self.finished.add(worker.task)
        one_of_many = len(self._work.chores) + len(self._work.tasks) > 1
        self.exits[f"{worker.command}: {status}" if one_of_many else str(status)] += 1


def _storm(
    settings: dict[str, Any], *, unit: float, kills: int, workers: int, seed: int, **work: Any
) -> dict[str, Any]:
    unit *= workers  # they share the machine
    crew = _Crew(settings, Work(**work), unit=unit, seed=seed)
    while crew.killed.total() < kills:
        while len(crew.living) < workers + bool(work["always"]):
            crew.fork()
        crew.kill_next()
    crew.kill_all()
    return {
        "kills": crew.killed.total(),
        "exits": crew.exits,
        "unit": unit,
        "finished": sorted(crew.finished),
        "killed": crew.killed,
    }


def _stop(pids: Sequence[int]) -> list[int]:
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    return [ended(pid, STOP_SECONDS) for pid in pids]


def _fork(settings: dict[str, Any], line: Line) -> int:
    return forked(partial(_live, settings, line))


def _live(settings: dict[str, Any], line: Line) -> int:
    from petmsg.cli import run_command_line

    speak_into(settings["log"])
    scale_down(settings["patience"])
    if settings["control"] is not None:
        CONTROLS[settings["control"]]()
    environ = {
        "PETMSG_ACTOR": ACTOR,
        "HOME": "/nonexistent",
        "PETMSG_DATABASE_URL": settings["url"],
        **settings["environ"],
        "PETMSG_TWILIO_TIMEOUT_SECONDS": str(TIMEOUT * settings["patience"]),
    }
    code = run_command_line(line, environ=environ)
    while AT_THE_END:
        AT_THE_END.pop()()
    return code


def scale_down(patience: float = 1.0) -> None:
    """Waits of minutes become tenths of seconds, times `patience`."""
    from petmsg.cli.flows import dispatch as dispatching
    from petmsg.services.media import fetch
    from petmsg.services.outbox import record_outcome
    from petmsg.workflows.worker import sender_pool
    from petmsg.workflows.worker.dispatcher import Timings
    from petmsg.workflows.worker.rescuer import RescueTimings

    timings = Timings(
        ahead=0.05,
        result_wait=0.005,
        poll=0.1,
        reconcile_every=0.3,
        defer_for=0.1,
        rescue_timings=RescueTimings(
            timedelta(seconds=GRACE * patience), timedelta(seconds=SECOND_LOOK * patience)
        ),
    )
    swap(dispatching, _timings=lambda _context: timings)
    swap(sender_pool, BEGIN_WITHIN=0.4 * patience)
    swap(
        record_outcome,
        FIRST_BACK_OFF=timedelta(seconds=0.05),
        LONGEST_BACK_OFF=timedelta(seconds=0.5),
    )
    swap(
        fetch,
        _LEASE_OF_ONE=timedelta(seconds=LEASE * patience),
        PAUSES=tuple(timedelta(seconds=each / 10) for each in range(1, 5)),
    )


# --------------------------------------------------------------------------------------- controls


def _blind_requeue() -> None:
    """What job queues do: whose sender died, or had no answer, is sent again."""
    from petmsg.enums.messages import MessageStatus
    from petmsg.services.outbox import record_outcome, unknown_outcomes

    def settle(uow: Any, each: Any, _found: Any, **_patience: Any) -> Any:
        message = record_outcome.locked_by_id(uow, each.message)
        if message.status is not MessageStatus.UNKNOWN or message.attempts != each.attempt:
            return None
        return unknown_outcomes._queue_again(uow, message)

    swap(unknown_outcomes, reconcile=settle)


def _mark_then_drop() -> None:
    """What was marked before it was sent is never sent again."""
    from petmsg.enums.messages import MessageStatus
    from petmsg.services.outbox import record_outcome, unknown_outcomes

    def settle(uow: Any, each: Any, _found: Any, **_patience: Any) -> Any:
        message = record_outcome.locked_by_id(uow, each.message)
        if message.status is not MessageStatus.UNKNOWN:
            return None
        message.status = MessageStatus.FAILED
        message.due_at = message.in_doubt_at = message.absent_at = None
        uow.session.flush()
        return unknown_outcomes.Reconciled(each.message, message.status, "dropped")

    swap(unknown_outcomes, reconcile=settle)


def _row_before_bytes() -> None:
    """The row of a picture is committed first, and its bytes are stored when all else is done.

    Every other process is killed in between, a moment that chance meets too seldom.
    """
    from petmsg.workflows import send

    def later(store: Any, files: Any) -> list[Any]:
        puts = [partial(store.media.put, file.prepared.content) for file in files]
        AT_THE_END.extend([*puts, die_perhaps])  # the last one is done first
        return [file.new for file in files]

    def die_perhaps() -> None:
        if os.getpid() % 2:
            os.kill(os.getpid(), signal.SIGKILL)

    swap(send, store_files=later, keep_files=lambda *_args: None)


def _bytes_stay() -> None:
    """Bytes that no row needs any more are never deleted."""
    from petmsg.workflows import erase_media, prune_media

    for module in (erase_media, prune_media):
        swap(module, delete_unused=lambda *_args: True)


AT_THE_END: list[Callable[[], object]] = []
"""What a control puts off until the command is done."""

CONTROLS: dict[str, Callable[[], None]] = {
    "blind-requeue": _blind_requeue,
    "mark-then-drop": _mark_then_drop,
    "row-before-bytes": _row_before_bytes,
    "bytes-stay": _bytes_stay,
}


if __name__ == "__main__":
    main()
