"""The field lists of what the provider says: what became of texts, and what is not the same."""

from petmsg.enums import DriftKind, MessageStatus
from petmsg.render.field_types import E164, ID, REF, TEXT, WORD, one_of, or_null
from petmsg.render.fields import Field

SYNCED = (
    Field("message", "Text", kind=ID),
    Field("status", "Status", kind=one_of(MessageStatus)),
    Field("client", "Client", kind=REF),
    Field("number", "Number", kind=or_null(E164)),
    Field("provider_id", None, kind=WORD),
    Field("code", "Code", kind=or_null(WORD)),
    Field("note", "Note", kind=or_null(TEXT)),
)
DRIFT = (
    Field("org", "Org", kind=or_null(WORD)),
    Field("kind", "Kind", kind=one_of(DriftKind)),
    Field("ref", "About", kind=WORD),
    Field("status", "Status", kind=or_null(WORD)),
    Field("message", "What is so", kind=TEXT),
    Field("command", "What helps", kind=or_null(TEXT)),
)
