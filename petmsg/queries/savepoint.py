"""Savepoints on the bare cursor, for what does not go through a unit of work.

A name is one that the caller wrote down.
"""

from petmsg.db.cursor import Cursor


def set_savepoint(cursor: Cursor, name: str) -> None:
    """Begin what can be undone by itself."""
    cursor.run(f"SAVEPOINT {name}")


def undo_to_savepoint(cursor: Cursor, name: str) -> None:
    """Undo what was done since the savepoint, which stays."""
    cursor.run(f"ROLLBACK TO SAVEPOINT {name}")


def release_savepoint(cursor: Cursor, name: str) -> None:
    """The savepoint is needed no more; what was done since stays."""
    cursor.run(f"RELEASE SAVEPOINT {name}")
