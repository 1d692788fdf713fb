"""Threads: the one conversation of a client with an org."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from petmsg.models.base import Table, in_org

_HAS_POOL_NUMBER = text("pool_number_id IS NOT NULL")


class Thread(Table, table=True):
    """A client's conversation: there is one per client and org, and it is permanent.

    `pool_number_id` is its own pool number, from which its last pool message was sent.
    `default_number_id` was chosen when the thread was created; it is for display only and never
    decides a route.
    """

    __tablename__ = "thread"
    __table_args__ = (
        UniqueConstraint("org_id", "client_id"),
        UniqueConstraint("org_id", "id", "client_id"),
        in_org("client", "client_id"),
        in_org("message_number", "pool_number_id"),
        in_org("message_number", "default_number_id"),
        Index(None, "pool_number_id"),
        Index(
            "ix_thread_pool_number",
            "org_id",
            "pool_number_id",
            sqlite_where=_HAS_POOL_NUMBER,
            postgresql_where=_HAS_POOL_NUMBER,
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    org_id: int
    client_id: int
    pool_number_id: int | None = None
    default_number_id: int | None = None
    created_at: datetime
