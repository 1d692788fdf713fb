"""Messages that petmsg creates itself: forwarded messages, notices and automatic replies."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from petmsg.enums.inbound import RelayKind, RelayOutcome
from petmsg.models.base import Table, in_org, vocabulary

_OPEN = text("closed_at IS NULL")


class Relay(Table, table=True):
    """Why petmsg created an outbound message: one row per message.

    `about_id` is the inbound message that it forwards or answers. `sitter_id` is the sitter it goes
    to or, for a `reply`, the sitter who wrote it. A message outside any thread is sent from the
    sitter's number, or from `number_id`.
    """

    __tablename__ = "relay"
    __table_args__ = (
        in_org("message", "message_id"),
        in_org("message", "about_id"),
        in_org("sitter", "sitter_id"),
        in_org("message_number", "number_id"),
        CheckConstraint(
            "kind NOT IN ('forward', 'reply', 'notice', 'staff') OR sitter_id IS NOT NULL",
            name="sitter",
        ),
        Index(None, "about_id"),
        Index(None, "sitter_id", "message_id"),
    )

    message_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    org_id: int
    kind: RelayKind = Field(sa_type=vocabulary(RelayKind, "kind"))
    about_id: int | None = None
    sitter_id: int | None = None
    number_id: int | None = None


class RelayQuestion(Table, table=True):
    """A sitter's message that waits until the sitter says which client it is for.

    `options` are the ids of the clients to choose from, as a JSON array in the order of their
    numbers in the question.
    """

    __tablename__ = "relay_question"
    __table_args__ = (
        UniqueConstraint("message_id"),
        in_org("message", "message_id"),
        in_org("sitter", "sitter_id"),
        in_org("client", "client_id"),
        CheckConstraint("(closed_at IS NULL) = (outcome IS NULL)", name="closed"),
        Index(
            "ix_relay_question_open",
            "sitter_id",
            "id",
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    org_id: int
    message_id: int
    sitter_id: int
    options: str
    asked_at: datetime
    closed_at: datetime | None = None
    outcome: RelayOutcome | None = Field(default=None, sa_type=vocabulary(RelayOutcome, "outcome"))
    client_id: int | None = None


class AutoReply(Table, table=True):
    """When a phone last got an automatic reply, by the digest of the phone."""

    __tablename__ = "auto_reply"

    org_id: int = Field(primary_key=True, foreign_key="org.id")
    phone_key: str = Field(primary_key=True)
    replied_at: datetime
