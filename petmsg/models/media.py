"""Pictures and files of messages, and the links from which a provider fetches them."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from petmsg.enums.media import MediaStatus
from petmsg.models.base import Table, in_org, vocabulary

_WAITING = text("status IN ('missing', 'erasing')")
_NOT_THERE = text("status IN ('missing', 'lost')")
_TO_DELETE = text("provider_delete_at IS NOT NULL AND provider_deleted_at IS NULL")


class Media(Table, table=True):
    """A picture or file of a message, inbound or outbound; `position` counts from 0.

    `sha256` names the bytes in the media store, `size` is their number. `url` is set for an
    outbound file that the provider fetches from its sender's own address. `source_id` is the
    inbound row that a relayed one repeats. `removed` are the kinds of metadata that were removed,
    separated by commas; `original_size` is the size before. An inbound file is fetched at `due_at`
    after `attempts` failures, the last of which was `error`. `provider_delete_at` is since when the
    provider's copy is to be deleted. Name, URL and hash are NULL after the client was erased.
    """

    __tablename__ = "media"
    __table_args__ = (
        UniqueConstraint("message_id", "position"),
        UniqueConstraint("org_id", "id"),
        in_org("message", "message_id"),
        in_org("media", "source_id"),
        CheckConstraint("position >= 0", name="position"),
        CheckConstraint("attempts >= 0", name="attempts"),
        CheckConstraint("size >= 0 AND original_size >= 0", name="size"),
        CheckConstraint(
            "status NOT IN ('stored', 'erasing') OR sha256 IS NOT NULL", name="stored_sha256"
        ),
        CheckConstraint("status IN ('stored', 'erasing') OR sha256 IS NULL", name="sha256"),
        CheckConstraint("(status = 'linked') = (url IS NOT NULL)", name="linked_url"),
        Index(None, "sha256"),
        Index(None, "source_id"),
        Index("ix_media_waiting", "due_at", "id", sqlite_where=_WAITING, postgresql_where=_WAITING),
        Index(
            "ix_media_not_there",
            "org_id",
            "id",
            sqlite_where=_NOT_THERE,
            postgresql_where=_NOT_THERE,
        ),
        Index("ix_media_to_delete", "id", sqlite_where=_TO_DELETE, postgresql_where=_TO_DELETE),
    )

    id: int | None = Field(default=None, primary_key=True)
    org_id: int
    message_id: int
    position: int
    status: MediaStatus = Field(sa_type=vocabulary(MediaStatus, "status"))
    name: str | None = None
    content_type: str | None = None
    size: int | None = None
    sha256: str | None = None
    url: str | None = None
    source_id: int | None = None
    removed: str | None = None
    original_size: int | None = None
    provider_media_id: str | None = None
    attempts: int = 0
    due_at: datetime | None = None
    error: str | None = None
    created_at: datetime
    stored_at: datetime | None = None
    provider_delete_at: datetime | None = None
    provider_deleted_at: datetime | None = None


class MediaLink(Table, table=True):
    """The link under which a provider fetches the files of one message, until `expires_at`.

    `token_hash` is the SHA-256 of its secret token, which is not stored.
    """

    __tablename__ = "media_link"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        in_org("message", "message_id"),
        Index(None, "message_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    org_id: int
    message_id: int
    token_hash: str
    created_at: datetime
    expires_at: datetime
