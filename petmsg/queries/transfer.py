"""What exports and their import read and write of any table.

Tables and columns are those of the schema, and stand in the texts by name; values are bound.
"""

from collections.abc import Sequence

from petmsg.db.cursor import Cursor

_EVERY_STORED_HASH = """
SELECT DISTINCT sha256 FROM media WHERE status = 'stored' ORDER BY sha256
"""
_STORED_HASHES = """
SELECT DISTINCT sha256 FROM media WHERE org_id = :org_id AND status = 'stored' ORDER BY sha256
"""


def page_text(table: str, *, columns: Sequence[str], joins: Sequence[str], where: str) -> str:
    """The text that reads a page of a table `t`. `where` may end in an ORDER BY."""
    return (
        f'SELECT {", ".join(columns)} FROM "{table}" t {" ".join(joins)} WHERE {where} LIMIT :page'
    )


def insert_text(table: str, columns: Sequence[str]) -> str:
    """The text that adds a row to a table."""
    names = ", ".join(f'"{column}"' for column in columns)
    values = ", ".join(f":{column}" for column in columns)
    return f'INSERT INTO "{table}" ({names}) VALUES ({values})'


def ids_after(cursor: Cursor, org_id: int, *, table: str, after: int, limit: int) -> list[int]:
    """The ids of the org's rows of a table after that id, in order, `limit` at most."""
    sql = f"SELECT id FROM {table} WHERE org_id = :org_id AND id > :after ORDER BY id LIMIT :limit"
    return [row[0] for row in cursor.tuples(sql, org_id=org_id, after=after, limit=limit)]


def ids_of_names(
    cursor: Cursor,
    org_id: int,
    *,
    table: str,
    expression: str,
    joins: Sequence[str],
    names: Sequence[str],
) -> dict[str, int]:
    """The ids of the org's rows of a table `t` by their name, which the expression reads."""
    joined = " ".join(joins)
    found = cursor.in_list(
        f'SELECT {expression} AS name, t.id AS id FROM "{table}" t {joined}'
        f" WHERE t.org_id = :org_id AND {expression} IN (:names)",
        "names",
        names,
        org_id=org_id,
    )
    return {row["name"]: row["id"] for row in found}


def taken_numbers(cursor: Cursor, numbers: Sequence[str]) -> list[str]:
    """Those of the numbers that some org has."""
    sql = "SELECT e164 FROM message_number WHERE e164 IN (:numbers)"
    return [row["e164"] for row in cursor.in_list(sql, "numbers", numbers)]


def every_stored_hash(cursor: Cursor) -> list[str]:
    """The SHA-256 of the pictures of all orgs that are in the media store, each once, in order."""
    return [row[0] for row in cursor.tuples(_EVERY_STORED_HASH)]


def stored_hashes(cursor: Cursor, org_id: int) -> list[str]:
    """The SHA-256 of the org's pictures that are in the media store, each once, in order."""
    return [row[0] for row in cursor.tuples(_STORED_HASHES, org_id=org_id)]
