"""Read-only access to the database on the bare driver, without SQLAlchemy.

A snapshot is one transaction that cannot write: all statements of a command see the same state. On
SQLite it neither blocks others nor is it blocked.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from petmsg.db.cursor import Cursor
from petmsg.db.driver_errors import is_driver_error, is_missing_table, translate
from petmsg.db.location import APPLICATION_ID, Location
from petmsg.db.schema_version import HEAD, REVISIONS
from petmsg.errors import DatabaseMissing, DatabaseUnusable, SchemaAhead, SchemaBehind

BUSY_SECONDS = 30.0
_REVISION = "SELECT version_num FROM alembic_version"


def busy_seconds(location: Location) -> float:
    """How many seconds to wait for a lock on the SQLite file."""
    return BUSY_SECONDS if location.wait_seconds is None else location.wait_seconds


@contextmanager
def snapshot(location: Location, *, any_schema: bool = False) -> Iterator[Cursor]:
    """A cursor in a read-only transaction.

    Raises `DatabaseMissing`, `SchemaBehind`, `SchemaAhead`, `Busy` or `DatabaseUnusable`.
    `any_schema` leaves the schema version unchecked (for commands that look at it).
    """
    try:
        connection = _open_sqlite(location) if location.is_sqlite else _open_postgres(location)
        try:
            cursor = Cursor(connection.cursor(), is_sqlite=location.is_sqlite)
            if not any_schema:
                require_schema(cursor)
            yield cursor
        finally:
            connection.close()
    except Exception as problem:
        if is_driver_error(problem):
            raise translate(problem, file=location.path) from problem
        raise


def _open_sqlite(location: Location) -> Any:
    path = location.path
    assert path is not None
    require_file(path)
    wait = busy_seconds(location)
    if location.is_read_only:
        return _begin_sqlite(path, "ro", wait)
    try:
        connection = _begin_sqlite(path, "rw", wait)
    except sqlite3.OperationalError as problem:
        if getattr(problem, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise
        connection = _begin_sqlite(path, "ro", wait)
    return connection


def _begin_sqlite(path: Path, mode: str, wait: float) -> sqlite3.Connection:
    address = f"file:{quote(str(path.resolve()))}?mode={mode}"
    connection = sqlite3.connect(address, uri=True, isolation_level=None, timeout=wait)
    try:
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("PRAGMA query_only=1")
        connection.execute("BEGIN")
        require_our_file(connection.execute("PRAGMA application_id").fetchone()[0], path)
    except BaseException:
        connection.close()
        raise
    return connection


def _open_postgres(location: Location) -> Any:
    postgres = load_postgres()
    connection = postgres.connect(location)
    try:
        postgres.begin(connection, location, postgres.READING)
    except BaseException:
        connection.close()
        raise
    return connection


def load_postgres() -> Any:
    """The module `petmsg.db.postgres`, which loads the driver. Raises `DatabaseUnusable`."""
    try:
        from petmsg.db import postgres
    except ImportError:
        missing = DatabaseUnusable(
            "PostgreSQL needs the psycopg driver.",
            hint="Install it: pip install 'petmsg[postgres]'",
        )
        missing.code = "driver_missing"
        raise missing from None
    return postgres


def require_file(path: Path) -> None:
    """Raise `DatabaseMissing` if nothing is there, `DatabaseUnusable` if it is not a file."""
    if not path.exists():
        raise DatabaseMissing(f"There is no database at {path}.")
    if not path.is_file():
        no_file = DatabaseUnusable(
            f"{path} is not a file but a folder or a device.",
            hint="Check the path: petmsg config show",
        )
        no_file.code = "database_cannot_open"
        raise no_file


def require_writable(location: Location) -> None:
    """Raise `DatabaseUnusable` for a database that was opened with `mode=ro`."""
    if location.is_read_only:
        unwritable = DatabaseUnusable(
            f"{location.display_url} is opened read-only.",
            hint="Remove ?mode=ro from the URL to write.",
        )
        unwritable.code = "database_read_only"
        raise unwritable


def require_our_file(application_id: int, path: Path) -> None:
    """Refuse an SQLite file that another program has marked as its own."""
    if application_id not in (0, APPLICATION_ID):
        foreign = DatabaseUnusable(
            f"The SQLite file {path} belongs to another program.",
            hint="Check the path: petmsg config show",
        )
        foreign.code = "database_foreign"
        raise foreign


def stored_revision(cursor: Cursor) -> str | None:
    """The revision the database is at; None if it was never migrated."""
    if cursor.is_sqlite:
        existing = cursor.value("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'")
    else:
        existing = cursor.value("SELECT to_regclass('alembic_version')")
    if existing is None:
        return None
    return cursor.value(_REVISION)


def has_schema_of(cursor: Cursor, revision: str) -> bool:
    """Whether the database is at that revision or a later one that this petmsg knows."""
    stored = stored_revision(cursor)
    return stored in REVISIONS and REVISIONS.index(stored) >= REVISIONS.index(revision)


def require_schema(cursor: Cursor) -> None:
    """Raise `SchemaBehind` or `SchemaAhead` unless the database has this version's schema."""
    try:
        revision = cursor.value(_REVISION)
    except Exception as problem:
        if not is_missing_table(problem):
            raise
        revision = None
    if revision == HEAD:
        return
    if revision is None:
        raise SchemaBehind(
            "The database holds no petmsg tables.",
            hint="Create them: petmsg init --org SLUG --name NAME --timezone ZONE",
        )
    if revision in REVISIONS:
        raise SchemaBehind(f"The database is at schema {revision}, this petmsg needs {HEAD}.")
    raise SchemaAhead(f"The database is at schema {revision}, which this petmsg does not know.")


def current_revision(location: Location) -> str | None:
    """The schema revision of the database, None if it has none."""
    with snapshot(location, any_schema=True) as cursor:
        return stored_revision(cursor)
