"""The field lists of messages with clients: JSON keys and table columns."""

from typing import Any

from petmsg.enums.inbound import RelayKind
from petmsg.enums.messages import AttemptStatus, BlockCode, Direction, MessageStatus
from petmsg.enums.orgs import ProviderName
from petmsg.plurals import named
from petmsg.render.field_types import (
    ATTENTION_FLAG,
    COUNT,
    E164,
    ENDPOINT,
    FLAG,
    GOOD_FLAG,
    ID,
    INSTANT,
    NAME,
    PHONE,
    REF,
    TEXT,
    WORD,
    either,
    keyed,
    list_of,
    object_of,
    one_of,
    or_null,
    rows_of,
)
from petmsg.render.fields import Field, View, words
from petmsg.render.picture_text import previewed, words_with_pictures
from petmsg.render.views.call_fields import OF_CALL
from petmsg.render.views.media import OF_MESSAGE
from petmsg.render.views.people import ANY_CLIENT, ANY_SITTER, CLIENT
from petmsg.render.views.people import SITTER as A_SITTER
from petmsg.render.views.prices import LISTED, SHOWN
from petmsg.render.views.route import ADDRESSEE, ANY_DECISION, DECISION
from petmsg.render.views.stored_decision import reason_of, stored_decision
from petmsg.rules.receipt_requests import expected_until

_ANY_MESSAGE = (
    Field("message", "Id", kind=ID),
    Field("direction", "Direction", kind=one_of(Direction)),
    Field("status", "Status", kind=one_of(MessageStatus)),
    *ANY_CLIENT,
    Field(
        "from",
        "From",
        get=lambda row: row.from_e164,
        personal=lambda row: row.direction == Direction.INBOUND,
        kind=or_null(ENDPOINT),
    ),
    Field(
        "to",
        "To",
        get=lambda row: row.to_e164,
        personal=lambda row: row.direction == Direction.OUTBOUND,
        kind=or_null(ENDPOINT),
    ),
    Field(
        "body",
        "Body",
        cell=lambda row, _: words_with_pictures(row.body, row.media, row.media_count or 0),
        kind=or_null(TEXT),
    ),
    OF_MESSAGE,
    Field("provider_id", None, get=lambda row: row.provider_message_id, kind=or_null(WORD)),
    Field("created_at", "Created", kind=INSTANT),
    Field("sent_at", "Sent", kind=or_null(INSTANT)),
    Field("attempts", None, kind=COUNT),
    Field(
        "error",
        "Error",
        get=lambda row: (
            None
            if row.error_message is None
            else {"code": row.error_code, "message": row.error_message}
        ),
        cell=lambda row, _: row.error_code or row.error_message or "-",
        kind=or_null(keyed(code=or_null(WORD), message=TEXT)),
    ),
)
MESSAGES = (*_ANY_MESSAGE, *LISTED, OF_CALL)

TRIES = (
    Field("attempt", kind=ID),
    Field("number", kind=E164),
    Field("status", kind=one_of(AttemptStatus)),
    Field("code", kind=or_null(WORD)),
    Field("provider_id", kind=or_null(WORD)),
    Field("claimed_at", kind=INSTANT),
    Field("ended_at", kind=or_null(INSTANT)),
)
MESSAGE = (
    *_ANY_MESSAGE,
    Field("segments", "Segments", kind=COUNT),
    *SHOWN,
    Field("provider", "Provider", kind=or_null(one_of(ProviderName))),
    Field(
        "as",
        "Sent as",
        get=lambda row: row.as_sitter,
        cell=lambda row, _: (
            named(row.as_sitter, row.as_name) if row.as_name else row.as_sitter or "-"
        ),
        kind=or_null(REF),
    ),
    Field("as_name", None, kind=or_null(NAME)),
    Field("actor", "Actor", kind=NAME),
    Field("send_at", "Scheduled for", kind=or_null(INSTANT)),
    Field("due_at", "Next attempt", kind=or_null(INSTANT)),
    Field("expires_at", "Expires", kind=or_null(INSTANT)),
    Field("urgent", "Urgent", kind=ATTENTION_FLAG),
    Field("delivered_at", "Delivered", kind=or_null(INSTANT)),
    Field("receipt_expected_until", "Receipt until", get=expected_until, kind=or_null(INSTANT)),
    Field(
        "tries", None, get=lambda row: [each._asdict() for each in row.tries], kind=rows_of(TRIES)
    ),
    Field(
        "decision",
        "Reason",
        get=stored_decision,
        cell=lambda row, _: reason_of(row) or "-",
        kind=or_null(either(object_of(ANY_DECISION), object_of(ADDRESSEE))),
    ),
    Field("template", "Template", kind=or_null(WORD)),
    Field("template_version", "Version", kind=or_null(COUNT)),
    Field("reply_to", "Answers", kind=or_null(ID)),
    Field("relay", "Kind", kind=or_null(one_of(RelayKind))),
    *ANY_SITTER,
    OF_CALL._replace(title="Call"),
)


