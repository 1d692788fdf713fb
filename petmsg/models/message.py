"""One text, and what the sandbox carrier would have sent."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from petmsg.enums import Direction, MessageStatus, ProviderName, Rule
from petmsg.models.base import Table, in_org, vocabulary

_IN_FLIGHT = text("direction = 'outbound' AND status IN ('sending', 'unknown')")
_QUEUED = text("status = 'queued'")


class Message(Table, table=True):
    """A text in or out. `number_id`, `rule` and `decision` were set by the claim.

    `decision` is the Decision as JSON text, the truth about why this number was used. `body` and
    the client's phone are NULL once she was forgotten.
    """

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("provider_message_id"),
        UniqueConstraint("org_id", "idempotency_key"),
        in_org("thread", "thread_id", "client_id"),
        in_org("message_number", "number_id"),
        in_org("sitter", "as_sitter_id"),
        CheckConstraint("(direction = 'inbound') = (status = 'received')", name="direction_status"),
        CheckConstraint("attempts >= 0", name="attempts"),
        Index(
            "uq_message_in_flight",
            "org_id",
            "to_e164",
            unique=True,
            sqlite_where=_IN_FLIGHT,
            postgresql_where=_IN_FLIGHT,
        ),
        Index("ix_message_queued", "org_id", "id", sqlite_where=_QUEUED, postgresql_where=_QUEUED),
        Index(None, "org_id", "id"),
        Index(None, "thread_id", "id"),
        Index(None, "thread_id", "claimed_at"),
        Index(None, "number_id", "claimed_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    org_id: int = Field(foreign_key="org.id")
    thread_id: int | None = None
    client_id: int | None = None
    direction: Direction = Field(sa_type=vocabulary(Direction, "direction"))
    status: MessageStatus = Field(sa_type=vocabulary(MessageStatus, "status"))
    body: str | None
    from_e164: str | None = None
    to_e164: str | None = None
    number_id: int | None = None
    rule: Rule | None = Field(default=None, sa_type=vocabulary(Rule, "rule"))
    decision: str | None = None
    as_sitter_id: int | None = None
    idempotency_key: str | None = None
    provider: ProviderName | None = Field(
        default=None, sa_type=vocabulary(ProviderName, "provider")
    )
    provider_message_id: str | None = None
    segments: int = 1
    attempts: int = 0
    error_code: str | None = None
    error_message: str | None = None
    actor: str
    created_at: datetime
    claimed_at: datetime | None = None
    sent_at: datetime | None = None


class SandboxText(Table, table=True):
    """What the sandbox carrier took: a text that a real one would have sent."""

    __tablename__ = "sandbox_text"
    __table_args__ = (UniqueConstraint("provider_message_id"), Index(None, "to_e164"))

    id: int | None = Field(default=None, primary_key=True)
    provider_message_id: str
    from_e164: str
    to_e164: str | None
    body: str | None
    accepted_at: datetime
