"""The files of an outbound message, as a claim reads them. Standard library only."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums.media import MediaStatus

OF_MESSAGE = """
SELECT position, status, content_type, size, sha256, url FROM media
WHERE org_id = :org_id AND message_id = :message_id
ORDER BY position
"""

OF_MESSAGES = """
SELECT message_id, position, status, content_type, size, sha256, url FROM media
WHERE org_id = :org_id AND message_id IN (:message_ids)
ORDER BY message_id, position
"""


class MediaRow(NamedTuple):
    """A file of a message; `position` counts from 0, `size` is in bytes."""

    position: int
    status: MediaStatus
    content_type: str | None
    size: int | None
    sha256: str | None
    url: str | None


class _RowOfMessage(NamedTuple):
    message_id: int
    position: int
    status: str
    content_type: str | None
    size: int | None
    sha256: str | None
    url: str | None


def media_of_message(cursor: Cursor, *, org_id: int, message_id: int) -> list[MediaRow]:
    """The message's files, in their order."""
    rows = cursor.tuples(OF_MESSAGE, org_id=org_id, message_id=message_id)
    return [MediaRow(row[0], MediaStatus(row[1]), *row[2:]) for row in rows]


def media_of_messages(
    cursor: Cursor, *, org_id: int, message_ids: Sequence[int]
) -> dict[int, list[MediaRow]]:
    """The files of each of the messages that has any, in their order."""
    found: defaultdict[int, list[MediaRow]] = defaultdict(list)
    for row in cursor.all_in_list(
        _RowOfMessage, OF_MESSAGES, "message_ids", message_ids, org_id=org_id
    ):
        found[row.message_id].append(MediaRow(row.position, MediaStatus(row.status), *row[3:]))
    return found
