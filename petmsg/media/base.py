"""The store of pictures: files that are named by the SHA-256 of their bytes."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple, Protocol

_NAME = re.compile(r"[0-9a-f]{64}")


class StoredFile(NamedTuple):
    """A file in the store. `size` is in bytes, `modified_at` aware UTC: when it was last put."""

    sha256: str
    size: int
    modified_at: datetime


class MediaStore(Protocol):
    """Keeps bytes under their SHA-256, a hex number in lower case.

    Each method raises `MediaStoreUnusable` where the place cannot be read or written, and
    `ValueError` for a name that is not a SHA-256, so that no name leads out of the place.
    """

    @property
    def place(self) -> str:
        """The path or the URL of the store, without a password."""
        ...

    def put(self, content: bytes) -> str:
        """Store the bytes and return their SHA-256.

        The bytes are durable when it returns, and nobody sees a part of them before. Bytes that
        are there already get a new `modified_at`, and are repaired if they were damaged.
        """
        ...

    def read(self, sha256: str, *, start: int = 0, length: int | None = None) -> bytes:
        """The bytes from `start` on, at most `length` of them. Raises `MediaMissing`."""
        ...

    def size(self, sha256: str) -> int | None:
        """The size in bytes, None if the store has no such file."""
        ...

    def delete(self, sha256: str) -> None:
        """Delete the file. A file that is not there is no error."""
        ...

    def listed(self) -> Iterator[StoredFile]:
        """All files, in no order. Files with other names are passed over."""
        ...

    def count_unfinished(self, *, before: datetime) -> int:
        """How many files interrupted calls of `put` left before that time (aware UTC)."""
        ...

    def clear_unfinished(self, *, before: datetime) -> int:
        """Delete what interrupted calls of `put` left before that time (aware UTC).

        Returns the number of deleted files.
        """
        ...


def checked_name(sha256: str) -> str:
    """The name, if it is a SHA-256 as `put` returns it. Raises `ValueError`."""
    if not is_name(sha256):
        raise ValueError("a file in the store is named by 64 hex digits")
    return sha256


def is_name(text: str) -> bool:
    """Whether the text is a SHA-256 as `put` returns it."""
    return _NAME.fullmatch(text) is not None
