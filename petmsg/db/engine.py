"""Writing: SQLAlchemy engines that lose nothing, and `transaction()`.

Measured under 16 writers (see docs): pysqlite's own transactions lose updates silently, so they
are off and `BEGIN IMMEDIATE` is sent here, behind the write lock.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool, QueuePool
from sqlmodel import Session

from petmsg.db import postgres_settings
from petmsg.db.backup_mark import require_unmarked
from petmsg.db.cursor import Cursor
from petmsg.db.driver_errors import is_driver_error, translate
from petmsg.db.location import Location
from petmsg.db.snapshot import (
    CONNECT_SECONDS,
    busy_seconds,
    postgres_options,
    require_file,
    require_our_file,
    require_schema,
    require_writable,
)
from petmsg.db.write_lock import write_lock

_PRAGMAS = (
    "foreign_keys=ON",
    "synchronous=FULL",
    "recursive_triggers=ON",
    "trusted_schema=OFF",
    "secure_delete=ON",  # what client forget erases leaves no trace in free pages
    "temp_store=MEMORY",  # a statement can be undone without a file: ten writes less for each row
    "cache_size=-16384",  # KiB: a batch of a thousand rows stays in memory until its commit
)


def make_engine(
    location: Location, *, keep_open: bool = False, is_restoring: bool = False
) -> Engine:
    """An engine for writing. Raises `DatabaseMissing` for an SQLite file that is not there.

    A backup that somebody went back to is refused (`BackupNotRestored`), unless `is_restoring`.

    `keep_open` is for a batch, whose transactions follow each other. An SQLite file stays
    open between them: whoever closes it last copies the whole log into it, and the next to open it
    reads every page anew. A connection to PostgreSQL is not asked whether it still lives. A process
    that lives for long must not want it: the file under its feet may be a restored backup by then,
    and the server may have been restarted.
    """
    if location.path is None:
        engine = create_engine(
            location.url,
            isolation_level="READ COMMITTED",
            pool_pre_ping=not keep_open,
            hide_parameters=True,
            connect_args={
                "connect_timeout": CONNECT_SECONDS,
                "client_encoding": postgres_settings.ENCODING,
                "options": postgres_options(location),
            },
        )
        event.listen(
            engine, "connect", lambda connection, _record: postgres_settings.set_up(connection)
        )
        return engine
    require_writable(location)
    require_file(location.path)
    # The URL as parts: as text it would be unquoted once more, and `%3F` in a name is lost.
    engine = create_engine(
        URL.create(
            "sqlite",
            database=f"file:{quote(str(location.path.resolve()))}",
            query={"mode": "rw", "uri": "true"},
        ),
        poolclass=QueuePool if keep_open else NullPool,
        connect_args={"timeout": busy_seconds(location)},
        hide_parameters=True,
    )
    event.listen(engine, "connect", _on_connect)
    if not is_restoring:
        event.listen(engine, "connect", lambda connection, _record: require_unmarked(connection))
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    require_our_file(connection.execute("PRAGMA application_id").fetchone()[0])


def _on_begin(connection: Connection) -> None:
    connection.connection.cursor().execute("BEGIN IMMEDIATE")


class Transaction:
    """One transaction: a bare cursor, and a session for whoever wants the tables as objects.

    The session is made when it is asked for. Most commands need none, and making, beginning and
    closing one took a fifth of the time of confirming a booking.
    """

    __slots__ = ("_connection", "_cursor", "_session")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._cursor = Cursor(
            connection.connection.cursor(), is_sqlite=connection.dialect.name == "sqlite"
        )
        self._session: Session | None = None

    @property
    def session(self) -> Session:
        """The one session in this transaction."""
        if self._session is None:
            self._session = Session(self._connection, expire_on_commit=False)
        return self._session

    @property
    def cursor(self) -> Cursor:
        """A bare cursor in this transaction; what the session holds back is written first."""
        session = self._session
        if session is not None:
            # Asked first, because doing either for nothing takes as long as a statement.
            if session.new or session.dirty or session.deleted:
                session.flush()
            if session.in_nested_transaction():
                session.connection()  # a savepoint begins only when somebody asks for this
        return self._cursor

    def flush(self) -> None:
        """Write what the session holds back."""
        if self._session is not None:
            self._session.flush()

    def close(self) -> None:
        """Let the session's objects go; what becomes of the transaction is not decided here."""
        if self._session is not None:
            self._session.close()


@contextmanager
def transaction(engine: Engine, location: Location) -> Iterator[Transaction]:
    """One transaction: committed at the end, rolled back on any exception.

    On SQLite the write lock is held around it. Raises `Busy`, `SchemaBehind`, `SchemaAhead` or
    `DatabaseUnusable`; the driver's own error is its cause.
    """
    guard = (
        write_lock(location.path, timeout_seconds=location.wait_seconds)
        if location.path is not None
        else nullcontext()
    )
    try:
        with guard, engine.begin() as connection, closing(Transaction(connection)) as begun:
            require_schema(begun.cursor)
            yield begun
            begun.flush()
    except Exception as problem:
        if is_driver_error(problem):
            raise translate(problem) from problem
        raise


def is_unique_violation(problem: BaseException) -> bool:
    """Whether the statement met a row that another transaction wrote first.

    Takes SQLAlchemy's errors and those of a bare cursor.
    """
    cause = getattr(problem, "orig", None) or problem
    if getattr(cause, "sqlstate", None) == "23505":
        return True
    return "UNIQUE constraint failed" in str(cause)
