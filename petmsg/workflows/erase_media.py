"""Deletes the bytes of erased pictures from the media store, after the commit that erased the rows.

A row is `erasing` from that commit until its bytes are gone. So a process that is killed in between
leaves work that `media fetch` or a repeated `client forget` finishes.
"""

from collections.abc import Mapping, Sequence

from petmsg.errors import MediaMissing
from petmsg.queries import erase as queries
from petmsg.queries.org import OrgRow
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


def put_back(store: Store, contents: Mapping[str, bytes]) -> None:
    """Store bytes again, by SHA-256, that another process deleted before rows with them were
    committed. Call it after that commit; see `delete_unused`. Raises `MediaStoreUnusable`."""
    for sha256, content in contents.items():
        if store.media.size(sha256) is None:
            store.media.put(content)


def delete_unused(store: Store, sha256: str) -> bool:
    """Delete bytes that no stored picture has; False if one has them.

    Another process may store the same bytes at this moment. It looks for them after its commit
    (`put_back`), and this one after the deletion: one of the two sees the other's work, and puts
    the bytes back.
    """
    if _is_in_use(store, sha256):
        return False
    try:
        content = store.media.read(sha256)
    except MediaMissing:
        return True
    store.media.delete(sha256)
    if _is_in_use(store, sha256):
        store.media.put(content)
        return False
    return True


def _mark_erased(uow: UnitOfWork, media_ids: Sequence[int]) -> None:
    queries.mark_erased(uow.cursor, media_ids)


def _is_in_use(store: Store, sha256: str) -> bool:
    with store.snapshot() as cursor:
        return queries.is_in_use(cursor, sha256)
