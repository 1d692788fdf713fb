"""Many real processes that run petmsg's command line at once, from one warm start.

`python -m tests.support.swarm` loads petmsg once, forks a process per job and lets all of them go
at the same moment. Each job is a list of command lines that its process runs one after the other.
The start of a process costs a millisecond then, and not the second of Python's imports.

A sabotage takes away one thing that holds petmsg together, inside those processes only: the
negative control that shows that a test can fail.
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
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from petmsg.errors import BUSY, CONFIGURATION
from tests import ROOT
from tests.support.fixtures import ACTOR, Ran

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


# ------------------------------------------------------------------------------------- sabotages


def swap(owner: Any, **others: Any) -> None:
    """Put other things in the place of a module's or a class's own."""
    for name, other in others.items():
        assert hasattr(owner, name), f"{owner} has no {name} any more"
        setattr(owner, name, other)


def _deferred_begin() -> None:
    """What users of SQLite usually have: a plain BEGIN, no lock around it, no second try."""
    from petmsg.db import transaction
    from petmsg.workflows import store

    swap(transaction, _BEGIN="BEGIN", write_lock=lambda *_args, **_kwargs: nullcontext())
    swap(store, _worth_another_try=lambda *_args: False)


def _no_row_locks() -> None:
    """A free number is read, thought about, and taken, without a lock on its row."""
    from petmsg.models import MessageNumber
    from petmsg.queries import number_ledger
    from petmsg.services.numbers import ledger
    from petmsg.services.people import sitter

    def free_number(uow: Any, whose: Any) -> Any:
        found = uow.cursor.value(
            number_ledger._FREE_NUMBER, org_id=uow.org.id, sitter_id=whose.id, now=uow.now
        )
        if found is None:
            raise sitter.NoNumberFree("None.")
        time.sleep(0.02)
        number = uow.session.get(MessageNumber, found)
        uow.session.refresh(number)
        number.first_sitter_id = number.sitter_id = None
        return number

    swap(sitter, _free_number=free_number)
    swap(ledger, append=lambda *args, **_: args[0].now)


def _counted_refs() -> None:
    """A made-up ref is how many there are, plus one, and nobody waits for anybody."""
    from petmsg.services.bookings import booking_rows
    from petmsg.services.people import client, client_rows, sitter, sitter_import

    def next_ref(uow: Any, noun: str) -> str:
        count = uow.cursor.value(f"SELECT count(*) FROM {noun}")
        time.sleep(0.01)
        return f"X-{count + 1}"

    class Counted:
        def __init__(self, uow: Any, noun: str, **_: Any) -> None:
            self.take = lambda: next_ref(uow, noun)
            self.store = lambda: None

    for module in (client, sitter):
        swap(module, next_ref=next_ref, lock_refs=lambda _uow, _noun: None)
    for rows in (booking_rows, client_rows, sitter_import):
        swap(rows, GeneratedRefs=Counted)


def _threads_without_conflict() -> None:
    """Look whether there is a thread, and make one if not, trusting that nobody else does."""
    from petmsg.queries import confirm

    def insert_threads(cursor: Any, org_id: int, rows: Any, *, now: Any) -> dict[int, int]:
        time.sleep(0.02)
        for client_id, default_id in rows:
            cursor.run(
                "INSERT INTO thread (org_id, client_id, default_number_id, created_at)"
                " VALUES (:org_id, :client_id, :default_id, :now)",
                org_id=org_id,
                client_id=client_id,
                default_id=default_id,
                now=now,
            )
        made = cursor.in_list(
            confirm.THREADS, "client_ids", [each for each, _ in rows], org_id=org_id
        )
        return {row["client_id"]: row["id"] for row in made}

    swap(confirm, insert_threads=insert_threads)


def _routes_remembered() -> None:
    """A process reads what a client's route depends on once: the second time is fast."""
    from petmsg.services.outbox import claim, claim_batch

    read_facts = claim.read_facts
    known: dict[Any, Any] = {}

    def remembered(cursor: Any, org: Any, client: Any, **kwargs: Any) -> Any:
        facts = known.get(client.id) or read_facts(cursor, org, client, **kwargs)
        return known.setdefault(client.id, facts)

    swap(claim, read_facts=remembered)
    swap(claim_batch, claim_together=lambda *_args, **_kwargs: {})


def _commits_unseen() -> None:
    """Every fifth commit fails, and nobody looks whether it did."""
    from petmsg.workflows.store import Store

    write_once = Store._write_once
    written = 0

    def careless(run: Any, service: Any) -> Any:
        nonlocal written
        written += 1
        kept, run.dry_run = run.dry_run, written % 5 == 0
        try:
            return write_once(run, service)
        finally:
            run.dry_run = kept

    swap(Store, _write_once=careless)


