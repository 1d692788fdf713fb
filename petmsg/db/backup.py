"""Back up an SQLite database while it is in use."""

import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from urllib.parse import quote

from petmsg.db.backup_mark import mark
from petmsg.db.location import Location
from petmsg.db.partial_files import temp_path_for
from petmsg.db.snapshot import snapshot
from petmsg.durability import flush, flush_folder
from petmsg.errors import DatabaseUnusable, Refused


@dataclass(frozen=True, slots=True)
class BackedUp:
    """A backup: where it is and how large, in bytes."""

    file: str
    bytes: int


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
        flush(partial)
        if before_named is not None:
            before_named(partial)
        os.link(partial, target)
        flush_folder(target.parent)
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
