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

TAKEN_OVER = (
    Field("org", "Org"),
    Field("table", "Old table"),
    Field("read", "Rows"),
    Field("new", "New"),
    Field("merged", "Merged"),
    Field("known", "Known"),
    Field("not_taken", "Not taken"),
    Field("changed", "Changed"),
)
FINDING = (
    Field("org", "Org"),
    Field("table", "Old table"),
    Field("id", "Row"),
    Field("taken", "Taken"),
    Field("code", "Code"),
    Field("reason", "Why"),
)
_ORG = (Field("old_org"), Field("org"), Field("created"))


def _each(fields: tuple[Field, ...], name: str) -> Field:
    return Field(
        name,
        get=lambda report: [
            {field.name: field.value(row) for field in fields} for row in getattr(report, name)
        ],
    )


REPORT = (_each(_ORG, "orgs"), _each(TAKEN_OVER, "tables"), _each(FINDING, "findings"))
"""A whole report as one JSON object."""
