"""Records the fingerprints of the newest schema in the package: run it after a new migration.

`python -m tests.support.schema_fingerprint` makes a database of each kind by all migrations. With a
URL it checks that database instead: against the models, and against what was recorded.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from petmsg.db import migrate, schema_fingerprint
from petmsg.db.location import locate
from petmsg.db.snapshot import snapshot
from tests.support.migration_support import upgrade
from tests.support.postgres import running_server

COMMAND = "python -m tests.support.schema_fingerprint"
POSTGRESQL_VERSION = 15
"""The version whose words were recorded; another one's may differ."""


def fingerprint_of(url: str) -> str:
    """The fingerprint of the database at that URL."""
    with snapshot(locate(url), any_schema=True) as cursor:
        return schema_fingerprint.fingerprint(cursor)


def recorded_for(url: str) -> str | None:
    """The recorded fingerprint; None for a server of another version than the recorded one."""
    with snapshot(locate(url), any_schema=True) as cursor:
        if cursor.is_sqlite:
            return schema_fingerprint.SQLITE
        version = int(cursor.value("SHOW server_version_num")) // 10_000
    return schema_fingerprint.POSTGRESQL if version == POSTGRESQL_VERSION else None


def problems(url: str) -> list[str]:
    """How the database's schema differs from the models, and whether its fingerprint is new."""
    found = migrate.compare(url)
    if recorded_for(url) not in (None, fingerprint_of(url)):
        found.append(f"the recorded fingerprint is another schema's: run {COMMAND}")
    return found


def record(name: str, value: str) -> None:
    """Write the constant into the module."""
    module = Path(schema_fingerprint.__file__)
    written, times = re.subn(
        rf'(?m)^{name} = "[^"]*"$', f'{name} = "{value}"', module.read_text(encoding="utf-8")
    )
    assert times == 1, f"no {name} in {module}"
    module.write_text(written, encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Check the database at the URL, or record both fingerprints."""
    if arguments:
        found = problems(arguments[0])
        sys.stdout.writelines(f"{each}\n" for each in found)
        return 1 if found else 0
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/petmsg.db"
        upgrade(url)
        record("SQLITE", fingerprint_of(url))
    with running_server() as server:
        url = server.url(server.create())
        upgrade(url)
        if recorded_for(url) is None:
            sys.stderr.write(f"Not recorded: this is not PostgreSQL {POSTGRESQL_VERSION}.\n")
            return 1
        record("POSTGRESQL", fingerprint_of(url))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
