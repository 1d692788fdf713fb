"""Inbound messages: their recipients and assignees; unmatched messages; poll cursors."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, false, text
from sqlmodel import Field

from petmsg.enums.inbound import AddressedTo
from petmsg.enums.opt_outs import Keyword
from petmsg.enums.orgs import ProviderName
from petmsg.models.base import Table, in_org, vocabulary

_OPEN = text("done_at IS NULL AND (inbox_at IS NOT NULL OR with_sitter_at IS NOT NULL)")


class InboundMessage(Table, table=True):
    """The data of a message that only inbound messages have: one row per message.

    `received_at` is when it arrived, by the provider's clock if known. `addressed_to` is the
    decision of `rules.routing.inbound`; `sitter_id` is the sitter it is for or, for `relay`, the
    sitter who wrote it. `inbox_at` is when it went to the inbox, NULL if it never did; it is open
    until `done_at`. `with_sitter_at` is when it was forwarded to the sitter, who is expected to
    answer; NULL after it was answered or went to the inbox.
    """

    __tablename__ = "inbound_text"
    __table_args__ = (
        in_org("message", "message_id"),
        in_org("sitter", "sitter_id"),
        CheckConstraint(
            "(addressed_to IN ('sitter', 'relay')) = (sitter_id IS NOT NULL)", name="sitter"
        ),
        CheckConstraint("(claimed_by IS NULL) = (claimed_at IS NULL)", name="claimed"),
        CheckConstraint("(done_by IS NULL) = (done_at IS NULL)", name="done"),
        CheckConstraint("done_at IS NULL OR inbox_at IS NOT NULL", name="was_open"),
        CheckConstraint("media_count >= 0", name="media_count"),
        Index(
            "ix_inbound_text_open",
            "org_id",
            "message_id",
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index(None, "sitter_id", "message_id"),
    )

    message_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    org_id: int
    received_at: datetime
    addressed_to: AddressedTo = Field(sa_type=vocabulary(AddressedTo, "addressed_to"))
    sitter_id: int | None = None
    code: str
    keyword: Keyword | None = Field(default=None, sa_type=vocabulary(Keyword, "keyword"))
    media_count: int = 0
    inbox_at: datetime | None = None
    claimed_by: str | None = None
    claimed_at: datetime | None = None
    done_by: str | None = None
    done_at: datetime | None = None
    done_reason: str | None = None
    with_sitter_at: datetime | None = None


class UnmatchedMessage(Table, table=True):
    """An unmatched message: it was sent to a number of no org, perhaps through a wrong webhook.

    Once its number belongs to an org it can be adopted; then `adopted_id` is its message.
    `opt_out_type` is the opt-out keyword that the provider recognised in it, if any. `is_call` says
    that it is a phone call, which was rejected and cannot be adopted.
    """

    __tablename__ = "stray_text"
    __table_args__ = (
        UniqueConstraint("provider_message_id"),
        CheckConstraint("(adopted_id IS NULL) = (adopted_at IS NULL)", name="adopted"),
        CheckConstraint("media_count >= 0", name="media_count"),
        Index(None, "to_e164"),
    )

    id: int | None = Field(default=None, primary_key=True)
    provider: ProviderName | None = Field(
        default=None, sa_type=vocabulary(ProviderName, "provider")
    )
    provider_message_id: str
    from_phone: str | None
    to_e164: str
    body: str | None
    media_count: int = 0
    received_at: datetime
    adopted_id: int | None = Field(default=None, foreign_key="message.id")
    adopted_at: datetime | None = None
    opt_out_type: str | None = None
    is_call: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


class PollCursor(Table, table=True):
    """The poll cursor of an account: up to when it was asked for new messages. `account` is its
    name, empty for the one without a name."""

    __tablename__ = "pull_mark"

    provider: ProviderName = Field(primary_key=True, sa_type=vocabulary(ProviderName, "provider"))
    account: str = Field(
        default="", primary_key=True, max_length=64, sa_column_kwargs={"server_default": ""}
    )
    pulled_until: datetime
