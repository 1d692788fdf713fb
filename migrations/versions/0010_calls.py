"""Calls: the phone calls to the masked numbers, and how an org takes them.

Upgrade. Columns are added to `org` and `stray_text`. One table is created.

Downgrade. What the columns and the table held is lost: calls and their settings. Voicemails stay,
as messages with a file.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010_calls"
down_revision = "0009_account"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_ADDED = (
    "ALTER TABLE org ADD COLUMN desk_phone VARCHAR",
    "ALTER TABLE org ADD COLUMN voicemail BOOLEAN DEFAULT {false} NOT NULL",
    "ALTER TABLE org ADD COLUMN greeting VARCHAR",
    (
        "ALTER TABLE org ADD COLUMN ring_seconds INTEGER DEFAULT 20 NOT NULL"
        " CONSTRAINT ck_org_ring_seconds CHECK (ring_seconds BETWEEN 5 AND 60)"
    ),
    "ALTER TABLE org ADD COLUMN missed_call_reply VARCHAR",
    (
        "ALTER TABLE org ADD COLUMN calls_per_hour INTEGER DEFAULT 20 NOT NULL"
        " CONSTRAINT ck_org_calls_per_hour CHECK (calls_per_hour BETWEEN 1 AND 1000)"
    ),
    "ALTER TABLE stray_text ADD COLUMN is_call BOOLEAN DEFAULT {false} NOT NULL",
)


def upgrade() -> None:
    """Add the columns and the table of 0010."""
    false = "0" if op.get_bind().dialect.name == "sqlite" else "false"
    for statement in _ADDED:
        op.execute(sa.text(statement.format(false=false)))
    op.create_table(
        "call",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(16), nullable=True),
        sa.Column("provider_call_id", sa.String(), nullable=False),
        sa.Column("number_id", sa.Integer(), nullable=False),
        sa.Column("from_phone", sa.String(), nullable=True),
        sa.Column("caller", sa.String(16), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("sitter_id", sa.Integer(), nullable=True),
        sa.Column("addressed_to", sa.String(16), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("ring_results", sa.String(), nullable=True),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("answered_by", sa.String(16), nullable=True),
        sa.Column("started_at", _INSTANT, nullable=False),
        sa.Column("answered_at", _INSTANT, nullable=True),
        sa.Column("ended_at", _INSTANT, nullable=True),
        sa.Column("duration_seconds", sa.Integer(), nullable=True),
        sa.Column("voicemail_seconds", sa.Integer(), nullable=True),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_call"),
        sa.UniqueConstraint("provider_call_id", name="uq_call_provider_call_id"),
        sa.UniqueConstraint("org_id", "id", name="uq_call_org_id_id"),
        sa.UniqueConstraint("message_id", name="uq_call_message_id"),
        sa.ForeignKeyConstraint(["org_id"], ["org.id"], name="fk_call_org_id"),
        *(
            sa.ForeignKeyConstraint(
                ["org_id", column],
                [f"{table}.org_id", f"{table}.id"],
                name=f"fk_call_org_id_{column}",
            )
            for table, column in (
                ("message_number", "number_id"),
                ("client", "client_id"),
                ("sitter", "sitter_id"),
                ("message", "message_id"),
            )
        ),
        *(
            sa.CheckConstraint(condition, name=f"ck_call_{name}")
            for name, condition in _CHECKS.items()
        ),
    )
    for columns in _INDEXES:
        op.create_index(f"ix_call_{'_'.join(columns)}", "call", list(columns))
    for name, column, condition in _PARTIAL:
        op.create_index(
            f"ix_call_{name}",
            "call",
            ["org_id", column],
            sqlite_where=sa.text(condition),
            postgresql_where=sa.text(condition),
        )


_INDEXES = (
    ("org_id", "started_at"),
    ("org_id", "from_phone", "started_at"),
    ("org_id", "status", "started_at"),
    ("client_id", "started_at"),
    ("sitter_id", "started_at"),
    ("number_id", "started_at"),
)
_PARTIAL = (
    ("open", "id", "ended_at IS NULL"),
    ("missed", "started_at", "message_id IS NOT NULL"),
    ("of_sitters", "id", "caller = 'sitter'"),
)
_CHECKS = {
    "provider": "provider IN ('sandbox', 'twilio')",
    "caller": "caller IN ('client', 'sitter', 'unknown')",
    "addressed_to": "addressed_to IN ('sitter', 'client', 'front_desk', 'nobody')",
    "status": "status IN ('ringing', 'completed', 'no_answer', 'busy', 'failed', 'rejected')",
    "answered_by": "answered_by IN ('sitter', 'client', 'front_desk')",
    "ended": "(status = 'ringing') = (ended_at IS NULL)",
    "completed": "status <> 'completed' OR answered_by IS NOT NULL",
    "seconds": "duration_seconds >= 0 AND voicemail_seconds >= 0",
    "voicemail_message": "voicemail_seconds IS NULL OR message_id IS NOT NULL",
}


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("call")
    for table, column in (
        ("stray_text", "is_call"),
        ("org", "calls_per_hour"),
        ("org", "missed_call_reply"),
        ("org", "ring_seconds"),
        ("org", "greeting"),
        ("org", "voicemail"),
        ("org", "desk_phone"),
    ):
        op.execute(sa.text(f"ALTER TABLE {table} DROP COLUMN {column}"))
