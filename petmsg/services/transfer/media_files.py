"""The bytes of an org's pictures in an export: a file for each, named by its SHA-256."""

import os
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

from petmsg.errors import MediaMissing
from petmsg.media.base import MediaStore
from petmsg.services.transfer.files import BrokenExport

FOLDER = "media"
"""The folder with the files, inside the org's."""


def write_media(store: MediaStore, hashes: Sequence[str], folder: Path) -> list[str]:
    """Copy the files from the store into a new folder; return those that the store does not have.

    The folder has mode 0700, its files 0600. Nothing is made for an org without pictures.
    """
    missing = []
    for name in hashes:
        try:
            content = store.read(name)
        except MediaMissing:
            missing.append(name)
            continue
        folder.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    return missing


def check_media(folder: Path, hashes: Sequence[str], on_progress: Callable[[], None]) -> None:
    """Read all files completely. Raises `BrokenExport` for one that is missing or was changed."""
    for name in hashes:
        _read(folder, name)
        on_progress()


def restore_media(folder: Path, hashes: Sequence[str], store: MediaStore) -> None:
    """Put all files into the store. Repeating it changes nothing. Raises as `check_media`."""
    for name in hashes:
        store.put(_read(folder, name))


def _read(folder: Path, name: str) -> bytes:
    shown = f"{folder.parent.name}/{folder.name}/{name}"
    try:
        content = (folder / name).read_bytes()
    except OSError as problem:
        raise BrokenExport(f"{shown} cannot be read: {problem.strerror}.") from None
    if sha256(content).hexdigest() != name:
        raise BrokenExport(f"{shown} was changed: its SHA-256 is not its name.")
    return content
