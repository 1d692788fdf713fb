"""Whether a worker is alive: it is as long as it holds its lock. No clock is involved.

On SQLite the lock is a `flock` on a file beside the database, on PostgreSQL an advisory lock of a
separate connection to the server itself, never through a pooler. The kernel or the server releases
it when the process ends, however it ends: a killed worker is found dead within milliseconds.
"""

import fcntl
import glob
import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from petmsg.db.cursor import Cursor
from petmsg.db.driver_errors import is_driver_error, translate
from petmsg.db.location import Location, locate
from petmsg.db.snapshot import load_postgres, snapshot
from petmsg.errors import Busy, DatabaseUnusable
from petmsg.file_privacy import give_to_owner_of

_TOKEN = re.compile(r"w-[0-9a-f]{15}")
_DIGITS = 15  # 60 bits: fits PostgreSQL's signed key, and no two workers ever meet
_AGE_SECONDS = 3600.0


class Worker:
    """A worker that is alive. `token` is what its claims carry."""

    __slots__ = ("_still", "token")

    def __init__(self, token: str, still: Callable[[], bool]) -> None:
        self.token = token
        self._still = still

    def require_alive(self) -> None:
        """Raises `Busy` when the lock was lost: then nothing may be claimed under this token."""
        if not self._still():
            raise Busy(
                "The database server ended this worker's session.",
                hint="Start it again: it first asks the provider about messages being sent.",
            )


@contextmanager
def worker(location: Location) -> Iterator[Worker]:
    """Be a worker: hold a lock of one's own until the end. Raises `Busy` or `DatabaseUnusable`."""
    token = "w-" + secrets.token_hex((_DIGITS + 1) // 2)[:_DIGITS]
    holding = _holding_file if location.path is not None else _holding_session
    with holding(location, token) as still:
        yield Worker(token, still)


def is_dead(cursor: Cursor, location: Location, token: str | None) -> bool:
    """Whether the worker of that token is gone. A claim without a token has no living worker.

    On PostgreSQL the answer holds until the cursor's transaction ends.
    """
    if token is None or not _TOKEN.fullmatch(token):
        return True
    if location.path is None:
        return bool(cursor.value("SELECT pg_try_advisory_xact_lock(:key)", key=_key(token)))
    return _file_is_free(_file(location.path, token))


def _key(token: str) -> int:
    return int(token[2:], 16)  # noqa: FURB166 - because the token is no Python literal


def _file(path: Path, token: str) -> Path:
    return path.with_name(f"{path.name}.{token}")


@contextmanager
def _holding_file(location: Location, token: str) -> Iterator[Callable[[], bool]]:
    assert location.path is not None
    _sweep(location.path)
    path = _file(location.path, token)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        give_to_owner_of(location.path, handle)
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield lambda: True
    finally:
        with suppress(FileNotFoundError):
            path.unlink()
        os.close(handle)


@contextmanager
def _holding_session(location: Location, token: str) -> Iterator[Callable[[], bool]]:
    postgres = load_postgres()
    session = _own_session(location)
    try:
        try:
            session.execute("SELECT pg_advisory_lock(%s)", [_key(token)])
        except Exception as problem:
            if is_driver_error(problem):
                raise translate(problem) from problem
            raise
        with snapshot(location, any_schema=True) as cursor:
            if is_dead(cursor, location, token):
                raise _pooled(
                    "PETMSG_DIRECT_DATABASE_URL leads to another database than the pooler.",
                    "Name the database that the pooler leads to.",
                )
        yield lambda: bool(postgres.is_alive(session))
    finally:
        session.close()


def _own_session(location: Location) -> Any:
    """A session of the server that is this process's alone: past the pooler, if there is one.

    A pooler may keep the lock of a worker that is dead, and lose that of a living one.
    """
    postgres = load_postgres()
    session = postgres.connect(location)
    if not session.is_pooled:
        return session
    session.close()
    if location.direct is None:
        raise _pooled(
            "Sending needs a lock that PgBouncer cannot hold.",
            "Set PETMSG_DIRECT_DATABASE_URL to the address of the server itself.",
        )
    session = postgres.connect(locate(location.direct))
    if session.is_pooled:
        session.close()
        raise _pooled(
            "PETMSG_DIRECT_DATABASE_URL leads to a pooler, too.",
            "Name the server itself: its port is usually 5432.",
        )
    return session


def _pooled(message: str, hint: str) -> DatabaseUnusable:
    problem = DatabaseUnusable(message, hint=hint)
    problem.code = "database_pooler"
    return problem


def _file_is_free(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True


def _sweep(database: Path) -> None:
    """Remove the files that dead workers left. Called with nothing held.

    A file that was made this moment and is not locked yet may be removed with them: its maker holds
    it all the same, but nobody else would see that. Hence only files of some age.
    """
    for path in database.parent.glob(f"{glob.escape(database.name)}.w-*"):
        with suppress(OSError):
            old = path.stat().st_mtime < database.stat().st_mtime - _AGE_SECONDS
            if old and _TOKEN.fullmatch(path.name.rpartition(".")[2]) and _file_is_free(path):
                path.unlink()
