"""What is in a folder with databases, without what is another in every run."""

import hashlib
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

_OWN = re.compile(rb"\b(SB|typed-)[0-9a-f]{32}\b|\bw-[0-9a-f]{15}\b")
"""Ids that are another in every run."""
_NOT_COMPARED = {
    ("audit_event", "hash"),
    ("audit_event", "previous_hash"),
    ("audit_head", "hash"),
    ("sandbox_text", "accepted_at"),
}
"""What follows from such ids, and the sandbox's own clock. The chain itself is verified."""
_BESIDE = re.compile(r"-(wal|shm|journal)$|\.lock$|\.w-[0-9a-f]{15}$")
"""Files that SQLite and petmsg's locks keep beside a database."""
KEPT = re.compile(r"-before-(restore|downgrade)-\d{8}T\d{6}Z(-\d+)?\.db$")
"""What is kept of a database before it is changed; a command that was cut short leaves another."""
PARTIAL = re.compile(r"^\..*\.(partial|new|part)$")
"""What a backup, an export, a file of URLs or a picture is before it takes its name; a kill leaves
it."""


def state_of(folder: Path) -> str:
    """A digest of all there is in the folder: each row of each database, each other file.

    The number of copies kept before a change does not count: every restore or downgrade that was
    cut short adds one. What is in them is looked at elsewhere.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_dir() or _BESIDE.search(path.name) or any(map(PARTIAL.match, name.parts)):
            continue
        if KEPT.search(path.name):
            continue
        digest.update(name.as_posix().encode())
        digest.update(content_of(path))
    return digest.hexdigest()[:12]


def content_of(path: Path) -> bytes:
    """What a file holds: of a database each row."""
    said = "\n".join(_rows(path)).encode() if path.suffix == ".db" else path.read_bytes()
    return _OWN.sub(b"-", said)


def _rows(path: Path) -> Iterator[str]:
    try:
        with closing(sqlite3.connect(path)) as connection:
            yield repr(connection.execute("PRAGMA integrity_check").fetchall())
            schema = connection.execute("SELECT name, type, sql FROM sqlite_master ORDER BY 1, 2")
            for name, kind, sql in schema.fetchall():
                # SQLAlchemy gives the constraints of a table it copies in any order.
                yield f"{kind} {name} {sorted(line.strip(' ,') for line in str(sql).splitlines())}"
                if kind == "table":
                    found = connection.execute(f'SELECT * FROM "{name}"')
                    columns = [column for column, *_ in found.description]
                    kept = [i for i, c in enumerate(columns) if (name, c) not in _NOT_COMPARED]
                    yield from sorted(repr([row[i] for i in kept]) for row in found)
    except sqlite3.DatabaseError as problem:
        yield f"damaged: {problem}"
