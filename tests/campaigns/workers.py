"""Workers of a campaign: real `petmsg message dispatch --watch` processes, started in milliseconds.

`python -m tests.campaigns.workers` loads petmsg once and forks a worker whenever one is wanted, as
tests.support.swarm does. A worker's waits are scaled down, in the order that matters (a request is
shorter than the grace); everything else is what a user runs. A control takes away one thing that
holds the sending together, in the workers only.
"""

import json
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from petmsg.db import migrate
from petmsg.db.location import locate
from tests.support.fixtures import ACTOR, NOW, add_org, run_cli
from tests.support.swarm import ROOT, load_everything, swap

TIMEOUT = 0.12
"""Seconds for a wait of a request; the whole request takes at most four times that."""
GRACE = 0.55
SECOND_LOOK = 0.3
STOP_SECONDS = 20.0


@dataclass(frozen=True)
class Storm:
    """What a storm of kills left: how many, and how workers ended that ended by themselves.

    `unit` is how many seconds a worker's first text took: what their lives were measured in.
    """

    kills: int
    unit: float
    exits: Mapping[str, int]


class Nursery:
    """The warm process that forks workers on one database. `log` takes what they print."""

    def __init__(
        self, url: str, environ: Mapping[str, str], log: Path, *, control: str | None = None
    ) -> None:
        self._settings = {
            "url": url,
            "environ": dict(environ),
            "log": str(log),
            "control": control,
        }

    def __enter__(self) -> "Nursery":
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.campaigns.workers", json.dumps(self._settings)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={name: value for name, value in os.environ.items() if "PETMSG" not in name},
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(30)

    def storm(self, kills: int, workers: int, seed: int, meanwhile: Callable[[], object]) -> Storm:
        """Keep workers running and kill them at random, until there were so many kills."""
        self._order("storm", kills=kills, workers=workers, seed=seed)
        assert self._process.stdout is not None
        while not select.select([self._process.stdout], [], [], 0.05)[0]:
            meanwhile()
        return Storm(**self._answer())

    @contextmanager
    def calm(self, workers: int) -> Iterator[list[int]]:
        """Workers that nobody kills. They are asked to stop at the end (SIGTERM); gives the list
        of their exit codes then."""
        codes: list[int] = []
        self._order("calm", workers=workers)
        self._answer()
        try:
            yield codes
        finally:
            self._order("stop")
            codes += self._answer()

    def _order(self, what: str, **how: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"what": what, **how}) + "\n")
        self._process.stdin.flush()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        answer = self._process.stdout.readline()
        assert answer, "the workers' parent died"
        return json.loads(answer)


# ------------------------------------------------------------------------------ inside the parent


def main() -> None:
    """Obey one order a line."""
    unit = _warm_up()
    settings = json.loads(sys.argv[1])
    calm: list[int] = []
    for line in sys.stdin:
        order = json.loads(line)
        match order.pop("what"):
            case "storm":
                answer: Any = _storm(settings, unit=unit, **order)
            case "calm":
                calm = answer = [_fork(settings) for _ in range(order["workers"])]
            case _:
                answer, calm = _stop(calm), []
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    _stop(calm)  # of a campaign that was broken off


def _warm_up() -> float:
    """Load and try everything a worker needs; the seconds that a worker's first text takes."""
    from petmsg.providers.twilio import TwilioProvider
    from tests.providers.sending import GOOD

    load_everything()
    TwilioProvider(GOOD).close()
    with tempfile.TemporaryDirectory(prefix="petmsg-warm-") as folder:
        url = locate(str(Path(folder, "petmsg.db"))).url
        migrate.upgrade(url, actor=ACTOR, now=NOW, create=True)
        add_org(url)
        took = 0.0
        run_cli(url, "client", "add", "Anna", "--phone", "+12025550101")
        for _ in range(3):
            text = ("message", "send", "Anna", "--body", "Hello", "--queue-only")
            assert run_cli(url, *text).code == 0
            began = time.monotonic()
            assert run_cli(url, "message", "dispatch", now=None).code == 0
            took = time.monotonic() - began
    return took


