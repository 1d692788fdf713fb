"""The field lists of received messages."""

from datetime import datetime
from operator import attrgetter
from typing import Any

from petmsg.enums.inbound import AddressedTo
from petmsg.enums.orgs import ProviderName
from petmsg.enums.routing import InboundCode
from petmsg.plurals import named
from petmsg.render.field_types import (
    COUNT,
    E164,
    FLAG,
    ID,
    INSTANT,
    NAME,
    REF,
    RELATIVE_INSTANT,
    SENDER,
    TEXT,
    WORD,
    list_of,
    one_of,
    or_null,
    rows_of,
)
from petmsg.render.fields import UNCHANGED, Field
from petmsg.render.picture_text import words_with_pictures
from petmsg.render.views.call_fields import OF_CALL, VOICEMAIL
from petmsg.render.views.media import OF_MESSAGE
from petmsg.render.views.message import SENT
from petmsg.render.views.people import ANY_CLIENT, CLIENT, person
from petmsg.render.views.route import INBOUND_TRACE
from petmsg.render.views.stored_decision import reason_of, trace_of

_NAMED = REF._replace(wrap=NAME.wrap)
_ADDRESSED_TO_NAME = Field("addressed_to_name", None, kind=or_null(NAME))


def _addressed(row: Any, to: str | None) -> str:
    """Whom it is for: a sitter with their name, the front desk, or nobody."""
    return to or "-" if row.addressed_to_name is None else named(str(to), row.addressed_to_name)


RECEIVED = (
    Field("message", "Id", kind=ID),
    Field("duplicate", "Duplicate", kind=FLAG),
    Field("org", None, get=lambda row: row.decision.get("org"), kind=or_null(WORD)),
    Field("number", "Number", get=lambda row: row.decision.get("number"), kind=or_null(E164)),
    *person("client", "Client", ref=lambda row: row.decision.get("client"), is_optional=True),
    Field(
        "addressed_to",
        "For",
        get=lambda row: row.decision.get("addressed_to"),
        cell=lambda row, _: _addressed(row, row.decision.get("addressed_to")),
        kind=or_null(_NAMED),
    ),
    _ADDRESSED_TO_NAME,
    Field(
        "code", None, get=lambda row: row.decision.get("code"), kind=or_null(one_of(InboundCode))
    ),
    Field("reason", "Reason", get=lambda row: row.decision.get("reason"), kind=or_null(TEXT)),
    Field("did", "Follow-up", get=lambda row: list(row.did), kind=list_of(TEXT)),
    OF_MESSAGE,
    Field(
        "trace",
        None,
        get=lambda row: row.decision.get("trace"),
        kind=or_null(rows_of(INBOUND_TRACE)),
    ),
)


def _from_whom(row: Any) -> str:
    """The client, or the sitter who sent it from their own phone."""
    if row.sitter and not row.client and row.addressed_to == AddressedTo.RELAY:
        return f"sitter {named(row.sitter, row.sitter_name)}"
    return named(row.client, row.client_name) if row.client else "-"


def _for(row: Any) -> str:
    """Who it is for: a sitter only while their window with the client is active."""
    if row.addressed_to != AddressedTo.SITTER:
        return str(row.addressed_to)
    is_over = not row.window_open and row.done_at is None
    return AddressedTo.FRONT_DESK.value if is_over else str(row.sitter)


def _note(row: Any) -> str | None:
    """Whether the sitter it is addressed to was notified."""
    return None if row.addressed_to != AddressedTo.SITTER else _noted(row, row.sitter)


def _noted(row: Any, sitter: str) -> str:
    over = "" if row.window_open else "; their visit is over"
    if row.was_forwarded:
        return f"{sitter} was notified{over}"
    return f"{sitter} was not notified{'' if row.relay else ': the relay is off'}{over}"


def _named_note(row: Any, _: Any) -> str:
    is_sitters = row.addressed_to == AddressedTo.SITTER
    return _noted(row, named(row.sitter, row.sitter_name)) if is_sitters else "-"


def _was_told(row: Any) -> bool | None:
    """Whether the sitter it is addressed to was sent it; None if it is for nobody else."""
    return bool(row.was_forwarded) if row.addressed_to == AddressedTo.SITTER else None


def _since(row: Any) -> datetime | None:
    since: datetime | None = row.inbox_at or row.with_sitter_at
    return since


