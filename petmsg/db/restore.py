"""Restore a backup: an SQLite file replaces the database.

The replaced database is kept beside it. `services.outbox.after_restore` handles the messages.
"""

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from petmsg.db import backup_mark
from petmsg.db.backup import backup, free_name
from petmsg.db.driver_errors import DAMAGED, translated
from petmsg.db.location import Location
from petmsg.db.snapshot import snapshot, stored_revision
from petmsg.db.write_lock import write_lock
from petmsg.errors import DatabaseMissing, DatabaseUnusable, OutOfRange, Refused


@dataclass(frozen=True, slots=True)
class Restored:
    """A restored database; `made_at` is when its backup was made (aware UTC).

    `revision` is its schema, `kept` the file with the replaced database.
    """

    file: str
    made_at: datetime
    revision: str
    kept: str | None


def made_at_of(location: Location) -> datetime | None:
    """When the backup at this place was made (aware UTC); None if it does not say, or is none."""
    if location.path is None:
        return None
    with snapshot(location, any_schema=True) as cursor:
        return backup_mark.read_mark(cursor)


def restore(
    location: Location, file: Path, *, since: datetime | None, now: datetime, dry_run: bool = False
) -> Restored:
    """Replace the database by a backup, and mark it: see `petmsg.db.backup_mark`.

    `since` (aware UTC) is when the backup was made, if the backup does not say so. Raises
    `OutOfRange` without either, `Refused` for PostgreSQL, `DatabaseMissing` or `DatabaseUnusable`.
    """
    if location.path is None:
        raise Refused(
            "A PostgreSQL database is restored with its own tools.",
            hint='Run pg_restore --clean --dbname="$PETMSG_DATABASE_URL" petmsg.dump, and then '
            "before any other command: petmsg db restored --since T",
        )
    if not file.exists():
        raise DatabaseMissing(
            f"There is no backup at {file}.",
            hint="Check the path: name a file that petmsg db backup wrote.",
        )
    source = Location(path=file.absolute(), dsn=None)
    try:
        with snapshot(source, any_schema=True) as cursor:
            revision = stored_revision(cursor)
            is_intact = cursor.value("PRAGMA integrity_check") == "ok"
    except DatabaseUnusable as problem:
        if problem.code == DAMAGED:
            raise _damaged(file) from None
        raise
    if not is_intact:
        raise _damaged(file)
    if revision is None:
        raise Refused(
            f"{file} holds no petmsg tables.", hint="Name a file that petmsg db backup wrote."
        )
    made_at = since or made_at_of(source)
    if made_at is None:
        raise OutOfRange(
            f"{file} does not say when it was made.", hint="Add it: --since 2026-02-14T03:00"
        )
    if location.path.exists() and location.path.samefile(file):
        raise Refused(f"{file} is the database itself.", hint="Name a backup of it.")
    if dry_run:
        kept = _name_to_keep(location.path, now)
    else:
        location.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # One lock for both: what is written before the replacement is in the kept file.
        with (
            write_lock(location.path, timeout_seconds=location.wait_seconds),
            translated(location.path),
        ):
            kept = _name_to_keep(location.path, now)
            if kept is not None:
                _keep(location, kept, now)
            _copy(file, location.path, made_at)
    return Restored(str(file), made_at, revision, None if kept is None else str(kept))


def _damaged(file: Path) -> DatabaseUnusable:
    problem = DatabaseUnusable(f"The backup {file} is damaged.", hint="Choose another backup.")
    problem.code = DAMAGED
    return problem


def _name_to_keep(path: Path, now: datetime) -> Path | None:
    """Where the stored database is kept; None if there is none."""
    return free_name(path, "restore", now) if path.exists() else None


def _keep(location: Location, kept: Path, now: datetime) -> None:
    """Copy the stored database; if it is damaged, copy its bytes and remove the file.

    The caller holds the write lock.
    """
    path = location.path
    assert path is not None
    try:
        backup(location, kept, now=now)
    except (DatabaseUnusable, sqlite3.DatabaseError):
        parts = {each: path.with_name(path.name + each) for each in ("", "-wal", "-shm")}
        parts = {suffix: part for suffix, part in parts.items() if part.exists()}
        for suffix, part in parts.items():
            shutil.copy(part, kept.with_name(kept.name + suffix))
        for part in parts.values():
            part.unlink()


def _copy(file: Path, path: Path, made_at: datetime) -> None:
    is_new = not path.exists()
    if is_new:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    address = f"file:{quote(str(file.absolute()))}?mode=ro"
    try:
        with (
            closing(sqlite3.connect(address, uri=True, timeout=30)) as source,
            closing(sqlite3.connect(path, timeout=30)) as target,
        ):
            source.backup(target)
            backup_mark.mark(target, made_at)
            target.commit()
    except BaseException:
        if is_new:
            path.unlink()
        raise
