"""Translate errors of the database drivers into petmsg's errors and exit codes.

A lock is 75, every other failure of the database 5, each with its own `error.code`. Works on
`sqlite3`, psycopg and SQLAlchemy's wrappers without importing the slow ones.
"""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from petmsg.errors import (
    Busy,
    ConflictingWrite,
    DatabaseUnusable,
    MalformedText,
    OutOfRange,
    PetmsgError,
)

CONNECTION_LOST = "database_connection"
_CANNOT_RECONNECT = "8s2b"
"""SQLAlchemy's code of a `PendingRollbackError` whose connection is gone."""
DAMAGED = "database_corrupt"
"""The code of a file that SQLite finds damaged."""
_DAMAGED = (
    DAMAGED,
    "The database file{file} is damaged.",
    "Restore the last backup; keep the damaged file for a repair.",
)
_FULL = (
    "database_full",
    "The disk is full, or the file{file} has reached its size limit.",
    "Free some space (see df, and ulimit -f), then run the command again: it is safe to repeat.",
)
_SQLITE = {
    "SQLITE_FULL": _FULL,
    "SQLITE_IOERR_SHMSIZE": _FULL,  # the file beside the database could not grow
    "SQLITE_READONLY": (
        "database_read_only",
        "The database{file} is read-only.",
        "Check the permissions of the file and its folder.",
    ),
    "SQLITE_CANTOPEN": (
        "database_cannot_open",
        "The database file{file} cannot be opened.",
        "Check the path, and the permissions of the file and its folder.",
    ),
    "SQLITE_NOTADB": (
        "database_not_a_database",
        "The file{file} is not an SQLite database.",
        "Check the path, or restore a backup.",
    ),
    "SQLITE_CORRUPT": _DAMAGED,
    "SQLITE_IOERR_SHORT_READ": _DAMAGED,  # a page points behind the end of the file
    "SQLITE_IOERR": (
        "database_io",
        "The disk failed while the database{file} was in use.",
        "Check the disk, then run the command again: it is safe to repeat.",
    ),
    "SQLITE_PERM": (
        "database_read_only",
        "The database{file} cannot be accessed.",
        "Check the permissions of the file and its folder.",
    ),
}
_BUSY_STATES = frozenset({"40001", "40P01", "55P03"})
_POSTGRES = {
    "08": (CONNECTION_LOST, "The connection to PostgreSQL failed."),
    "28": ("database_login", "PostgreSQL refused the login."),
    "3D": ("database_missing", "PostgreSQL has no database of that name."),
    "42501": ("database_permission", "The PostgreSQL role lacks a permission."),
    "42P01": ("schema_behind", "The database holds no petmsg tables."),
    "42704": ("database_error", "PostgreSQL does not know an option of the URL."),
    "53100": ("database_full", "The disk of the PostgreSQL server is full."),
    "53": ("database_resources", "PostgreSQL is out of resources."),
    "57014": ("database_timeout", "PostgreSQL took too long and the statement was stopped."),
    "57": (CONNECTION_LOST, "PostgreSQL is shutting down or starting up."),
    "25006": ("database_read_only", "The PostgreSQL server is read-only."),
    "XX": ("database_corrupt", "PostgreSQL reports an internal error."),
}

