"""Connections for writing, on the bare driver, with settings that lose nothing.

Measured under 16 writers: the transactions that Python's sqlite3 begins by itself lose updates
silently, so they are off and `petmsg.db.transaction` sends `BEGIN IMMEDIATE` behind the write lock.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from petmsg.db.backup_mark import require_unmarked
from petmsg.db.location import Location
from petmsg.db.snapshot import (
    BUSY_SECONDS,
    busy_seconds,
    load_postgres,
    require_file,
    require_our_file,
    require_writable,
)
from petmsg.errors import Busy

if TYPE_CHECKING:
    from petmsg.db.sessions import Sessions

_PRAGMAS = (
    "foreign_keys=ON",
    "synchronous=FULL",
    "recursive_triggers=ON",
    "trusted_schema=OFF",
    "secure_delete=ON",  # what client forget erases leaves no trace in free pages
    "temp_store=MEMORY",  # a statement can be undone without a file: ten writes less for each row
    "cache_size=-16384",  # KiB: a batch of a thousand rows stays in memory until its commit
)
_MOST_KEPT = 5
_MOST_AT_ONCE = 15
"""Connections to a PostgreSQL server, which has room for a hundred by default."""
_IDLE = 0
"""psycopg's `TransactionStatus.IDLE`."""


def make_engine(
    location: Location, *, keep_open: bool = False, is_restoring: bool = False
) -> "Engine":
    """An engine for writing. Raises `DatabaseMissing` if the SQLite file does not exist.

    A restored backup that was not reviewed is refused (`BackupNotRestored`) unless `is_restoring`.

    `keep_open` is for batches with many transactions: the SQLite file stays open between them, as
    closing it copies the whole log and reopening it reads every page again, and a PostgreSQL
    connection is not checked before use. A long-running process uses it for an SQLite file only:
    another file at its place, or a backup that was restored into it, is noticed at the next
    transaction. It calls `dispose` where nothing is to do, so that the log is then copied.
    """
    if location.path is not None:
        require_writable(location)
        require_file(location.path)
    return Engine(location, keep_open=keep_open, is_restoring=is_restoring)


class Engine:
    """Opens connections for writing and keeps those that are worth it. Threads may share it."""

    def __init__(self, location: Location, *, keep_open: bool, is_restoring: bool) -> None:
        self._location = location
        self._keep_open = keep_open
        self._is_restoring = is_restoring
        self._kept: list[Any] = []
        self._room = threading.BoundedSemaphore(_MOST_AT_ONCE)

    @cached_property
    def sessions(self) -> "Sessions":
        """What makes SQLAlchemy's sessions on these connections."""
        from petmsg.db.sessions import Sessions

        return Sessions(self._location)

    @contextmanager
    def connection(self) -> Iterator[Any]:
        """A driver's connection, outside any transaction.

        Raises the driver's errors, and `Busy` if all connections stay in use.
        """
        if not self._room.acquire(timeout=BUSY_SECONDS):
            raise Busy(f"All {_MOST_AT_ONCE} connections to the database are in use.")
        try:
            connection = self._take()
            try:
                yield connection
            finally:
                self._give_back(connection)
        finally:
            self._room.release()

    def dispose(self) -> None:
        """Close the connections that were kept."""
        with suppress(IndexError):  # of an empty list: another thread may take the last one
            while True:
                self._kept.pop().close()

    def _take(self) -> Any:
        try:
            kept = self._kept.pop()
        except IndexError:
            return self._open()
        is_good = False
        try:
            is_good = self._is_good(kept)
        finally:
            if not is_good:
                kept.close()
        if is_good:
            return kept
        self.dispose()  # the server was restarted, or the file replaced: so it is for the others
        return self._open()

    def _is_good(self, kept: Any) -> bool:
        """Whether a connection that was kept still leads to the database."""
        if not self._location.is_sqlite:
            return self._keep_open or bool(load_postgres().is_alive(kept))
        if kept.file_id != _file_id(self._location):
            return False
        if not self._is_restoring:
            require_unmarked(kept)
        return True

    def _open(self) -> Any:
        if self._location.is_sqlite:
            assert self._location.path is not None
            require_file(self._location.path)
            return _open_sqlite(self._location, is_restoring=self._is_restoring)
        return load_postgres().connect(self._location)

    def _give_back(self, connection: Any) -> None:
        if self._location.is_sqlite:
            is_good = self._keep_open and not connection.in_transaction
        else:
            is_good = connection.info.transaction_status == _IDLE
        if is_good and len(self._kept) < _MOST_KEPT:
            self._kept.append(connection)
        else:
            connection.close()


class _Connection(sqlite3.Connection):
    """A connection that knows which file it opened."""

    file_id: tuple[int, int] | None = None


def _file_id(location: Location) -> tuple[int, int] | None:
    """The file that is at the place now; None if there is none."""
    assert location.path is not None
    try:
        found = location.path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _open_sqlite(location: Location, *, is_restoring: bool) -> sqlite3.Connection:
    assert location.path is not None
    file_id = _file_id(location)  # before it is opened: a file that comes now is noticed later
    connection = sqlite3.connect(
        f"file:{quote(str(location.path.resolve()))}?mode=rw",
        uri=True,
        isolation_level=None,
        timeout=busy_seconds(location),
        check_same_thread=False,
        factory=_Connection,
    )
    connection.file_id = file_id
    try:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        require_our_file(application, location.path)
        if not is_restoring:
            require_unmarked(connection)
    except BaseException:
        connection.close()
        raise
    return connection
