"""Reads files that hold secrets: regular files of this user or root that nobody else may read.

Whose file it is says its own error; here is what is wrong with it, and the command that helps. Also
gives files that root makes to the user whose data they belong to. Standard library only.
"""

import os
import shlex
import stat
from pathlib import Path


class NotPrivate(Exception):
    """A file that must not be read as it is: `why` ends a sentence about it, and `fix` is what to
    type; empty if no command helps."""

    def __init__(self, why: str, fix: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.fix = fix


def read_private(path: Path, *, most: int) -> bytes:
    """The bytes of the file. The permissions are checked on the open descriptor, to avoid a race.

    Raises `NotPrivate` for a file that others may read or own, that is longer than `most` bytes or
    no regular file, and `OSError` or `ValueError` for one that cannot be read.
    """
    # Non-blocking, because opening a named pipe would otherwise wait for its writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        _require_private(os.fstat(descriptor), path)
        raw = os.read(descriptor, most + 1)
    finally:
        os.close(descriptor)
    if len(raw) > most:
        raise NotPrivate("is too large")
    return raw


def _require_private(status: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise NotPrivate("is not a regular file")
    if status.st_uid not in {os.geteuid(), 0}:
        raise NotPrivate("belongs to another user", own_command(path))
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        raise NotPrivate(f"is readable by others (mode {mode:04o})", private_command(path))


def private_command(path: Path) -> str:
    """What to type so that nobody else may read the file."""
    return f"chmod 600 {shlex.quote(str(path))}"


def own_command(path: Path) -> str:
    """What to type so that the file is one's own and private."""
    return f'chown "$USER" {shlex.quote(str(path))} && {private_command(path)}'


def give_to_owner_of(place: Path, descriptor: int) -> None:
    """Give a file or folder that root has just made to the owner of `place`, if that exists.

    Else one command of root's would lock out the user who owns the data. Takes a descriptor and no
    path, because that user could put a link to another file there.
    """
    if os.geteuid() != 0:
        return
    try:
        owner = place.stat()
    except FileNotFoundError:
        return
    os.fchown(descriptor, owner.st_uid, owner.st_gid)
