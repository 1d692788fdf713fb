"""The field lists of texts that came in."""

from petmsg.render.fields import Field

RECEIVED = (
    Field("message", "Id"),
    Field("duplicate", "Was there"),
    Field("org", None, get=lambda row: row.addressee.get("org")),
    Field("number", "Number", get=lambda row: row.addressee.get("number")),
    Field("client", "Client", get=lambda row: row.addressee.get("client")),
    Field("addressed_to", "For", get=lambda row: row.addressee.get("addressed_to")),
    Field("code", None, get=lambda row: row.addressee.get("code")),
    Field("reason", "Why", get=lambda row: row.addressee.get("reason")),
    Field("did", "And then", get=lambda row: list(row.did)),
    Field("trace", None, get=lambda row: row.addressee.get("trace")),
)
