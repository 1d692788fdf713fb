"""`org remove`: erases what an org holds, then the bytes of its pictures, then hides the org.

A process that is killed in between leaves an org that a repeated `org remove` finishes.
"""

from petmsg.queries.org import find_org, removed_at
from petmsg.services.orgs import remove as service
from petmsg.services.orgs.remove import Removed
from petmsg.workflows.fetch_media import MediaFetcher
from petmsg.workflows.store import Store


def remove_org(store: Store, slug: str, *, discard_data: bool, reason: str) -> Removed:
    """Remove the org of that slug. Repeating it changes nothing.

    Raises `NotFound` for an unknown org, what `services.orgs.remove.discard` raises, and
    `StillErasing` if pictures could not be deleted yet.
    """
    with store.snapshot() as cursor:
        if removed_at(cursor, slug) is not None:
            return Removed(slug, 0, 0, 0, 0, 0, 0, 0, 0, reused=True)
        org = find_org(cursor, slug)
    lost = store.write_in(slug, service.discard, discard_data=discard_data, reason=reason)
    if store.dry_run:
        return lost
    if lost.pictures:
        MediaFetcher(store).finish_erasing([org])
    store.write_in(slug, service.remove, lost, reason=reason)
    return lost
