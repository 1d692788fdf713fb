"""What must be erased with a client beside their own thread."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor

_REPEATING = """
WITH in_thread AS (
  SELECT m.id FROM thread t JOIN message m ON m.thread_id = t.id
  WHERE t.org_id = :org_id AND t.client_id = :client_id
),
written AS (
  SELECT r.about_id AS id FROM relay r JOIN in_thread h ON h.id = r.message_id
  WHERE r.kind = 'reply' AND r.about_id IS NOT NULL
  UNION SELECT message_id FROM relay_question WHERE org_id = :org_id AND client_id = :client_id
),
named AS (
  SELECT message_id AS id FROM relay_question
  WHERE org_id = :org_id AND (options LIKE :only OR options LIKE :first OR options LIKE :middle
    OR options LIKE :last)
)
SELECT id FROM written
UNION SELECT r.message_id FROM relay r WHERE r.org_id = :org_id AND r.kind <> 'reply'
  AND r.about_id IN (
    SELECT id FROM in_thread UNION SELECT id FROM written UNION SELECT id FROM named
  )
UNION SELECT r.message_id FROM sitter s
JOIN relay r ON r.sitter_id = s.id AND r.kind = 'notice'
JOIN message m ON m.id = r.message_id
WHERE s.org_id = :org_id AND m.body LIKE :has_name ESCAPE '!'
"""

_ERASE_UNMATCHED = "UPDATE stray_text SET from_phone = NULL, body = NULL WHERE from_phone = :phone"

_ERASE_SANDBOX_BODY = """
UPDATE sandbox_text SET body = NULL, media = NULL WHERE provider_message_id = :id
"""

# A file of one of the messages, or one that was relayed from it. Not by an OR, for which PostgreSQL
# would read every file.
_FILES = """id IN (
  SELECT f.id FROM media f WHERE f.message_id IN (:ids)
  UNION SELECT r.id FROM media s JOIN media r ON r.source_id = s.id WHERE s.message_id IN (:ids)
)"""

_COUNT_MEDIA = f"""
SELECT count(*) FROM media WHERE status <> 'erased' AND org_id = :org_id AND {_FILES}
"""

# A provider may have a copy of what came from it, and of what it was given to send; the sandbox has
# none but the store's. A file that was never fetched may be at the provider too.
_DELETE_AT_PROVIDER = f"""
UPDATE media SET provider_delete_at = :now
WHERE status <> 'erased' AND provider_delete_at IS NULL AND org_id = :org_id
AND {_FILES}
AND EXISTS (
  SELECT 1 FROM message m WHERE m.id = media.message_id AND m.provider_message_id IS NOT NULL
  AND (m.direction = 'inbound' OR m.provider <> 'sandbox')
)
"""

_ERASE_MEDIA = f"""
UPDATE media SET
  status = CASE WHEN status IN ('stored', 'erasing') THEN 'erasing' ELSE 'erased' END,
  name = NULL, url = NULL, removed = NULL, error = NULL, due_at = NULL
WHERE status <> 'erased' AND org_id = :org_id AND {_FILES}
"""

_END_LINKS = "DELETE FROM media_link WHERE org_id = :org_id AND message_id IN (:ids)"

_ERASING = """
SELECT id, sha256 FROM media WHERE status = 'erasing' AND org_id = :org_id ORDER BY id
"""

_IN_USE = "SELECT 1 FROM media WHERE sha256 = :sha256 AND status = 'stored' LIMIT 1"

_ERASED = """
UPDATE media SET status = 'erased', sha256 = NULL, due_at = NULL
WHERE status = 'erasing' AND id IN (:ids)
"""

_TO_DELETE = """
SELECT count(*) FROM media
WHERE org_id = :org_id AND provider_delete_at IS NOT NULL AND provider_deleted_at IS NULL
"""


class Erasing(NamedTuple):
    """A file whose bytes are to be deleted from the store."""

    id: int
    sha256: str


def repeating_messages(
    cursor: Cursor,
    org_id: int,
    *,
    client_id: int | None,
    only: str,
    first: str,
    middle: str,
    last: str,
    name: str | None,
) -> list[int]:
    """Messages outside the client's thread that repeat theirs, or name the client.

    A question names its options: the patterns find the client's id in a JSON list. Other notices to
    sitters are found by the name in their words.
    """
    return [
        row[0]
        for row in cursor.tuples(
            _REPEATING,
            org_id=org_id,
            client_id=client_id,
            only=only,
            first=first,
            middle=middle,
            last=last,
            has_name=_containing(name) if name else "",
        )
    ]


def _containing(words: str) -> str:
    """The pattern of LIKE for texts that contain these words."""
    for special in "!%_":
        words = words.replace(special, f"!{special}")
    return f"%{words}%"


def erase_unmatched(cursor: Cursor, phones: Sequence[str]) -> None:
    """Erase phone and body of unmatched messages from these phones."""
    cursor.run_many(_ERASE_UNMATCHED, [{"phone": phone} for phone in phones])


def erase_sandbox_bodies(cursor: Cursor, provider_message_ids: Sequence[str]) -> None:
    """Erase the body that the sandbox stored of these messages."""
    cursor.run_many(_ERASE_SANDBOX_BODY, [{"id": sid} for sid in provider_message_ids])


def erase_media(cursor: Cursor, org_id: int, message_ids: Sequence[int], *, now: datetime) -> int:
    """Erase what identifies the files of these messages and what was relayed from them, and end
    their links; returns how many files. The bytes are deleted after the commit."""
    count = 0
    for row in cursor.in_list(_COUNT_MEDIA, "ids", message_ids, org_id=org_id):
        count += next(iter(row.values()))
    cursor.run_in_list(_DELETE_AT_PROVIDER, "ids", message_ids, org_id=org_id, now=now)
    cursor.run_in_list(_ERASE_MEDIA, "ids", message_ids, org_id=org_id)
    cursor.run_in_list(_END_LINKS, "ids", message_ids, org_id=org_id)
    return count


def erasing(cursor: Cursor, org_id: int) -> list[Erasing]:
    """The org's erased files whose bytes may still be in the store."""
    return cursor.all(Erasing, _ERASING, org_id=org_id)


def is_in_use(cursor: Cursor, sha256: str) -> bool:
    """Whether a file that is not erased has these bytes."""
    return cursor.value(_IN_USE, sha256=sha256) is not None


def mark_erased(cursor: Cursor, media_ids: Sequence[int]) -> None:
    """The bytes of these files are gone, or another file has them."""
    cursor.run_in_list(_ERASED, "ids", media_ids)


def waiting_for_provider(cursor: Cursor, org_id: int) -> int:
    """How many erased files of the org the provider may still have."""
    return int(cursor.value(_TO_DELETE, org_id=org_id))
