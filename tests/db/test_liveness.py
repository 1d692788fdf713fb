"""A worker is alive while its process holds its lock, and dead the moment it does not."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from petmsg.db import migrate
from petmsg.db.liveness import is_dead, worker
from petmsg.db.location import locate
from petmsg.enums.orgs import ProviderName
from petmsg.errors import Busy, DatabaseUnusable
from petmsg.services.outbox.claim import claim
from petmsg.services.outbox.claimed import Claim
from tests.support.fixtures import ACTOR, NOW, add_org, looking, run_cli, working
from tests.support.pgbouncer import Pooler
from tests.support.swarm import ROOT

NOBODYS = ("w-0123456789abcde", "nobody", "w-", "w-../../etc/passwd", "", None)
HOLD = """
import sys
from petmsg.db import migrate
from petmsg.db.liveness import worker
from petmsg.db.location import locate
with worker(locate(sys.argv[1])) as alive:
    print(alive.token, flush=True)
    sys.stdin.read()
"""


@dataclass(frozen=True)
class Other:
    """A worker in another process."""

    token: str
    process: subprocess.Popen[str]

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextmanager
def another_worker(url: str) -> Iterator[Other]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, url],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield Other(process.stdout.readline().strip(), process)
        finally:
            process.stdin.close()


def dead(url: str, token: str | None) -> bool:
    with looking(url) as cursor:
        return is_dead(cursor, locate(url), token)


def found_dead_after(url: str, token: str) -> float:
    """The seconds until a worker is found dead."""
    began = time.monotonic()
    while not dead(url, token):
        assert time.monotonic() < began + 10, "it is never found dead"
    return time.monotonic() - began


def status(url: str) -> str:
    with looking(url) as cursor:
        return str(cursor.value("SELECT status FROM message"))


def test_a_worker_is_alive_while_its_process_lives(migrated_url: str) -> None:
    with another_worker(migrated_url) as other:
        assert not dead(migrated_url, other.token)
        # Looking does not take the lock away from anybody.
        assert not dead(migrated_url, other.token)


def test_a_killed_worker_is_found_dead_at_once(migrated_url: str) -> None:
    with another_worker(migrated_url) as other:
        other.kill()
        assert found_dead_after(migrated_url, other.token) < 2


def test_a_stopped_process_is_alive(migrated_url: str) -> None:
    """It may wake up and finish what it began: nobody else may decide about that."""
    with another_worker(migrated_url) as other:
        other.process.send_signal(signal.SIGSTOP)
        try:
            assert not dead(migrated_url, other.token)
        finally:
            other.process.send_signal(signal.SIGCONT)


def test_a_worker_is_seen_alive_by_its_own_process_too(migrated_url: str) -> None:
    location = locate(migrated_url)
    with worker(location) as one, worker(location) as two:
        assert one.token != two.token
        assert not dead(migrated_url, one.token)
        assert not dead(migrated_url, two.token)
        one.require_alive()
    assert dead(migrated_url, one.token)


@pytest.mark.parametrize("token", NOBODYS)
def test_a_token_that_no_worker_holds_is_dead(migrated_sqlite: str, token: str | None) -> None:
    assert dead(migrated_sqlite, token)


@pytest.mark.parametrize("shift", [timedelta(hours=-1), timedelta(), timedelta(hours=1)])
def test_no_clock_decides_who_is_alive(migrated_url: str, shift: timedelta) -> None:
    """A living worker's message is nobody else's; a dead one's outcome is unknown, at any hour."""
    add_org(migrated_url)
    run_cli(migrated_url, "client", "add", "Anna", "--phone", "+12025550101")
    run_cli(migrated_url, "message", "send", "Anna", "--body", "Hello", "--queue-only")
    with another_worker(migrated_url) as other:
        with working(migrated_url) as uow:
            taken = claim(uow, 1, provider=ProviderName.SANDBOX, worker=other.token)
            assert isinstance(taken, Claim)
        assert run_cli(migrated_url, "message", "dispatch", now=NOW + shift).code == 0
        assert status(migrated_url) == "sending"
        other.kill()
        found_dead_after(migrated_url, other.token)
        assert run_cli(migrated_url, "message", "dispatch", now=NOW + shift).code == 6
        assert status(migrated_url) == "unknown"


# ------------------------------------------------------------------------------------- PostgreSQL


