"""Migrations: Alembic in one transaction that excludes all other processes.

On SQLite, Alembic alone leaves half a migration behind if it fails, deletes child rows by cascade
when it rebuilds a table, and fails if several processes upgrade at once. So all revisions run in
one transaction: on SQLite with `BEGIN IMMEDIATE` behind the write lock, with foreign keys off and
checked before the commit; on PostgreSQL under an advisory lock taken before the version is read.

Alembic is imported where it is used, because it is slow and only migrations need it.
"""

import os
import re
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import petmsg
from petmsg.db.downgrade_losses import Loss, holdings, losses
from petmsg.db.driver_errors import translated
from petmsg.db.location import APPLICATION_ID, Location, locate
from petmsg.db.schema_fingerprint import is_as_migrated
from petmsg.db.schema_version import HEAD, REVISIONS
from petmsg.db.snapshot import (
    BUSY_SECONDS,
    load_postgres,
    require_our_file,
    require_writable,
    snapshot,
)
from petmsg.db.write_lock import write_lock
from petmsg.errors import (
    DatabaseMissing,
    DatabaseUnusable,
    DataWouldBeLost,
    SchemaAhead,
    UsageProblem,
    quoted,
)

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection, Engine

LOCK_SECONDS = 120.0
"""How many seconds an upgrade waits for another one to end."""

# A migration that cannot lock its tables soon gives up, because every query queues up behind it.
_POSTGRES_LIMITS = {
    "lock_timeout": f"{LOCK_SECONDS:.0f}s",
    "statement_timeout": "15min",
    "idle_in_transaction_session_timeout": "15min",
}
_LISTED = 10
"""The maximum number of losses that an error names."""
_POSTGRES_DDL_LOCK = "SET LOCAL lock_timeout = '10s'"
_SQLITE_PRAGMAS = (
    "foreign_keys=OFF",  # only possible outside a transaction; a rebuild would cascade otherwise
    "legacy_alter_table=ON",  # a rebuilt table takes its name back, and an operator's view stands
    "secure_delete=ON",  # the words of strangers in a dropped table leave no trace in free pages
    "synchronous=FULL",
    "recursive_triggers=ON",
    "trusted_schema=OFF",
)


@dataclass(frozen=True, slots=True)
class Migrated:
    """What a migration did: the revisions before and after, and the clients whose threads merged.

    `merged` has one `{"org", "client", "kept", "merged": [{"thread", "messages", "windows"}]}` per
    client. `lost` is what a downgrade had no place for, `backup` the file written before it.
    """

    before: str | None
    after: str | None
    merged: list[dict[str, Any]] = field(default_factory=list)
    lost: list[Loss] = field(default_factory=list)
    backup: str | None = None


class _Losing(NamedTuple):
    """What a downgrade needs to know about losses: see `downgrade`."""

    tables: Collection[str]
    discard_data: bool
    first: Callable[[], object] | None


def head() -> str:
    """The newest revision."""
    return HEAD


def upgrade(
    url: str,
    *,
    actor: str,
    now: datetime,
    revision: str = "head",
    merge_duplicate_threads: bool = False,
    dry_run: bool = False,
    create: bool = False,
) -> Migrated:
    """Bring the database up to `revision`, all of it or nothing; repeating it changes nothing.

    `actor` and `now` (aware) go into the audit events of merged threads. `create` makes a missing
    SQLite file. With `dry_run` everything is rolled back, and no file is made. Raises
    `DuplicateThreads`, `DatabaseMissing`, `SchemaAhead`, `UsageProblem` for an unknown revision,
    `Busy`, or the driver's own error.
    """
    attributes = {
        "actor": actor,
        "now": now,
        "merge_duplicate_threads": merge_duplicate_threads,
    }
    return _migrate("upgrade", url, revision, attributes, dry_run=dry_run, create=create)


def downgrade(
    url: str,
    revision: str,
    *,
    tables: Collection[str] = (),
    discard_data: bool = False,
    first: Callable[[], object] | None = None,
    dry_run: bool = False,
) -> Migrated:
    """Take the database back to `revision` (`base` drops everything).

    `first` is called while nothing has changed yet and nobody else can write. Raises
    `DataWouldBeLost` where the older schema has no place for what one of `tables` holds, unless
    `discard_data`; else as `upgrade` does.
    """
    losing = _Losing(tables, discard_data, first)
    return _migrate("downgrade", url, revision, {}, dry_run=dry_run, losing=losing)


