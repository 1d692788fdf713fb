"""Indexes, so that a command takes no longer in a large company.

Upgrade and downgrade change no row.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011_indexes"
down_revision = "0010_calls"
branch_labels = None
depends_on = None

_LENT_POOL = "class = 'pool' AND status IN ('active', 'quarantined')"
_LENT = "class IN ('pool', 'front_desk') AND status IN ('active', 'quarantined')"
_PARTIAL = (
    ("ix_message_number_pool", "message_number", ("org_id", "last_used_at", "id"), _LENT_POOL),
    ("ix_message_number_lent_e164", "message_number", ("org_id", "e164"), _LENT),
    (
        "ix_message_number_imported_use",
        "message_number",
        ("org_id", "last_used_at"),
        "last_used_at < created_at",
    ),
    (
        "ix_thread_pool_number",
        "thread",
        ("org_id", "pool_number_id"),
        "pool_number_id IS NOT NULL",
    ),
    ("ix_number_custody_desk", "number_custody", ("org_id",), "class = 'front_desk'"),
)


def upgrade() -> None:
    """Create the indexes of 0011."""
    for name, table, columns, condition in _PARTIAL:
        op.create_index(
            name,
            table,
            list(columns),
            sqlite_where=sa.text(condition),
            postgresql_where=sa.text(condition),
        )


def downgrade() -> None:
    """Drop them again."""
    for name, table, _, _ in reversed(_PARTIAL):
        op.drop_index(name, table_name=table)
