"""Route overrides: a person sends a thread to the front desk for a time."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field

from petmsg.models.base import Table, in_org

_NOT_ENDED = text("ended_at IS NULL")


class RouteOverride(Table, table=True):
    """An override of a thread's routing: it goes to the front desk in `[starts_at, until_at)`, or
    until `ended_at` if a person or another override ended it earlier.

    Of one thread at most one has no `ended_at`, so that two never hold at the same time: a new one
    ends the one before. Instants are aware UTC.
    """

    __tablename__ = "route_override"
    __table_args__ = (
        in_org("thread", "thread_id", "client_id"),
        CheckConstraint("starts_at < until_at", name="span"),
        CheckConstraint(
            "ended_at IS NULL OR (starts_at <= ended_at AND ended_at <= until_at)", name="ended_at"
        ),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="ended_by"),
        Index(
            "uq_route_override_not_ended",
            "thread_id",
            unique=True,
            sqlite_where=_NOT_ENDED,
            postgresql_where=_NOT_ENDED,
        ),
        Index(None, "client_id", "until_at"),
        Index(None, "org_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    org_id: int
    thread_id: int
    client_id: int
    starts_at: datetime
    until_at: datetime
    reason: str
    actor: str
    ended_at: datetime | None = None
    ended_by: str | None = None
