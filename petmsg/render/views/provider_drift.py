"""The field lists of delivery receipts, and of differences from the provider."""

from petmsg.enums.alerts import DriftKind
from petmsg.enums.messages import MessageStatus
from petmsg.render.field_types import E164, ID, TEXT, WORD, one_of, or_null
from petmsg.render.fields import Field
from petmsg.render.views.people import ANY_CLIENT

SYNCED = (
    Field("message", "Message", kind=ID),
    Field("status", "Status", kind=one_of(MessageStatus)),
    *ANY_CLIENT,
    Field("number", "Number", kind=or_null(E164)),
    Field("provider_id", None, kind=WORD),
    Field("code", "Code", kind=or_null(WORD)),
    Field("note", "Note", kind=or_null(TEXT)),
)
DRIFT = (
    Field("org", "Org", kind=or_null(WORD)),
    Field("kind", "Kind", kind=one_of(DriftKind)),
    Field("ref", "Subject", kind=WORD),
    Field("status", "Status", kind=or_null(WORD)),
    Field("message", "Finding", kind=TEXT),
    Field("command", "Fix", kind=or_null(TEXT)),
)