def _storm(
    settings: dict[str, Any], *, unit: float, kills: int, workers: int, seed: int
) -> dict[str, Any]:
    dice = random.Random(f"{seed} kills")
    living: dict[int, float] = {}
    exits: Counter[str] = Counter()
    done = 0
    while done < kills:
        while len(living) < workers:
            life = dice.uniform(0, 2) if dice.random() < 0.3 else 1 + dice.expovariate(1 / 3)
            living[_fork(settings)] = time.monotonic() + life * unit
        pid = min(living, key=lambda each: living[each])
        time.sleep(max(0.0, living[pid] - time.monotonic()))
        os.kill(pid, signal.SIGKILL)  # not reaped yet, so the number is still its own
        del living[pid]
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if status == -signal.SIGKILL:
            done += 1
        else:
            exits[str(status)] += 1
    for pid in living:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return {"kills": done, "exits": exits, "unit": unit}


def _stop(pids: Sequence[int]) -> list[int]:
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    codes = []
    for pid in pids:
        deadline = time.monotonic() + STOP_SECONDS
        while (found := os.waitpid(pid, os.WNOHANG)) == (0, 0):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.005)
        codes.append(os.waitstatus_to_exitcode(found[1]))
    return codes


def _fork(settings: dict[str, Any]) -> int:
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = _live(settings)
        finally:
            os._exit(code)
    return pid


def _live(settings: dict[str, Any]) -> int:
    from petmsg.cli import run_command_line

    log = os.open(settings["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard, instead in ((0, nothing), (1, nothing), (2, log)):
        os.dup2(instead, standard)
    scale_down()
    if settings["control"] is not None:
        CONTROLS[settings["control"]]()
    environ = {
        "PETMSG_ACTOR": ACTOR,
        "HOME": "/nonexistent",
        "PETMSG_DATABASE_URL": settings["url"],
        "PETMSG_TWILIO_TIMEOUT_SECONDS": str(TIMEOUT),
        **settings["environ"],
    }
    dispatch = ["message", "dispatch", "--watch", "--workers", "4", "-o", "jsonl"]
    return run_command_line(dispatch, environ=environ)


def scale_down() -> None:
    """Waits of minutes become tenths of seconds."""
    from petmsg.cli.flows import dispatch as dispatching
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
        rescue_timings=RescueTimings(timedelta(seconds=GRACE), timedelta(seconds=SECOND_LOOK)),
    )
    swap(dispatching, _timings=lambda _context: timings)
    swap(sender_pool, BEGIN_WITHIN=0.4)
    swap(
        record_outcome,
        FIRST_BACK_OFF=timedelta(seconds=0.05),
        LONGEST_BACK_OFF=timedelta(seconds=0.5),
    )


# --------------------------------------------------------------------------------------- controls


def _blind_requeue() -> None:
    """What job queues do: whose sender died, or had no answer, is sent again."""
    from petmsg.enums import MessageStatus
    from petmsg.services.outbox import record_outcome, unknown_outcomes

    def settle(uow: Any, each: Any, _found: Any, **_patience: Any) -> Any:
        message = record_outcome.locked_by_id(uow, each.message)
        if message.status is not MessageStatus.UNKNOWN or message.attempts != each.attempt:
            return None
        return unknown_outcomes._queue_again(uow, message)

    swap(unknown_outcomes, reconcile=settle)


def _mark_then_drop() -> None:
    """What was marked before it was sent is never sent again."""
    from petmsg.enums import MessageStatus
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


CONTROLS: dict[str, Callable[[], None]] = {
    "blind-requeue": _blind_requeue,
    "mark-then-drop": _mark_then_drop,
}


if __name__ == "__main__":
    main()
