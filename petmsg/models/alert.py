"""What needs a person: a row, not a log line."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field

from petmsg.enums import AlertSeverity
from petmsg.models.base import Table, vocabulary

_OPEN = text("done_at IS NULL")


class Alert(Table, table=True):
    """One matter. While it is open, the same matter again raises `count` and `last_at`.

    `kind` says what happened, `entity` and `ref` whom it is about, `command` what helps. No row
    holds a personal phone, a name or a body: refs only, so that a client can be forgotten.
    `told_at` is when `alert tell` last printed it.
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
        Index(None, "org_id", "id"),
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
