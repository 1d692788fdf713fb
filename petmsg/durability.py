"""What makes a file that was written survive a power failure."""

import errno
import os
from pathlib import Path

_CANNOT = (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES, errno.EPERM)
"""A network file system that flushes no folders, or a folder that this user may not read."""


def flush(file: Path) -> None:
    """Wait until a file's content is on the disk. Raises `OSError`."""
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where that is possible. Raises `OSError`.

    A new or renamed file is there after a power failure only if its folder was flushed too:
    fsync(2).
    """
    try:
        flush(folder)
    except OSError as problem:
        if problem.errno not in _CANNOT:
            raise


def flush_folders(top: Path) -> None:
    """`flush_folder` for a folder and all folders in it."""
    for folder, _, _ in os.walk(top):
        flush_folder(Path(folder))
