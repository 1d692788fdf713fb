"""SQLAlchemy's sessions on a driver's connection whose transaction is somebody else's.

Only this module and the migrations load SQLAlchemy's engine: most writes need no session.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool
from sqlmodel import Session

from petmsg.db.location import Location

_lending = threading.local()
"""The driver's connection that each thread lends to SQLAlchemy."""


@cache
def _engine(*, is_sqlite: bool) -> Engine:
    """SQLAlchemy's engine, one per process and kind of database: it keeps compiled statements, and
    whose connection it uses is said each time."""
    options: dict[str, Any] = {} if is_sqlite else {"use_native_hstore": False}
    return create_engine(
        "sqlite://" if is_sqlite else "postgresql+psycopg://",
        creator=lambda: _lending.connection,
        poolclass=NullPool,
        pool_reset_on_return=None,
        hide_parameters=True,
        **options,
    )


class Sessions:
    """Makes sessions. Threads may share it: what SQLAlchemy learns about the server is kept."""

    def __init__(self, location: Location) -> None:
        self._engine = _engine(is_sqlite=location.is_sqlite)

    @contextmanager
    def on(self, connection: Any) -> Iterator[Session]:
        """A session in the transaction that the connection is in; what becomes of the transaction
        is not decided here."""
        _lending.connection = _Lent(connection)
        with self._engine.connect() as lent:
            lent.begin()
            with Session(lent, expire_on_commit=False) as session:
                yield session


class _Lent:
    """A driver's connection for SQLAlchemy, which neither ends its transaction nor closes it."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def commit(self) -> None:
        """Nothing: the owner of the transaction commits it."""

    def rollback(self) -> None:
        """Nothing: the owner of the transaction rolls it back."""

    def close(self) -> None:
        """Nothing: the owner of the connection closes it."""
