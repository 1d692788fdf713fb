"""Copy the bytes of all pictures beside a backup of the database."""

from pathlib import Path
from typing import NamedTuple

from petmsg.db.location import Location
from petmsg.db.snapshot import has_schema_of, snapshot
from petmsg.errors import MediaMissing
from petmsg.media.folder_store import FolderStore
from petmsg.queries.transfer import every_stored_hash
from petmsg.workflows.store import Store

_FIRST_WITH_PICTURES = "0006_pictures"


class BackedUpMedia(NamedTuple):
    """How many pictures were copied, how many were there already, and how many the store does not
    have."""

    copied: int
    present: int
    missing: int


def backup_media(store: Store, folder: Path, *, copy: Path) -> BackedUpMedia:
    """Copy every picture that a copy of the database names into `folder`, unless it is there.

    A picture never changes, so the folder then has all that the copy names, and perhaps more, but
    for those that were erased since it was made. Files that are not needed any more stay. The copy
    may have an older schema. Raises `MediaStoreUnusable`.
    """
    copies = FolderStore(folder)
    copied = present = missing = 0
    for name in _named(copy):
        if copies.size(name) == store.media.size(name) is not None:
            present += 1
            continue
        try:
            copies.put(store.media.read(name))
            copied += 1
        except MediaMissing:
            missing += 1
    return BackedUpMedia(copied, present, missing)


def _named(copy: Path) -> list[str]:
    with snapshot(Location(path=copy.absolute(), dsn=None), any_schema=True) as cursor:
        return every_stored_hash(cursor) if has_schema_of(cursor, _FIRST_WITH_PICTURES) else []