_WITH_WORDS = ("08", "28", "42501", "42704", "53", "57", "XX")
"""The states whose words name no value: only settings, tables and files of the server."""
_LOST = (
    CONNECTION_LOST,
    "The connection to PostgreSQL was lost.",
    "Run the command again once the server is back: it is safe to repeat.",
)
_BAD_URL = r"connection option|connection info|invalid URI|in URI|percent-encoded|missing \"=\""
_CONNECTION = (
    (
        "database_url",
        "The URL of the PostgreSQL database cannot be read.",
        "Write postgresql://user@host:5432/name (petmsg config show).",
        _BAD_URL,
    ),
    (
        "database_missing",
        "PostgreSQL has no database of that name.",
        "Check the URL (petmsg config show), or create it: createdb NAME && petmsg init",
        r'database ".*" does not exist|no such database',
    ),
    (
        "database_login",
        "PostgreSQL refused the login.",
        "Check the user and the password of the URL, or of ~/.pgpass.",
        r'password|role ".*" does not exist|no pg_hba.conf entry|authentication failed',
    ),
    (
        "database_resources",
        "PostgreSQL takes no more connections.",
        "Try again in a moment, or raise max_connections.",
        (
            r"too many (clients|connections)|remaining connection slots"
            r"|no more connections allowed|query_wait_timeout"
        ),
    ),
    (
        "database_tls",
        "PostgreSQL cannot be connected to as securely as the URL demands.",
        "Check sslmode and sslrootcert of the URL.",
        r"certificate|SSL|sslmode|sslrootcert|TLS",
    ),
    (
        "database_service",
        "The service file of the PostgreSQL URL does not help.",
        "Check the service's name, PGSERVICEFILE and ~/.pg_service.conf.",
        r"service file|definition of service",
    ),
    (
        *_LOST,
        r"closed the connection|terminating|shutting down|starting up|connection is (lost|closed)",
    ),
    (
        CONNECTION_LOST,
        "PostgreSQL cannot be reached.",
        "Check the URL, and that the server is running: petmsg config show",
        (
            r"refused|timeout|timed out|translate host name|resolve|No such file"
            r"|No route to host|unreachable|Name or service not known"
        ),
    ),
)
_LONGEST_WORDS = 500
_SHORT = 4


def is_driver_error(problem: BaseException) -> bool:
    """Whether the error came from a driver, from SQLAlchemy, or from data that cannot be.

    Not where a driver says that it was called wrongly: that is a bug of petmsg's.
    """
    if is_misuse(problem):
        return False
    if isinstance(problem, sqlite3.Error) or _refused_value(problem):
        return True
    return any(
        kind.__module__.partition(".")[0] in ("psycopg", "sqlalchemy")
        for kind in type(problem).__mro__
    )


def is_misuse(problem: BaseException) -> bool:
    """Whether a driver was called wrongly (a parameter is missing, say): no server was asked."""
    cause = getattr(problem, "orig", None) or problem
    return (
        type(cause).__name__ in ("ProgrammingError", "NotSupportedError")
        and type(cause).__module__.partition(".")[0] in ("sqlite3", "psycopg")
        and getattr(cause, "sqlstate", None) is None
        and re.search(_BAD_URL, str(cause)) is None
    )


def _refused_value(problem: BaseException) -> PetmsgError | None:
    """The error for a value that no column can hold: half a character, a NUL, a huge number."""
    state = getattr(problem, "sqlstate", None)
    if isinstance(problem, OverflowError) or state == "22003":
        return OutOfRange("A number is too large.", hint="Numbers go up to 2147483647.")
    is_nul = type(problem).__name__ == "DataError" and state is None and "NUL" in str(problem)
    if isinstance(problem, UnicodeEncodeError) or state == "22021" or is_nul:
        return MalformedText("A value is not valid UTF-8.", hint="Use UTF-8 and a UTF-8 locale.")
    return None


def translate(
    problem: BaseException, *, secrets: Sequence[str] = (), file: Path | None = None
) -> PetmsgError:
    """The petmsg error for a driver's error. Never repeats parameters, which may hold a phone.

    What libpq says of a connection is repeated, without the `secrets`. `file` is the SQLite file
    that was in use, which the message then names.
    """
    cause = getattr(problem, "orig", None) or problem
    refused = _refused_value(cause)
    if refused is not None:
        return refused
    if isinstance(cause, sqlite3.Error):
        return _from_sqlite(cause, "" if file is None else f" {file}")
    state = getattr(cause, "sqlstate", None)
    if state is not None:
        return _from_postgres(str(state), cause)
    if type(cause).__module__.startswith("psycopg"):
        return _without_state(str(cause), secrets)
    if getattr(cause, "code", None) == _CANNOT_RECONNECT:
        return _unusable(*_LOST)
    return _unusable(
        "database_error",
        f"The database failed ({type(cause).__name__}).",
        "Check the database: petmsg db check",
    )


def _without_state(words: str, secrets: Sequence[str] = ()) -> PetmsgError:
    """A connection that was refused or lost: libpq gives words and no SQLSTATE."""
    said = _clean(words, secrets)
    for code, message, hint, pattern in _CONNECTION:
        if re.search(pattern, words):
            return _unusable(code, f"{message[:-1]}: {said}", hint)
    return _unusable(
        CONNECTION_LOST,
        f"There is no connection to PostgreSQL: {said}",
        "Check the URL and the server: petmsg config show",
    )


