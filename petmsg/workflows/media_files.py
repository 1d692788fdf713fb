"""Pictures and voicemails together with their bytes in the media store: show one, save some."""

import os
import re
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256 as hash_of
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

from petmsg.durability import flush, flush_folder
from petmsg.enums.media import MediaStatus
from petmsg.errors import AlreadyExists, Misconfigured, PetmsgError, Refused, quoted
from petmsg.media.content_types import content_type_of, extension_of
from petmsg.queries.media_list import MediaDetails, MediaLink, find_media, newest_link
from petmsg.workflows.store import Store

if TYPE_CHECKING:
    from petmsg.services.unit_of_work import Failure

_LONGEST_NAME = 80
_UNSAFE = re.compile(r"[^\w.-]+")
_EXTENSION = re.compile(r"\.\w{1,5}$", re.ASCII)


class MediaNotStored(Refused):
    """The bytes of a picture are not in the media store, and are not expected to be."""

    code = "media_not_stored"


class MediaDamaged(Refused):
    """The stored bytes of a picture are not those that were stored."""

    code = "media_damaged"
    hint = "Restore the file from a backup of the pictures; see: petmsg doctor"


class FolderUnusable(Misconfigured):
    """A picture cannot be saved in the folder that was named."""

    code = "file_unwritable"
    hint = "Check the folder, its permissions and the free space."


@dataclass(frozen=True, slots=True)
class Shown:
    """All that is known of a picture. `place` is the media store that has its bytes, and `in_store`
    whether they are there; both are None for a picture that is not stored. `link` is the newest
    link for the provider, if there was one."""

    media: int
    stored: MediaDetails
    place: str | None
    in_store: bool | None
    link: MediaLink | None
    link_expired: bool


@dataclass(frozen=True, slots=True)
class Saved:
    """A picture in a file. `reused`: the file was there already, with the same bytes."""

    media: int
    message: int
    file: str
    content_type: str | None
    size: int
    reused: bool


def show(store: Store, id_: int) -> Shown:
    """`media show`: a picture and where its bytes are. Raises `NotFound`, and what the media store
    raises."""
    with store.snapshot() as cursor:
        row = find_media(cursor, store.org(cursor), id_)
        link = newest_link(cursor, row.message)
    is_kept = row.sha256 is not None
    return Shown(
        media=row.media,
        stored=row,
        place=store.media.place if is_kept else None,
        in_store=store.media.size(row.sha256) is not None if row.sha256 is not None else None,
        link=link,
        link_expired=link is not None and link.expires_at <= store.now,
    )


def save_all(
    store: Store, ids: Sequence[int], *, folder: str, force: bool
) -> "list[Saved | Failure]":
    """`media save`: write pictures to files in a folder, which is made if it is missing.

    A file is readable by its owner only, appears whole or not at all, and replaces another file
    with `force` only. The error of a single picture is raised unchanged: `NotFound`,
    `MediaNotStored`, `MediaMissing`, `MediaDamaged`, `AlreadyExists`. Raises `FolderUnusable`.
    """
    from petmsg.services.unit_of_work import Failure

    target = _folder(folder)
    if len(ids) == 1:
        return [_save(store, ids[0], target, force=force)]
    rows: list[Saved | Failure] = []
    for id_ in ids:
        try:
            rows.append(_save(store, id_, target, force=force))
        except FolderUnusable:
            raise
        except PetmsgError as problem:
            rows.append(Failure(str(id_), problem))
    return rows


def file_name(row: MediaDetails, content_type: str | None) -> str:
    """The name of a saved picture: `12-1-rex.jpg`, of the message, the position from 1 and the name
    that the picture has.

    No character of that name leads to another folder, hides the file or confuses a terminal. Its
    ending says what the file really is.
    """
    name = unicodedata.normalize("NFC", row.name or "").replace("\\", "/").rpartition("/")[2]
    stem = _UNSAFE.sub("_", _EXTENSION.sub("", name)).strip("._-")
    while len(stem.encode()) > _LONGEST_NAME:
        stem = stem[:-1]
    usual = "picture" if (content_type or "image/").startswith("image/") else "file"
    usual = usual if row.call is None else "voicemail"
    ending = extension_of(content_type or "")
    return f"{row.message}-{row.position + 1}-{stem or usual}.{ending}"


def _save(store: Store, id_: int, folder: Path, *, force: bool) -> Saved:
    with store.snapshot() as cursor:
        row = find_media(cursor, store.org(cursor), id_)
    if row.status != MediaStatus.STORED or row.sha256 is None:
        raise _not_stored(row)
    content = store.media.read(row.sha256)
    if hash_of(content).hexdigest() != row.sha256:
        raise MediaDamaged(f"The stored bytes of media {id_} are damaged.")
    content_type = content_type_of(content) or row.content_type
    path = folder / file_name(row, content_type)
    reused = not _write(path, content, force=force)
    return Saved(row.media, row.message, str(path), content_type, len(content), reused)


def _not_stored(row: MediaDetails) -> MediaNotStored:
    fetch = f"petmsg media fetch {row.source_id or row.media}"
    match row.status:
        case MediaStatus.MISSING:
            return MediaNotStored(
                f"Media {row.media} is not fetched from the provider yet.",
                hint=f"Fetch it now: {fetch}",
            )
        case MediaStatus.LOST:
            why = f": {row.error.rstrip('.')}" if row.error else ""
            return MediaNotStored(
                f"Media {row.media} could not be fetched from the provider{why}.",
                hint=f"Try again: {fetch}",
            )
        case MediaStatus.LINKED:
            return MediaNotStored(
                f"Media {row.media} is at a web address and was never stored.",
                hint=f"Open it there: {row.url}",
            )
    return MediaNotStored(
        f"Media {row.media} is erased.", hint=f"See its message: petmsg message show {row.message}"
    )


def _folder(name: str) -> Path:
    folder = Path(name).expanduser()
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except (OSError, ValueError) as problem:
        words = problem.strerror if isinstance(problem, OSError) else str(problem)
        raise FolderUnusable(f"{quoted(name)} cannot be used as a folder: {words}.") from None
    return folder


def _write(path: Path, content: bytes, *, force: bool) -> bool:
    """Write a file for its owner only, whole or not at all. False if it is there already.

    Raises `AlreadyExists` for another file of that name unless `force`, and `FolderUnusable`.
    """
    partial = path.with_name(f".{token_hex(8)}.partial")
    try:
        if os.path.lexists(path):
            if path.is_file() and not path.is_symlink() and path.read_bytes() == content:
                return False
            if not force:
                raise AlreadyExists(
                    f"{quoted(str(path))} is another file.",
                    hint="Choose another folder with --to, or replace the file with --force.",
                )
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        flush(partial)
        partial.replace(path)
        flush_folder(path.parent)
    except OSError as problem:
        raise FolderUnusable(
            f"{quoted(str(path))} cannot be written: {problem.strerror}."
        ) from problem
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return True