def _status(row: Any, view: View) -> str:
    if view.is_dry_run and row.status == MessageStatus.SENDING:
        return "would be sent"
    return words(row.status, view)


QUEUED = (
    Field("message", "Id", kind=ID),
    Field("status", "Status", kind=one_of(MessageStatus)),
    Field("reused", "Duplicate", kind=FLAG, notable=True),
)
QUEUED_ROWS = (
    Field("row", "Line", kind=ID),
    *QUEUED,
    Field("warnings", None, get=lambda row: list(row.warnings), kind=list_of(TEXT)),
)
SENT = (
    Field("message", "Id", kind=ID),
    Field("status", "Status", cell=_status, kind=one_of(MessageStatus)),
    Field("from", "From", get=lambda row: row.from_e164, kind=or_null(E164)),
    Field("to", "To", get=lambda row: row.to_e164, personal=True, kind=or_null(PHONE)),
    Field("segments", "Segments", kind=COUNT),
    Field(
        "decision",
        "Reason",
        get=stored_decision,
        cell=lambda row, _: row.note or reason_of(row) or "-",
        kind=or_null(object_of(ANY_DECISION)),
    ),
    Field("note", None, kind=or_null(TEXT)),
    Field("warnings", None, get=lambda row: list(row.warnings), kind=list_of(TEXT)),
)
SENT_TO_SITTER = (*A_SITTER, *SENT)

SIZE = (
    *CLIENT,
    Field(
        "from",
        "From",
        get=lambda row: row.decision.number and row.decision.number.e164,
        kind=or_null(E164),
    ),
    Field("reason", "Reason", get=lambda row: row.decision.reason, kind=TEXT),
    Field("to", "To", get=lambda row: row.to_e164, personal=True, kind=PHONE),
    Field("body", "Body", kind=TEXT),
    Field("encoding", "Encoding", kind=WORD),
    Field("units", "Characters", kind=COUNT),
    Field("segments", "Segments", kind=COUNT),
    Field(
        "forced_by",
        "Forced by",
        cell=lambda row, _: repr(row.forced_by) if row.forced_by else "-",
        kind=or_null(WORD),
    ),
    Field("leaves_now", "Sent now", kind=GOOD_FLAG),
    Field(
        "holds",
        "Blocked by",
        get=lambda row: [each._asdict() for each in row.holds],
        cell=lambda row, _: "; ".join(each.explanation for each in row.holds) or "-",
        kind=list_of(keyed(code=one_of(BlockCode), explanation=TEXT, until=or_null(INSTANT))),
    ),
    Field("leak", "Contact details", kind=or_null(TEXT)),
    Field(
        "media",
        "Pictures",
        get=lambda row: [each._asdict() for each in row.media],
        cell=lambda row, _: "; ".join(map(previewed, row.media)) or "-",
        kind=list_of(
            keyed(
                name=or_null(NAME),
                content_type=or_null(WORD),
                size=or_null(COUNT),
                original_size=or_null(COUNT),
                removed=list_of(WORD),
                scaled=FLAG,
                url=or_null(TEXT),
            )
        ),
    ),
    Field("refused", "Refused", kind=or_null(TEXT)),
    Field("decision", None, get=lambda row: row.decision.to_json(), kind=object_of(DECISION)),
)
SIZE_TO_SITTER = (
    *A_SITTER,
    *(
        field._replace(kind=object_of(ANY_DECISION)) if field.name == "decision" else field
        for field in SIZE
        if field not in CLIENT
    ),
)
