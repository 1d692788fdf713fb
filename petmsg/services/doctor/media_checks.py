"""Checks of `doctor` that compare the rows of pictures with the media store, both ways.

The rows and the list of files are read, not the files: their sizes are compared. Their hashes are
compared only if that was asked for, because it reads every byte. Standard library only.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from hashlib import sha256 as hash_of
from typing import Any

from petmsg import settings
from petmsg.db.cursor import Cursor
from petmsg.db.snapshot import snapshot
from petmsg.enums.alerts import CheckResult
from petmsg.enums.media import MediaStatus
from petmsg.enums.messages import Direction, MessageStatus
from petmsg.errors import MediaMissing
from petmsg.media.base import MediaStore
from petmsg.plurals import counted
from petmsg.queries import media_store as queries
from petmsg.queries.media_store import KeptFile
from petmsg.services.doctor.check import Check, CheckContext, Finding, group_findings

YOUNG = timedelta(hours=1)
"""A file that is younger may belong to a message that is being stored just now."""
DELETION_LATE = timedelta(days=1)
"""The provider is asked for this long to delete its copies before it is a finding."""

_UNFINISHED = (MessageStatus.QUEUED, MessageStatus.HELD)


def _place(cursor: Cursor, context: CheckContext) -> Iterator[Finding]:
    """A PostgreSQL database whose machines each keep pictures in a folder of their own."""
    if context.environ.get(settings.MEDIA_DIR) or not queries.has_files(cursor):
        return
    yield Finding(
        f"{settings.MEDIA_DIR} is not set: pictures are in the data folder of this user, where"
        " other machines that use this database do not find them",
        "petmsg config show",
        result=CheckResult.WARNING,
    )


def _lost(cursor: Cursor, context: CheckContext) -> Iterator[Finding]:
    """Pictures that could not be fetched, or whose bytes are gone."""

    def finding(row: dict[str, Any], org: str | None) -> Finding:
        waits = row["direction"] == Direction.OUTBOUND and row["status"] in _UNFINISHED
        what = f"Picture {row['media']} of message {row['message']} is lost"
        if waits:
            return Finding(
                f"{what}, and the message waits for it",
                context.command("petmsg message cancel {message}{org}", org, row),
                org,
            )
        if row["direction"] == Direction.OUTBOUND:
            command = context.command("petmsg message show {message}{org}", org, row)
        else:
            command = context.command("petmsg media fetch {media}{org}", org, row)
        return Finding(what, command, org, CheckResult.WARNING)

    return group_findings(context, queries.lost_files(cursor), finding)


def _erased(cursor: Cursor, context: CheckContext) -> Iterator[Finding]:
    """Erased pictures whose bytes are still here or at the provider."""

    def finding(row: dict[str, Any], org: str | None) -> Finding:
        return Finding(
            f"{counted(row['files'], 'erased picture')} not deleted yet, here or at the provider",
            context.command("petmsg media fetch{org}", org),
            org,
            CheckResult.WARNING,
        )

    rows = queries.to_erase(cursor, before=context.now - DELETION_LATE)
    return group_findings(context, rows, finding)


def _bytes(context: CheckContext) -> Iterator[Finding]:
    """Rows without bytes, or with other bytes than were stored."""
    store = _store(context)
    with snapshot(context.location) as cursor:
        rows = [row for row in queries.kept_files(cursor) if row.status == MediaStatus.STORED]
    sizes = {file.sha256: file.size for file in store.listed()}
    wrong: dict[str, str | None] = {}

    def problems() -> Iterator[dict[str, Any]]:
        for row in rows:
            if row.sha256 not in wrong:
                wrong[row.sha256] = _problem(context, store, row, sizes.get(row.sha256))
            what = wrong[row.sha256]
            if what is not None:
                yield {"org_id": row.org_id, "media": row.id, "what": what, "of": row.message_id}

    def finding(row: dict[str, Any], org: str | None) -> Finding:
        return Finding(
            f"The bytes of picture {row['media']} of message {row['of']} are {row['what']}",
            context.command("petmsg media fetch {media}{org}", org, row),
            org,
        )

    return group_findings(context, problems(), finding)


def _problem(
    context: CheckContext, store: MediaStore, row: KeptFile, size: int | None
) -> str | None:
    """What is wrong with the bytes of a row; None if nothing is."""
    if size is None:  # stored after the list was read, or gone
        size = store.size(row.sha256)
    if size is None:
        return "missing"
    if row.size is not None and size != row.size:
        return f"damaged: {size} bytes instead of {row.size}"
    if not context.reads_media:
        return None
    try:
        content = store.read(row.sha256)
    except MediaMissing:
        return "missing"
    return None if hash_of(content).hexdigest() == row.sha256 else "damaged: their hash is wrong"


def _orphans(context: CheckContext) -> Iterable[Finding]:
    """Files that no row names. They may be what an interrupted command left, complete or not."""
    store, before = _store(context), context.now - YOUNG
    files = [file for file in store.listed() if file.modified_at < before]
    with snapshot(context.location) as cursor:
        named = {row.sha256 for row in queries.kept_files(cursor)} if files else set()
    orphans = [file for file in files if file.sha256 not in named]
    if orphans:
        size = sum(file.size for file in orphans)
        yield Finding(
            f"The media store has {counted(len(orphans), 'file')} ({size} bytes) of no message",
            "petmsg media prune",
            result=CheckResult.WARNING,
        )
    unfinished = store.count_unfinished(before=before)
    if unfinished:
        yield Finding(
            f"The media store has {counted(unfinished, 'file')} that an interrupted command did not"
            " store completely",
            "petmsg media prune",
            result=CheckResult.WARNING,
        )


def _store(context: CheckContext) -> MediaStore:
    assert context.media is not None
    return context.media()


def _has_store(context: CheckContext) -> bool:
    return context.media is not None


MEDIA_STORE = (
    Check(
        "media_place",
        "All machines of the database keep pictures in the same place",
        _place,
        applies=lambda context: not context.location.is_file,
    ),
    Check("media_lost", "All pictures were fetched", _lost),
    Check("media_erased", "Erased pictures are deleted everywhere", _erased),
    Check(
        "media_bytes", "The bytes of all pictures are in the media store", _bytes, True, _has_store
    ),
    Check(
        "media_orphans", "Each file in the media store has a message", _orphans, True, _has_store
    ),
)
