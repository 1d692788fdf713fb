"""`media prune`: deletes files in the media store that no message has.

Such files are left by a command that was refused or killed between storing the bytes and the row.
`put` renews a file's time, so a file that a row is about to name is too young to be deleted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from petmsg.media.base import StoredFile
from petmsg.queries.media_store import named_hashes
from petmsg.workflows.erase_media import delete_unused
from petmsg.workflows.store import Store

_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was deleted from the store at `place`: files without a message and their bytes, and
    `unfinished` files that were never stored completely."""

    place: str
    files: int
    bytes: int
    unfinished: int


def prune(store: Store, *, older_than: timedelta) -> Pruned:
    """Delete the files that no row of any org names and that were last put longer ago than that.

    With a dry run nothing is deleted. Raises `MediaStoreUnusable`.
    """
    before = store.clock() - older_than
    old = (file for file in store.media.listed() if file.modified_at < before)
    files = size = 0
    for orphan in _orphans(store, old):
        if store.dry_run or delete_unused(store, orphan.sha256):
            files += 1
            size += orphan.size
    end = store.media.count_unfinished if store.dry_run else store.media.clear_unfinished
    unfinished = end(before=before)
    return Pruned(store.media.place, files, size, unfinished)


def _orphans(store: Store, files: Iterator[StoredFile]) -> Iterator[StoredFile]:
    while some := list(islice(files, _AT_ONCE)):
        named = _named(store, [file.sha256 for file in some])
        yield from (file for file in some if file.sha256 not in named)


def _named(store: Store, hashes: Sequence[str]) -> set[str]:
    with store.snapshot() as cursor:
        return named_hashes(cursor, hashes)
