"""Twelve upgrades of one database at once, some of them killed: it is migrated once, or not at all.

    python -m tests.campaigns.upgrading --rounds 50 --database postgresql

Each round begins with an empty database or one of an older schema with rows in each of its tables.
Whoever is not killed must end well, one of them at most may say that it migrated, and what is there
afterwards is what a single upgrade makes: schema, rows, audit chains. Going back to the older
schema gives what was there before, except for duplicate threads. A `--control` takes the lock away.
"""

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from petmsg.db import migrate
from petmsg.db.schema_version import HEAD, REVISIONS
from tests.support.filled_revisions import empty_tables, fill_from
from tests.support.migration_support import broken_links, gist, upgrade
from tests.support.postgres import PostgresServer, running_server

RACERS = 12
LATEST_KILL_SECONDS = 0.3
_DONE = "done"
_KILLED = "killed"


def fill(url: str, revision: str | None) -> None:
    """The database as it was at that revision, with rows in each table; nothing for None."""
    if revision is None:
        return
    fill_from(url, revision)
    empty = empty_tables(url)
    if empty:
        raise AssertionError(f"no rows at {revision} in {sorted(empty)}")


@dataclass
class Verdict:
    """How the racers ended, and what is wrong, in words."""

    endings: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Place:
    """Where databases are made: each a copy of what a builder made the first time."""

    copy: Callable[[str, Callable[[str], object]], str]

    def at(self, revision: str | None) -> str:
        """A database as it was at that revision."""
        return self.copy(f"at {revision}", partial(fill, revision=revision))


def run(place: Place, rounds: int, seed: int, *, control: bool = False) -> Iterator[Verdict]:
    """The rounds, each with its verdict."""
    starts = [None, *REVISIONS[: REVISIONS.index(HEAD)]]
    was, wanted = {}, {}
    for number in range(rounds):
        start = starts[number % len(starts)]
        if start not in wanted:
            alone = place.at(start)
            was[start] = gist(alone) if start is not None else None
            upgrade(alone, merge_duplicate_threads=True)
            wanted[start] = gist(alone)
        dice = random.Random(f"{seed} {number}")
        url = place.at(start)
        # Half the rounds let everybody live: then one of them must have migrated.
        doomed = dice.randint(1, RACERS - 1) if number % 2 else 0
        endings = _race(url, dice.random() * LATEST_KILL_SECONDS, doomed, control=control)
        told = f"round {number} from {start}: "
        yield Verdict(
            Counter(kind for kind, *_ in endings),
            [
                told + each
                for each in (
                    *_wrong_endings(start, endings, doomed),
                    *_wrong_database(url, start, was=was[start], wanted=wanted[start]),
                )
            ],
        )


def _wrong_endings(start: str | None, endings: list[list[Any]], doomed: int) -> Iterator[str]:
    killed = sum(kind == _KILLED for kind, *_ in endings)
    for kind, *words in endings:
        if kind not in (_DONE, _KILLED):
            yield f"{kind}: {words}"
    if killed > doomed:
        yield f"{killed} were killed instead of {doomed}"
    migrated = sum(ending == [_DONE, start, HEAD] for ending in endings)
    idle = sum(ending == [_DONE, HEAD, HEAD] for ending in endings)
    if migrated > 1 or (migrated != 1 and not killed):
        yield f"{migrated} say that they migrated"
    if migrated + idle + killed != len(endings):
        yield f"they say {endings}"


def _wrong_database(url: str, start: str | None, *, was: object, wanted: object) -> Iterator[str]:
    try:
        differences = migrate.check(url)
        if differences:
            yield f"the schema is another: {differences}"
        if gist(url) != wanted:
            yield "there is something else than after a single upgrade"
        yield from broken_links(url)
        yield from _went_back(url, start, was)
    except Exception as problem:  # noqa: BLE001 because a damaged database may raise anything
        yield f"it cannot be read: {problem}"


def _went_back(url: str, start: str | None, was: object) -> Iterator[str]:
    """What is wrong after the way back to the older schema."""
    if start is None:
        return
    migrate.downgrade(url, start)
    if start != REVISIONS[0] and gist(url) != was:  # merged threads stay one
        yield "going back gives something else than there was"
    empty = empty_tables(url)
    if empty:
        yield f"going back emptied {sorted(empty)}"
    yield from broken_links(url)


