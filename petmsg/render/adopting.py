"""The field lists of what comes from elsewhere and goes elsewhere: exports and imports."""

from petmsg.render.fields import Field

EXPORTED = (
    Field("org", "Org"),
    Field("table", "Table"),
    Field("rows", "Rows"),
    Field("file", "File"),
    Field("sha256", None),
)
TAKEN_BACK = (
    Field("org", "Org"),
    Field("tables", "Tables"),
    Field("rows", "Rows"),
    Field("events", "Events that hold"),
    Field("waiting", "Texts that wait"),
    Field("same_ids", "Ids as they were"),
)
