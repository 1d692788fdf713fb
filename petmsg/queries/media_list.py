"""Pictures and files of messages: list them, and show one of them."""

from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.errors import NotFound, OutOfRange, quoted
from petmsg.queries.lookup import find_client
from petmsg.queries.org import OrgRow
from petmsg.queries.page import Page, newest_of
from petmsg.queries.row_ids import LARGEST_ID, require_possible

_LIST = """
SELECT x.id AS media, x.message_id AS message, x.position, c.ref AS client, c.name AS client_name,
       m.direction, x.name, x.content_type, x.size, x.status, x.created_at, x.error,
       k.id AS call, k.voicemail_seconds AS seconds
FROM media x
JOIN message m ON m.id = x.message_id
LEFT JOIN client c ON c.id = m.client_id
LEFT JOIN call k ON k.message_id = x.message_id
WHERE x.org_id = :org_id
"""
# A literal, exactly as in the condition of the partial index, so that it is used.
_MISSING = " AND x.status IN ('missing', 'lost')"

_ONE = """
SELECT x.id AS media, x.message_id AS message, x.position, c.ref AS client, c.name AS client_name,
       m.direction, x.name, x.content_type, x.size, x.status, x.created_at, x.error, x.sha256,
       x.url, x.source_id, x.removed, x.original_size, x.provider_media_id, x.attempts, x.due_at,
       x.stored_at, x.provider_delete_at, x.provider_deleted_at, k.id AS call,
       k.voicemail_seconds AS seconds
FROM media x
JOIN message m ON m.id = x.message_id
LEFT JOIN client c ON c.id = m.client_id
LEFT JOIN call k ON k.message_id = x.message_id
WHERE x.org_id = :org_id AND x.id = :id
"""

# The newest: each attempt to send the message makes one.
_LINK = """
SELECT l.created_at, l.expires_at FROM media_link l
WHERE l.message_id = :message ORDER BY l.id DESC LIMIT 1
"""


class MediaItem(NamedTuple):
    """A picture or file in a list, with its message's client and direction. A voicemail has the
    call in which it was left, and its length in seconds."""

    media: int
    message: int
    position: int
    client: str | None
    client_name: str | None
    direction: str
    name: str | None
    content_type: str | None
    size: int | None
    status: str
    created_at: datetime
    error: str | None
    call: int | None = None
    seconds: int | None = None


class MediaDetails(NamedTuple):
    """All that is stored of a picture or file. `removed` are the kinds of metadata that were
    removed, separated by commas; `call` and `seconds` as in `MediaItem`."""

    media: int
    message: int
    position: int
    client: str | None
    client_name: str | None
    direction: str
    name: str | None
    content_type: str | None
    size: int | None
    status: str
    created_at: datetime
    error: str | None
    sha256: str | None
    url: str | None
    source_id: int | None
    removed: str | None
    original_size: int | None
    provider_media_id: str | None
    attempts: int
    due_at: datetime | None
    stored_at: datetime | None
    provider_delete_at: datetime | None
    provider_deleted_at: datetime | None
    call: int | None = None
    seconds: int | None = None


class MediaLink(NamedTuple):
    """When the link for the provider was made, and when it stops working (aware UTC)."""

    created_at: datetime
    expires_at: datetime


def list_media(
    cursor: Cursor,
    org: OrgRow,
    page: Page,
    *,
    client: str | None = None,
    message: int | None = None,
    missing: bool = False,
) -> list[MediaItem]:
    """The org's pictures, inbound and outbound, the newest first. `page.before` is a picture's id.

    `missing`: those whose bytes could not be fetched yet, or not at all.
    """
    select = _LIST + (_MISSING if missing else "")
    return newest_of(
        cursor,
        MediaItem,
        select,
        key="x.id",
        page=page,
        before_id=media_id(page.before) if page.before else None,
        where={
            "m.client_id": None if client is None else find_client(cursor, org.id, client).id,
            "x.message_id": None if message is None else _existing(cursor, org, message),
        },
        org_id=org.id,
    )


def find_media(cursor: Cursor, org: OrgRow, id_: int) -> MediaDetails:
    """One picture or file. Raises `NotFound`."""
    row = None
    if 0 < id_ <= LARGEST_ID:
        row = cursor.first(MediaDetails, _ONE, org_id=org.id, id=id_)
    if row is None:
        raise NotFound("media", str(id_))
    return row


def newest_link(cursor: Cursor, message: int) -> MediaLink | None:
    """The link under which the provider was last told to fetch the message's files."""
    return cursor.first(MediaLink, _LINK, message=message)


def media_id(text: str) -> int:
    """The numeric id of a picture that a person typed. Raises `OutOfRange`."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise OutOfRange(
            f"Invalid media id {quoted(text)}.", hint="List the pictures: petmsg media list"
        )
    return int(text)


def _existing(cursor: Cursor, org: OrgRow, message: int) -> int:
    """The message's id, if the org has the message. Raises `NotFound`."""
    require_possible(message)
    sql = "SELECT id FROM message WHERE org_id = :org_id AND id = :id"
    if cursor.value(sql, org_id=org.id, id=message) is None:
        raise NotFound("message", str(message))
    return message
