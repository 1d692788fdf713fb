"""Deletes the bytes of erased pictures from the media store, after the commit that erased the rows.

A row is `erasing` from that commit until its bytes are gone. So a process that is killed in between
leaves work that `media fetch` or a repeated `client forget` finishes.
"""

from collections.abc import Sequence

from petmsg.errors import MediaMissing, PetmsgError
from petmsg.plurals import counted
from petmsg.queries import erase as queries
from petmsg.queries.org import all_orgs
from petmsg.services.people import erase as service
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.workflows.store import Store

_AT_ONCE = 1000


def forget(store: Store, client: str, *, reason: str) -> tuple[service.Forgotten, list[str]]:
    """`client forget`: erase a client, then the bytes of their pictures. Safe to repeat.

    Also returns sentences about what is still to be deleted. Raises what `service.forget` raises.
    """
    forgotten = store.write(service.forget, client, reason=reason)
    if store.dry_run:
        return forgotten, []
    left: list[str] = []
    try:
        erase_bytes(store)
    except PetmsgError as problem:
        left.append(f"The bytes of pictures are not deleted yet: {problem.message}")
        left.append("To delete them: petmsg media fetch")
    with store.snapshot() as cursor:
        waiting = queries.waiting_for_provider(cursor, store.org(cursor).id)
    if waiting:
        pictures = counted(waiting, "picture")
        left.append(f"The provider may still have copies of {pictures}.")
        left.append("To delete them there: petmsg media fetch")
    return forgotten, left


def erase_bytes(store: Store) -> int:
    """Delete the bytes of all erased pictures that no other picture has, of every org, because
    orgs may have the same bytes; returns the number of rows that are `erased` now.

    Raises `MediaStoreUnusable`.
    """
    count = 0
    while True:
        with store.snapshot() as cursor:
            rows = queries.erasing(cursor, most=_AT_ONCE)
            slugs = {org.id: org.slug for org in all_orgs(cursor)}
        if not rows or store.dry_run:
            return count
        for sha256 in sorted({row.sha256 for row in rows}):
            delete_unused(store, sha256)
        for org_id, slug in slugs.items():
            ids = [row.id for row in rows if row.org_id == org_id]
            if ids:
                store.write_in(slug, _mark_erased, ids)
        count += len(rows)


def delete_unused(store: Store, sha256: str) -> bool:
    """Delete bytes that no stored picture has; False if one has them.

    Another process may store the same bytes at this moment. It looks for them after its commit, and
    this one after the deletion: one of the two sees the other's work, and puts the bytes back.
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
