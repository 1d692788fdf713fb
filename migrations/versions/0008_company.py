"""A company's data as it has it: country, header maps of its files, calendars, absences of sitters.

Upgrade. Columns are added to `org` and `booking`, and two tables are created. No row is rewritten.

Downgrade. What the columns and tables held is lost. Bookings that were imported from a calendar
stay.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008_company"
down_revision = "0007_voices"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the columns and tables of 0008."""
    op.execute(
        sa.text(
            "ALTER TABLE org ADD COLUMN country VARCHAR(2) CONSTRAINT ck_org_country"
            " CHECK (length(country) = 2 AND country = upper(country))"
        )
    )
    op.add_column("booking", sa.Column("feed", sa.String(), nullable=True))
    op.create_index("ix_booking_org_id_ends_at", "booking", ["org_id", "ends_at"])
    op.create_table(
        "import_map",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("noun", sa.String(16), nullable=False),
        sa.Column("header", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_import_map"),
        sa.UniqueConstraint("org_id", "noun", "header", name="uq_import_map_org_id_noun_header"),
        sa.ForeignKeyConstraint(["org_id"], ["org.id"], name="fk_import_map_org_id"),
        sa.CheckConstraint(
            "noun IN ('client', 'sitter', 'booking', 'number')", name="ck_import_map_noun"
        ),
        sa.CheckConstraint("header <> ''", name="ck_import_map_header"),
    )
    op.create_table(
        "sitter_absence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("sitter_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", _INSTANT, nullable=False),
        sa.Column("ends_at", _INSTANT, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("ended_at", _INSTANT, nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_sitter_absence"),
        sa.ForeignKeyConstraint(
            ["org_id", "sitter_id"],
            ["sitter.org_id", "sitter.id"],
            name="fk_sitter_absence_org_id_sitter_id",
        ),
        sa.CheckConstraint("starts_at < ends_at", name="ck_sitter_absence_span"),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (ended_by IS NULL)", name="ck_sitter_absence_ended_by"
        ),
    )
    op.create_index(
        "ix_sitter_absence_sitter_id_ends_at", "sitter_absence", ["sitter_id", "ends_at"]
    )
    op.create_index("ix_sitter_absence_org_id_ends_at", "sitter_absence", ["org_id", "ends_at"])


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("sitter_absence")
    op.drop_table("import_map")
    op.drop_index("ix_booking_org_id_ends_at", "booking")
    op.execute(sa.text("ALTER TABLE booking DROP COLUMN feed"))
    op.execute(sa.text("ALTER TABLE org DROP COLUMN country"))
