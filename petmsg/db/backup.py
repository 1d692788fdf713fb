"""Create, upgrade, check and back up the database."""

import os
import sqlite3
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from urllib.parse import quote

from petmsg.db import migrate
from petmsg.db.backup_mark import mark
from petmsg.db.location import Location, network_file_system
from petmsg.db.partial_files import temp_path_for
from petmsg.db.snapshot import snapshot, stored_revision
from petmsg.errors import DatabaseUnusable, Misconfigured, Refused


@dataclass(frozen=True, slots=True)
class Created:
    """A database after `init`. `usable` is False after a dry run that found none."""

    after: str | None
    usable: bool


@dataclass(frozen=True, slots=True)
class BackedUp:
    """A backup: where it is and how large, in bytes."""

    file: str
    bytes: int


def create(location: Location, *, actor: str, now: datetime, dry_run: bool = False) -> Created:
    """Create the database if it is not there and bring it to this petmsg's schema.

    Raises `Misconfigured` on a network file system, where SQLite's locks cannot be trusted.
    """
    if location.path is not None:
        kind = network_file_system(location.path.parent)
        if kind is not None:
            raise Misconfigured(
                f"{location.path} lies on a network file system ({kind}).",
                hint="Put the file on a local disk, or use PostgreSQL.",
            )
        if dry_run and not location.path.exists():
            return Created(migrate.head(), usable=False)
        if not dry_run:
            location.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if dry_run:
        with snapshot(location, any_schema=True) as cursor:
            revision = stored_revision(cursor)
        return Created(migrate.head(), usable=revision == migrate.head())
    migrated = migrate.upgrade(location.url, actor=actor, now=now, create=True)
    return Created(migrated.after, usable=True)


def current(location: Location) -> str | None:
    """The schema revision of the database, None if it has none."""
    with snapshot(location, any_schema=True) as cursor:
        return stored_revision(cursor)


def downgrade(
    location: Location,
    revision: str,
    *,
    tables: Collection[str],
    discard_data: bool,
    backup_to: str | None,
    without_backup: bool,
    now: datetime,
    dry_run: bool = False,
) -> migrate.Migrated:
    """Take the database back to an older schema, behind a backup of what is there.

    `tables` are the names of petmsg's tables. The backup lies at `backup_to`, or beside an SQLite
    file; it is of the very state that the downgrade begins with. Raises `DataWouldBeLost`,
    and `Refused` for PostgreSQL, which petmsg cannot copy, unless the caller says `without_backup`.
    """
    target = None if without_backup else _backup_file(location, backup_to, now)
    made: list[str] = []

    def back_up() -> None:
        if target is not None:
            made.append(str(target) if dry_run else backup(location, target, now=now).file)

    try:
        done = migrate.downgrade(
            location.url,
            revision,
            tables=tables,
            discard_data=discard_data,
            first=back_up,
            dry_run=dry_run,
        )
    except BaseException:
        if made and not dry_run:
            Path(made[0]).unlink(missing_ok=True)
        raise
    return replace(done, backup=made[0] if made else None)


def _backup_file(location: Location, backup_to: str | None, now: datetime) -> Path:
    """Where the backup before a downgrade goes."""
    if location.path is None:
        raise Refused(
            "A PostgreSQL database is backed up with its own tools.",
            hint='pg_dump --format=custom --file=petmsg.dump "$PETMSG_DATABASE_URL" and then '
            "petmsg db downgrade with --no-backup",
        )
    return Path(backup_to) if backup_to is not None else free_name(location.path, "downgrade", now)


def free_name(path: Path, verb: str, now: datetime) -> Path:
    """A name beside the database for what it held before it was changed, at `now` (aware UTC)."""
    stem = f"{path.stem}-before-{verb}-{now:%Y%m%dT%H%M%SZ}"
    names = chain([stem], (f"{stem}-{more}" for more in count(2)))
    return next(free for name in names if not (free := path.with_name(f"{name}.db")).exists())


def backup(
    location: Location,
    target: Path,
    *,
    now: datetime,
    before_named: Callable[[Path], None] | None = None,
) -> BackedUp:
    """A consistent copy of a live SQLite database, 0600 from the first byte.

    Written beside the target and renamed when it is whole; it says when it was made. What belongs
    to the copy is written by `before_named`, which is given the copy's path: the target is there
    only once that is done too. An existing target is refused.
    """
    if location.path is None:
        raise Refused(
            "A PostgreSQL database is backed up with its own tools.",
            hint='pg_dump --format=custom --file=petmsg.dump "$PETMSG_DATABASE_URL"',
        )
    if target.exists():
        raise Refused(f"{target} already exists.", hint="Choose another name for the backup.")
    with snapshot(location, any_schema=True):
        pass
    partial = temp_path_for(target)
    try:
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        source = sqlite3.connect(f"file:{quote(str(location.path))}?mode=ro", uri=True, timeout=30)
        copy = sqlite3.connect(partial)
        try:
            source.backup(copy)
            mark(copy, now)
            copy.commit()
            found = copy.execute("PRAGMA integrity_check").fetchone()[0]
        finally:
            copy.close()
            source.close()
        if found != "ok":
            raise DatabaseUnusable(
                "The copy is not whole: the database itself is damaged.",
                hint="Keep the file, and restore an earlier backup.",
            )
        _flush_to_disk(partial)
        if before_named is not None:
            before_named(partial)
        os.link(partial, target)
    except FileExistsError:
        raise Refused(f"{target} already exists.", hint="Choose another name.") from None
    except OSError as problem:
        failed = DatabaseUnusable(
            f"The backup cannot be written: {problem.strerror}.",
            hint="Check the folder, its permissions and free space.",
        )
        failed.code = "backup_failed"
        raise failed from problem
    finally:
        partial.unlink(missing_ok=True)
    return BackedUp(str(target), target.stat().st_size)


def _flush_to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
