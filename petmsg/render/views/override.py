"""The field lists of route overrides: JSON keys and table columns."""

from typing import Any

from petmsg.enums.routing import OverrideTo
from petmsg.render.field_types import (
    ATTENTION_FLAG,
    E164,
    FLAG,
    ID,
    INSTANT,
    NAME,
    TEXT,
    keyed,
    one_of,
    or_null,
)
from petmsg.render.fields import UNCHANGED, Field, View, local
from petmsg.render.views.people import CLIENT

OVERRIDE = (
    Field("override", "Id", kind=or_null(ID)),
    *CLIENT,
    Field("to", "To", kind=one_of(OverrideTo)),
    Field("starts_at", "From", kind=or_null(INSTANT)),
    Field("until_at", "Until", kind=or_null(INSTANT)),
    Field("ended_at", "Ended", kind=or_null(INSTANT)),
    Field("reason", "Reason", kind=or_null(TEXT)),
    Field("holds", "Holds now", kind=FLAG),
    Field("number", "Sent from", kind=or_null(E164)),
    Field("replaced", "Replaced", kind=or_null(ID)),
    UNCHANGED,
)


def _until(row: Any, view: View) -> str:
    """Until when the front desk handles the client, and why."""
    override = row.override
    if override is None:
        return "-"
    return f"Front desk until {local(override.ends_at, view)} ({override.reason})"


HOLDING = Field(
    "override",
    "Override",
    get=lambda row: (
        None
        if row.override is None
        else {
            "starts_at": row.override.starts_at,
            "until_at": row.override.ends_at,
            "reason": row.override.reason,
        }
    ),
    cell=_until,
    kind=or_null(keyed(starts_at=INSTANT, until_at=INSTANT, reason=TEXT)),
)
"""The override that holds for a client, in what is shown of the client and the thread."""
OVERRIDES = (
    Field("override", "Id", kind=ID),
    *CLIENT,
    Field("starts_at", "From", kind=INSTANT),
    Field("until_at", "Until", kind=INSTANT),
    Field("ended_at", "Ended", kind=or_null(INSTANT)),
    Field("ended_by", None, kind=or_null(NAME)),
    Field("holds", "Holds now", kind=ATTENTION_FLAG),
    Field("reason", "Reason", kind=TEXT),
    Field("actor", "Actor", kind=NAME),
)
