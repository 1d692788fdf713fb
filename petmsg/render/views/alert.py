"""The field lists of alerts. A table shows times in the timezone of the alert's org."""

from typing import Any

from petmsg.enums.alerts import AlertSeverity
from petmsg.render.field_types import (
    COUNT,
    ID,
    INSTANT,
    NAME,
    RELATIVE_INSTANT,
    TEXT,
    WORD,
    FieldType,
    one_of,
    or_null,
)
from petmsg.render.fields import UNCHANGED, Field, View, when


def _instant(name: str, title: str, *, kind: FieldType) -> Field:
    def cell(row: Any, view: View) -> str:
        at = getattr(row, name)
        return "-" if at is None else when(at, view._replace(timezone=str(row.timezone)))

    return Field(name, title, cell=cell, kind=kind)


_ABOUT = (
    Field("alert", "Alert", kind=ID),
    Field("org", "Org", kind=WORD),
    Field("severity", "Severity", kind=one_of(AlertSeverity)),
    Field("kind", "Type", kind=WORD),
    Field("entity", None, kind=WORD),
    Field(
        "ref",
        "Subject",
        cell=lambda row, _: f"{row.ref} {row.ref_name}" if row.ref_name else row.ref,
        kind=WORD._replace(wrap=NAME.wrap),
    ),
    Field("ref_name", None, kind=or_null(NAME)),
    Field("message", "Event", kind=TEXT),
    Field("command", "Fix", kind=or_null(TEXT)),
    Field("count", "Count", get=lambda row: row.times, kind=COUNT),
)
ALERTS = (
    *_ABOUT,
    Field("opened_at", None, kind=INSTANT),
    _instant("last_at", "Last seen", kind=RELATIVE_INSTANT),
    Field("done_at", None, kind=or_null(INSTANT)),
    Field("done_by", None, kind=or_null(NAME)),
    Field("done_reason", None, kind=or_null(TEXT)),
)
ALERT = (
    *_ABOUT,
    _instant("opened_at", "Opened", kind=INSTANT),
    _instant("last_at", "Last seen", kind=RELATIVE_INSTANT),
    _instant("done_at", "Done", kind=or_null(INSTANT)),
    Field("done_by", "Done by", kind=or_null(NAME)),
    Field("done_reason", "Reason", kind=or_null(TEXT)),
)
DONE = (
    Field("alert", "Alert", kind=ID),
    Field("org", "Org", kind=WORD),
    Field("kind", "Type", kind=WORD),
    Field("entity", None, kind=WORD),
    Field("ref", "Subject", kind=WORD),
    Field("done_at", "Done", kind=INSTANT),
    Field("done_by", "Done by", kind=NAME),
    Field("done_reason", "Reason", kind=or_null(TEXT)),
    UNCHANGED,
)
