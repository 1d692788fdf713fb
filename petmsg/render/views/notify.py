"""The field lists of channels, and of what they were told."""

from petmsg.enums.alerts import AlertSeverity
from petmsg.render.field_types import (
    BAD,
    COUNT,
    FLAG,
    GOOD,
    ID,
    INSTANT,
    REF,
    RELATIVE_INSTANT,
    TEXT,
    WORD,
    list_of,
    one_of,
    one_word_of,
    or_null,
)
from petmsg.render.fields import UNCHANGED, Field

_CHANNEL = (
    Field("channel", "Channel", kind=REF),
    Field("org", "Org", kind=WORD),
)
_WHICH = (
    Field("severity", "From severity", kind=one_of(AlertSeverity)),
    Field(
        "kinds",
        "Types",
        cell=lambda row, _: ", ".join(row.kinds) or "all",
        kind=list_of(WORD),
    ),
)
_STATUS = one_word_of("ok", "failing", "no_url")._replace(
    tones={"ok": GOOD, "failing": BAD, "no_url": BAD}
)
CHANNELS = (
    *_CHANNEL,
    *_WHICH,
    Field("status", "Status", kind=_STATUS),
    Field("waiting", "To tell", kind=COUNT),
    Field("told_at", "Last told", kind=or_null(RELATIVE_INSTANT)),
    Field("failures", "Failures", kind=COUNT),
    Field("failed_at", None, kind=or_null(INSTANT)),
    Field("due_at", None, kind=or_null(INSTANT)),
)
ADDED = (*_CHANNEL, *_WHICH, UNCHANGED)
REMOVED = (*_CHANNEL, Field("had_url", "URL removed", kind=FLAG))
_OUTCOME = (
    Field(
        "status",
        "Status",
        get=lambda row: "failed" if row.outcome.trouble else "told",
        kind=one_word_of("told", "failed")._replace(tones={"told": GOOD, "failed": BAD}),
    ),
    Field("why", "Reason", get=lambda row: row.outcome.why or None, kind=or_null(TEXT)),
)
_TOLD = (
    Field("channel", "Channel", get=lambda row: row.channel.name, kind=REF),
    Field("org", "Org", get=lambda row: row.channel.org, kind=WORD),
)
TOLD = (
    *_TOLD,
    Field("kind", "Type", kind=WORD),
    Field("alerts", "Alerts", kind=list_of(ID)),
    Field("refs", "Subjects", kind=list_of(WORD)),
    *_OUTCOME,
)
TESTED = (*_TOLD, *_OUTCOME)
