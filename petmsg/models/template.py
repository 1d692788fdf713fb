"""Message templates, and every version of them."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from petmsg.models.base import Table, in_org

_LISTED = text("removed_at IS NULL")


class Template(Table, table=True):
    """A template of messages, named by commands. A removed one stays for its messages' sake."""

    __tablename__ = "template"
    __table_args__ = (
        UniqueConstraint("org_id", "id"),
        Index(
            "uq_template_listed",
            "org_id",
            "name",
            unique=True,
            sqlite_where=_LISTED,
            postgresql_where=_LISTED,
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    org_id: int = Field(foreign_key="org.id")
    name: str
    created_at: datetime
    removed_at: datetime | None = None


class TemplateVersion(Table, table=True):
    """One wording of a template. It is never changed: new words are a new version."""

    __tablename__ = "template_version"
    __table_args__ = (
        UniqueConstraint("org_id", "id"),
        UniqueConstraint("template_id", "version"),
        in_org("template", "template_id"),
        CheckConstraint("version >= 1", name="version"),
    )

    id: int | None = Field(default=None, primary_key=True)
    org_id: int
    template_id: int
    version: int
    body: str
    actor: str
    created_at: datetime