def _clean(words: str, secrets: Sequence[str]) -> str:
    """The words in one line that ends with a full stop, without the secrets.

    A short secret is taken out where it stands alone: libpq puts what it quotes between signs.
    """
    for secret in secrets:
        found = re.escape(secret)
        if len(secret) < _SHORT:
            found = rf"(?<!\w){found}(?!\w)"
        words = re.sub(found, "***", words)
    lines = [" ".join(line.split()) for line in words.splitlines()]
    line = "; ".join(filter(None, lines)).removeprefix("connection failed: ")
    line = line[:_LONGEST_WORDS].rstrip(".")
    return line if line.endswith("?") else f"{line}."


@contextmanager
def translated(file: Path | None) -> Iterator[None]:
    """Raise the petmsg error for a driver's error inside: one that names the SQLite file."""
    try:
        yield
    except Exception as problem:
        if is_driver_error(problem):
            raise translate(problem, file=file) from problem
        raise


def is_retryable(problem: BaseException) -> bool:
    """Whether trying the whole transaction again may work: a lock, a deadlock, a serialization."""
    cause = getattr(problem, "orig", None) or problem
    if isinstance(cause, sqlite3.Error):
        name = getattr(cause, "sqlite_errorname", "") or ""
        return name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
    return getattr(cause, "sqlstate", None) in _BUSY_STATES


def is_unique_violation(problem: BaseException) -> bool:
    """Whether the statement met a row that another transaction wrote first."""
    cause = getattr(problem, "orig", None) or problem
    if getattr(cause, "sqlstate", None) == "23505":
        return True
    return "UNIQUE constraint failed" in str(cause)


def is_missing_table(problem: BaseException) -> bool:
    """Whether a statement named a table that the database does not have."""
    return getattr(problem, "sqlstate", None) == "42P01" or (
        isinstance(problem, sqlite3.Error) and "no such table" in str(problem)
    )


def _from_sqlite(cause: sqlite3.Error, file: str) -> PetmsgError:
    name = getattr(cause, "sqlite_errorname", "") or ""
    if is_retryable(cause):
        return Busy(f"The database{file} is locked by another program.")
    if name.startswith("SQLITE_CONSTRAINT"):
        return _constraint(str(cause))
    for prefix, (code, message, hint) in _SQLITE.items():
        if name.startswith(prefix):
            return _unusable(code, message.format(file=file), hint)
    if "decode to UTF-8" in str(cause):  # its words would repeat what is stored
        code, message, hint = _DAMAGED
        return _unusable(code, message.format(file=file), hint)
    if "no such table" in str(cause) or "no such column" in str(cause):
        return _unusable(
            "schema_behind", "The database holds no petmsg tables.", "Run: petmsg db upgrade"
        )
    return _unusable(
        "database_error", f"SQLite failed: {cause}.", "Check the database: petmsg db check"
    )


def _from_postgres(state: str, cause: BaseException) -> PetmsgError:
    if state in _BUSY_STATES:
        return Busy("The database is locked by another session.")
    if state.startswith("23"):
        return _constraint(str(getattr(getattr(cause, "diag", None), "constraint_name", "") or ""))
    if state == "P0001":
        return _constraint(str(cause).partition("\n")[0])
    for prefix in (state, state[:2]):
        if prefix in _POSTGRES:
            code, message = _POSTGRES[prefix]
            words = getattr(getattr(cause, "diag", None), "message_primary", None)
            if words and state.startswith(_WITH_WORDS):
                message = f"{message[:-1]}: {_clean(words, ())}"
            return _unusable(code, message, "Check the server and the URL: petmsg config show")
    return _unusable("database_error", f"PostgreSQL failed ({state}).", "Look at the server's log.")


def _constraint(name: str) -> ConflictingWrite:
    return ConflictingWrite(f"The database refused a row that violates {name or 'a constraint'}.")


def _unusable(code: str, message: str, hint: str) -> DatabaseUnusable:
    problem = DatabaseUnusable(message, hint=hint)
    problem.code = code
    return problem
