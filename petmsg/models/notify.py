"""Channels of notifications, and which alert each of them was told."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from petmsg.enums.alerts import AlertSeverity
from petmsg.models.base import Table, in_org, vocabulary


class NotifyChannel(Table, table=True):
    """A channel by name. Its URL is a secret and is not in the database (`petmsg.notify`).

    It is told of alerts of at least `severity`, and only of `kinds` (a JSON array) if that is set.
    `failures` counts the attempts that failed since the last success, `failed_at` is when the first
    of them did, and `due_at` when it is tried next.
    """

    __tablename__ = "notify_channel"
    __table_args__ = (
        UniqueConstraint("org_id", "id"),
        UniqueConstraint("org_id", "name"),
        CheckConstraint("failures >= 0", name="failures"),
    )

    id: int | None = Field(default=None, primary_key=True)
    org_id: int = Field(foreign_key="org.id")
    name: str
    severity: AlertSeverity = Field(sa_type=vocabulary(AlertSeverity, "severity"))
    kinds: str | None = None
    created_at: datetime
    failed_at: datetime | None = None
    failures: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    due_at: datetime | None = None


class NotifyDelivery(Table, table=True):
    """When a channel was last told of an alert."""

    __tablename__ = "notify_delivery"
    __table_args__ = (
        in_org("notify_channel", "channel_id"),
        in_org("alert", "alert_id"),
        Index(None, "alert_id"),
    )

    channel_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    alert_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    org_id: int
    told_at: datetime