def _race(url: str, kill_after: float, doomed: int, *, control: bool) -> list[list[Any]]:
    """How each of twelve processes ended that upgraded at once."""
    asked = json.dumps([url, kill_after, doomed, control])
    ran = subprocess.run(
        [sys.executable, "-m", "tests.campaigns.upgrading", "--race", asked],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    endings: list[list[Any]] = json.loads(ran.stdout)
    return endings


# ------------------------------------------------------------------------- in the racers' process


def _be_the_race(url: str, kill_after: float, doomed: int, control: bool) -> None:
    """Fork the racers, so that all begin at one moment, and print how they ended."""
    import psycopg  # noqa: F401 - loaded before the fork

    upgrade("sqlite:////nowhere/x.db", dry_run=True)
    if control:
        _take_the_lock_away()
    ready, go = os.pipe()
    answers, answer = os.pipe()
    racers = []
    for _ in range(RACERS):
        pid = os.fork()
        if pid == 0:
            os.close(go)
            os.read(ready, 1)  # the start: everybody's end of the pipe closes at once
            _upgrade_and_tell(url, answer)
        racers.append(pid)
    os.close(ready)
    os.close(answer)
    os.close(go)
    if doomed:
        time.sleep(kill_after)
        for pid in racers[:doomed]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    killed = sum(os.WIFSIGNALED(os.waitpid(pid, 0)[1]) for pid in racers)
    with os.fdopen(answers, encoding="utf-8") as told:
        endings = [json.loads(line) for line in told]
    # Somebody may have been killed after the answer.
    print(json.dumps(endings + [[_KILLED]] * min(killed, len(racers) - len(endings))))


def _upgrade_and_tell(url: str, answer: int) -> None:
    try:
        done = upgrade(url, merge_duplicate_threads=True)
        ending = [_DONE, done.before, done.after]
    except BaseException as problem:  # noqa: BLE001 because that is what is to be told
        ending = [type(problem).__name__, str(problem)[:300]]
    os.write(answer, (json.dumps(ending) + "\n").encode())
    os._exit(0)


def _take_the_lock_away() -> None:
    """The control: who begins to write asks nobody."""
    from sqlalchemy import Connection

    usual = Connection.exec_driver_sql

    def careless(self: Connection, statement: str, *args: Any, **named: Any) -> Any:
        if "pg_advisory_xact_lock" in statement:
            statement = "SELECT 1"
        return usual(self, statement.replace("BEGIN IMMEDIATE", "BEGIN"), *args, **named)

    Connection.exec_driver_sql = careless  # type: ignore[method-assign]
    migrate.write_lock = lambda *_, **__: contextlib.nullcontext()  # type: ignore[assignment]


# ------------------------------------------------------------------------------------- on the shell


def files(folder: Path) -> Place:
    """SQLite files in a folder."""
    made: dict[str, Path] = {}
    copies = iter(range(10**6))

    def copy(name: str, builder: Callable[[str], object]) -> str:
        if name not in made:
            made[name] = folder / f"{name}.db"
            builder(f"sqlite:///{made[name]}")
        target = folder / f"copy-{next(copies)}.db"
        if made[name].exists():
            shutil.copy(made[name], target)
            target.chmod(0o600)
        return f"sqlite:///{target}"

    return Place(copy)


def on(server: PostgresServer) -> Place:
    """Databases of a server."""
    return Place(
        lambda name, builder: server.url(server.create(template=server.template(name, builder)))
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.upgrading")
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--control", action="store_true")
    parser.add_argument("--race", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.race is not None:
        _be_the_race(*json.loads(asked.race))
        return 0
    print(f"upgrading: seed {asked.seed}, {asked.rounds} rounds on {asked.database}", flush=True)
    with ExitStack() as stack:
        if asked.database == "sqlite":
            place = files(Path(stack.enter_context(tempfile.TemporaryDirectory())))
        else:
            place = on(stack.enter_context(running_server()))
        verdicts = list(run(place, asked.rounds, asked.seed, control=asked.control))
    faults = [each for verdict in verdicts for each in verdict.faults]
    endings = sum((verdict.endings for verdict in verdicts), Counter[str]())
    print(f"{asked.rounds * RACERS} upgrades ended {dict(endings)}")
    print("\n".join(faults[:20]) or "each database was migrated once, and is as it should be")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
