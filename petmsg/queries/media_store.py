"""Rows of pictures and files, to compare them with the media store. Standard library only."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor

KEPT = """
SELECT f.id, f.org_id, f.message_id, f.status, f.sha256, f.size FROM media f
WHERE f.sha256 IS NOT NULL ORDER BY f.id
"""

OF_HASHES = "SELECT DISTINCT sha256 FROM media WHERE sha256 IN (:hashes)"

ANY = "SELECT 1 FROM media WHERE status <> 'linked' LIMIT 1"

# A lost file of a message that is not sent yet keeps that message waiting.
LOST = """
SELECT f.org_id, f.id AS media, f.message_id AS message, f.error, m.status, m.direction
FROM media f JOIN message m ON m.id = f.message_id
WHERE f.status = 'lost' ORDER BY f.id DESC
"""

TO_ERASE = """
SELECT org_id, count(*) AS files FROM media
WHERE status = 'erasing'
   OR (provider_delete_at <= :before AND provider_deleted_at IS NULL)
GROUP BY org_id ORDER BY org_id
"""

# What was received can be asked for again, and what was relayed can be made again from it.
GONE = """
UPDATE media SET
  status = CASE WHEN EXISTS (
      SELECT 1 FROM message m WHERE m.id = media.message_id
      AND ((m.direction = 'inbound' AND m.provider_message_id IS NOT NULL)
        OR (media.source_id IS NOT NULL AND m.status IN ('queued', 'held')))
    ) THEN 'missing' ELSE 'lost' END,
  sha256 = NULL, stored_at = NULL, attempts = 0,
  error = 'The bytes are not in the media store.'
WHERE id = :id AND status = 'stored' AND sha256 = :sha256
"""


class KeptFile(NamedTuple):
    """A row whose bytes are in the media store, or are to be deleted from it."""

    id: int
    org_id: int
    message_id: int
    status: str
    sha256: str
    size: int | None


def kept_files(cursor: Cursor) -> list[KeptFile]:
    """The rows of all orgs that name bytes."""
    return cursor.all(KeptFile, KEPT)


def named_hashes(cursor: Cursor, hashes: Sequence[str]) -> set[str]:
    """Those of the hashes that a row of any org names."""
    return {row["sha256"] for row in cursor.in_list(OF_HASHES, "hashes", hashes)}


def has_files(cursor: Cursor) -> bool:
    """Whether there is a row of a file that the media store has, had or is to get."""
    return cursor.value(ANY) is not None


def note_gone(cursor: Cursor, id_: int, sha256: str) -> bool:
    """The bytes of a stored file are gone: it is `missing` if it can be had again, else `lost`.
    False if the row changed meanwhile."""
    return cursor.run(GONE, id=id_, sha256=sha256) == 1


def lost_files(cursor: Cursor) -> list[dict[str, object]]:
    """The files that could not be fetched, or whose bytes are gone, the newest first."""
    return cursor.rows(LOST)


def to_erase(cursor: Cursor, *, before: datetime) -> list[dict[str, object]]:
    """By org, how many erased files still have bytes here, or have had a copy at the provider since
    `before` (aware UTC)."""
    return cursor.rows(TO_ERASE, before=before)
