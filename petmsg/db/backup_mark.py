"""The mark in a backup: when it was made. Standard library only.

A restored backup has messages in its queue that were sent after the backup was made. So a
backup carries its time in `PRAGMA user_version` (minutes since 1970), which nothing else uses, and
petmsg writes to a database only once `petmsg db restored` has dealt with them and taken it off.
"""

from datetime import UTC, datetime
from typing import Any

from petmsg.clock import format_local
from petmsg.db.cursor import Cursor
from petmsg.errors import Misconfigured


class BackupNotRestored(Misconfigured):
    code = "backup_not_restored"
    hint = "Look its waiting messages up at the provider first: petmsg db restored"

    def __init__(self, made_at: datetime) -> None:
        super().__init__(
            f"This database is a backup of {format_local(made_at, 'UTC')}: messages that were "
            "queued then may have been sent since."
        )


def mark(connection: Any, made_at: datetime) -> None:
    """Write into a copy when it was made (aware UTC)."""
    connection.execute(f"PRAGMA user_version = {int(made_at.timestamp()) // 60}")


def unmark(cursor: Cursor) -> None:
    """Take the mark off a database whose waiting messages were dealt with."""
    if cursor.is_sqlite:
        cursor.run("PRAGMA user_version = 0")


def made_at(connection: Any) -> datetime | None:
    """When the backup was made (aware UTC, to the minute before); None if it is none."""
    return instant_of(connection.execute("PRAGMA user_version").fetchone()[0])


def instant_of(minutes: int) -> datetime | None:
    """The time that a mark means; None for the mark of a database that is no backup."""
    return datetime.fromtimestamp(minutes * 60, UTC) if minutes > 0 else None


def read_mark(cursor: Cursor) -> datetime | None:
    """`made_at`, by a cursor. A PostgreSQL database has no mark."""
    return instant_of(int(cursor.value("PRAGMA user_version") or 0)) if cursor.is_sqlite else None


def require_unmarked(connection: Any) -> None:
    """Raises `BackupNotRestored`."""
    _refuse(made_at(connection))


def require_reviewed(cursor: Cursor) -> None:
    """`require_unmarked`, by a cursor."""
    _refuse(read_mark(cursor))


def _refuse(made: datetime | None) -> None:
    if made is not None:
        raise BackupNotRestored(made)
