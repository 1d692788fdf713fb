"""Opt-outs, and pairs of a number and a phone that a carrier blocks."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from petmsg.enums.opt_outs import OptOutSource
from petmsg.models.base import Table, in_org, vocabulary

_STANDS = text("ended_at IS NULL")


class OptOut(Table, table=True):
    """The opt-out of a phone from an org's messages; active until `ended_at`.

    `phone_key` is the digest of the phone (`petmsg.phone.phone_key`) that recognises it. `e164` is
    NULL after its client was erased; the opt-out stays active. `opted_out_at` and `ended_at` are
    when the person said it, which may be before petmsg learned of it. `last_said_at` is when it was
    last repeated, NULL if never; an earlier opt-in does not end the opt-out.
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
    """A block by the carrier: messages from this number do not reach this phone."""

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
