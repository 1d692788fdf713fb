"""Whether a database has exactly the schema that all migrations lead to. Standard library only.

One hash of what the database says about its tables answers that at once. A database with another
hash need not be wrong: another version of PostgreSQL may word a constraint differently. Only
`schema_check` can tell, which compares with the models and takes ten times as long.
"""

import hashlib
from typing import Any

from petmsg.db.cursor import Cursor
from petmsg.db.damage import TABLES
from petmsg.db.schema_version import HEAD
from petmsg.db.snapshot import stored_revision

SQLITE = "5cec4f18dc46211095e490be47abaaebf90823eb32e57c03bd117162ddf701a1"
"""The fingerprint at the newest revision on SQLite."""
POSTGRESQL = "ede4a98c4f4a15085e6aeed9bd80c380ca41ef5580b5f9f787763a7c8ecd1824"
"""The fingerprint at the newest revision on PostgreSQL, as version 15 words it."""
# After a new migration: python -m tests.support.schema_fingerprint

# `sqlite_…` are SQLite's own: statistics, and the indexes that the tables' text implies.
_SQLITE = """
SELECT type, tbl_name, name, sql FROM sqlite_master
WHERE type IN ('table', 'index', 'trigger') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
"""
_COLUMNS = """
SELECT c.relkind::text, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
       a.attidentity::text, a.attgenerated::text, pg_get_expr(d.adbin, d.adrelid, true),
       CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END,
       col_description(c.oid, a.attnum), obj_description(c.oid, 'pg_class')
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind NOT IN ('i', 'I', 'S')
"""
# A constraint of type n says that a column is not null, as `attnotnull` does: since version 18.
_CONSTRAINTS = """
SELECT 'constraint', c.relname, k.conname, pg_get_constraintdef(k.oid, true)
FROM pg_class c JOIN pg_constraint k ON k.conrelid = c.oid
WHERE c.relnamespace = current_schema()::regnamespace AND k.contype <> 'n'
"""
_INDEXES = """
SELECT 'index', c.relname, i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid, 0, true),
       i.indisvalid
FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid
WHERE c.relnamespace = current_schema()::regnamespace
"""
_TRIGGERS = """
SELECT 'trigger', c.relname, t.tgname, pg_get_triggerdef(t.oid, true), t.tgenabled::text, f.prosrc
FROM pg_class c JOIN pg_trigger t ON t.tgrelid = c.oid JOIN pg_proc f ON f.oid = t.tgfoid
WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal
"""
# What enforces foreign keys: `ALTER TABLE … DISABLE TRIGGER ALL` switches it off. Usually no rows.
_NOT_ENFORCED = """
SELECT 'trigger', c.relname, k.conname, t.tgtype, t.tgenabled::text
FROM pg_class c JOIN pg_trigger t ON t.tgrelid = c.oid
LEFT JOIN pg_constraint k ON k.oid = t.tgconstraint
WHERE c.relnamespace = current_schema()::regnamespace AND t.tgisinternal AND t.tgenabled <> 'O'
"""
_POSTGRESQL = (_COLUMNS, _CONSTRAINTS, _INDEXES, _TRIGGERS, _NOT_ENFORCED)


def is_as_migrated(cursor: Cursor) -> bool:
    """Whether the database certainly has the newest schema; False means that it is not known."""
    expected = SQLITE if cursor.is_sqlite else POSTGRESQL
    return stored_revision(cursor) == HEAD and fingerprint(cursor) == expected


def fingerprint(cursor: Cursor) -> str:
    """The hash of all that the database says about the tables: columns, constraints, indexes and
    triggers. On a server the tables of other programs do not count."""
    if cursor.is_sqlite:
        found = cursor.tuples(_SQLITE)
    else:
        found = [row for each in _POSTGRESQL for row in cursor.tuples(each) if row[1] in TABLES]
    return hashlib.sha256("\n".join(sorted(map(_line, found))).encode()).hexdigest()


def _line(row: tuple[Any, ...]) -> str:
    kind, table, name, *rest = row
    if kind == "table":  # SQLite's text: a column or a constraint in a line, in any order
        rest = sorted(line.strip(" \t,") for line in rest[0].splitlines())
    return repr((kind, table, name, *rest))
