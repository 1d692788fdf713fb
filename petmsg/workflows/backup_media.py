"""Copy the bytes of all pictures beside a backup of the database."""

from pathlib import Path
from typing import NamedTuple

from petmsg.errors import MediaMissing
from petmsg.media.folder_store import FolderStore
from petmsg.queries.transfer import every_stored_hash
from petmsg.workflows.store import Store


class BackedUpMedia(NamedTuple):
    """How many pictures were copied, how many were there already, and how many the store does not
    have."""

    copied: int
    present: int
    missing: int


def backup_media(store: Store, folder: Path) -> BackedUpMedia:
    """Copy every picture that a row names into `folder`, unless it is there already.

    Call it after the backup of the database: a picture never changes, so the folder then has all
    that the backup names, and perhaps more, but for those that were erased meanwhile. Files that
    are not needed any more stay. Raises `MediaStoreUnusable`.
    """
    copies = FolderStore(folder)
    with store.snapshot() as cursor:
        hashes = every_stored_hash(cursor)
    copied = present = missing = 0
    for name in hashes:
        if copies.size(name) == store.media.size(name) is not None:
            present += 1
            continue
        try:
            copies.put(store.media.read(name))
            copied += 1
        except MediaMissing:
            missing += 1
    return BackedUpMedia(copied, present, missing)
