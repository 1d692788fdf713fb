"""Safeguards: what petmsg must remember so that no message goes to the wrong person.

Upgrade. Columns are added where their rows lie and new tables are created; no existing row is
rewritten. Downgrade. The columns and tables are dropped, and what they held is lost.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005_safeguards"
down_revision = "0004_replies"
branch_labels = None
depends_on = None

_COLUMNS: tuple[tuple[str, str], ...] = (
    ("message", "reconcile_mark VARCHAR"),
    ("message_number", "refused_at {instant}"),
    ("message_number", "refused_until {instant}"),
    ("message_number", "refused_code VARCHAR"),
    ("inbound_text", "with_sitter_at {instant}"),
    ("alert", "told_at {instant}"),
    ("stripe_event", "payment_id VARCHAR"),
    ("opt_out", "last_said_at {instant}"),
    ("stray_text", "opt_out_type VARCHAR"),
)
"""Table and definition of each new column; `{instant}` and `{false}` are the dialect's own."""

_INBOX = "CREATE INDEX ix_inbound_text_open ON inbound_text (org_id, message_id) WHERE "
"""The index of what waits for a person; it takes in what is a sitter's to answer."""
_INBOX_OPEN = "done_at IS NULL AND (inbox_at IS NOT NULL OR with_sitter_at IS NOT NULL)"
_INBOX_BEFORE = "inbox_at IS NOT NULL AND done_at IS NULL"

_TABLES: tuple[str, ...] = ()
"""Names of the new tables, in the order of their creation."""


def upgrade() -> None:
    """Add the columns and tables of 0005."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    words = {
        "instant": "DATETIME" if is_sqlite else "TIMESTAMP WITH TIME ZONE",
        "false": "0" if is_sqlite else "false",
    }
    for table, definition in _COLUMNS:
        op.execute(sa.text(f"ALTER TABLE {table} ADD COLUMN {definition.format(**words)}"))
    op.execute(sa.text("DROP INDEX ix_inbound_text_open"))
    op.execute(sa.text(_INBOX + _INBOX_OPEN))


def downgrade() -> None:
    """Drop them again."""
    op.execute(sa.text("DROP INDEX ix_inbound_text_open"))
    for table in reversed(_TABLES):
        op.drop_table(table)
    for table, definition in reversed(_COLUMNS):
        op.execute(sa.text(f"ALTER TABLE {table} DROP COLUMN {definition.split()[0]}"))
    op.execute(sa.text(_INBOX + _INBOX_BEFORE))
