"""Sitters, and the periods in which they were active."""

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
