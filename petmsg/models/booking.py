"""Bookings: the visits that clients book."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from petmsg.enums.bookings import BookingStatus
from petmsg.models.base import Table, in_org, vocabulary


class Booking(Table, table=True):
    """A booked visit, `[starts_at, ends_at)`. `sitter_id` is NULL if no sitter is assigned.

    `lead_minutes` is how long before the visit its assignment window begins; NULL means the org's.
    `feed` names the calendar from which it was imported.
    """

    __tablename__ = "booking"
    __table_args__ = (
        UniqueConstraint("org_id", "ref"),
        UniqueConstraint("org_id", "id", "client_id"),
        in_org("client", "client_id"),
        in_org("sitter", "sitter_id"),
        CheckConstraint("starts_at < ends_at", name="span"),
        CheckConstraint("lead_minutes BETWEEN 0 AND 10080", name="lead_minutes"),
        Index(None, "org_id", "client_id"),
        Index(None, "org_id", "status", "id"),
        Index(None, "org_id", "ends_at"),
        Index(None, "sitter_id", "ends_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    org_id: int
    ref: str
    client_id: int
    sitter_id: int | None = None
    status: BookingStatus = Field(
        default=BookingStatus.PENDING, sa_type=vocabulary(BookingStatus, "status")
    )
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    lead_minutes: int | None = None
    feed: str | None = None
