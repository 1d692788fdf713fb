"""The field lists of pictures and files of messages."""

from typing import Any

from petmsg.enums.media import MediaStatus
from petmsg.enums.messages import Direction
from petmsg.render.field_types import (
    COUNT,
    FLAG,
    ID,
    INSTANT,
    NAME,
    RELATIVE_INSTANT,
    TEXT,
    WORD,
    keyed,
    list_of,
    one_of,
    or_null,
    rows_of,
)
from petmsg.render.fields import UNCHANGED, Field, View, local, objects, words
from petmsg.render.picture_text import size_of
from petmsg.render.views.people import ANY_CLIENT, person

MESSAGE_MEDIA = (
    Field("media", kind=ID),
    Field("name", kind=or_null(NAME)),
    Field("content_type", kind=or_null(WORD)),
    Field("size", kind=or_null(COUNT)),
    Field("status", kind=one_of(MediaStatus)),
)


def _of_message(row: Any) -> list[dict[str, Any]]:
    return objects(MESSAGE_MEDIA, row.media or ())


OF_MESSAGE = Field("media", None, get=_of_message, kind=rows_of(MESSAGE_MEDIA))
"""The pictures of a message, in the view of the message."""


def _name(row: Any, view: View) -> str:
    if row.call is None:
        return words(row.name, view)
    return f"voicemail, {row.seconds} s" if row.seconds else "voicemail"


_TYPE = Field("content_type", "Type", kind=or_null(WORD))
_SIZE = Field(
    "size",
    "Size",
    cell=lambda row, _: "-" if row.size is None else size_of(row.size),
    kind=or_null(COUNT),
)
MEDIA_LIST = (
    Field("media", "Id", kind=ID),
    Field("message", "Message", kind=ID),
    *ANY_CLIENT,
    Field("direction", "Direction", kind=one_of(Direction)),
    Field("name", "Name", cell=_name, kind=or_null(NAME)),
    _TYPE,
    _SIZE,
    Field("status", "Status", kind=one_of(MediaStatus)),
    Field("created_at", "Added", kind=RELATIVE_INSTANT),
    Field("error", "Error", kind=or_null(TEXT)),
    Field("call", None, kind=or_null(ID)),
    Field("seconds", None, kind=or_null(COUNT)),
)
MEDIA = (
    Field("media", "Id", kind=ID),
    Field("message", "Message", get=lambda row: row.stored.message, kind=ID),
    Field("position", "Position", get=lambda row: row.stored.position + 1, kind=ID),
    *person(
        "client",
        "Client",
        ref=lambda row: row.stored.client,
        name=lambda row: row.stored.client_name,
        is_optional=True,
    ),
    Field("direction", "Direction", get=lambda row: row.stored.direction, kind=one_of(Direction)),
    Field("status", "Status", get=lambda row: row.stored.status, kind=one_of(MediaStatus)),
    Field("name", "Name", get=lambda row: row.stored.name, kind=or_null(NAME)),
    _TYPE._replace(get=lambda row: row.stored.content_type),
    _SIZE._replace(
        get=lambda row: row.stored.size,
        cell=lambda row, _: "-" if row.stored.size is None else size_of(row.stored.size),
    ),
    Field(
        "original_size",
        "Original size",
        get=lambda row: row.stored.original_size,
        cell=lambda row, _: (
            "-" if row.stored.original_size is None else size_of(row.stored.original_size)
        ),
        kind=or_null(COUNT),
    ),
    Field(
        "removed",
        "Removed",
        get=lambda row: [each for each in (row.stored.removed or "").split(",") if each],
        kind=list_of(WORD),
    ),
    Field("sha256", "SHA-256", get=lambda row: row.stored.sha256, kind=or_null(NAME)),
    Field("place", "Kept in", kind=or_null(TEXT)),
    Field("in_store", "In the store", kind=or_null(FLAG)),
    Field("url", "Web address", get=lambda row: row.stored.url, kind=or_null(TEXT)),
    Field("relayed_from", "Relayed from", get=lambda row: row.stored.source_id, kind=or_null(ID)),
    Field(
        "provider_media_id",
        "Provider's ID",
        get=lambda row: row.stored.provider_media_id,
        kind=or_null(WORD),
    ),
    Field("attempts", "Attempts", get=lambda row: row.stored.attempts, kind=COUNT),
    Field(
        "due_at", "Next attempt", get=lambda row: row.stored.due_at, kind=or_null(RELATIVE_INSTANT)
    ),
    Field("error", "Error", get=lambda row: row.stored.error, kind=or_null(TEXT)),
    Field("created_at", "Added", get=lambda row: row.stored.created_at, kind=RELATIVE_INSTANT),
    Field("stored_at", "Stored", get=lambda row: row.stored.stored_at, kind=or_null(INSTANT)),
    Field(
        "link",
        "Provider's link",
        get=lambda row: (
            None
            if row.link is None
            else {
                "created_at": row.link.created_at,
                "expires_at": row.link.expires_at,
                "expired": row.link_expired,
            }
        ),
        cell=lambda row, view: (
            "-"
            if row.link is None
            else f"expired {local(row.link.expires_at, view)}"
            if row.link_expired
            else f"until {local(row.link.expires_at, view)}"
        ),
        kind=or_null(keyed(created_at=INSTANT, expires_at=INSTANT, expired=FLAG)),
    ),
    Field(
        "provider_delete_at",
        "Deletion asked for",
        get=lambda row: row.stored.provider_delete_at,
        kind=or_null(INSTANT),
    ),
    Field(
        "provider_deleted_at",
        "Provider deleted it",
        get=lambda row: row.stored.provider_deleted_at,
        kind=or_null(INSTANT),
    ),
    Field("call", "Call", get=lambda row: row.stored.call, kind=or_null(ID)),
    Field("seconds", "Seconds", get=lambda row: row.stored.seconds, kind=or_null(COUNT)),
)
SAVED = (
    Field("media", "Id", kind=ID),
    Field("message", "Message", kind=ID),
    Field("file", "File", kind=TEXT),
    Field("content_type", "Type", kind=or_null(WORD)),
    _SIZE,
    UNCHANGED,
)

PRUNED = (
    Field("place", "Kept in", kind=TEXT),
    Field("files", "Files deleted", kind=COUNT),
    Field("bytes", "Bytes", kind=COUNT),
    Field("unfinished", "Unfinished files deleted", kind=COUNT),
)
FETCHED = (
    Field("media", "Id", get=lambda row: row.id, kind=ID),
    Field("org", None, kind=WORD),
    Field("message", "Message", get=lambda row: row.message_id, kind=ID),
    Field("status", "Status", kind=one_of(MediaStatus)),
    Field("content_type", "Type", kind=or_null(WORD)),
    Field("size", "Bytes", kind=or_null(COUNT)),
    Field("attempts", "Attempts", kind=COUNT),
    Field("due_at", "Next attempt", kind=or_null(RELATIVE_INSTANT)),
    Field("error", "Problem", kind=or_null(TEXT)),
)
