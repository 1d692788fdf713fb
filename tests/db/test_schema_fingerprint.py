"""A schema with the recorded fingerprint is as the migrations make it; any change gives another.

`test_schema_check` holds how the changes are worded, by the comparison with the models.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager

import psycopg
import pytest

from petmsg.db import migrate, schema_check, schema_fingerprint
from petmsg.db.cursor import Cursor
from petmsg.db.damage import TABLES
from petmsg.db.location import locate
from petmsg.db.schema_version import REVISIONS
from petmsg.db.snapshot import snapshot
from petmsg.models import metadata
from tests.support.migration_support import fill_and_merge, run, upgrade
from tests.support.postgres import Copies
from tests.support.schema_fingerprint import (
    COMMAND,
    POSTGRESQL_VERSION,
    fingerprint_of,
    recorded_for,
)


def require_recorded_words(url: str) -> None:
    """Skip on a server of another version than the one whose words were recorded."""
    if recorded_for(url) is None:
        pytest.skip(f"the fingerprint was recorded on PostgreSQL {POSTGRESQL_VERSION}")


def is_as_migrated(url: str) -> bool:
    with snapshot(locate(url), any_schema=True) as cursor:
        return schema_fingerprint.is_as_migrated(cursor)


def test_a_fresh_database_has_the_recorded_fingerprint(migrated_url: str) -> None:
    require_recorded_words(migrated_url)
    recorded = recorded_for(migrated_url)
    assert fingerprint_of(migrated_url) == recorded, f"after a new migration run: {COMMAND}"


@pytest.mark.parametrize("revision", REVISIONS)
def test_so_has_one_that_was_upgraded(database_url: str, revision: str) -> None:
    upgrade(database_url, revision)
    require_recorded_words(database_url)
    assert not is_as_migrated(database_url) or revision == REVISIONS[-1]
    upgrade(database_url)
    assert is_as_migrated(database_url)


def test_so_has_one_that_went_down_and_up(database_copies: Copies) -> None:
    url = database_copies("merged", fill_and_merge)
    require_recorded_words(url)
    migrate.downgrade(url, "0001")
    upgrade(url)
    assert is_as_migrated(url)


def test_it_is_answered_without_alembic(migrated_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    require_recorded_words(migrated_url)
    monkeypatch.delattr(schema_check, "differences")
    assert migrate.check(migrated_url) == []


def test_statistics_change_nothing(migrated_url: str) -> None:
    before = fingerprint_of(migrated_url)
    run(migrated_url, "ANALYZE")
    assert fingerprint_of(migrated_url) == before


def test_another_revision_is_another_schema(migrated_url: str) -> None:
    run(migrated_url, f"UPDATE alembic_version SET version_num = '{REVISIONS[-2]}'")
    assert not is_as_migrated(migrated_url)


def test_the_names_are_those_of_the_models() -> None:
    assert set(metadata.tables) == TABLES


# ------------------------------------------------------------------------------- changed schemas


@contextmanager
def sqlite_cursor(url: str) -> Iterator[tuple[sqlite3.Connection, Callable[[], str]]]:
    """A connection whose changes nobody keeps, and its schema's fingerprint."""
    with closing(sqlite3.connect(str(locate(url).path), isolation_level=None)) as connection:
        cursor = Cursor(connection.cursor(), is_sqlite=True)
        yield connection, lambda: schema_fingerprint.fingerprint(cursor)


def test_each_dropped_index_and_trigger_is_seen_on_sqlite(migrated_sqlite: str) -> None:
    with sqlite_cursor(migrated_sqlite) as (connection, fingerprint):
        before = fingerprint()
        things = connection.execute(
            "SELECT type, name FROM sqlite_master WHERE type <> 'table' AND sql IS NOT NULL"
        ).fetchall()
        assert {kind for kind, _ in things} == {"index", "trigger"}
        for kind, name in things:
            connection.execute("BEGIN")
            connection.execute(f"DROP {kind} {name}")
            assert fingerprint() != before, f"{kind} {name}"
            connection.execute("ROLLBACK")
        assert fingerprint() == before


def test_each_line_of_each_table_is_seen_on_sqlite(migrated_sqlite: str) -> None:
    """Columns, types, NOT NULL, defaults, CHECKs and keys are lines of the statement."""
    with sqlite_cursor(migrated_sqlite) as (connection, fingerprint):
        before = fingerprint()
        connection.execute("PRAGMA writable_schema=ON")
        tables = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        ).fetchall()
        assert len(tables) == len(TABLES) + 1
        for name, sql in tables:
            lines = sql.splitlines()
            for place, line in enumerate(lines[1:-1], 1):
                for changed in _changed(line):
                    text = "\n".join([*lines[:place], *changed, *lines[place + 1 :]])
                    connection.execute("BEGIN")
                    connection.execute(
                        "UPDATE sqlite_master SET sql = ? WHERE name = ?", (text, name)
                    )
                    assert fingerprint() != before, f"{name}: {line.strip()}"
                    connection.execute("ROLLBACK")
        assert fingerprint() == before


