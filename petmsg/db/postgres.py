"""Connections to PostgreSQL: the address is libpq's to read, the settings are petmsg's.

A connection may be the server's own or a pooler's (PgBouncer). A pooler takes no start-up options,
may lend another session to each transaction, and keeps or loses what belongs to a session: its
settings, prepared statements and locks. It is told from the server by the process id that it gave
when the connection began: each pooler makes one up.

Loads psycopg: import it where a PostgreSQL database is used.
"""

import os
import re
import select
from typing import Any

import psycopg

from petmsg.db import postgres_settings
from petmsg.db.driver_errors import translate
from petmsg.db.location import Location
from petmsg.db.postgres_settings import of_session, of_transaction

CONNECT_SECONDS = 5
_PREPARE_THRESHOLD = 5
"""How often a statement is executed before the server keeps its plan: psycopg's default."""
_REFUSED_OPTIONS = re.compile(r"unsupported startup parameter")
READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
WRITING = "BEGIN ISOLATION LEVEL READ COMMITTED"


class Connection(psycopg.Connection[Any]):
    """A connection. `is_pooled`: a pooler stands between it and the server. `given` are the options
    of its address, which a pooler may have refused or dropped."""

    given: str = ""
    is_pooled: bool = False


def connect(location: Location, limits: dict[str, str] | None = None) -> Connection:
    """A connection that begins no transaction by itself, with petmsg's settings.

    `limits` are those of the session's time, usually `USUAL`. Raises `PetmsgError` with libpq's
    words if there is no connection.
    """
    limits = _limits(location, limits)
    try:
        connection = _connected(location)
        try:
            _tell_pooler(connection, limits)
        except BaseException:
            connection.close()
            raise
    except psycopg.Error as problem:
        raise translate(problem, secrets=location.secrets) from problem
    return connection


def begin(
    connection: Connection, location: Location, how: str, limits: dict[str, str] | None = None
) -> None:
    """Begin a transaction, `READING` or `WRITING`, with petmsg's settings. Raises the driver's
    errors."""
    if connection.is_pooled:
        settings = of_transaction(connection.given, _limits(location, limits))
        # In one go, so that the settings cost no answer to wait for.
        how = f"{how}; {postgres_settings.locally(settings)}"
    connection.execute(how, prepare=False)


def is_alive(connection: Connection) -> bool:
    """Whether the server still answers; no transaction is open.

    It is asked only where something came on a connection that waits for nothing: a server or pooler
    that ends one says so or hangs up. To ask each time would be one more answer to wait for.
    """
    if not _has_news(connection):
        return True
    try:
        connection.execute("SELECT 1", prepare=False)
    except psycopg.Error:
        return False
    return True


def _has_news(connection: Connection) -> bool:
    """Whether bytes or the end of the connection came."""
    try:
        waiting = select.poll()
        waiting.register(connection.fileno(), select.POLLIN)
        return bool(waiting.poll(0))
    except (OSError, psycopg.Error):
        return True  # it is closed


def _limits(location: Location, limits: dict[str, str] | None) -> dict[str, str]:
    limits = postgres_settings.USUAL if limits is None else limits
    if location.wait_seconds is None:
        return limits
    return {**limits, "lock_timeout": f"{max(1, round(location.wait_seconds * 1000))}ms"}


def _connected(location: Location) -> Connection:
    assert location.dsn is not None
    settings: dict[str, Any] = {
        "autocommit": True,
        "prepare_threshold": None,  # until it is known that no pooler is between
        "client_encoding": postgres_settings.ENCODING,
        "fallback_application_name": "petmsg",
    }
    if location.connect_seconds is not None:
        settings["connect_timeout"] = location.connect_seconds
    elif not location.names("connect_timeout") and "PGCONNECT_TIMEOUT" not in os.environ:
        settings["connect_timeout"] = CONNECT_SECONDS
    try:
        connection = Connection.connect(location.dsn, **settings)
        connection.given = connection.info.options
    except psycopg.OperationalError as problem:
        if problem.pgconn is None or not _REFUSED_OPTIONS.search(str(problem)):
            raise
        given = (problem.pgconn.options or b"").decode()
        if not given:
            raise
        connection = Connection.connect(location.dsn, **settings, options="")
        connection.given = given
    return connection


def _tell_pooler(connection: Connection, limits: dict[str, str]) -> None:
    """Find out whether the server itself answers, and give it the settings if it does."""
    told = connection.info.backend_pid
    statement = postgres_settings.if_direct(of_session(connection.given, limits), told)
    row = connection.execute(statement, prepare=False).fetchone()
    connection.is_pooled = row is None or row[0] != told
    if not connection.is_pooled:
        connection.prepare_threshold = _PREPARE_THRESHOLD
