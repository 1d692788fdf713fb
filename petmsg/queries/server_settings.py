"""What the database itself says of its settings, its clock and its file."""

from datetime import datetime

from petmsg.db.cursor import Cursor

_INTEGRITY_PROBLEMS = "PRAGMA integrity_check(20)"

_JOURNAL_MODE = "PRAGMA journal_mode"

_NEWEST_EVENT_AT = "SELECT max(at) AS at FROM audit_event"

_SERVER_TIME = "SELECT clock_timestamp() AS at"


def integrity_problems(cursor: Cursor) -> list[str]:
    """What SQLite finds wrong with its file, 20 things at most; `ok` if nothing."""
    return [row[0] for row in cursor.tuples(_INTEGRITY_PROBLEMS)]


def journal_mode(cursor: Cursor) -> str:
    """The journal mode of SQLite's file."""
    found: str = cursor.value(_JOURNAL_MODE)
    return found


def newest_event_at(cursor: Cursor) -> datetime | None:
    """When (aware UTC) the newest event of any org's audit was."""
    return cursor.instant(_NEWEST_EVENT_AT)


def server_time(cursor: Cursor) -> datetime:
    """What PostgreSQL's clock shows."""
    found: datetime = cursor.value(_SERVER_TIME)
    return found


def is_off(cursor: Cursor, setting: str) -> bool:
    """Whether a setting of PostgreSQL's is off: its name is one that the caller wrote down."""
    return bool(cursor.value(f"SHOW {setting}") == "off")