def _changed(line: str) -> Iterable[list[str]]:
    """The lines that may stand where that one stood: none, and one that says something else."""
    yield []
    for old, new in (("NOT NULL", "NULL"), ("VARCHAR", "INTEGER"), ("INTEGER", "VARCHAR")):
        if old in line:
            yield [line.replace(old, new, 1)]


_POSTGRESQL_CHANGES = """
SELECT format('ALTER TABLE %I DROP CONSTRAINT %I CASCADE', c.relname, k.conname)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE c.relnamespace = current_schema()::regnamespace AND k.contype <> 'n'
UNION ALL
SELECT format('DROP INDEX %s', i.indexrelid::regclass)
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
WHERE c.relnamespace = current_schema()::regnamespace
  AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid)
UNION ALL
SELECT format('ALTER TABLE %I %s TRIGGER %I', c.relname, verb, t.tgname)
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid,
  (VALUES ('DISABLE'), ('ENABLE ALWAYS')) v (verb)
WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal
UNION ALL
SELECT format('ALTER TABLE %I DISABLE TRIGGER ALL', c.relname)
FROM pg_class c
WHERE c.relkind = 'r' AND c.relname <> 'alembic_version'
  AND c.relnamespace = current_schema()::regnamespace
UNION ALL
SELECT format('DROP TRIGGER %I ON %I', t.tgname, c.relname)
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal
UNION ALL
SELECT format(change, c.relname, a.attname)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid,
  (VALUES ('ALTER TABLE %I RENAME %I TO something_else'), ('COMMENT ON COLUMN %I.%I IS ''x'''),
          ('ALTER TABLE %I DROP %I CASCADE')) v (change)
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND a.attnum > 0
  AND NOT a.attisdropped
UNION ALL
SELECT format('ALTER TABLE %I ALTER %I %s NOT NULL', c.relname, a.attname,
              CASE WHEN a.attnotnull THEN 'DROP' ELSE 'SET' END)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND a.attnum > 0
  AND NOT a.attisdropped
  AND a.attidentity = ''
  AND NOT EXISTS (SELECT 1 FROM pg_constraint k
                  WHERE k.conrelid = c.oid AND k.contype = 'p' AND a.attnum = ANY (k.conkey))
UNION ALL
SELECT format('ALTER TABLE %I ALTER %I TYPE varchar(1234)', c.relname, a.attname)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relname = 'org' AND c.relnamespace = current_schema()::regnamespace
  AND a.atttypid = 'varchar'::regtype
UNION ALL
SELECT format('ALTER TABLE %I ALTER %I SET DEFAULT NULL', c.relname, a.attname)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE a.atthasdef AND c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
UNION ALL
SELECT format(change, c.relname)
FROM pg_class c, (VALUES ('DROP TABLE %I CASCADE'), ('ALTER TABLE %I ADD mine integer'),
                         ('ALTER TABLE %I RENAME TO something_else'),
                         ('COMMENT ON TABLE %I IS ''x''')) v (change)
WHERE c.relkind = 'r' AND c.relname <> 'alembic_version'
  AND c.relnamespace = current_schema()::regnamespace
UNION ALL
SELECT 'CREATE OR REPLACE FUNCTION petmsg_refuse() RETURNS trigger LANGUAGE plpgsql'
       ' AS ''BEGIN RETURN NEW; END'''
"""


@pytest.mark.postgres
def test_each_change_is_seen_on_postgresql(postgres_template: Copies) -> None:
    url = postgres_template("migrated", upgrade)
    dsn = locate(url).dsn
    assert dsn is not None
    with psycopg.connect(dsn, user="postgres") as connection:
        raw = connection.cursor()
        cursor = Cursor(connection.cursor(), is_sqlite=False)
        before = schema_fingerprint.fingerprint(cursor)
        changes = [
            statement
            for (statement,) in raw.execute(_POSTGRESQL_CHANGES).fetchall()
            if "alembic_version" not in statement
        ]
        assert len(changes) > 10 * len(TABLES)
        for statement in sorted(changes)[::7]:  # some of every kind: all of them take minutes
            raw.execute("SAVEPOINT whole")
            raw.execute(statement)
            assert schema_fingerprint.fingerprint(cursor) != before, statement
            raw.execute("ROLLBACK TO whole")
        assert schema_fingerprint.fingerprint(cursor) == before


@pytest.mark.postgres
def test_other_programs_tables_on_a_server_do_not_count(postgres_template: Copies) -> None:
    url = postgres_template("migrated", upgrade)
    before = fingerprint_of(url)
    run(url, "CREATE TABLE theirs (id INTEGER PRIMARY KEY)", "CREATE VIEW seen AS TABLE org")
    assert fingerprint_of(url) == before
