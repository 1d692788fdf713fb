"""Messages and the attempts to send them; the messages of the sandbox provider."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, false, text
from sqlmodel import Field

from petmsg.enums.messages import AttemptStatus, Direction, MessageStatus, StoredRule, Voice
from petmsg.enums.orgs import ProviderName
from petmsg.models.base import Table, in_org, vocabulary

_IN_FLIGHT = text("direction = 'outbound' AND status IN ('sending', 'unknown')")
_QUEUED = text("status = 'queued'")
_DIRECT = text("status = 'queued' AND thread_id IS NULL")
_IN_TRANSIT = text("status = 'sent'")
_TROUBLED = text("status IN ('failed', 'undelivered', 'held', 'unknown', 'cancelled')")


class Message(Table, table=True):
    """An inbound or outbound message.

    The last claim set `number_id`, `rule` and `decision`, the routing decision as JSON: it says why
    this number was used. `body` and the client's phone are NULL after the client was erased. Queued
    messages are sent in the order of `send_at`; `due_at` is when a message is tried next (later
    after a back-off). A message outside any thread (to a sitter or a stranger) has a `Relay` row
    with its reason. `worker` is the process that claimed it. `in_doubt_at` is since when its
    outcome is unknown, `absent_at` when the provider first did not list it, `reconcile_mark` the
    uptime from which its wait is measured, `synced_at` when its delivery receipt was last fetched.
    `media_count` is the number of pictures of an outbound message; an inbound one has its number in
    `InboundMessage`. `voice` says that a person chose the front desk's number, or that it is a
    reply (`MessageSource`); NULL means that the routing rules alone choose. `price_micros` is what
    the provider charged, in millionths of `price_currency` (ISO 4217); NULL until it says so.
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
        CheckConstraint("(price_micros IS NULL) = (price_currency IS NULL)", name="price_currency"),
        Index(
            "uq_message_in_flight",
            "org_id",
            "to_e164",
            unique=True,
            sqlite_where=_IN_FLIGHT,
            postgresql_where=_IN_FLIGHT,
        ),
        Index(
            "ix_message_due",
            "org_id",
            "due_at",
            "id",
            sqlite_where=_QUEUED,
            postgresql_where=_QUEUED,
        ),
        Index(
            "ix_message_line",
            "thread_id",
            "send_at",
            "id",
            sqlite_where=_QUEUED,
            postgresql_where=_QUEUED,
        ),
        Index(
            "ix_message_on_its_way",
            "org_id",
            "synced_at",
            "id",
            sqlite_where=_IN_TRANSIT,
            postgresql_where=_IN_TRANSIT,
        ),
        Index(
            "ix_message_troubled",
            "org_id",
            "status",
            "id",
            sqlite_where=_TROUBLED,
            postgresql_where=_TROUBLED,
        ),
        Index(
            "ix_message_direct",
            "org_id",
            "to_e164",
            "send_at",
            "id",
            sqlite_where=_DIRECT,
            postgresql_where=_DIRECT,
        ),
        Index("uq_message_org_id_id", "org_id", "id", unique=True),
        Index("uq_message_org_id_id_thread_id", "org_id", "id", "thread_id", unique=True),
        Index(None, "thread_id", "id"),
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
    rule: StoredRule | None = Field(default=None, sa_type=vocabulary(StoredRule, "rule"))
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
    send_at: datetime | None = None
    due_at: datetime | None = None
    expires_at: datetime | None = None
    urgent: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    worker: str | None = None
    in_doubt_at: datetime | None = None
    absent_at: datetime | None = None
    synced_at: datetime | None = None
    delivered_at: datetime | None = None
    reconcile_mark: str | None = None
    media_count: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    voice: Voice | None = Field(default=None, sa_type=vocabulary(Voice, "voice"))
    price_micros: int | None = Field(default=None, sa_type=BigInteger)
    price_currency: str | None = Field(default=None, max_length=3)


class MessageSource(Table, table=True):
    """Where an outbound message comes from: the inbound message that it answers, or the version of
    the template that it was filled from. A message of neither has no row."""

    __tablename__ = "message_source"
    __table_args__ = (
        in_org("message", "message_id"),
        in_org("message", "reply_to_id"),
        in_org("template_version", "template_version_id"),
        CheckConstraint("reply_to_id IS NOT NULL OR template_version_id IS NOT NULL", name="any"),
        Index(None, "reply_to_id"),
        Index(None, "template_version_id"),
    )

    message_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    org_id: int
    reply_to_id: int | None = None
    template_version_id: int | None = None


class MessageAttempt(Table, table=True):
    """One attempt to send a message: its number, its worker and its outcome.

    `provider_message_id` finds the attempt for a late delivery receipt, even if another attempt was
    started since. The foreign key makes sure that its thread is its message's. A message outside
    any thread has no routing rule.
    """

    __tablename__ = "message_attempt"
    __table_args__ = (
        UniqueConstraint("message_id", "attempt"),
        UniqueConstraint("provider_message_id"),
        in_org("message", "message_id"),
        in_org("message", "message_id", "thread_id"),
        in_org("message_number", "number_id"),
        CheckConstraint("(thread_id IS NULL) = (rule IS NULL)", name="thread_rule"),
        Index(None, "number_id", "claimed_at"),
        Index(None, "thread_id", "claimed_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    org_id: int
    message_id: int
    attempt: int
    thread_id: int | None = None
    number_id: int
    rule: StoredRule | None = Field(default=None, sa_type=vocabulary(StoredRule, "rule"))
    worker: str | None = None
    status: AttemptStatus = Field(sa_type=vocabulary(AttemptStatus, "status"))
    code: str | None = None
    provider_message_id: str | None = None
    claimed_at: datetime
    ended_at: datetime | None = None


class SandboxMessage(Table, table=True):
    """A message that the sandbox provider accepted; a real provider would have sent it.

    `media` lists its files as a JSON array of objects, NULL if it has none.
    """

    __tablename__ = "sandbox_text"
    __table_args__ = (UniqueConstraint("provider_message_id"), Index(None, "to_e164"))

    id: int | None = Field(default=None, primary_key=True)
    provider_message_id: str
    from_e164: str
    to_e164: str | None
    body: str | None
    accepted_at: datetime
    media: str | None = None
