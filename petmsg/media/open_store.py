"""Opens the store of the pictures that a setting names."""

from pathlib import Path
from urllib.parse import unquote

from petmsg.errors import MediaStoreUnusable, quoted
from petmsg.media.base import MediaStore
from petmsg.media.folder_store import FolderStore
from petmsg.media.object_store import ObjectStore

_FOLDERS = ("file://", "local://")


def open_store(place: str) -> MediaStore:
    """The store at a path, or at a URL that fsspec knows such as `s3://bucket/prefix`.

    Nothing is read or written yet. Raises `MediaStoreUnusable` for a place that cannot be one, and
    `ExtraMissing` where the extra for the URL is not installed.
    """
    if not place.strip() or "\0" in place:
        raise MediaStoreUnusable(f"{quoted(place)} names no folder for the pictures.")
    for scheme in _FOLDERS:
        if place.startswith(scheme):
            return FolderStore(_folder(unquote(place.removeprefix(scheme))))
    return ObjectStore(place) if "://" in place else FolderStore(_folder(place))


def _folder(path: str) -> Path:
    try:
        return Path(path).expanduser().resolve()
    except (OSError, RuntimeError):
        raise MediaStoreUnusable(
            f"{quoted(path)} names no folder: its links form a loop, or ~ names no folder."
        ) from None
