"""Deletes the bytes of erased pictures from the media store, after the commit that erased the rows.

A row is `erasing` from that commit until its bytes are gone. So a process that is killed in between
leaves work that `media fetch` or a repeated `client forget` finishes.
"""

from collections.abc import Mapping, Sequence

from petmsg.media.base import MediaStore
from petmsg.queries import erase as queries
from petmsg.queries.org import OrgRow
from petmsg.queries.row_locks import lock_bytes
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.workflows.store import Store


def erase_bytes(store: Store, orgs: Sequence[OrgRow]) -> int:
    """Delete the bytes of the orgs' erased pictures, unless another picture has them; returns the
    number of rows that are `erased` now. Raises `MediaStoreUnusable`."""
    return sum(_erase_bytes_of(store, org) for org in orgs)


def _erase_bytes_of(store: Store, org: OrgRow) -> int:
    with store.snapshot() as cursor:
        rows = queries.erasing(cursor, org.id)
    for sha256 in sorted({row.sha256 for row in rows}):
        delete_unused(store, sha256)
    if rows:
        store.tick()
        store.write_in(org.slug, _mark_erased, [row.id for row in rows])
    return len(rows)


def keep_bytes(uow: UnitOfWork, media: MediaStore, contents: Mapping[str, bytes]) -> None:
    """Have these bytes, by SHA-256, in the store until rows with them are committed.

    Call it first in the transaction that stores the rows: another process may have deleted bytes
    since they were put, and cannot do so after this (`delete_unused`). So a row never has bytes
    that are gone, even if this process is killed right after its commit. Raises
    `MediaStoreUnusable`.
    """
    lock_bytes(uow.cursor, contents)
    for sha256, content in contents.items():
        if media.size(sha256) is None:
            media.put(content)


def delete_unused(store: Store, sha256: str) -> bool:
    """Delete bytes that no stored picture has; False if one has them.

    It is done in a transaction, so that no other process stores a row with these bytes meanwhile.
    """
    from petmsg.db.transaction import transaction

    with transaction(store.engine, store.location) as begun:
        lock_bytes(begun.cursor, [sha256])
        if queries.is_in_use(begun.cursor, sha256):
            return False
        store.media.delete(sha256)
    return True


def _mark_erased(uow: UnitOfWork, media_ids: Sequence[int]) -> None:
    queries.mark_erased(uow.cursor, media_ids)
