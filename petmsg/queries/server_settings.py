"""What the database itself says of its settings, its clock and its file."""

from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor

_INTEGRITY_PROBLEMS = "PRAGMA integrity_check(20)"

_JOURNAL_MODE = "PRAGMA journal_mode"

_NEWEST_EVENT_AT = "SELECT max(at) AS at FROM audit_event"

_SERVER_TIME = "SELECT clock_timestamp() AS at"

_TAKES_CHANGES = """
SELECT NOT pg_is_in_recovery() AND current_setting('default_transaction_read_only') = 'off'
"""

_STALENESS = """
SELECT pg_is_in_recovery() AS is_standby,
       EXISTS (SELECT 1 FROM pg_stat_wal_receiver) AS is_following,
       coalesce(pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn(), false) AS is_level,
       extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8 AS seconds
"""


class Staleness(NamedTuple):
    """How old the data of a PostgreSQL server is: `is_following` while it receives changes from the
    server that it is a standby of, `is_level` when it has all that it received; `seconds` since the
    newest change that it has, None if it has had none."""

    is_standby: bool
    is_following: bool
    is_level: bool
    seconds: float | None


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


def takes_changes(cursor: Cursor) -> bool:
    """Whether the PostgreSQL server is no standby, and not set to read only. True for SQLite."""
    return not cursor.has_standby or bool(cursor.value(_TAKES_CHANGES))


def staleness(cursor: Cursor) -> Staleness:
    """How old the data of the PostgreSQL server is."""
    found = cursor.first(Staleness, _STALENESS)
    assert found is not None
    return found
