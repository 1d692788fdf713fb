"""The audit log: who changed what, when and why; one hash chain per org."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from petmsg.models.base import Table


class AuditEvent(Table, table=True):
    """One event. Triggers refuse changes and deletions; `hash` covers it and `previous_hash`.

    `payload` is canonical JSON and contains refs, never a personal phone, name or body.
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        Index(None, "org_id", "entity", "ref", "seq"),
        Index(None, "org_id", "at"),
    )

    org_id: int = Field(primary_key=True, foreign_key="org.id")
    seq: int = Field(primary_key=True)
    at: datetime
    actor: str
    event: str
    entity: str
    ref: str
    reason: str | None = None
    payload: str
    previous_hash: str
    hash: str


class AuditHead(Table, table=True):
    """The last event of an org's chain. A writer locks this row last."""

    __tablename__ = "audit_head"

    org_id: int = Field(primary_key=True, foreign_key="org.id")
    seq: int
    hash: str
