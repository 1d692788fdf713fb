"""Pass on pictures: clean what was fetched, and let the messages go that wait for it.

The bytes are read, cleaned and stored with no transaction open. Whatever is interrupted is taken up
by the next run, because the waiting copies say what is left to do.
"""

from petmsg.errors import ExtraMissing, MediaMissing, MediaNotAccepted, MediaTooLarge
from petmsg.media.prepare import Prepared, prepare
from petmsg.queries.relayed_media import ReadyCopy, ready_copies
from petmsg.services.media import relayed
from petmsg.services.media.relayed import CleanCopy
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.workflows.erase_media import delete_unused, keep_bytes
from petmsg.workflows.store import Store

_AT_ONCE = 50


def relay_pictures(store: Store) -> int:
    """Decide about each waiting copy whose file is there, lost or late; return how many.

    Raises `ExtraMissing` where the library that cleans pictures is not installed: nothing is passed
    on uncleaned, and the words go when they have waited long enough.
    """
    done = last = 0
    problem: ExtraMissing | None = None
    while True:
        with store.snapshot() as cursor:
            late = store.tick() - relayed.WAIT
            ready = ready_copies(cursor, late=late, after=last, limit=_AT_ONCE)
        if not ready:
            break
        for each in ready:
            last = each.copy
            try:
                _pass_on(store, each, is_late=each.created_at <= late)
                done += 1
            except ExtraMissing as missing:
                problem = missing
    if problem is not None:
        raise problem
    return done


def _pass_on(store: Store, ready: ReadyCopy, *, is_late: bool) -> None:
    try:
        prepared = _cleaned(store, ready)
    except ExtraMissing:
        if not is_late:
            raise
        prepared = None
    if prepared is None:
        store.write_in(ready.org, relayed.give_up, ready.copy, message_id=ready.message)
        return
    clean = CleanCopy(
        content_type=prepared.content_type,
        size=len(prepared.content),
        sha256=store.media.put(prepared.content),
        name=prepared.name,
        removed=prepared.removed,
        original_size=prepared.original_size,
    )

    def fill(uow: UnitOfWork) -> bool:
        keep_bytes(uow, store.media, {clean.sha256: prepared.content})
        return relayed.fill(uow, ready.copy, clean)

    if not store.write_in(ready.org, fill):
        delete_unused(store, clean.sha256)  # the copy was erased meanwhile, or goes no more


def _cleaned(store: Store, ready: ReadyCopy) -> Prepared | None:
    """The file as it may be sent; None if it cannot be sent."""
    if ready.sha256 is None:
        return None
    try:
        content = store.media.read(ready.sha256)
        return prepare(content, name=ready.name or "picture")
    except (MediaMissing, MediaNotAccepted, MediaTooLarge):
        return None
