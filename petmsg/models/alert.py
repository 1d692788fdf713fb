"""Alerts: what needs a person, stored as rows."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field

from petmsg.enums.alerts import AlertSeverity
from petmsg.models.base import Table, vocabulary

_OPEN = text("done_at IS NULL")


class Alert(Table, table=True):
    """An alert. While it is open, raising it again increases `count` and `last_at`.

    `kind` says what happened, `entity` and `ref` what it is about, `command` what to do. A row
    contains refs, but no personal phone, name or body, so that a client can be erased. `told_at` is
    when `alert tell` last printed it.
    """

    __tablename__ = "alert"
    __table_args__ = (
        Index(
            "uq_alert_open",
            "org_id",
            "kind",
            "entity",
            "ref",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index("uq_alert_org_id_id", "org_id", "id", unique=True),
    )

    id: int | None = Field(default=None, primary_key=True)
    org_id: int = Field(foreign_key="org.id")
    severity: AlertSeverity = Field(sa_type=vocabulary(AlertSeverity, "severity"))
    kind: str
    entity: str
    ref: str
    message: str
    command: str | None = None
    count: int = 1
    opened_at: datetime
    last_at: datetime
    done_at: datetime | None = None
    done_by: str | None = None
    done_reason: str | None = None
    told_at: datetime | None = None