def _no_write_lock() -> None:
    """Whoever comes to a database that is not there yet makes it, and waits for nobody."""
    from petmsg.db import migrate

    swap(migrate, write_lock=lambda *_args, **_kwargs: nullcontext(), BUSY_SECONDS=0)


def _die(*_args: object, **_kwargs: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _killed_before_the_provider() -> None:
    from petmsg.providers.sandbox import SandboxProvider

    swap(SandboxProvider, send=_die)


def _killed_after_the_provider() -> None:
    from petmsg.workflows import send

    swap(send, record=_die)


def _claim_forgotten() -> None:
    """Send, then mark: the claim is rolled back, as if it were written with the outcome."""
    from petmsg.workflows.store import Store

    write_in = Store.write_in

    def forgetful(run: Any, slug: Any, service: Any, *args: Any, **kwargs: Any) -> Any:
        if service.__name__ == "record":
            _die()
        kept, run.dry_run = run.dry_run, True
        try:
            return write_in(run, slug, service, *args, **kwargs)
        finally:
            run.dry_run = kept

    swap(Store, write_in=forgetful)


def _claims_unseen() -> None:
    """A claim does not look whether the text was taken since the worker saw it in the queue."""
    from petmsg.enums.messages import MessageStatus
    from petmsg.services.outbox import claim, claim_batch
    from petmsg.services.outbox.queue import locked_message

    def always_queued(uow: Any, message_id: int) -> Any:
        message = locked_message(uow, message_id)
        message.status = MessageStatus.QUEUED
        return message

    swap(claim, locked_message=always_queued, _earlier_message=lambda *_args: None)
    swap(claim_batch, claim_together=lambda *_args, **_kwargs: {})


def _blind_requeue() -> None:
    """What job queues do: a text whose sender died goes back to the queue, and nobody is asked."""
    from petmsg.providers.sandbox import SandboxProvider
    from petmsg.services.outbox import unknown_outcomes
    from petmsg.services.outbox.record_outcome import locked_by_id

    swap(SandboxProvider, find=lambda *_args, **_kwargs: [])

    def settle(uow: Any, each: Any, _found: Any, **_kwargs: Any) -> Any:
        return unknown_outcomes._queue_again(uow, locked_by_id(uow, each.message))

    swap(unknown_outcomes, reconcile=settle)


def _killed_before_the_second_half() -> None:
    """The audit is written in a transaction of its own."""
    from petmsg.services.unit_of_work import UnitOfWork

    def finish(uow: Any) -> None:
        uow.cursor.run("COMMIT")
        _die()

    swap(UnitOfWork, finish=finish)


def _two_commits() -> None:
    """What was done is committed, and the audit in a transaction of its own right after."""
    from petmsg.services.unit_of_work import UnitOfWork

    finish = UnitOfWork.finish

    def in_two(uow: Any) -> None:
        if uow.cursor.value("SELECT 1") and uow.events:
            for statement in ("COMMIT", "BEGIN IMMEDIATE"):
                uow.cursor.run(statement)
        finish(uow)

    swap(UnitOfWork, finish=in_two)


def _no_journal() -> None:
    """SQLite writes into its file, without a journal that could undo it."""
    from petmsg.db import engine

    swap(engine, _PRAGMAS=(*engine._PRAGMAS, "journal_mode=OFF"))


def _errors_as_they_come() -> None:
    """The driver's errors are nobody's business."""
    from petmsg.db import named_error, transaction

    for module in (transaction, named_error):
        swap(module, is_driver_error=lambda _problem: False)


def _failures_unheard() -> None:
    """A commit that failed is taken for one that did not."""
    from petmsg.errors import DatabaseUnusable
    from petmsg.workflows.store import Store

    write_once = Store._write_once

    def hopeful(run: Any, service: Any) -> Any:
        done: list[Any] = []

        def noted(session: Any) -> Any:
            done[:] = [service(session)]
            return done[0]

        try:
            return write_once(run, noted)
        except DatabaseUnusable:
            if not done:
                raise
            return done[0][0]

    swap(Store, _write_once=hopeful)


SABOTAGES: dict[str, Callable[[], None]] = {
    "deferred begin": _deferred_begin,
    "no row locks": _no_row_locks,
    "counted refs": _counted_refs,
    "threads without conflict": _threads_without_conflict,
    "routes remembered": _routes_remembered,
    "commits unseen": _commits_unseen,
    "no write lock": _no_write_lock,
    "killed before the carrier": _killed_before_the_provider,
    "killed after the carrier": _killed_after_the_provider,
    "claim forgotten, killed after the carrier": _claim_forgotten,
    "claims unseen": _claims_unseen,
    "blind requeue": _blind_requeue,
    "killed before the second half": _killed_before_the_second_half,
    "two commits": _two_commits,
    "no journal": _no_journal,
    "errors as they come": _errors_as_they_come,
    "failures unheard": _failures_unheard,
}


if __name__ == "__main__":
    main()