@pytest.mark.postgres
def test_a_worker_whose_session_was_ended_knows_it_and_is_dead(postgres_url: str) -> None:
    location = locate(postgres_url)
    migrate.upgrade(postgres_url, actor=ACTOR, now=NOW)
    with worker(location) as one:
        assert not dead(postgres_url, one.token)
        assert location.dsn is not None
        with psycopg.connect(location.dsn, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        assert dead(postgres_url, one.token)
        with pytest.raises(Busy) as told:
            one.require_alive()
        assert told.value.hint


@pytest.mark.postgres
def test_looking_at_a_dead_worker_takes_no_lock_for_longer_than_the_look(
    postgres_url: str,
) -> None:
    migrate.upgrade(postgres_url, actor=ACTOR, now=NOW)
    token = "w-0123456789abcde"
    assert dead(postgres_url, token)
    with looking(postgres_url) as cursor:
        locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
        assert cursor.value(locks) == 0
    assert dead(postgres_url, token)


# ----------------------------------------------------------------------------------------- SQLite


def files_of_workers(url: str) -> list[Path]:
    path = locate(url).path
    assert path is not None
    return sorted(path.parent.glob(f"{path.name}.w-*"))


def age(path: Path, hours: float) -> None:
    then = time.time() - hours * 3600
    os.utime(path, (then, then))


def test_a_workers_file_is_nobody_elses_to_read_and_goes_with_it(migrated_sqlite: str) -> None:
    before = os.umask(0)
    try:
        with worker(locate(migrated_sqlite)) as one:
            [path] = files_of_workers(migrated_sqlite)
            assert path.name.endswith(one.token)
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    finally:
        os.umask(before)
    assert files_of_workers(migrated_sqlite) == []


def test_a_workers_file_goes_with_it_when_it_fails_too(migrated_sqlite: str) -> None:
    with pytest.raises(RuntimeError), worker(locate(migrated_sqlite)):
        raise RuntimeError
    assert files_of_workers(migrated_sqlite) == []


def test_the_file_of_a_dead_worker_is_swept_by_a_later_one(migrated_sqlite: str) -> None:
    with another_worker(migrated_sqlite) as other:
        other.kill()
        [left] = files_of_workers(migrated_sqlite)
        with worker(locate(migrated_sqlite)):
            assert left.exists(), "a file of this minute may be of a worker that just starts"
        age(left, hours=2)
        with worker(locate(migrated_sqlite)):
            assert not left.exists()
        assert dead(migrated_sqlite, other.token)


def test_brackets_in_the_name_of_the_file_are_no_pattern(migrated_sqlite: str) -> None:
    path = Path(str(locate(migrated_sqlite).path))
    named = Path(shutil.copy(path, path.with_name("pets [2026].db")))
    left = named.with_name(f"{named.name}.w-0123456789abcde")
    left.touch()
    age(left, hours=2)
    with worker(locate(str(named))):
        assert not left.exists()


def test_the_file_of_a_living_worker_stays_however_old(migrated_sqlite: str) -> None:
    with another_worker(migrated_sqlite) as other:
        [path] = files_of_workers(migrated_sqlite)
        age(path, hours=48)
        with worker(locate(migrated_sqlite)):
            assert path.exists()
        assert not dead(migrated_sqlite, other.token)


def test_a_file_that_is_no_workers_is_never_swept(migrated_sqlite: str) -> None:
    path = locate(migrated_sqlite).path
    assert path is not None
    backup = path.with_name(f"{path.name}.w-backup")
    backup.write_text("mine")
    age(backup, hours=48)
    with worker(locate(migrated_sqlite)):
        assert backup.read_text() == "mine"


# ------------------------------------------------------------------------------------- PgBouncer


@pytest.mark.postgres
def test_behind_a_pooler_a_worker_is_alive_while_it_lives(
    pgbouncer: Pooler, postgres_url: str
) -> None:
    """No pooler keeps its lock for a dead one, or loses it for a living one."""
    migrate.upgrade(postgres_url, actor=ACTOR, now=NOW)
    pooled, direct = pgbouncer.url(postgres_url), postgres_url.replace("+psycopg", "")
    with worker(locate(pooled)._replace(direct=direct)) as one:
        for _ in range(5):
            assert not dead(pooled, one.token)
        with another_worker(postgres_url) as other:
            assert not dead(pooled, other.token)
            other.kill()
            assert found_dead_after(pooled, other.token) < 2
        one.require_alive()
    assert dead(pooled, one.token)
    with pytest.raises(DatabaseUnusable, match="PgBouncer"), worker(locate(pooled)):
        pass
