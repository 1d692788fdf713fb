"""A database of this run's own: on disk, so that memory stays flat, and without a name.

SQLite unlinks its file as soon as it is made: nobody else can open it, and nothing of it is left,
however the process ends.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager


@contextmanager
def scratch() -> Iterator[sqlite3.Connection]:
    """An empty database that is gone at the end. Rows come as `sqlite3.Row`."""
    with closing(sqlite3.connect("", isolation_level=None)) as connection:
        for pragma in ("temp_store=FILE", "journal_mode=OFF", "synchronous=OFF"):
            connection.execute(f"PRAGMA {pragma}")
        connection.row_factory = sqlite3.Row
        yield connection
