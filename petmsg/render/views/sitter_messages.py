"""The field lists of a sitter's messages with the company: JSON keys and table columns."""

from petmsg.enums.messages import Direction, MessageStatus
from petmsg.render.field_types import (
    COUNT,
    E164,
    ID,
    INSTANT,
    TEXT,
    one_of,
    or_null,
    rows_of,
)
from petmsg.render.fields import Field, nested
from petmsg.render.picture_text import words_with_pictures
from petmsg.render.views.media import OF_MESSAGE
from petmsg.render.views.nouns import SITTER

STAFF_MESSAGES = (
    Field("message", "Id", kind=ID),
    Field("direction", "Direction", kind=one_of(Direction)),
    Field("status", "Status", kind=one_of(MessageStatus)),
    Field("number", "Number", kind=or_null(E164)),
    Field(
        "body",
        "Body",
        cell=lambda row, _: words_with_pictures(row.body, row.media, row.media_count or 0),
        kind=or_null(TEXT),
    ),
    Field("created_at", "Time", kind=INSTANT),
    Field("sent_at", None, kind=or_null(INSTANT)),
    Field("received_at", None, kind=or_null(INSTANT)),
    Field("about", None, kind=or_null(ID)),
    Field("media_count", None, kind=COUNT),
    OF_MESSAGE,
)
SITTER_WITH_MESSAGES = (
    *SITTER,
    Field("messages", None, get=nested(STAFF_MESSAGES, "messages"), kind=rows_of(STAFF_MESSAGES)),
)
