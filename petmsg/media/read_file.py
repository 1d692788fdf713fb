"""Reads a file that somebody named, so that it can be sent."""

import stat
from pathlib import Path

from petmsg.errors import MediaUnreadable, quoted
from petmsg.media.prepare import LARGEST_INPUT, raise_too_large


def read_file(path: Path) -> bytes:
    """The bytes of the file. Raises `MediaUnreadable` for one that is not there, cannot be read or
    is no file, and `MediaTooLarge` before more than 20 MB are read."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe may wait, a device may have no end
            raise MediaUnreadable(f"{quoted(str(path))} is not a file.")
        if status.st_size > LARGEST_INPUT:
            raise_too_large(path.name, status.st_size)
        with path.open("rb") as file:
            content = file.read(LARGEST_INPUT + 1)
    except (OSError, ValueError) as problem:
        why = getattr(problem, "strerror", None) or str(problem)
        raise MediaUnreadable(f"{quoted(str(path))} cannot be read: {why}.") from None
    if len(content) > LARGEST_INPUT:
        raise_too_large(path.name, len(content))
    return content
