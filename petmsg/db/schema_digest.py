"""Whether a database's schema is, word for word, what the migrations make: one look at its catalog.

Standard library only, so that a healthy database is known to be so without Alembic. A digest that
is another one means no harm yet: a database that went down and up again words some things
differently, and so may a server of another version. Then `schema_check` compares in earnest.
"""

from collections.abc import Iterator
from hashlib import sha256

from petmsg.db.cursor import Cursor

KNOWN = {
    "sqlite": "ba2a775d142395374554b45e0f561ef03137eb5d4242eb3e91ffead317f7b435",
    "postgresql": "46e6d71f8d91a01af649b04a9ca6414d2a95af9dde8af8e8abcb4ea62cae7238",
}
"""The digests of freshly migrated databases; a test says what they have become."""

_SQLITE = """
SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!'
ORDER BY type, name
"""

# Tables' columns, constraints (the NOT NULLs are columns' here, whatever the version), indexes,
# triggers and their functions, of the schema that petmsg's tables are in.
_POSTGRESQL = """
SELECT 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
       || ' ' || a.attnotnull::text || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
UNION ALL
SELECT 'constraint', c.relname, k.conname,
       k.convalidated::text || ' ' || pg_get_constraintdef(k.oid)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE c.relnamespace = current_schema()::regnamespace AND k.contype IN ('c', 'f', 'p', 'u')
UNION ALL
SELECT 'index', c.relname, i.relname, x.indisvalid::text || ' ' || pg_get_indexdef(x.indexrelid)
FROM pg_index x
JOIN pg_class c ON c.oid = x.indrelid
JOIN pg_class i ON i.oid = x.indexrelid
WHERE c.relnamespace = current_schema()::regnamespace
UNION ALL
SELECT 'trigger', c.relname, t.tgname, t.tgenabled::text || ' ' || pg_get_triggerdef(t.oid)
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal
UNION ALL
SELECT 'function', p.proname, '', p.prosrc
FROM pg_proc p
WHERE p.pronamespace = current_schema()::regnamespace AND p.prorettype = 'trigger'::regtype
"""


def schema_digest(cursor: Cursor) -> str:
    """The digest of everything the database's catalog says about tables, indexes and triggers."""
    if cursor.is_sqlite:
        lines = ["\t".join((*names, _worded(sql))) for *names, sql in cursor.tuples(_SQLITE)]
    else:
        lines = ["\t".join(row) for row in cursor.tuples(_POSTGRESQL)]
    return sha256("\n".join(sorted(lines)).encode()).hexdigest()


def _worded(sql: str) -> str:
    """A statement as the digest reads it: a table that was rebuilt has its columns and constraints
    in any order."""
    if not sql.startswith("CREATE TABLE"):
        return sql
    head, _, body = sql.partition("(")
    return head + ",".join(sorted(_parts(body.rpartition(")")[0])))


def _parts(body: str) -> Iterator[str]:
    """What stands between the commas of a table's definition that no bracket encloses."""
    depth, part = 0, ""
    for character in body:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            yield " ".join(part.split())
            part = ""
        else:
            part += character
    yield " ".join(part.split())


def is_as_migrated(cursor: Cursor) -> bool:
    """Whether the schema is, word for word, that of a freshly migrated database."""
    return schema_digest(cursor) == KNOWN["sqlite" if cursor.is_sqlite else "postgresql"]
