"""What makes a file that was written survive a power failure."""

import os
from pathlib import Path


def flush(path: Path) -> None:
    """Wait until a file's content, or the names in a folder, are on the disk. Raises `OSError`.

    A new or renamed file is there after a power failure only if its folder was flushed too:
    fsync(2).
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_folders(top: Path) -> None:
    """Flush a folder and all folders in it, whose files were flushed. Raises `OSError`."""
    for folder, _, _ in os.walk(top):
        flush(Path(folder))
