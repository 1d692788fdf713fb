"""What the number assignment history says of one number, and of a free one."""

from datetime import datetime

from petmsg.db.cursor import Cursor

_LAST_CHANGE_AT = "SELECT max(from_at) AS from_at FROM number_custody WHERE number_id = :id"

_FREE_NUMBER = """
SELECT n.id FROM message_number n
WHERE n.org_id = :org_id AND n.class = 'sitter' AND n.sitter_id IS NULL
  AND (n.first_sitter_id IS NULL OR n.first_sitter_id = :sitter_id)
  AND (n.status = 'active' OR (n.status = 'quarantined' AND n.quarantined_until <= :now))
ORDER BY COALESCE(
    (SELECT min(c.from_at) FROM number_custody c
     WHERE c.number_id = n.id AND c.from_at > (
         SELECT max(h.from_at) FROM number_custody h
         WHERE h.number_id = n.id AND h.sitter_id IS NOT NULL)),
    n.created_at), n.id
LIMIT 1
"""


def last_change_at(cursor: Cursor, number_id: int) -> datetime | None:
    """When (aware UTC) the newest row of a number's history begins."""
    return cursor.instant(_LAST_CHANGE_AT, id=number_id)


def free_number(cursor: Cursor, org_id: int, *, sitter_id: int | None, now: datetime) -> int | None:
    """A number that the sitter may hold, the one free for longest; it is locked until the commit.

    One that somebody locked at this moment is passed over.
    """
    lock = cursor.row_lock("FOR UPDATE OF n SKIP LOCKED")
    found: int | None = cursor.value(
        _FREE_NUMBER + lock, org_id=org_id, sitter_id=sitter_id, now=now
    )
    return found
