"""The field lists of `petmsg db`, and of the claims that the demo checks."""

from petmsg.render.field_types import (
    COUNT,
    GOOD_FLAG,
    ID,
    INSTANT,
    REF,
    TEXT,
    WORD,
    or_null,
    rows_of,
)
from petmsg.render.fields import Field

MERGED_THREAD = (
    Field("thread", kind=ID),
    Field("messages", kind=COUNT),
    Field("windows", kind=COUNT),
)
MERGED = (
    Field("org", kind=WORD),
    Field("client", kind=REF),
    Field("kept", kind=ID),
    Field("merged", kind=rows_of(MERGED_THREAD)),
)
LOST = (
    Field("table", kind=WORD),
    Field("column", kind=or_null(WORD)),
    Field("rows", kind=COUNT),
)
MIGRATED = (
    Field("before", "Before", kind=or_null(WORD)),
    Field("after", "After", kind=or_null(WORD)),
    Field(
        "merged",
        "Threads merged",
        cell=lambda row, _: str(len(row.merged)),
        kind=rows_of(MERGED),
    ),
    Field(
        "lost",
        "Lost",
        get=lambda row: [each._asdict() for each in row.lost],
        cell=lambda row, _: ", ".join(each.what for each in row.lost) or "-",
        kind=rows_of(LOST),
    ),
    Field("backup", "Backup", kind=or_null(TEXT)),
)
CURRENT = (
    Field("database", "Database", kind=TEXT),
    Field("revision", "Schema", kind=or_null(WORD)),
    Field("head", "Required schema", kind=WORD),
    Field("up_to_date", "Up to date", kind=GOOD_FLAG),
)
BACKUP = (Field("file", "Backup", kind=TEXT), Field("bytes", "Bytes", kind=COUNT))
GONE_BACK = (
    Field("file", "Backup", kind=TEXT),
    Field("made_at", "Created", kind=INSTANT),
    Field("revision", "Schema", kind=WORD),
    Field("kept", "Previous database", kind=or_null(TEXT)),
)
SET_ASIDE = (
    Field("org", "Org", kind=WORD),
    Field("messages", "Messages held", kind=COUNT),
)
CHECK = (Field("problem", "Problem", kind=TEXT),)
CLAIMS = (
    Field("claim", "Claim", kind=TEXT),
    Field("holds", "Holds", kind=GOOD_FLAG),
    Field("proof", "Proof", kind=TEXT),
)
