"""Where the tests' files lie: in memory, where the machine has enough of it.

SQLite waits for the disk at each commit; on a disk that others use, that is a tenth of a run.
"""

import os
import shutil
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 - mkdtemp makes what lies there
ENOUGH_BYTES = 2 << 30  # what must be free there; a PostgreSQL server takes a tenth of it


def has_memory() -> bool:
    """Say whether files may lie in memory, and be run there."""
    return (
        os.access(MEMORY, os.W_OK)
        and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC
        and shutil.disk_usage(MEMORY).free >= ENOUGH_BYTES
    )


def pytest_configure() -> None:
    """Put the temporary folders there, unless whoever runs the tests says where."""
    if has_memory():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
