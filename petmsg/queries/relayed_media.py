"""Pictures of relayed messages: the copies that wait for the files they repeat."""

from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums.media import MediaStatus

FILES_OF_INBOUND = """
SELECT id, content_type, name FROM media
WHERE org_id = :org_id AND message_id = :message_id
ORDER BY position
"""

# A copy waits no longer for a file than until `:late`: its words, and what waits behind them, go.
READY = """
SELECT c.id AS copy, c.message_id AS message, f.status, f.sha256, f.name, c.created_at,
       g.slug AS org
FROM media c
JOIN media f ON f.id = c.source_id
JOIN org g ON g.id = c.org_id
WHERE c.status = 'missing' AND c.due_at IS NULL AND c.id > :after
  AND (f.status <> 'missing' OR c.created_at <= :late)
ORDER BY c.id LIMIT :limit
"""

STORE = """
UPDATE media SET status = 'stored', content_type = :content_type, size = :size, sha256 = :sha256,
                 name = :name, removed = :removed, original_size = :original_size, stored_at = :now
WHERE id = :id AND status = 'missing'
"""

DROP = "DELETE FROM media WHERE id = :id AND status = 'missing'"

CLOSE_RANKS = "UPDATE media SET position = :position WHERE id = :id"

COPIES = "SELECT id, status FROM media WHERE message_id = :message_id ORDER BY position"

COUNT = "UPDATE message SET media_count = :media_count WHERE id = :id"


class InboundFile(NamedTuple):
    """A file of a received message, and the type that the provider reported."""

    id: int
    content_type: str | None
    name: str | None


class ReadyCopy(NamedTuple):
    """A copy in the outbound `message` whose file is stored, is not to be had, or is late."""

    copy: int
    message: int
    status: MediaStatus
    sha256: str | None
    name: str | None
    created_at: datetime
    org: str


def files_of_inbound(cursor: Cursor, org_id: int, message_id: int) -> list[InboundFile]:
    """The files of a received message, in their order."""
    return cursor.all(InboundFile, FILES_OF_INBOUND, org_id=org_id, message_id=message_id)


def ready_copies(cursor: Cursor, *, late: datetime, after: int, limit: int) -> list[ReadyCopy]:
    """The copies of all orgs that can be decided about, oldest first, behind the id `after`. Those
    that were made at or before `late` (aware UTC) have waited long enough."""
    return cursor.all(ReadyCopy, READY, late=late, after=after, limit=limit)


def fill_copy(
    cursor: Cursor,
    copy: int,
    *,
    content_type: str,
    size: int,
    sha256: str,
    name: str,
    removed: str,
    original_size: int,
    now: datetime,
) -> bool:
    """Say where the bytes of a copy are; False if it waits no longer."""
    return bool(
        cursor.run(
            STORE,
            id=copy,
            content_type=content_type,
            size=size,
            sha256=sha256,
            name=name,
            removed=removed,
            original_size=original_size,
            now=now,
        )
    )


def drop_copy(cursor: Cursor, copy: int, *, message_id: int) -> tuple[int, int] | None:
    """Take a copy out of its outbound message, and close the gap.

    Returns how many files the message has left, and how many of them still wait; None if the copy
    was filled or dropped meanwhile.
    """
    if not cursor.run(DROP, id=copy):
        return None
    left = cursor.tuples(COPIES, message_id=message_id)
    for position, (each, _) in enumerate(left):
        cursor.run(CLOSE_RANKS, position=position, id=each)
    cursor.run(COUNT, media_count=len(left), id=message_id)
    return len(left), sum(status == MediaStatus.MISSING for _, status in left)
