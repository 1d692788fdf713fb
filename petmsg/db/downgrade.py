"""Take the database back to an older schema, behind a backup: `petmsg db downgrade`."""

import shlex
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from petmsg.db import migrate
from petmsg.db.backup import backup, free_name
from petmsg.db.location import Location
from petmsg.errors import Refused


def downgrade(
    location: Location,
    revision: str,
    *,
    tables: Collection[str],
    discard_data: bool,
    backup_to: Path | None,
    without_backup: bool,
    now: datetime,
    dry_run: bool = False,
) -> migrate.Migrated:
    """Take the database back to an older schema, behind a backup of what is there.

    `tables` are the names of petmsg's tables. The backup lies at `backup_to`, or beside an SQLite
    file; it is of the very state that the downgrade begins with. Raises `DataWouldBeLost`,
    and `Refused` for PostgreSQL, which petmsg cannot copy, unless the caller says `without_backup`.
    """
    target = None if without_backup else _backup_file(location, revision, backup_to, now)
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


def _backup_file(location: Location, revision: str, backup_to: Path | None, now: datetime) -> Path:
    """Where the backup before a downgrade goes."""
    if location.path is None:
        raise Refused(
            "A PostgreSQL database is backed up with its own tools.",
            hint='pg_dump --format=custom --file=petmsg.dump "$PETMSG_DATABASE_URL" && '
            f"petmsg db downgrade {shlex.quote(revision)} --no-backup",
        )
    return backup_to if backup_to is not None else free_name(location.path, "downgrade", now)