def check(url: str) -> list[str]:
    """The differences between the database and the migrations' schema, in words.

    Reads only. Raises `DatabaseMissing`, `SchemaAhead`, or the driver's own error.
    """
    with snapshot(locate(url), any_schema=True) as cursor:
        if is_as_migrated(cursor):
            return []
    return compare(url)


def compare(url: str) -> list[str]:
    """`check` by comparing with the models, which loads Alembic. Raises as `check` does."""
    from petmsg.db.schema_check import differences

    location = locate(url)
    if not location.exists:
        raise DatabaseMissing(f"There is no database at {location.path}.")
    engine = (
        _postgres_engine(location)
        if location.path is None
        else _sqlite_engine(location.path, is_reading=True)
    )
    with _connected(engine) as connection:
        revision = _known(current(connection))
        if revision is None:
            return ["the database holds no petmsg tables"]
        return differences(config(connection), revision)


def script_location() -> Path:
    """The folder of the migrations: inside an installed petmsg, else beside the package."""
    package = Path(petmsg.__file__).resolve().parent
    shipped = package / "_migrations"
    return shipped if shipped.is_dir() else package.parent / "migrations"


def config(connection: "Connection | None" = None, **attributes: Any) -> "Config":
    """Alembic's configuration, built in code: there is no alembic.ini to lose or to disagree."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(script_location()).replace("%", "%%"))
    made.attributes.update(attributes)
    if connection is not None:
        made.attributes["connection"] = connection
    return made


def _migrate(
    verb: str,
    url: str,
    revision: str,
    attributes: dict[str, Any],
    *,
    dry_run: bool,
    create: bool = False,
    losing: "_Losing | None" = None,
) -> Migrated:
    from alembic import command
    from alembic.util import CommandError

    target = _target(revision)
    location = locate(url)
    rehearsed = create and dry_run and not location.exists
    with _migration(location, create=create, in_memory=rehearsed) as connection:
        before = _known(current(connection))
        settings = config(connection, **attributes)
        held = {} if losing is None else holdings(connection, losing.tables)
        if losing is not None and losing.first is not None and before not in (None, target):
            losing.first()
        try:
            getattr(command, verb)(settings, target)
        except CommandError as problem:
            raise _no_way(revision) from problem
        after = current(connection)
        _require_whole(connection)
        lost = [] if losing is None else losses(held, holdings(connection, losing.tables))
        if losing is not None and lost and not losing.discard_data:
            raise _would_lose(after, lost)
        if dry_run:
            connection.rollback()
        else:
            connection.commit()
    return Migrated(before, after, list(settings.attributes.get("merged", ())), lost)


def current(connection: "Connection") -> str | None:
    """The revision the database is at; None if it was never migrated."""
    from alembic.runtime.migration import MigrationContext

    heads = MigrationContext.configure(connection).get_current_heads()
    return heads[0] if heads else None


def _target(revision: str) -> str:
    """The revision that a full name, the beginning of one, `head`, `base`, `+1` or `-1` means."""
    if revision in ("head", "base") or re.fullmatch(r"[+-][0-9]{1,3}", revision):
        return revision
    named = [known for known in REVISIONS if revision and known.startswith(revision)]
    if len(named) != 1:
        raise _no_way(revision)
    return named[0]


def _no_way(revision: str) -> UsageProblem:
    return UsageProblem(
        f"Unknown schema revision {quoted(revision)}.",
        hint=f"The revisions are base, {', '.join(REVISIONS)}; the last one is also head.",
    )


def _would_lose(after: str | None, lost: Sequence[Loss]) -> DataWouldBeLost:
    more = f" and {len(lost) - _LISTED} more" if len(lost) > _LISTED else ""
    return DataWouldBeLost(
        f"The schema {after or 'base'} cannot store {len(lost)} things that are in the database: "
        f"{', '.join(each.what for each in lost[:_LISTED])}{more}."
    )


def _known(revision: str | None) -> str | None:
    if revision is not None and revision not in REVISIONS:
        raise SchemaAhead(f"The database is at schema {revision}, which this petmsg does not know.")
    return revision


@contextmanager
def _migration(location: Location, *, create: bool, in_memory: bool) -> Iterator["Connection"]:
    """A connection in a transaction that no other migration, and on SQLite no writer, shares.

    Whatever was not committed when it ends is rolled back.
    """
    if location.path is None:
        with _connected(_postgres_engine(location)) as connection:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({APPLICATION_ID})")
            connection.exec_driver_sql(_POSTGRES_DDL_LOCK)
            yield connection
        return
    require_writable(location)
    if create and not in_memory:
        location.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    elif not in_memory and not location.path.exists():
        raise DatabaseMissing(f"There is no database at {location.path}.")
    lock = nullcontext() if in_memory else write_lock(location.path, timeout_seconds=LOCK_SECONDS)
    with lock, translated(location.path):
        if not in_memory:
            _prepare_file(location.path, create=create)
        with _connected(_sqlite_engine(None if in_memory else location.path)) as connection:
            yield connection


@contextmanager
def _connected(engine: "Engine") -> Iterator["Connection"]:
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _postgres_engine(location: Location) -> "Engine":
    """An engine on the connections that all others have. READ COMMITTED, so that the version is
    read after the lock was got."""
    from sqlalchemy import create_engine, event
    from sqlalchemy.pool import NullPool

    postgres = load_postgres()
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: postgres.connect(location, _POSTGRES_LIMITS),
        poolclass=NullPool,
        hide_parameters=True,
        use_native_hstore=False,
    )

    @event.listens_for(engine, "begin")
    def _(connection: "Connection") -> None:
        session = connection.connection.driver_connection
        postgres.begin(session, location, postgres.WRITING, _POSTGRES_LIMITS)

    return engine


def _sqlite_engine(path: Path | None, *, is_reading: bool = False) -> "Engine":
    from sqlalchemy import URL, create_engine, event
    from sqlalchemy.pool import NullPool

    # Not as text, which would be unquoted once more: a `%` may be part of a file's name.
    address = URL.create("sqlite")
    if path is not None:
        address = URL.create("sqlite", database=_address(path), query={"mode": "rw", "uri": "true"})
    engine = create_engine(
        address,
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={"timeout": BUSY_SECONDS},
    )

    @event.listens_for(engine, "connect")
    def _(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        for pragma in _SQLITE_PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        connection.execute(f"PRAGMA query_only={int(is_reading)}")

    @event.listens_for(engine, "begin")
    def _(connection: "Connection") -> None:
        connection.exec_driver_sql("BEGIN" if is_reading else "BEGIN IMMEDIATE")

    return engine


def _address(path: Path) -> str:
    return f"file:{quote(str(path.resolve()))}"


def _prepare_file(path: Path, *, create: bool) -> None:
    """Make the file, where that was asked for, and mark an empty one as petmsg's.

    The write lock is held. Raises `DatabaseUnusable` for a file that holds something else.
    """
    if create:
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with closing(
        sqlite3.connect(
            f"{_address(path)}?mode=rw", uri=True, isolation_level=None, timeout=BUSY_SECONDS
        )
    ) as raw:
        application = raw.execute("PRAGMA application_id").fetchone()[0]
        require_our_file(application, path)
        tables = {name for (name,) in raw.execute("SELECT name FROM sqlite_master")}
        if not tables:
            raw.execute("PRAGMA journal_mode=WAL")
            raw.execute(f"PRAGMA application_id={APPLICATION_ID}")
        elif not application and "alembic_version" not in tables:
            foreign = DatabaseUnusable(
                f"The SQLite file {path} contains tables of another program.",
                hint="Check the path: petmsg config show",
            )
            foreign.code = "database_foreign"
            raise foreign


def _require_whole(connection: "Connection") -> None:
    """Refuse to commit on SQLite if a row refers to a missing row: foreign keys were off."""
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        tables = ", ".join(sorted({str(row[0]) for row in broken}))
        raise DatabaseUnusable(
            f"{len(broken)} rows of {tables} refer to missing rows. Nothing was changed.",
            hint="List them with PRAGMA foreign_key_check, repair them, and try again.",
        )
