"""Who wants no texts, and which pairs of numbers a carrier keeps apart."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from petmsg.enums import OptOutSource
from petmsg.models.base import Table, in_org, vocabulary

_STANDS = text("ended_at IS NULL")


class OptOut(Table, table=True):
    """A phone that wants no texts from an org. It stands until `ended_at`.

    `phone_key` is the digest of the phone (`petmsg.phone.phone_key`), by which it is recognised;
    `e164` is NULL once its client was forgotten, whose opt-out stands all the same. `opted_out_at`
    and `ended_at` are when it was said, which may be before petmsg heard of it; `last_said_at` is
    when it was said again, NULL if it was said once. An opt-in from before that ends nothing.
    """

    __tablename__ = "opt_out"
    __table_args__ = (
        Index(
            "uq_opt_out_standing",
            "org_id",
            "phone_key",
            unique=True,
            sqlite_where=_STANDS,
            postgresql_where=_STANDS,
        ),
        Index(None, "org_id", "phone_key"),
    )

    id: int | None = Field(default=None, primary_key=True)
    org_id: int = Field(foreign_key="org.id")
    phone_key: str
    e164: str | None = None
    source: OptOutSource = Field(sa_type=vocabulary(OptOutSource, "source"))
    reason: str
    actor: str
    opted_out_at: datetime
    ended_at: datetime | None = None
    end_reason: str | None = None
    end_actor: str | None = None
    last_said_at: datetime | None = None


class BlockedPair(Table, table=True):
    """A number of ours that the carrier keeps from a phone, whatever the org knows."""

    __tablename__ = "blocked_pair"
    __table_args__ = (
        UniqueConstraint("number_id", "phone_key"),
        in_org("message_number", "number_id"),
        Index(None, "org_id", "phone_key"),
    )

    id: int | None = Field(default=None, primary_key=True)
    org_id: int
    number_id: int
    phone_key: str
    code: str
    blocked_at: datetime
