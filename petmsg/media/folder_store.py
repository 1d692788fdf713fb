"""A store in a folder: `ab/abcdef…`, readable by its owner only."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256 as hash_of
from pathlib import Path

from petmsg.durability import flush_folder
from petmsg.errors import MediaMissing, MediaStoreUnusable, quoted
from petmsg.file_privacy import give_to_owner_of
from petmsg.media.base import StoredFile, checked_name, is_name

_UNFINISHED = ".part"


class FolderStore:
    """A `MediaStore` in a folder, which is made when the first file is put.

    Several machines may share it over a network file system that renames atomically.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def place(self) -> str:
        """The path of the folder."""
        return str(self._folder)

    def put(self, content: bytes) -> str:
        """Store the bytes: written beside their place, flushed to the disk, and renamed."""
        sha256 = hash_of(content).hexdigest()
        path = self._path(sha256)
        with self._usable():
            if not _renewed(path, content):
                self._make_folders(path.parent)
                _write(path, content)
        return sha256

    def read(self, sha256: str, *, start: int = 0, length: int | None = None) -> bytes:
        """The bytes from `start` on, at most `length` of them. Raises `MediaMissing`."""
        path = self._path(sha256)
        try:
            with self._usable(), path.open("rb") as file:
                file.seek(start)
                return file.read() if length is None else file.read(length)
        except FileNotFoundError:
            raise MediaMissing(sha256, self.place) from None

    def size(self, sha256: str) -> int | None:
        """The size in bytes, None if the store has no such file."""
        try:
            with self._usable():
                return self._path(sha256).stat().st_size
        except FileNotFoundError:
            return None

    def delete(self, sha256: str) -> None:
        """Delete the file. A file that is not there is no error."""
        path = self._path(sha256)
        with self._usable():
            path.unlink(missing_ok=True)

    def listed(self) -> Iterator[StoredFile]:
        """All files, in no order. Files with other names are passed over."""
        for path, status in self._files():
            if is_name(path.name) and path == self._path(path.name):
                yield StoredFile(path.name, status.st_size, _time_of(status))

    def count_unfinished(self, *, before: datetime) -> int:
        """How many files interrupted calls of `put` left before that time (aware UTC)."""
        return sum(1 for _ in self._unfinished(before))

    def clear_unfinished(self, *, before: datetime) -> int:
        """Delete what interrupted calls of `put` left before that time (aware UTC)."""
        count = 0
        for path in self._unfinished(before):
            with self._usable():
                path.unlink(missing_ok=True)
            count += 1
        return count

    def _unfinished(self, before: datetime) -> Iterator[Path]:
        for path, status in self._files():
            if path.name.endswith(_UNFINISHED) and _time_of(status) < before:
                yield path

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        """Every regular file two levels down, with its status."""
        with self._usable():
            folders = sorted(self._folder.glob("[0-9a-f][0-9a-f]"))
        for folder in folders:
            with self._usable():
                entries = list(os.scandir(folder)) if folder.is_dir() else []
            for entry in entries:
                try:
                    if entry.is_file(follow_symlinks=False):
                        yield Path(entry.path), entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue  # deleted in the meantime

    def _path(self, sha256: str) -> Path:
        return self._folder / checked_name(sha256)[:2] / sha256

    def _make_folders(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self._folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make_folder(self._folder)
        _make_folder(folder)
        flush_folder(self._folder)

    @contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as problem:
            raise MediaStoreUnusable(
                f"The folder of the pictures, {quoted(self.place)}, cannot be used:"
                f" {problem.strerror or problem}."
            ) from problem


def _renewed(path: Path, content: bytes) -> bool:
    """Give a file that is there the time of now. False if it is not there or damaged."""
    try:
        if path.read_bytes() != content:
            return False
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


def _make_folder(folder: Path) -> None:
    """Make a folder, where there is none, that belongs to the owner of the one it is in."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        give_to_owner_of(folder.parent, descriptor)
    finally:
        os.close(descriptor)


def _write(path: Path, content: bytes) -> None:
    """Put the file in its place whole, or not at all."""
    beside = path.with_name(f".{secrets.token_hex(8)}{_UNFINISHED}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            give_to_owner_of(path.parent, descriptor)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def _time_of(status: os.stat_result) -> datetime:
    return datetime.fromtimestamp(status.st_mtime, UTC)
