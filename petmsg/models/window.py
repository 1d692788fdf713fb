"""Assignment windows: when messages of a thread are sent from the sitter's number."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from petmsg.models.base import Table, in_org


class AssignmentWindow(Table, table=True):
    """The window of a confirmed booking: booked `[starts_at, booked_until)`, grace to `ends_at`.

    `client_id` is part of both foreign keys, so that its thread belongs to its booking's client.
    """

    __tablename__ = "assignment_window"
    __table_args__ = (
        UniqueConstraint("booking_id"),
        in_org("booking", "booking_id", "client_id"),
        in_org("thread", "thread_id", "client_id"),
        in_org("sitter", "sitter_id"),
        CheckConstraint("starts_at < booked_until", name="booked"),
        CheckConstraint("booked_until <= ends_at", name="grace"),
        CheckConstraint("starts_at < ends_at", name="span"),
        Index(None, "thread_id", "ends_at", "starts_at", "sitter_id"),
        Index(None, "sitter_id", "ends_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    org_id: int
    thread_id: int
    client_id: int
    booking_id: int
    sitter_id: int | None = None
    starts_at: datetime
    booked_until: datetime
    ends_at: datetime
    created_at: datetime
