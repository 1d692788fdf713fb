"""One transaction for writing: a bare cursor, and a session for tables as objects."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from petmsg.db.cursor import Cursor
from petmsg.db.driver_errors import is_driver_error, translate
from petmsg.db.engine import Engine
from petmsg.db.location import Location
from petmsg.db.snapshot import load_postgres, require_schema
from petmsg.db.write_lock import write_lock

if TYPE_CHECKING:
    from sqlmodel import Session

_BEGIN = "BEGIN IMMEDIATE"
"""On SQLite a transaction is a writer's from its first statement on: it cannot lose an update."""
_IN_TRANSACTION = 2
"""psycopg's `TransactionStatus.INTRANS`."""


class Transaction:
    """A transaction that has begun on a driver's connection.

    The session is made when it is asked for, and SQLAlchemy is loaded only then: loading it takes
    four times as long as the whole command that confirms a booking.
    """

    __slots__ = ("_connection", "_cursor", "_engine", "_is_closed", "_lent", "_raw", "_session")

    def __init__(self, engine: Engine, connection: Any, *, is_sqlite: bool) -> None:
        self._engine = engine
        self._connection = connection
        self._raw = connection.cursor()
        self._cursor = Cursor(self._raw, is_sqlite=is_sqlite)
        self._lent = ExitStack()
        self._is_closed = False
        self._session: Session | None = None

    @property
    def session(self) -> "Session":
        """The one session in this transaction."""
        self._cursor.write_held()
        if self._session is None:
            self._session = self._lent.enter_context(self._engine.sessions.on(self._connection))
        return self._session

    @property
    def cursor(self) -> Cursor:
        """A bare cursor in this transaction; what the session holds back is written first."""
        session = self._session
        if session is not None:
            # Asked first, because doing either for nothing takes as long as a statement.
            if session.new or session.dirty or session.deleted:
                self.flush()
            if session.in_nested_transaction():
                session.connection()  # a savepoint begins only when somebody asks for this
        return self._cursor

    @property
    def is_open(self) -> bool:
        """Whether statements can follow: the connection lives and no error ended the transaction.

        (SQLite ends one by itself where the disk is full, say.)
        """
        if self._cursor.is_sqlite:
            return bool(self._connection.in_transaction)
        return bool(self._connection.info.transaction_status == _IN_TRANSACTION)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what is done inside if it raises."""
        self._cursor.write_held()
        try:
            with self._savepoint():
                yield
                self._cursor.write_held()
        except BaseException:
            self._cursor.drop_held()
            raise

    @contextmanager
    def _savepoint(self) -> Iterator[None]:
        if self._session is not None:
            with self._session.begin_nested():
                yield
            return
        self._raw.execute("SAVEPOINT petmsg_row")
        try:
            yield
            self.flush()
        except BaseException:
            self._forget_session()  # its objects are of rows that are undone
            self._back_to_savepoint()
            raise
        self._raw.execute("RELEASE SAVEPOINT petmsg_row")

    def _back_to_savepoint(self) -> None:
        if self._is_closed:  # an interrupt left the savepoint to the garbage collector
            return
        try:
            self._raw.execute("ROLLBACK TO SAVEPOINT petmsg_row")
            self._raw.execute("RELEASE SAVEPOINT petmsg_row")
        except Exception as problem:
            # Then there is no transaction left; why is what the error before says.
            if not is_driver_error(problem):
                raise

    def flush(self) -> None:
        """Write what the cursor and the session hold back."""
        self._cursor.write_held()
        if self._session is not None:
            self._session.flush()

    def close(self) -> None:
        """Let the session's objects go; what becomes of the transaction is not decided here."""
        self._is_closed = True
        self._forget_session()
        self._raw.close()

    def _forget_session(self) -> None:
        self._session = None
        self._lent.close()


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
        with (
            guard,
            engine.connection() as connection,
            _begun(engine, connection, location) as begun,
        ):
            require_schema(begun.cursor)
            yield begun
    except Exception as problem:
        if is_driver_error(problem):
            raise translate(problem, file=location.path) from problem
        raise


@contextmanager
def reading(engine: Engine, location: Location) -> Iterator[Cursor]:
    """A cursor in a read-only transaction, as `snapshot`'s, on a connection that the engine keeps.

    Connecting to a server takes as long as several statements, and each statement on an SQLite file
    that was just opened waits until the whole schema is read. Raises what `transaction` raises.
    """
    try:
        with (
            engine.connection() as connection,
            _begun_reading(connection, location) as cursor,
        ):
            require_schema(cursor)
            yield cursor
    except Exception as problem:
        if is_driver_error(problem):
            raise translate(problem, file=location.path) from problem
        raise


@contextmanager
def _begun_reading(connection: Any, location: Location) -> Iterator[Cursor]:
    """Begin a transaction that changes nothing, and end it.

    On SQLite what is written by mistake is rolled back and raises `RuntimeError`. `PRAGMA
    query_only` would refuse it, but each time it is set SQLite compiles every statement anew.
    """
    written = connection.total_changes if location.is_sqlite else 0
    try:
        if location.is_sqlite:
            connection.execute("BEGIN")
        else:
            postgres = load_postgres()
            postgres.begin(connection, location, postgres.READING)
        with closing(connection.cursor()) as raw:
            yield Cursor(raw, is_sqlite=location.is_sqlite)
    finally:
        connection.rollback()
    if location.is_sqlite and connection.total_changes != written:
        raise RuntimeError("what only reads has written")


@contextmanager
def _begun(engine: Engine, connection: Any, location: Location) -> Iterator[Transaction]:
    """Begin a transaction, and commit it or roll it back."""
    try:
        if location.is_sqlite:
            connection.execute(_BEGIN)
        else:
            postgres = load_postgres()
            postgres.begin(connection, location, postgres.WRITING)
        with closing(Transaction(engine, connection, is_sqlite=location.is_sqlite)) as begun:
            yield begun
            begun.flush()
        connection.commit()
    except BaseException:
        try:
            connection.rollback()
        except Exception as problem:
            if not is_driver_error(problem):  # else the connection is lost, and all with it
                raise
        raise
