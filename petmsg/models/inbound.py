"""A text that came in: who is to read it, who looks after it, and texts to numbers never ours."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from petmsg.enums import AddressedTo, Keyword, ProviderName
from petmsg.models.base import Table, in_org, vocabulary

_OPEN = text("done_at IS NULL AND (inbox_at IS NOT NULL OR with_sitter_at IS NOT NULL)")


class InboundText(Table, table=True):
    """What belongs to an inbound message alone: one row per message.

    `received_at` is when it came, by the provider's clock where that is known. `addressed_to` is
    what `routing.inbound` said of it, `sitter_id` the sitter it is addressed to or, for `relay`,
    the sitter who wrote it. `inbox_at` is since when it waits for a person, NULL if it never did;
    it is open until `done_at`. `with_sitter_at` is since when it is the sitter's to answer, because
    it was passed on; NULL once it was answered or went to the inbox.
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


class StrayText(Table, table=True):
    """A text to a number that was never ours: somebody's words, and a sign of a wrong webhook.

    It belongs to no org until its number does; then it is adopted, and `adopted_id` is its message.
    `opt_out_type` is what the provider said it means to the carriers (a `Keyword`), if it did.
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


class PullMark(Table, table=True):
    """Up to when a provider was asked for new texts."""

    __tablename__ = "pull_mark"

    provider: ProviderName = Field(primary_key=True, sa_type=vocabulary(ProviderName, "provider"))
    pulled_until: datetime
