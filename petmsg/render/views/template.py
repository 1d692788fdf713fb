"""The field lists of message templates."""

from petmsg.render.field_types import (
    COUNT,
    FLAG,
    INSTANT,
    NAME,
    TEXT,
    WORD,
    keyed,
    list_of,
    or_null,
    rows_of,
)
from petmsg.render.fields import UNCHANGED, Field, nested
from petmsg.rules.templates import variables_of

_VARIABLES = Field(
    "variables",
    "Variables",
    get=lambda row: [each._asdict() for each in variables_of(row.body)],
    cell=lambda row, _: ", ".join(each.name for each in variables_of(row.body)) or "-",
    kind=list_of(keyed(name=WORD, default=or_null(TEXT))),
)
TEMPLATES = (
    Field("template", "Template", kind=WORD),
    Field("version", "Version", kind=COUNT),
    Field("body", "Body", kind=TEXT),
    _VARIABLES,
    Field("written_at", "Written", kind=INSTANT),
    Field("actor", None, kind=NAME),
    Field("removed_at", None, kind=or_null(INSTANT)),
)
VERSIONS = (
    Field("version", "Version", kind=COUNT),
    Field("body", "Body", kind=TEXT),
    Field("created_at", "Written", kind=INSTANT),
    Field("actor", "Actor", kind=NAME),
)
TEMPLATE = (
    Field("template", "Template", kind=WORD),
    Field("version", "Version", kind=COUNT),
    Field("body", "Body", kind=TEXT),
    _VARIABLES,
    Field("written_at", "Written", kind=INSTANT),
    Field("actor", "Actor", kind=NAME),
    Field(
        "versions",
        None,
        get=nested(VERSIONS, "versions"),
        kind=rows_of(VERSIONS),
    ),
)
CHANGED = (
    Field("template", "Template", kind=WORD),
    Field("version", "Version", kind=COUNT),
    Field("body", "Body", kind=TEXT),
    Field("removed", "Removed", kind=FLAG),
    UNCHANGED,
)
