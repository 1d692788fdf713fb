"""A store in an object store that several machines share, through fsspec: `s3://bucket/prefix`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256 as hash_of
from typing import Any
from urllib.parse import urlsplit

from petmsg.errors import ExtraMissing, MediaMissing, MediaStoreUnusable, quoted
from petmsg.media.base import StoredFile, checked_name, is_name


class ObjectStore:
    """A `MediaStore` behind a URL of fsspec. An object appears whole or not at all.

    Raises `ExtraMissing` without fsspec or its driver for that kind of URL, and
    `MediaStoreUnusable` for a URL that it does not know.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        try:
            import fsspec

            # What another machine deletes or puts is seen at once.
            found = fsspec.url_to_fs(url, use_listings_cache=False)
        except ImportError as problem:
            raise ExtraMissing(f"Pictures in {quoted(self.place)} need fsspec.", "s3") from problem
        except ValueError as problem:
            raise MediaStoreUnusable(f"{quoted(self.place)} cannot be used: {problem}.") from None
        self._files: Any = found[0]
        self._prefix = str(found[1]).rstrip("/")

    @property
    def place(self) -> str:
        """The URL, without a user and password."""
        parts = urlsplit(self._url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()

    def put(self, content: bytes) -> str:
        """Store the bytes, also where they are already: that gives them a new time."""
        sha256 = hash_of(content).hexdigest()
        path = self._path(sha256)
        with self._usable():
            self._files.pipe_file(path, content)
        return sha256

    def read(self, sha256: str, *, start: int = 0, length: int | None = None) -> bytes:
        """The bytes from `start` on, at most `length` of them. Raises `MediaMissing`."""
        path = self._path(sha256)
        end = None if length is None else start + length
        try:
            with self._usable():
                size = self._files.size(path)
                if start >= size or length == 0:
                    return b""
                return bytes(self._files.cat_file(path, start=start or None, end=end))
        except FileNotFoundError:
            raise MediaMissing(sha256, self.place) from None

    def size(self, sha256: str) -> int | None:
        """The size in bytes, None if the store has no such file."""
        path = self._path(sha256)
        try:
            with self._usable():
                return int(self._files.size(path))
        except FileNotFoundError:
            return None

    def delete(self, sha256: str) -> None:
        """Delete the file. A file that is not there is no error."""
        path = self._path(sha256)
        try:
            with self._usable():
                self._files.rm_file(path)
        except FileNotFoundError:
            pass

    def listed(self) -> Iterator[StoredFile]:
        """All files, in no order. Files with other names are passed over."""
        try:
            with self._usable():
                found = self._files.find(self._prefix, detail=True)
        except FileNotFoundError:
            return
        for path, about in found.items():
            name = path.rpartition("/")[2]
            if is_name(name) and path.endswith(f"/{name[:2]}/{name}"):
                yield StoredFile(name, int(about["size"]), self._time_of(path, about))

    def count_unfinished(self, *, before: datetime) -> int:
        """0: an interrupted upload leaves no object."""
        del before
        return 0

    def clear_unfinished(self, *, before: datetime) -> int:
        """Nothing to delete: an interrupted upload leaves no object."""
        del before
        return 0

    def _path(self, sha256: str) -> str:
        return f"{self._prefix}/{checked_name(sha256)[:2]}/{sha256}"

    def _time_of(self, path: str, about: dict[str, Any]) -> datetime:
        modified = about.get("LastModified")
        if modified is None:
            with self._usable():
                modified = self._files.modified(path)
        assert isinstance(modified, datetime)
        return modified.replace(tzinfo=UTC) if modified.tzinfo is None else modified.astimezone(UTC)

    @contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except Exception as problem:
            raise MediaStoreUnusable(
                f"The store of the pictures, {quoted(self.place)}, cannot be used:"
                f" {type(problem).__name__}."
            ) from problem
