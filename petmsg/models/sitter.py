"""Sitters, the periods in which they were active, and those in which they are away."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from petmsg.enums.people import SitterStatus
from petmsg.models.base import Table, in_org, vocabulary


class Sitter(Table, table=True):
    """A sitter of an org. `phone` is the personal one; the masked one is a `MessageNumber`."""

    __tablename__ = "sitter"
    __table_args__ = (
        UniqueConstraint("org_id", "ref"),
        UniqueConstraint("org_id", "id"),
        Index(None, "org_id", "name"),
        Index(None, "org_id", "phone"),
    )

    id: int | None = Field(default=None, primary_key=True)
    org_id: int = Field(foreign_key="org.id")
    ref: str
    name: str
    phone: str
    status: SitterStatus = Field(
        default=SitterStatus.INACTIVE, sa_type=vocabulary(SitterStatus, "status")
    )
    created_at: datetime


class SitterActivity(Table, table=True):
    """A period in which a sitter was active: `[activated_at, offboarded_at)`, open while NULL."""

    __tablename__ = "sitter_activity"
    __table_args__ = (
        in_org("sitter", "sitter_id"),
        CheckConstraint("activated_at <= offboarded_at", name="span"),
        Index(
            "uq_sitter_activity_open",
            "sitter_id",
            unique=True,
            sqlite_where=text("offboarded_at IS NULL"),
            postgresql_where=text("offboarded_at IS NULL"),
        ),
        Index(None, "sitter_id", "activated_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    org_id: int
    sitter_id: int
    activated_at: datetime
    offboarded_at: datetime | None = None


class SitterAbsence(Table, table=True):
    """A time in which a sitter is away: `[starts_at, ends_at)`, or until `ended_at` if they are
    back earlier. An absence that ended before it began was cancelled. Instants are aware UTC.
    """

    __tablename__ = "sitter_absence"
    __table_args__ = (
        in_org("sitter", "sitter_id"),
        CheckConstraint("starts_at < ends_at", name="span"),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended_by"),
        Index(None, "sitter_id", "ends_at"),
        Index(None, "org_id", "ends_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    org_id: int
    sitter_id: int
    starts_at: datetime
    ends_at: datetime
    reason: str
    actor: str
    created_at: datetime
    ended_at: datetime | None = None
    ended_by: str | None = None
