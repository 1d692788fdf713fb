"""Ids for rows that are added with their ids, on either database."""

from collections.abc import Iterator

from petmsg.db.cursor import Cursor

_BLOCK = 1000
"""The most ids that one statement asks for."""


def new_ids(cursor: Cursor, table: str, count: int) -> Iterator[int]:
    """`count` ids that no row of the table has, in ascending order."""
    if not cursor.has_sequences:
        # Nobody else adds a row until the commit.
        highest = int(cursor.value(f'SELECT coalesce(max(id), 0) FROM "{table}"'))
        yield from range(highest + 1, highest + 1 + count)
        return
    sql = f"SELECT nextval(pg_get_serial_sequence('{table}', 'id')) FROM generate_series(1, :count)"
    while count > 0:
        block = min(count, _BLOCK)
        yield from sorted(row[0] for row in cursor.tuples(sql, count=block))
        count -= block


def count_on_from_highest(cursor: Cursor, table: str) -> None:
    """Let the table's ids count on from its highest one."""
    if cursor.has_sequences:
        cursor.tuples(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id))"
            f' FROM "{table}" HAVING max(id) IS NOT NULL'
        )
