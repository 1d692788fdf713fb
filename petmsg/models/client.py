"""Clients (pet owners or households) and their phones."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from petmsg.enums.people import ClientKind
from petmsg.models.base import Table, in_org, vocabulary


class Client(Table, table=True):
    """A client of an org. An erased client has no `name`. Without `timezone` the org's applies."""

    __tablename__ = "client"
    __table_args__ = (
        UniqueConstraint("org_id", "ref"),
        UniqueConstraint("org_id", "id"),
        Index(None, "org_id", "name"),
    )

    id: int | None = Field(default=None, primary_key=True)
    org_id: int = Field(foreign_key="org.id")
    ref: str
    name: str | None
    kind: ClientKind = Field(default=ClientKind.ONE_TIME, sa_type=vocabulary(ClientKind, "kind"))
    created_at: datetime
    forgotten_at: datetime | None = None
    timezone: str | None = None


class ClientPhone(Table, table=True):
    """A phone of a client. Messages go to the primary phone; replies from all are recognised.

    `not_textable_at` is when the provider reported, with `not_textable_code`, that the phone cannot
    receive SMS.
    """

    __tablename__ = "client_phone"
    __table_args__ = (
        in_org("client", "client_id"),
        UniqueConstraint("org_id", "e164"),
        Index(
            "uq_client_phone_primary",
            "client_id",
            unique=True,
            sqlite_where=text("is_primary"),
            postgresql_where=text("is_primary"),
        ),
        Index(None, "org_id", "client_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    org_id: int
    client_id: int
    e164: str
    is_primary: bool = False
    created_at: datetime
    not_textable_at: datetime | None = None
    not_textable_code: str | None = None
