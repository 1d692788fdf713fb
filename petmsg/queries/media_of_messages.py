"""The pictures and files of messages that are listed or shown. Standard library only."""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

from petmsg.db.cursor import Cursor

_Row = TypeVar("_Row", bound=tuple[Any, ...])

_OF_MESSAGES = """
SELECT x.message_id AS message, x.id AS media, x.name, x.content_type, x.size, x.status, x.error,
       x.sha256, coalesce(x.source_id, x.id) AS fetched_as
FROM media x
WHERE x.message_id IN (:messages)
ORDER BY x.message_id, x.position
"""


class MessageMedia(NamedTuple):
    """A picture or file of a message. `fetched_as` is the id for `petmsg media fetch`: a relayed
    picture has its bytes from an inbound one."""

    message: int
    media: int
    name: str | None
    content_type: str | None
    size: int | None
    status: str
    error: str | None
    sha256: str | None
    fetched_as: int


def of_messages(cursor: Cursor, messages: Sequence[int]) -> dict[int, tuple[MessageMedia, ...]]:
    """The pictures of these messages by message, in their order. Messages without any are left
    out."""
    found: dict[int, tuple[MessageMedia, ...]] = {}
    for row in cursor.all_in_list(MessageMedia, _OF_MESSAGES, "messages", messages):
        found[row.message] = (*found.get(row.message, ()), row)
    return found


def with_media(cursor: Cursor, rows: Sequence[_Row]) -> list[_Row]:
    """The rows, which have `message`, `media_count` and an empty `media`, with their pictures.

    One statement for all; none where no row has pictures.
    """
    counted: Sequence[Any] = rows
    wanted = [row.message for row in counted if row.media_count]
    found = of_messages(cursor, wanted) if wanted else {}
    return [row._replace(media=found.get(row.message, ())) for row in counted]
