"""The field lists of the numbers' delivery health and rate limits."""

from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.render.field_types import (
    AMOUNT,
    BAD_FLAG,
    COUNT,
    E164,
    FLAG,
    TEXT,
    counts_by,
    one_of,
)
from petmsg.render.fields import UNCHANGED, Field
from petmsg.render.views.people import ANY_SITTER

HEALTH = (
    Field("number", "Number", kind=E164),
    Field("class", "Class", get=lambda row: row.number_class, kind=one_of(NumberClass)),
    Field("status", "Status", kind=one_of(NumberStatus)),
    *ANY_SITTER,
    Field("sent", "Sent", kind=COUNT),
    Field("delivered", "Delivered", kind=COUNT),
    Field("undelivered", "Undelivered", kind=COUNT),
    Field("failed", "Failed", kind=COUNT),
    Field("unknown", "Unknown", kind=COUNT),
    Field(
        "by_code",
        "Error codes",
        cell=lambda row, _: (
            ", ".join(f"{count} x {code}" for code, count in row.by_code.items()) or "-"
        ),
        kind=counts_by("code"),
    ),
    Field("filtered_last_50", "Filtered of last 50", kind=COUNT),
    Field("filtered_24h", "Filtered in 24 h", kind=COUNT),
    Field("sent_24h", "Sent in 24 h", kind=COUNT),
    Field("propose", "Flagged", kind=BAD_FLAG),
)
PROPOSED = (*HEALTH, Field("command", "Fix", kind=TEXT))
PACE = (
    Field("number", "Number", kind=E164),
    Field("segments_per_second", "Segments per second", kind=AMOUNT),
    Field("usual", "Default", kind=FLAG),
)
PACE_SET = (*PACE, UNCHANGED)
