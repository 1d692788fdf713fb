"""The field lists of exports and imports."""

from petmsg.render.field_types import COUNT, FLAG, TEXT, WORD, or_null, rows_of
from petmsg.render.fields import Field, nested

EXPORTED = (
    Field("org", "Org", kind=WORD),
    Field("table", "Table", kind=WORD),
    Field("rows", "Rows", kind=COUNT),
    Field("file", "File", kind=WORD),
    Field("sha256", None, kind=WORD),
)
RESTORED_EXPORT = (
    Field("org", "Org", kind=WORD),
    Field("tables", "Tables", kind=COUNT),
    Field("rows", "Rows", kind=COUNT),
    Field("events", "Events verified", kind=COUNT),
    Field("waiting", "Queued messages", kind=COUNT),
    Field("same_ids", "IDs kept", kind=FLAG),
)

IMPORTED_TABLES = (
    Field("org", "Org", kind=or_null(WORD)),
    Field("table", "Old table", kind=WORD),
    Field("read", "Rows", kind=COUNT),
    Field("new", "New", kind=COUNT),
    Field("merged", "Merged", kind=COUNT),
    Field("known", "Known", kind=COUNT),
    Field("not_taken", "Skipped", kind=COUNT),
    Field("changed", "Changed", kind=COUNT),
)
FINDING = (
    Field("org", "Org", kind=or_null(WORD)),
    Field("table", "Old table", kind=WORD),
    Field("id", "Row", kind=WORD),
    Field("taken", "Imported", kind=FLAG),
    Field("code", "Code", kind=WORD),
    Field("reason", "Reason", kind=TEXT),
)
_ORG = (Field("old_org", kind=WORD), Field("org", kind=WORD), Field("created", kind=FLAG))


def _each(fields: tuple[Field, ...], name: str) -> Field:
    return Field(name, get=nested(fields, name), kind=rows_of(fields))


REPORT = (
    _each(_ORG, "orgs"),
    _each(IMPORTED_TABLES, "tables"),
    _each(FINDING, "findings"),
    Field("schema", kind=WORD),
    Field("pictures", kind=COUNT),
)
"""A whole report as one JSON object."""
