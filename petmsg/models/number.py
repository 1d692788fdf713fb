"""Masked numbers, and the ledger of their class, status and sitter."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.models.base import Table, in_org, vocabulary

_LENT_POOL = text("class = 'pool' AND status IN ('active', 'quarantined')")
_DESK = text("class = 'front_desk'")
_IMPORTED_USE = text("last_used_at < created_at")
_LENT = text("class IN ('pool', 'front_desk') AND status IN ('active', 'quarantined')")


class MessageNumber(Table, table=True):
    """A masked number, from which messages are sent.

    `sitter_id` is the sitter who holds it now. `first_sitter_id` is the only sitter it was ever
    assigned to: the database refuses another one. Without `segments_per_second` the default of its
    kind applies (`petmsg.rules.rate_limit`). Its next message may start at `free_at`, so that all
    workers together keep its rate limit. Since `refused_at` the provider refuses messages from it
    with `refused_code`, because of the account; at `refused_until` one message is tried again.
    `mms` says whether it can send pictures and `voice` whether it takes calls, NULL if the provider
    does not say. `provider_number_id` is its ID there; `messaging_service` is that of the Messaging
    Service whose messages it sends, NULL if it is in none.
    """

    __tablename__ = "message_number"
    __table_args__ = (
        UniqueConstraint("e164"),
        UniqueConstraint("org_id", "id"),
        in_org("sitter", "sitter_id"),
        in_org("sitter", "first_sitter_id"),
        CheckConstraint("sitter_id IS NULL OR class = 'sitter'", name="holder_class"),
        CheckConstraint("sitter_id IS NULL OR status <> 'retired'", name="holder_status"),
        CheckConstraint(
            "sitter_id IS NULL OR (first_sitter_id IS NOT NULL AND first_sitter_id = sitter_id)",
            name="holder_first",
        ),
        CheckConstraint(
            "(status = 'quarantined') = (quarantined_until IS NOT NULL)", name="quarantined_until"
        ),
        CheckConstraint(
            "(status = 'quarantined') = (quarantine_reason IS NOT NULL)", name="quarantine_reason"
        ),
        CheckConstraint(
            "segments_per_second > 0 AND segments_per_second <= 1000", name="segments_per_second"
        ),
        Index("uq_message_number_holder", "sitter_id", unique=True),
        Index(
            "uq_message_number_front_desk",
            "org_id",
            unique=True,
            sqlite_where=text("class = 'front_desk' AND status = 'active'"),
            postgresql_where=text("class = 'front_desk' AND status = 'active'"),
        ),
        Index(None, "org_id", "class", "status"),
        # The order in which a pool lends its numbers.
        Index(
            "ix_message_number_pool",
            "org_id",
            "last_used_at",
            "id",
            sqlite_where=_LENT_POOL,
            postgresql_where=_LENT_POOL,
        ),
        Index(
            "ix_message_number_lent_e164",
            "org_id",
            "e164",
            sqlite_where=_LENT,
            postgresql_where=_LENT,
        ),
        Index(
            "ix_message_number_imported_use",
            "org_id",
            "last_used_at",
            sqlite_where=_IMPORTED_USE,
            postgresql_where=_IMPORTED_USE,
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    org_id: int = Field(foreign_key="org.id")
    e164: str
    number_class: NumberClass = Field(
        sa_type=vocabulary(NumberClass, "class"), sa_column_kwargs={"name": "class"}
    )
    status: NumberStatus = Field(
        default=NumberStatus.ACTIVE, sa_type=vocabulary(NumberStatus, "status")
    )
    sitter_id: int | None = None
    first_sitter_id: int | None = None
    quarantined_until: datetime | None = None
    quarantine_reason: str | None = None
    last_used_at: datetime | None = None
    created_at: datetime
    segments_per_second: float | None = None
    free_at: datetime | None = None
    refused_at: datetime | None = None
    refused_until: datetime | None = None
    refused_code: str | None = None
    mms: bool | None = None
    provider_number_id: str | None = None
    messaging_service: str | None = None
    voice: bool | None = None


class NumberLedgerEntry(Table, table=True):
    """One row of a number's ledger: its class, status and sitter from `from_at` on.

    A row ends where the next one starts, so the ledger has neither gaps nor overlaps. Triggers
    allow only to add rows, each later than the last.
    """

    __tablename__ = "number_custody"
    __table_args__ = (
        UniqueConstraint("number_id", "from_at"),
        in_org("message_number", "number_id"),
        in_org("sitter", "sitter_id"),
        Index(None, "sitter_id", "from_at"),
        Index("ix_number_custody_desk", "org_id", sqlite_where=_DESK, postgresql_where=_DESK),
    )

    id: int | None = Field(default=None, primary_key=True)
    org_id: int
    number_id: int
    from_at: datetime
    number_class: NumberClass = Field(
        sa_type=vocabulary(NumberClass, "class"), sa_column_kwargs={"name": "class"}
    )
    status: NumberStatus = Field(sa_type=vocabulary(NumberStatus, "status"))
    sitter_id: int | None = None
    quarantined_until: datetime | None = None
    reason: str
    actor: str
