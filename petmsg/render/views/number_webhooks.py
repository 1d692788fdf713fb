"""The field lists of `petmsg number webhooks`."""

from petmsg.enums.alerts import CheckResult
from petmsg.render.field_types import E164, TEXT, WORD, list_of, one_of, or_null
from petmsg.render.fields import Field

WEBHOOK_CHECKED = (
    Field("number", "Number", kind=E164),
    Field("result", "Result", kind=one_of(CheckResult)),
    Field("url", "Messages go to", kind=or_null(TEXT)),
    Field("method", None, kind=or_null(WORD)),
    Field("through", None, kind=or_null(TEXT)),
    Field("messaging_service", None, kind=or_null(WORD)),
    Field("voice_url", None, kind=or_null(TEXT)),
    Field("message", "Finding", kind=TEXT),
    Field("command", None, kind=or_null(TEXT)),
    Field("voice_method", None, kind=or_null(WORD)),
    Field("voice_through", None, kind=or_null(TEXT)),
    Field("status_callback", None, kind=or_null(TEXT)),
)
WEBHOOK_INSTALLED = (
    Field("number", "Number", kind=E164),
    Field(
        "changes",
        "Changes",
        cell=lambda row, _: "; ".join(row.changes) or "none",
        kind=list_of(TEXT),
    ),
    Field(
        "notes",
        "Notes",
        cell=lambda row, _: "; ".join(row.notes) or "-",
        kind=list_of(TEXT),
    ),
)
