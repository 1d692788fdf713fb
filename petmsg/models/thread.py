"""The one conversation of a client with a company."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from petmsg.models.base import Table, in_org


class Thread(Table, table=True):
    """A client's conversation: one per client and org, for ever (invariant 1).

    `pool_number_id` is its own pool number, the one its last pool message left from;
    `default_number_id` was chosen when the thread was made, is shown, and never decides a route.
    """

    __tablename__ = "thread"
    __table_args__ = (
        UniqueConstraint("org_id", "client_id"),
        UniqueConstraint("org_id", "id", "client_id"),
        in_org("client", "client_id"),
        in_org("message_number", "pool_number_id"),
        in_org("message_number", "default_number_id"),
        Index(None, "pool_number_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    org_id: int
    client_id: int
    pool_number_id: int | None = None
    default_number_id: int | None = None
    created_at: datetime
