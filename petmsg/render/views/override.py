"""The field lists of route overrides: JSON keys and table columns."""

from petmsg.enums import OverrideTo
from petmsg.render.field_types import (
    E164,
    FLAG,
    ID,
    INSTANT,
    NAME,
    NOTABLE,
    REF,
    TEXT,
    one_of,
    or_null,
)
from petmsg.render.fields import Field

OVERRIDE = (
    Field("override", "Id", kind=or_null(ID)),
    Field("client", "Client", kind=REF),
    Field("to", "To", kind=one_of(OverrideTo)),
    Field("starts_at", "From", kind=or_null(INSTANT)),
    Field("until_at", "Until", kind=or_null(INSTANT)),
    Field("ended_at", "Ended", kind=or_null(INSTANT)),
    Field("reason", "Reason", kind=or_null(TEXT)),
    Field("holds", "Holds now", kind=FLAG),
    Field("number", "Sent from", kind=or_null(E164)),
    Field("replaced", "Replaced", kind=or_null(ID)),
    Field("reused", "Unchanged", kind=FLAG),
)
OVERRIDES = (
    Field("override", "Id", kind=ID),
    Field("client", "Client", kind=REF),
    Field("client_name", "Name", kind=or_null(NAME)),
    Field("starts_at", "From", kind=INSTANT),
    Field("until_at", "Until", kind=INSTANT),
    Field("ended_at", "Ended", kind=or_null(INSTANT)),
    Field("ended_by", None, kind=or_null(NAME)),
    Field("holds", "Holds now", kind=NOTABLE),
    Field("reason", "Reason", kind=TEXT),
    Field("actor", "Actor", kind=NAME),
)
