"""Old-shape databases with rows in them, a dump of a whole database, and its schema in words."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, column, create_engine, event, insert, inspect, table, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from petmsg.db import migrate
from petmsg.db.location import locate
from petmsg.models import metadata
from petmsg.rules.audit_chain import GENESIS, event_hash

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
ACTOR = "ada@desk"


def at(hours: int) -> datetime:
    """An instant that many hours after the first of January 2026."""
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)


@contextmanager
def begun(url: str) -> Iterator[Connection]:
    """A connection as any stranger would open it, in a transaction that is committed."""
    engine = create_engine(url, poolclass=NullPool)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "before_cursor_execute", _with_written_instants, retval=True)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _with_written_instants(
    _connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any
) -> tuple[str, Any]:
    """Instants as SQLite stores them; its driver's own way is deprecated since Python 3.12."""
    if isinstance(parameters, tuple):
        parameters = tuple(map(_written, parameters))
    elif isinstance(parameters, dict):
        parameters = {name: _written(value) for name, value in parameters.items()}
    return statement, parameters


def _written(value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def run(url: str, *statements: str) -> None:
    with begun(url) as connection:
        for statement in statements:
            connection.execute(text(statement))


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with begun(url) as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def upgrade(url: str, revision: str = "head", **options: Any) -> migrate.Migrated:
    options = {"actor": ACTOR, "now": NOW, "create": True, **options}
    return migrate.upgrade(url, revision=revision, **options)


# ------------------------------------------------------------------------------- rows in the tables


@dataclass(frozen=True)
class Book:
    """Writes rows by their tables' names, giving only what matters."""

    connection: Connection

    def add(self, into: str, **values: Any) -> None:
        """A row with these columns and `created_at`. No other column is named, because a revision
        does not know the later ones; the models only lend their types."""
        model = metadata.tables[into].c
        if "created_at" in model:
            values = {"created_at": at(0)} | values
        stored = table(
            into, *(column(name, model[name].type if name in model else None) for name in values)
        )
        self.connection.execute(insert(stored).values(**values))

    def org(self, id: int, slug: str) -> None:  # noqa: A002 - the column's name
        self.add(
            "org",
            id=id,
            slug=slug,
            name=slug,
            timezone="America/New_York",
            grace_minutes=60,
            quarantine_days=90,
            pool_for="all",
            provider="sandbox",
            is_demo=False,
        )

    def client(self, id: int, ref: str, org: int = 1) -> None:  # noqa: A002
        self.add("client", id=id, org_id=org, ref=ref, name=f"Client {id}", kind="one_time")
        phone = f"+1415555{id:04d}"
        self.add("client_phone", org_id=org, client_id=id, e164=phone, is_primary=True)

    def pool_number(self, id: int) -> None:  # noqa: A002
        self.add(
            "message_number",
            id=id,
            org_id=1,
            e164=f"+1415666{id:04d}",
            **{"class": "pool"},
            status="active",
        )

    def booking(self, id: int, client: int, org: int = 1, *, hours: int | None = None) -> None:  # noqa: A002
        start = id if hours is None else hours
        self.add(
            "booking",
            id=id,
            org_id=org,
            ref=f"B-{id}",
            client_id=client,
            status="confirmed",
            starts_at=at(start),
            ends_at=at(start + 1),
        )

    def thread(self, id: int, client: int, booking: int | None, **values: Any) -> None:  # noqa: A002
        if booking is not None:
            values["booking_id"] = booking
        self.add("thread", **{"id": id, "org_id": 1, "client_id": client} | values)

    def window(self, thread: int, client: int, booking: int, org: int = 1) -> None:
        start = self.connection.execute(
            metadata.tables["booking"]
            .select()
            .with_only_columns(metadata.tables["booking"].c.starts_at)
            .where(metadata.tables["booking"].c.id == booking)
        ).scalar_one()
        self.add(
            "assignment_window",
            org_id=org,
            thread_id=thread,
            client_id=client,
            booking_id=booking,
            starts_at=start,
            booked_until=start + timedelta(hours=1),
            ends_at=start + timedelta(hours=2),
        )

    def message(self, thread: int | None, client: int | None, body: str, **values: Any) -> None:
        self.add(
            "message",
            **{
                "org_id": 1,
                "thread_id": thread,
                "client_id": client,
                "direction": "inbound",
                "status": "received",
                "body": body,
                "segments": 1,
                "attempts": 0,
                "actor": "carrier",
            }
            | values,
        )

    def pool_message(self, thread: int, client: int, number: int, hours: int) -> None:
        self.message(
            thread,
            client,
            f"from the pool, hour {hours}",
            direction="outbound",
            status="sent",
            rule="pool",
            number_id=number,
            attempts=1,
            claimed_at=at(hours),
        )


def fill_old_shape(url: str) -> None:
    """Upgrade to 0001 and write rows, with three clients who have several threads.

    - C-1: threads 10, 11, 12; 11 is the oldest, 12 has the newest pool message, from number 3.
    - C-2: one thread. C-4: one thread, and no booking ever.
    - C-3: threads 30 and 31, made at one instant, no pool message; only 31 has a pool number.
    - another org's C-1: threads 50 and 51, and that org's audit has an event already.
    """
    upgrade(url, "0001")
    with begun(url) as connection:
        book = Book(connection)
        book.org(1, "happy-paws")
        book.org(2, "other")
        for number in (1, 2, 3):
            book.pool_number(number)
        for id_, ref in ((1, "C-1"), (2, "C-2"), (3, "C-3"), (4, "C-4")):
            book.client(id_, ref)
        book.client(5, "C-1", org=2)

        for booking in (101, 102, 103):
            book.booking(booking, 1, hours=200 - booking)
        book.thread(10, 1, 101, created_at=at(5), pool_number_id=1, default_number_id=1)
        book.thread(11, 1, 102, created_at=at(1), pool_number_id=2)
        book.thread(12, 1, 103, created_at=at(9), pool_number_id=3)
        for thread, booking in ((10, 101), (11, 102), (12, 103)):
            book.window(thread, 1, booking)
        book.pool_message(10, 1, 1, hours=20)
        book.pool_message(12, 1, 3, hours=30)
        book.pool_message(11, 1, 2, hours=25)
        for body in ("hello", "again", "and again"):
            book.message(12, 1, body)

        book.booking(104, 2)
        book.thread(20, 2, 104, pool_number_id=1)
        book.window(20, 2, 104)
        book.message(20, 2, "hi")

        book.booking(105, 3)
        book.booking(106, 3)
        book.thread(30, 3, 106, created_at=at(2))
        book.thread(31, 3, None, created_at=at(2), pool_number_id=2)
        book.window(30, 3, 106)
        book.message(31, 3, "before I booked")

        book.thread(40, 4, None)
        book.message(40, 4, "do you sit parrots?")
        book.message(None, None, "a stray")

        book.booking(107, 5, org=2)
        book.booking(108, 5, org=2)
        book.thread(50, 5, 107, org_id=2)
        book.thread(51, 5, 108, org_id=2, created_at=at(3))
        book.message(51, 5, "over there", org_id=2)
        add_event(connection, org=2, slug="other")


def fill_and_merge(url: str) -> None:
    """`fill_old_shape`, with one thread per client now, at the head."""
    fill_old_shape(url)
    upgrade(url, merge_duplicate_threads=True)


def add_event(
    connection: Connection, *, org: int, slug: str, seq: int = 1, **differing: str
) -> str:
    """Append an event to the org's chain, with its head, and return its hash.

    It says `org.added`, where `differing` does not say otherwise.
    """
    previous = (
        GENESIS
        if seq == 1
        else connection.execute(
            text("SELECT hash FROM audit_event WHERE org_id = :org AND seq = :seq"),
            {"org": org, "seq": seq - 1},
        ).scalar_one()
    )
    values: dict[str, Any] = {
        "seq": seq,
        "at": at(seq),
        "actor": ACTOR,
        "event": "org.added",
        "entity": "org",
        "ref": slug,
        "reason": None,
        "payload": "{}",
    } | differing
    digest = event_hash(org=slug, previous=previous, **values)
    events, heads = metadata.tables["audit_event"], metadata.tables["audit_head"]
    connection.execute(
        events.insert().values(org_id=org, previous_hash=previous, hash=digest, **values)
    )
    connection.execute(heads.delete().where(heads.c.org_id == org))
    connection.execute(heads.insert().values(org_id=org, seq=seq, hash=digest))
    return digest


def broken_links(url: str) -> list[str]:
    """What is wrong with the audit chains: recomputed event by event, up to each head."""
    found = []
    with begun(url) as connection:
        slugs = {row.id: row.slug for row in connection.execute(text("SELECT id, slug FROM org"))}
        last: dict[int, tuple[int, str]] = {}
        events = metadata.tables["audit_event"]
        query = events.select().order_by(events.c.org_id, events.c.seq)
        for row in connection.execute(query).mappings():
            event_ = dict(row)
            org, stored = event_.pop("org_id"), event_.pop("hash")
            seq, previous = last.get(org, (0, GENESIS))
            if (event_["seq"], event_["previous_hash"]) != (seq + 1, previous):
                found.append(f"{slugs[org]} {event_['seq']} does not follow")
            if event_hash(org=slugs[org], previous=event_.pop("previous_hash"), **event_) != stored:
                found.append(f"{slugs[org]} {event_['seq']} was changed")
            last[org] = (event_["seq"], stored)
        heads = connection.execute(text("SELECT org_id, seq, hash FROM audit_head"))
        if {row[0]: (row[1], row[2]) for row in heads} != last:
            found.append("the heads are not the last events")
    return found


# --------------------------------------------------------------------------------- whole databases


_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
_CATALOG = (
    """SELECT relname, relkind, attname, format_type(atttypid, atttypmod), attnotnull
    FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped""",
    """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace""",
    "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "SELECT pg_get_triggerdef(oid), tgenabled FROM pg_trigger WHERE NOT tgisinternal",
    "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
)


def dump(url: str) -> list[str]:
    """Everything in the database as text: schema and rows."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
            return list(file.iterdump())
    dsn = locate(url).dsn
    assert dsn is not None
    with psycopg.connect(dsn) as connection:
        tables = connection.execute(_TABLES).fetchall()
        contents = [f"SELECT '{name}', t::text FROM \"{name}\" t" for (name,) in tables]
        queries = [*_CATALOG, *([" UNION ALL ".join(contents)] if contents else [])]
        return sorted(str(row) for query in queries for row in connection.execute(query))


def gist(url: str) -> tuple[list[str], dict[str, dict[str, list[str]]]]:
    """`dump`, but for the order in which a rebuilt table names its constraints on SQLite."""
    lines = [line for line in dump(url) if not line.startswith("CREATE TABLE")]
    return sorted(lines), schema(url)


def schema(url: str) -> dict[str, dict[str, list[str]]]:
    """Each table's columns, keys, constraints and indexes, in words that two schemas share."""
    engine = create_engine(url, poolclass=NullPool)
    try:
        inspector = inspect(engine)
        # For all tables at once: on PostgreSQL one by one takes twenty times as long.
        described: dict[str, dict[Any, Any]] = {
            "columns": inspector.get_multi_columns(),
            "primary key": inspector.get_multi_pk_constraint(),
            "foreign keys": inspector.get_multi_foreign_keys(),
            "uniques": inspector.get_multi_unique_constraints(),
            "checks": inspector.get_multi_check_constraints(),
            "indexes": inspector.get_multi_indexes(),
        }
        return {
            name: {kind: _all_words(kind, of_all[None, name]) for kind, of_all in described.items()}
            for name in inspector.get_table_names()
            if name != "alembic_version"
        }
    finally:
        engine.dispose()


def columns_of(url: str) -> dict[str, str]:
    """The columns of each table, as a list for a SELECT."""
    with begun(url) as connection:
        described = inspect(connection).get_multi_columns()
    return {
        table: ", ".join(f'"{each["name"]}"' for each in columns)
        for (_schema, table), columns in described.items()
        if table != "alembic_version"
    }


def contents(url: str, columns: dict[str, str]) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of these columns of these tables, in the order of the first two."""
    with begun(url) as connection:
        return {
            table: [
                tuple(row)
                for row in connection.execute(text(f"SELECT {names} FROM {table} ORDER BY 1, 2"))
            ]
            for table, names in columns.items()
        }


def _all_words(kind: str, described: Any) -> list[str]:
    """Columns in their order; of the others only the set matters."""
    if kind == "primary key":
        return [_words(described)]
    words = list(map(_words, described))
    return words if kind == "columns" else sorted(words)


def _words(described: Any) -> str:
    if isinstance(described, dict):
        return ", ".join(f"{key}: {_words(described[key])}" for key in sorted(described))
    if isinstance(described, list | tuple):
        return f"[{', '.join(map(_words, described))}]"
    return re.sub(r"\s+", " ", str(described))


# -------------------------------------------------------------------------------------- failing


class Injected(Exception):
    """The failure a test asked for."""


@contextmanager
def failing_after(writes: int, *, of: str = "") -> Iterator[list[str]]:
    """Every engine fails right after that many statements that write, the commit being one.

    Only those are counted in which the expression `of` is found. Reading changes nothing, so
    failing after a SELECT is failing after the write before it. The statements so far are in the
    list.
    """
    seen: list[str] = []

    def count(statement: str) -> None:
        if re.search(of, statement):
            seen.append(statement)
            if len(seen) == writes:
                raise Injected

    def executed(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not re.match(r"\s*(SELECT|PRAGMA|WITH|SET|BEGIN|LOCK)\b", statement):
            count(statement)

    def committing(_connection: Any) -> None:
        count("COMMIT")

    event.listen(Engine, "after_cursor_execute", executed)
    event.listen(Engine, "commit", committing)
    try:
        yield seen
    finally:
        event.remove(Engine, "after_cursor_execute", executed)
        event.remove(Engine, "commit", committing)


def failed_everywhere(url: str, migration: Callable[[], object], *, of: str = "") -> list[str]:
    """Let a migration fail after its first write, after its second, and so on, and then succeed.

    `of` is that of `failing_after`. After each failure the database is what it was. Returns the
    statements of the success, the last of which is the commit.
    """
    before = dump(url)
    for writes in range(1, 500):
        with failing_after(writes, of=of) as seen:
            done = True
            try:
                migration()
            except Injected:
                done = False
        if done:
            assert dump(url) != before
            return seen
        assert dump(url) == before, seen[-1]
    raise AssertionError("It fails for ever.")


def assert_refused(url: str, statement: str, words: str) -> None:
    """The database itself refuses the statement, in those words, on any stranger's connection."""
    with pytest.raises(DBAPIError, match=f"petmsg: {words}"), begun(url) as connection:
        connection.execute(text(statement))
