"""Pictures: the files of messages, and the links from which a provider fetches them.

Upgrade. Two tables are created and columns are added; no existing row is rewritten. Downgrade. The
tables and columns are dropped, and what they held is lost; the media store is not touched.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006_pictures"
down_revision = "0005_safeguards"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("message", "media_count INTEGER NOT NULL DEFAULT 0"),
    ("message_number", "mms BOOLEAN"),
    ("sandbox_text", "media VARCHAR"),
)
"""Table and definition of each new column."""

_INSTANT = sa.DateTime(timezone=True)
_STATUSES = "('missing', 'stored', 'linked', 'lost', 'erasing', 'erased')"
_WAITING = sa.text("status IN ('missing', 'erasing')")
_NOT_THERE = sa.text("status IN ('missing', 'lost')")
_TO_DELETE = sa.text("provider_delete_at IS NOT NULL AND provider_deleted_at IS NULL")


def upgrade() -> None:
    """Add the tables and columns of 0006."""
    for table, definition in _COLUMNS:
        op.execute(sa.text(f"ALTER TABLE {table} ADD COLUMN {definition}"))
    op.create_table(
        "media",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("content_type", sa.String(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("removed", sa.String(), nullable=True),
        sa.Column("original_size", sa.Integer(), nullable=True),
        sa.Column("provider_media_id", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", _INSTANT, nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("stored_at", _INSTANT, nullable=True),
        sa.Column("provider_delete_at", _INSTANT, nullable=True),
        sa.Column("provider_deleted_at", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_media"),
        sa.UniqueConstraint("message_id", "position", name="uq_media_message_id_position"),
        sa.UniqueConstraint("org_id", "id", name="uq_media_org_id_id"),
        _of_message("media"),
        sa.ForeignKeyConstraint(
            ["org_id", "source_id"], ["media.org_id", "media.id"], name="fk_media_org_id_source_id"
        ),
        sa.CheckConstraint(f"status IN {_STATUSES}", name="ck_media_status"),
        sa.CheckConstraint("position >= 0", name="ck_media_position"),
        sa.CheckConstraint("attempts >= 0", name="ck_media_attempts"),
        sa.CheckConstraint("size >= 0 AND original_size >= 0", name="ck_media_size"),
        sa.CheckConstraint(
            "status NOT IN ('stored', 'erasing') OR sha256 IS NOT NULL",
            name="ck_media_stored_sha256",
        ),
        sa.CheckConstraint(
            "status IN ('stored', 'erasing') OR sha256 IS NULL", name="ck_media_sha256"
        ),
        sa.CheckConstraint("(status = 'linked') = (url IS NOT NULL)", name="ck_media_linked_url"),
    )
    op.create_index("ix_media_sha256", "media", ["sha256"])
    op.create_index("ix_media_source_id", "media", ["source_id"])
    for name, columns, only in (
        ("ix_media_waiting", ["due_at", "id"], _WAITING),
        ("ix_media_not_there", ["org_id", "id"], _NOT_THERE),
        ("ix_media_to_delete", ["id"], _TO_DELETE),
    ):
        op.create_index(name, "media", columns, sqlite_where=only, postgresql_where=only)
    op.create_table(
        "media_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_media_link"),
        sa.UniqueConstraint("token_hash", name="uq_media_link_token_hash"),
        _of_message("media_link"),
    )
    op.create_index("ix_media_link_message_id", "media_link", ["message_id"])


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("media_link")
    op.drop_table("media")
    for table, definition in reversed(_COLUMNS):
        op.execute(sa.text(f"ALTER TABLE {table} DROP COLUMN {definition.split()[0]}"))


def _of_message(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["org_id", "message_id"],
        ["message.org_id", "message.id"],
        name=f"fk_{table}_org_id_message_id",
    )
