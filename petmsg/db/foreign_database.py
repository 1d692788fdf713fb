"""Another program's PostgreSQL database: only ever read, in one transaction that cannot write.

Every value comes as text, so that a damaged one is the row's own problem. Nothing here repeats the
URL, which may hold a password.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from petmsg.db.driver_errors import translate
from petmsg.errors import Misconfigured

_SLICE = 1000
_SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")


class BadForeignUrl(Misconfigured):
    code = "foreign_url"
    hint = "Write postgresql://user@host:5432/name; the URL that Prisma uses will do."


class ForeignUnusable(Misconfigured):
    """The other program's database cannot be read; `code` says why."""

    code = "foreign_database"


class Foreign:
    """The other database, in a transaction that only reads: every table as of one moment."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def columns(self, table: str) -> list[str]:
        """The columns of a table, none if there is no such table."""
        rows = self._connection.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s)"
            " AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            [f'"{table}"'],
        )
        return [row[0] for row in rows]

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[tuple[str | None, ...]]:
        """Every row as texts, fetched a slice at a time so that memory stays flat."""
        from psycopg import sql

        listed = sql.SQL(", ").join(
            sql.SQL("{}::text").format(sql.Identifier(column)) for column in columns
        )
        with self._connection.cursor(name="petmsg") as cursor:
            cursor.itersize = _SLICE
            cursor.execute(sql.SQL("SELECT {} FROM {}").format(listed, sql.Identifier(table)))
            yield from cursor


@contextmanager
def foreign(url: str) -> Iterator[Foreign]:
    """Open the database at that URL for reading.

    Raises `BadForeignUrl`, or `ForeignUnusable` for whatever goes wrong there.
    """
    dsn, schema = _understood(url)
    import psycopg

    from petmsg.db.postgres import CONNECT_SECONDS

    try:
        # No `options`: a pooler in front of the server would refuse them.
        with psycopg.connect(
            dsn,
            connect_timeout=CONNECT_SECONDS,
            application_name="petmsg",
            client_encoding="UTF8",
            prepare_threshold=None,
        ) as connection:
            connection.read_only = True
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.execute("SET LOCAL timezone TO 'UTC'")
            connection.execute("SET LOCAL lock_timeout TO '10s'")
            connection.execute("SET LOCAL datestyle TO 'ISO'")
            if schema is not None:
                connection.execute(
                    psycopg.sql.SQL("SET LOCAL search_path TO {}").format(
                        psycopg.sql.Identifier(schema)
                    )
                )
            yield Foreign(connection)
            connection.rollback()
    except (psycopg.Error, UnicodeDecodeError) as problem:
        known = translate(problem)
        unusable = ForeignUnusable(
            f"The old database: {known.message}",
            hint="Check its URL and its server, and that the role may read its tables.",
        )
        unusable.code = known.code
        raise unusable from None


def _understood(url: str) -> tuple[str, str | None]:
    """The URL as libpq takes it, and the schema that Prisma would look into."""
    try:
        from psycopg import pq
    except ImportError:
        missing = ForeignUnusable(
            "Reading the old database needs the psycopg driver.",
            hint="Install it: pip install 'petmsg[postgres]'; or export CSV files and use --dir.",
        )
        missing.code = "driver_missing"
        raise missing from None
    if "\0" in url:
        raise BadForeignUrl("The URL of the old database cannot be read.")
    try:
        parts = urlsplit(url.strip())
        _ = parts.port
        options = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        raise BadForeignUrl("The URL of the old database cannot be read.") from None
    if parts.scheme not in _SCHEMES:
        raise BadForeignUrl("The URL of the old database is not a PostgreSQL URL.")
    if not parts.path.strip("/"):
        raise BadForeignUrl("The URL of the old database names no database.")
    taken = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    query = urlencode([(name, value) for name, value in options if name in taken])
    schema = dict(options).get("schema") or None
    # By hand: without a host `urlunsplit` would leave the two slashes out.
    asked = f"?{query}" if query else ""
    return f"postgresql://{parts.netloc}{parts.path}{asked}", schema
