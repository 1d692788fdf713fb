"""The field lists of what the provider says: what became of texts, and what is not the same."""

from petmsg.render.fields import Field

SYNCED = (
    Field("message", "Text"),
    Field("status", "Status"),
    Field("client", "Client"),
    Field("number", "Number"),
    Field("provider_id", None),
    Field("code", "Code"),
    Field("note", "Note"),
)
DRIFT = (
    Field("org", "Org"),
    Field("kind", "Kind"),
    Field("ref", "About"),
    Field("status", "Status"),
    Field("message", "What is so"),
    Field("command", "What helps"),
)
