"""The files of received messages: which are to be fetched, and what became of them.

A process that moves the `due_at` of a file on (`lease`) has a lease for fetching it, and it alone
may say what became of the file (`record_outcome`). After the lease the file is due again.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums.media import MediaStatus
from petmsg.enums.orgs import ProviderName

_ADD = """
INSERT INTO media (org_id, message_id, position, status, name, content_type, size, sha256,
  provider_media_id, attempts, due_at, created_at, stored_at)
VALUES (:org_id, :message_id, :position, :status, :name, :content_type, :size, :sha256,
  :provider_media_id, 0, :due_at, :now, :stored_at)
"""

_ROW = """
SELECT f.id, f.org_id, f.message_id, f.status, f.content_type, f.size, f.provider_media_id,
  f.attempts, f.due_at, f.created_at, f.error, m.provider_message_id, m.provider, o.slug AS org,
  m.direction, f.sha256
FROM media f
JOIN message m ON m.id = f.message_id
JOIN org o ON o.id = f.org_id
"""

# The condition of a partial index, and no other index for the org or the order: SQLite would read
# every file of the org, and those that wait are few. The same holds for `TO_DELETE`.
DUE = f"""{_ROW}
WHERE f.org_id + 0 IN (:org_ids) AND f.status IN ('missing', 'erasing') AND f.status = 'missing'
  AND f.due_at <= :now AND m.direction = 'inbound'
ORDER BY f.due_at, f.message_id, f.position LIMIT :most
"""

BY_ID = f"{_ROW} WHERE f.id IN (:ids) ORDER BY f.message_id, f.position"

_OF_MESSAGE = "SELECT provider_media_id FROM media WHERE message_id = :message_id"

_LEASE = """
UPDATE media SET attempts = attempts + 1, due_at = :until
WHERE id = :id AND status = 'missing' AND attempts = :attempts AND due_at = :due_at
"""

_RECORD_OUTCOME = """
UPDATE media SET status = :status, content_type = :content_type, size = :size, sha256 = :sha256,
  provider_media_id = :provider_media_id, attempts = :attempts, due_at = :due_at, error = :error,
  stored_at = :stored_at
WHERE id = :id AND status = 'missing' AND due_at = :until
"""

_TRY_AGAIN = """
UPDATE media SET status = 'missing', attempts = 0, due_at = :now, error = NULL
WHERE id = :id AND status IN ('missing', 'lost')
  AND (SELECT m.direction FROM message m WHERE m.id = media.message_id) = 'inbound'
"""

_MISSING_OR_LOST = """
SELECT count(*) FROM media WHERE message_id = :message_id AND status IN ('missing', 'lost')
"""

TO_DELETE = """
SELECT f.org_id, f.message_id, m.provider_message_id, m.provider FROM media f
JOIN message m ON m.id = f.message_id
WHERE f.org_id + 0 IN (:org_ids) AND f.provider_delete_at IS NOT NULL
  AND f.provider_deleted_at IS NULL
GROUP BY f.org_id + 0, f.org_id, f.message_id, m.provider_message_id, m.provider
ORDER BY f.message_id + 0 LIMIT :most
"""

_DELETED = """
UPDATE media SET provider_deleted_at = :now
WHERE message_id = :message_id AND provider_delete_at IS NOT NULL AND provider_deleted_at IS NULL
"""


class ToFetch(NamedTuple):
    """A file of a received message, or a sent one's. `provider` is None for a message that a person
    typed."""

    id: int
    org_id: int
    message_id: int
    status: MediaStatus
    content_type: str | None
    size: int | None
    provider_media_id: str | None
    attempts: int
    due_at: datetime | None
    created_at: datetime
    error: str | None
    provider_message_id: str | None
    provider: ProviderName | None
    org: str
    direction: str
    sha256: str | None


class ToDelete(NamedTuple):
    """A message whose files are to be deleted at its provider."""

    org_id: int
    message_id: int
    provider_message_id: str | None
    provider: ProviderName | None


def add_received(cursor: Cursor, **columns: Any) -> None:
    """Add the row of a file that came in."""
    cursor.run(_ADD, **columns)


def due(cursor: Cursor, org_ids: Sequence[int], *, now: datetime, most: int) -> list[ToFetch]:
    """The files of these orgs to be fetched now, those that wait longest first, those of a message
    together."""
    rows = cursor.all_in_list(ToFetch, DUE, "org_ids", org_ids, now=now, most=most)
    return [_to_fetch(row) for row in rows]


def by_id(cursor: Cursor, ids: Sequence[int]) -> list[ToFetch]:
    """The files with these IDs, those of sent messages too."""
    return [_to_fetch(row) for row in cursor.all_in_list(ToFetch, BY_ID, "ids", ids)]


def _to_fetch(row: ToFetch) -> ToFetch:
    provider = None if row.provider is None else ProviderName(row.provider)
    return row._replace(status=MediaStatus(row.status), provider=provider)


def named_of_message(cursor: Cursor, message_id: int) -> set[str]:
    """The provider's IDs that the files of a message have already."""
    rows = cursor.tuples(_OF_MESSAGE, message_id=message_id)
    return {row[0] for row in rows if row[0] is not None}


def lease(cursor: Cursor, row: ToFetch, *, until: datetime) -> bool:
    """Lease a file until then; False if somebody else was faster."""
    values = {"id": row.id, "attempts": row.attempts, "due_at": row.due_at}
    return cursor.run(_LEASE, until=until, **values) == 1


def record_outcome(cursor: Cursor, media_id: int, *, until: datetime, **columns: Any) -> bool:
    """Write what became of a leased file; False if the lease is over and the file another's."""
    return cursor.run(_RECORD_OUTCOME, id=media_id, until=until, **columns) == 1


def try_again(cursor: Cursor, media_id: int, *, now: datetime) -> bool:
    """Make a missing or lost file due now, with all its tries."""
    return cursor.run(_TRY_AGAIN, id=media_id, now=now) == 1


def has_missing_or_lost(cursor: Cursor, message_id: int) -> bool:
    """Whether bytes of a message's files are not there."""
    return bool(cursor.value(_MISSING_OR_LOST, message_id=message_id))


def to_delete(cursor: Cursor, org_ids: Sequence[int], *, most: int) -> list[ToDelete]:
    """The messages of these orgs whose files are to be deleted at their provider."""
    rows = cursor.all_in_list(ToDelete, TO_DELETE, "org_ids", org_ids, most=most)
    return [
        row._replace(provider=None if row.provider is None else ProviderName(row.provider))
        for row in rows
    ]


def mark_deleted(cursor: Cursor, message_id: int, *, now: datetime) -> None:
    """The provider's copies of a message's files are deleted."""
    cursor.run(_DELETED, message_id=message_id, now=now)
