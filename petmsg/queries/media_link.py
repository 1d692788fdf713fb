"""The links under which a provider fetches the files of a message. Standard library only.

A link ends when its message is final, or when it expires. Its secret token is not stored: who asks
shows it, and its SHA-256 is looked up.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor

FILE_OF_LINK = """
SELECT f.sha256, f.content_type, f.size, f.name
FROM media_link l
JOIN message m ON m.id = l.message_id
  AND m.status NOT IN ('delivered', 'undelivered', 'failed', 'cancelled')
JOIN media f ON f.message_id = l.message_id AND f.position = :position AND f.status = 'stored'
WHERE l.token_hash = :token_hash AND l.expires_at > :now
"""

ADD = """
INSERT INTO media_link (org_id, message_id, token_hash, created_at, expires_at)
VALUES (:org_id, :message_id, :token_hash, :now, :expires_at)
"""


class LinkedFile(NamedTuple):
    """A file that a link gives access to; `size` is in bytes.

    `name` is the sender's own name of the file, which its recipient must not see.
    """

    sha256: str
    content_type: str | None
    size: int | None
    name: str | None


def file_of_link(
    cursor: Cursor, *, token_hash: str, position: int, now: datetime
) -> LinkedFile | None:
    """The file at that position (from 0) of the link's message at `now` (aware UTC).

    None for a token that nobody was given, one that has ended, and a position that has no bytes.
    """
    rows = cursor.tuples(FILE_OF_LINK, token_hash=token_hash, position=position, now=now)
    return LinkedFile(*rows[0]) if rows else None


class NewLink(NamedTuple):
    """Access to the files of a message from `now` until `expires_at` (aware UTC)."""

    org_id: int
    message_id: int
    token_hash: str
    now: datetime
    expires_at: datetime


def add_links(cursor: Cursor, links: Iterable[NewLink]) -> None:
    """Store links."""
    cursor.run_many(ADD, [each._asdict() for each in links])
