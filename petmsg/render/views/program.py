"""The field lists of the program itself: its commands, their schemas, its version."""

from petmsg.render.field_types import ATTENTION_FLAG, FLAG, TEXT, WORD, keyed, list_of, or_null
from petmsg.render.fields import Field

_PARAMETER = keyed(
    name=WORD, kind=WORD, required=FLAG, repeatable=FLAG, value=or_null(WORD), help=TEXT
)

COMMANDS = (
    Field("command", "Command", kind=WORD),
    Field("summary", "What it does", kind=TEXT),
    Field("writes", "Writes", kind=FLAG),
    Field("asks", "Asks first", kind=ATTENTION_FLAG),
    Field("schema", kind=WORD),
    Field(
        "parameters",
        get=lambda row: [each._asdict() for each in row.parameters],
        kind=list_of(_PARAMETER),
    ),
    Field("examples", kind=list_of(TEXT)),
)
"""`petmsg commands`."""

SCHEMA = (
    Field("$schema", "Dialect", kind=WORD),
    Field("title", "Title", kind=TEXT),
    Field("description", "Output", kind=TEXT),
)
"""`petmsg schema`: the keys that each schema has."""

HELP = (
    Field("command", "Command", kind=WORD),
    Field("help", "Help", kind=TEXT),
)
"""`petmsg help`."""

VERSION = (
    Field("petmsg", "petmsg", kind=WORD),
    Field("schema", "Database schema", kind=WORD),
    Field("python", "Python", kind=WORD),
    Field("sqlite", "SQLite", kind=WORD),
    Field("platform", "Platform", kind=TEXT),
    Field("extras", "Extras", kind=list_of(WORD)),
    Field("missing_extras", "Missing extras", kind=list_of(WORD)),
)
"""`petmsg version`."""
