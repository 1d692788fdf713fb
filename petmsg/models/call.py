"""Phone calls to the masked numbers."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from petmsg.enums.calls import AnsweredBy, CallAddressee, CallerKind, CallStatus
from petmsg.enums.orgs import ProviderName
from petmsg.models.base import Table, in_org, vocabulary

_OPEN = text("ended_at IS NULL")
_MISSED = text("message_id IS NOT NULL")
_OF_SITTERS = text("caller = 'sitter'")


class Call(Table, table=True):
    """A phone call to one of the org's numbers: who called, for whom it is and why, how it ended.

    `from_phone` is NULL if it was withheld, or after the client was erased. `client_id` is the
    client who called or was called, `sitter_id` the sitter. `decision` is the CallDecision as JSON,
    without phones; `code` is its code. `ring_results` is how ringing ended that nobody took, as a
    JSON object: the place in the decision's `rings`, and a `CallStatus`. `answered_by` is who took
    it; `answered_at` is when a sitter pressed the key, or else when the provider told of it.
    `message_id` is the entry in the inbox of a call that nobody took, which holds its voicemail as
    a file; `voicemail_seconds` is its length. `duration_seconds` is that of the whole call.
    """

    __tablename__ = "call"
    __table_args__ = (
        UniqueConstraint("provider_call_id"),
        UniqueConstraint("org_id", "id"),
        UniqueConstraint("message_id"),
        in_org("message_number", "number_id"),
        in_org("client", "client_id"),
        in_org("sitter", "sitter_id"),
        in_org("message", "message_id"),
        CheckConstraint("(status = 'ringing') = (ended_at IS NULL)", name="ended"),
        CheckConstraint("status <> 'completed' OR answered_by IS NOT NULL", name="completed"),
        CheckConstraint("duration_seconds >= 0 AND voicemail_seconds >= 0", name="seconds"),
        CheckConstraint(
            "voicemail_seconds IS NULL OR message_id IS NOT NULL", name="voicemail_message"
        ),
        Index(None, "org_id", "started_at"),
        Index(None, "org_id", "from_phone", "started_at"),
        Index(None, "org_id", "status", "started_at"),
        Index(None, "client_id", "started_at"),
        Index(None, "sitter_id", "started_at"),
        Index(None, "number_id", "started_at"),
        Index("ix_call_open", "org_id", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index(
            "ix_call_of_sitters",
            "org_id",
            "id",
            sqlite_where=_OF_SITTERS,
            postgresql_where=_OF_SITTERS,
        ),
        Index(
            "ix_call_missed",
            "org_id",
            "started_at",
            sqlite_where=_MISSED,
            postgresql_where=_MISSED,
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    org_id: int = Field(foreign_key="org.id")
    provider: ProviderName | None = Field(
        default=None, sa_type=vocabulary(ProviderName, "provider")
    )
    provider_call_id: str
    number_id: int
    from_phone: str | None = None
    caller: CallerKind = Field(sa_type=vocabulary(CallerKind, "caller"))
    client_id: int | None = None
    sitter_id: int | None = None
    addressed_to: CallAddressee = Field(sa_type=vocabulary(CallAddressee, "addressed_to"))
    code: str
    decision: str
    ring_results: str | None = None
    status: CallStatus = Field(default=CallStatus.RINGING, sa_type=vocabulary(CallStatus, "status"))
    answered_by: AnsweredBy | None = Field(
        default=None, sa_type=vocabulary(AnsweredBy, "answered_by")
    )
    started_at: datetime
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    duration_seconds: int | None = None
    voicemail_seconds: int | None = None
    message_id: int | None = None