def _wrote(row: Any) -> str:
    return words_with_pictures(row.body, getattr(row, "media", None), row.media_count)


def _how_to_answer(row: Any) -> str | None:
    if row.from_e164 is None:
        return None
    return f"petmsg inbox reply {row.message} --body TEXT"


_ITEM = (
    Field("message", "Id", kind=ID),
    Field(
        "addressed_to",
        "For",
        get=_for,
        cell=lambda row, _: (
            named(row.sitter, row.sitter_name) if _for(row) == row.sitter else _for(row)
        ),
        kind=_NAMED,
    ),
    Field(
        "client",
        "Client",
        cell=lambda row, _: _from_whom(row),
        kind=or_null(_NAMED),
    ),
    Field("client_name", None, kind=or_null(NAME)),
    *person("sitter", None, is_optional=True),
    Field("from", "From", get=lambda row: row.from_e164, personal=True, kind=or_null(SENDER)),
    Field("number", "Number", kind=E164),
    Field("body", "Message", cell=lambda row, _: _wrote(row), kind=or_null(TEXT)),
    Field("media_count", None, kind=COUNT),
    OF_MESSAGE,
    Field("received_at", "Received", kind=RELATIVE_INSTANT),
    Field("claimed_by", "Assigned to", kind=or_null(NAME)),
    Field("note", "Note", get=_note, cell=_named_note, kind=or_null(TEXT)),
    Field("sitter_told", None, get=_was_told, kind=or_null(FLAG)),
)
INBOX = (
    *_ITEM,
    Field("code", None, kind=one_of(InboundCode)),
    Field("waits_since", None, get=_since, kind=INSTANT),
    OF_CALL,
    VOICEMAIL,
)
ITEM = (
    *_ITEM,
    Field("code", "Code", kind=one_of(InboundCode)),
    Field(
        "reason",
        "Reason",
        get=reason_of,
        kind=or_null(TEXT),
    ),
    Field("waits_since", "Waiting since", get=_since, kind=or_null(RELATIVE_INSTANT)),
    Field("claimed_at", "Assigned", kind=or_null(INSTANT)),
    Field("done_by", "Done by", kind=or_null(NAME)),
    Field("done_at", "Done", kind=or_null(INSTANT)),
    Field("done_reason", "Done reason", kind=or_null(TEXT)),
    Field("provider_id", None, get=lambda row: row.provider_message_id, kind=or_null(WORD)),
    Field(
        "trace",
        None,
        get=trace_of,
        kind=rows_of(INBOUND_TRACE),
    ),
    Field("answer_with", "Reply command", get=_how_to_answer, kind=or_null(TEXT)),
    OF_CALL._replace(title="Call"),
    VOICEMAIL,
)
ITEM_CHANGED = (
    Field("message", "Id", kind=ID),
    Field(
        "addressed_to",
        "For",
        cell=lambda row, _: _addressed(row, row.addressed_to),
        kind=_NAMED,
    ),
    _ADDRESSED_TO_NAME,
    *ANY_CLIENT,
    Field("claimed_by", "Assigned to", kind=or_null(NAME)),
    Field("done_by", "Done by", kind=or_null(NAME)),
    Field("done_at", "Done", kind=or_null(INSTANT)),
    UNCHANGED,
)
REPLIED = (*SENT, Field("reply_to", "Reply to", kind=ID))
ASSIGNED = (
    *CLIENT,
    Field("messages", "Messages", kind=list_of(ID)),
    Field("phone_added", "Phone added", kind=FLAG),
)
UNMATCHED = (
    Field("stray", "Id", get=attrgetter("unmatched"), kind=ID),
    Field("to", "To", get=lambda row: row.to_e164 or None, kind=or_null(E164)),
    Field("org", "Current org", kind=or_null(WORD)),
    Field(
        "from",
        "From",
        get=lambda row: row.from_phone or None,
        personal=True,
        kind=or_null(SENDER),
    ),
    Field("body", "Message", cell=lambda row, _: _wrote(row), kind=or_null(TEXT)),
    Field("media_count", None, kind=COUNT),
    Field("received_at", "Received", kind=RELATIVE_INSTANT),
    Field("provider", "Provider", kind=or_null(one_of(ProviderName))),
    Field("message", "Adopted message", kind=or_null(ID)),
)
