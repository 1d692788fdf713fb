"""Sending: attempts, pace, schedules, opt-outs, quiet hours, freezes and alerts.

Upgrade. Columns are added where rows lie, none is rebuilt: new columns may be NULL or have a
constant default, so that no table is copied. Texts that wait in the queue become due at once. Each
text that was ever claimed gets a row for its last attempt, from what is stored of it and what the
audit says became of it. One that is `sending` stays so, without a worker: nobody alive answers for
it, so the next dispatch looks it up at the provider.

Downgrade. Goes back to what 0002 knew: attempts but the last of a text, alerts, opt-outs, blocked
pairs, quiet hours, freezes and schedules are gone. A text in the queue that 0002 would let leave
although it may not (scheduled for later, with an expiry, frozen, opted out, not textable) is held:
`petmsg message retry` puts it back.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003_sending"
down_revision = "0002_one_thread_per_client"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)

_COLUMNS = {
    "org": (
        (
            "quiet_from_minute INTEGER CONSTRAINT ck_org_quiet_from_minute"
            " CHECK (quiet_from_minute BETWEEN 0 AND 1439)"
        ),
        (
            "quiet_until_minute INTEGER CONSTRAINT ck_org_quiet_until_minute"
            " CHECK (quiet_until_minute BETWEEN 0 AND 1439"
            " AND quiet_until_minute <> quiet_from_minute)"
            " CONSTRAINT ck_org_quiet_hours"
            " CHECK ((quiet_from_minute IS NULL) = (quiet_until_minute IS NULL))"
        ),
        "frozen_at {instant}",
        (
            "frozen_until {instant} CONSTRAINT ck_org_frozen_until"
            " CHECK (frozen_until IS NULL OR frozen_at IS NOT NULL)"
        ),
        (
            "freeze_reason VARCHAR CONSTRAINT ck_org_freeze_reason"
            " CHECK ((frozen_at IS NULL) = (freeze_reason IS NULL))"
        ),
    ),
    "client": ("timezone VARCHAR",),
    "client_phone": ("not_textable_at {instant}", "not_textable_code VARCHAR"),
    "message_number": (
        (
            "segments_per_second FLOAT CONSTRAINT ck_message_number_segments_per_second"
            " CHECK (segments_per_second > 0 AND segments_per_second <= 1000)"
        ),
        "free_at {instant}",
    ),
    "message": (
        "send_at {instant}",
        "due_at {instant}",
        "expires_at {instant}",
        "urgent BOOLEAN DEFAULT {false} NOT NULL",
        "worker VARCHAR",
        "in_doubt_at {instant}",
        "absent_at {instant}",
        "synced_at {instant}",
        "delivered_at {instant}",
    ),
}
"""The new columns, each with its constraints, in words both databases take."""

_OLD_INDEXES = {
    "ix_message_number_id_claimed_at": ("number_id", "claimed_at"),
    "ix_message_thread_id_claimed_at": ("thread_id", "claimed_at"),
    "ix_message_org_id_id": ("org_id", "id"),
}
_OLD_QUEUE = "ix_message_queued"
_QUEUED = sa.text("status = 'queued'")
_ON_ITS_WAY = sa.text("status = 'sent'")

_NEW_INDEXES = {
    "ix_message_due": (("org_id", "due_at", "id"), _QUEUED),
    "ix_message_line": (("thread_id", "send_at", "id"), _QUEUED),
    "ix_message_on_its_way": (("org_id", "synced_at", "id"), _ON_ITS_WAY),
}

_KEY_OF_ATTEMPTS = "uq_message_org_id_id_thread_id"

_TABLES = ("message_attempt", "opt_out", "blocked_pair", "alert")

_ATTEMPTS = """
INSERT INTO message_attempt (org_id, message_id, attempt, thread_id, number_id, rule, status, code,
                             provider_message_id, claimed_at, ended_at)
SELECT m.org_id, m.id, m.attempts, m.thread_id, m.number_id, m.rule,
       CASE WHEN m.provider_message_id IS NOT NULL
              THEN CASE WHEN m.status IN ('delivered', 'undelivered', 'failed') THEN m.status
                        ELSE 'sent' END
            WHEN m.status IN ('sending', 'unknown', 'failed') THEN m.status
            ELSE coalesce((
              SELECT CASE a.event WHEN 'message.put_back' THEN 'put_back'
                                  WHEN 'message.failed' THEN 'failed' ELSE 'unknown' END
              FROM audit_event a
              WHERE a.org_id = m.org_id AND a.entity = 'message'
                AND a.ref = CAST(m.id AS VARCHAR)
                AND a.event IN ('message.put_back', 'message.failed', 'message.outcome_unknown')
              ORDER BY a.seq DESC LIMIT 1
            ), 'unknown') END,
       m.error_code, m.provider_message_id, m.claimed_at, m.sent_at
FROM message m
WHERE m.direction = 'outbound' AND m.claimed_at IS NOT NULL AND m.number_id IS NOT NULL
  AND m.thread_id IS NOT NULL AND m.rule IS NOT NULL
ORDER BY m.claimed_at, m.id
"""
"""What became of the last attempt of a text that waits again, or was cancelled, only the audit
says. Without a word there its sender died."""

_HELD = """
UPDATE message SET status = 'held'
WHERE status = 'queued' AND (
  send_at > CURRENT_TIMESTAMP OR expires_at IS NOT NULL
  OR EXISTS (
    SELECT 1 FROM org o WHERE o.id = message.org_id AND o.frozen_at IS NOT NULL
      AND (o.frozen_until IS NULL OR o.frozen_until > CURRENT_TIMESTAMP)
  ) OR EXISTS (
    SELECT 1 FROM client_phone p
    WHERE p.org_id = message.org_id AND p.client_id = message.client_id AND (
      (p.e164 = message.to_e164 AND p.not_textable_at IS NOT NULL)
      OR EXISTS (
        SELECT 1 FROM opt_out x
        WHERE x.org_id = p.org_id AND x.e164 = p.e164 AND x.ended_at IS NULL
      )
    )
  )
)
"""


def upgrade() -> None:
    """Add what sending needs."""
    if op.get_bind().dialect.name == "postgresql":
        # The org first, which every transaction of petmsg reads first: a sender then either ends
        # before this begins, or waits holding nothing that is needed here.
        op.execute(
            sa.text(
                "LOCK TABLE org, client, client_phone, message_number, message"
                " IN ACCESS EXCLUSIVE MODE"
            )
        )
    words = _words()
    for table, columns in _COLUMNS.items():
        for column in columns:
            op.execute(sa.text(f"ALTER TABLE {table} ADD COLUMN {column.format(**words)}"))
    for name in (*_OLD_INDEXES, _OLD_QUEUE):
        op.drop_index(name, "message")
    for name, (columns, where) in _NEW_INDEXES.items():
        op.create_index(name, "message", columns, sqlite_where=where, postgresql_where=where)
    op.create_index(_KEY_OF_ATTEMPTS, "message", ["org_id", "id", "thread_id"], unique=True)
    _create_attempts()
    _create_opt_outs()
    _create_alerts()
    # Also of texts that are not queued, because a failed one may be by and by.
    op.execute(sa.text("UPDATE message SET send_at = created_at WHERE direction = 'outbound'"))
    op.execute(sa.text("UPDATE message SET due_at = created_at WHERE status = 'queued'"))
    op.execute(sa.text("UPDATE message SET in_doubt_at = claimed_at WHERE status = 'unknown'"))
    op.execute(sa.text(_ATTEMPTS))


def downgrade() -> None:
    """Take it away again."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            sa.text(
                "LOCK TABLE org, client, client_phone, message_number, message,"
                " message_attempt, opt_out, blocked_pair, alert IN ACCESS EXCLUSIVE MODE"
            )
        )
    op.execute(sa.text(_HELD))
    for table in reversed(_TABLES):
        op.drop_table(table)
    op.drop_index(_KEY_OF_ATTEMPTS, "message")
    for name in _NEW_INDEXES:
        op.drop_index(name, "message")
    for name, columns in _OLD_INDEXES.items():
        op.create_index(name, "message", columns)
    op.create_index(
        _OLD_QUEUE,
        "message",
        ["org_id", "id"],
        sqlite_where=_QUEUED,
        postgresql_where=_QUEUED,
    )
    for table, columns in reversed(_COLUMNS.items()):
        # The last first, because a column's check may name the one before it.
        for column in reversed(columns):
            op.execute(sa.text(f"ALTER TABLE {table} DROP COLUMN {column.split()[0]}"))


def _words() -> dict[str, str]:
    if op.get_bind().dialect.name == "sqlite":
        return {"instant": "DATETIME", "false": "0"}
    return {"instant": "TIMESTAMP WITH TIME ZONE", "false": "false"}


def _create_attempts() -> None:
    op.create_table(
        "message_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("number_id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(16), nullable=False),
        sa.Column("worker", sa.String(), nullable=True),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("provider_message_id", sa.String(), nullable=True),
        sa.Column("claimed_at", _INSTANT, nullable=False),
        sa.Column("ended_at", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_message_attempt"),
        sa.UniqueConstraint("message_id", "attempt", name="uq_message_attempt_message_id_attempt"),
        sa.UniqueConstraint("provider_message_id", name="uq_message_attempt_provider_message_id"),
        sa.ForeignKeyConstraint(
            ["org_id", "message_id", "thread_id"],
            ["message.org_id", "message.id", "message.thread_id"],
            name="fk_message_attempt_org_id_message_id_thread_id",
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "number_id"],
            ["message_number.org_id", "message_number.id"],
            name="fk_message_attempt_org_id_number_id",
        ),
        sa.CheckConstraint(
            "rule IN ('active_window', 'pool', 'front_desk')", name="ck_message_attempt_rule"
        ),
        sa.CheckConstraint(
            "status IN ('sending', 'sent', 'delivered', 'undelivered', 'failed', 'unknown',"
            " 'put_back', 'absent')",
            name="ck_message_attempt_status",
        ),
    )
    for columns in (["number_id", "claimed_at"], ["thread_id", "claimed_at"]):
        op.create_index(f"ix_message_attempt_{'_'.join(columns)}", "message_attempt", columns)


def _create_opt_outs() -> None:
    op.create_table(
        "opt_out",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("phone_key", sa.String(), nullable=False),
        sa.Column("e164", sa.String(), nullable=True),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("opted_out_at", _INSTANT, nullable=False),
        sa.Column("ended_at", _INSTANT, nullable=True),
        sa.Column("end_reason", sa.String(), nullable=True),
        sa.Column("end_actor", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_opt_out"),
        sa.ForeignKeyConstraint(["org_id"], ["org.id"], name="fk_opt_out_org_id"),
        sa.CheckConstraint(
            "source IN ('operator', 'provider', 'keyword')", name="ck_opt_out_source"
        ),
    )
    stands = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_opt_out_standing",
        "opt_out",
        ["org_id", "phone_key"],
        unique=True,
        sqlite_where=stands,
        postgresql_where=stands,
    )
    op.create_index("ix_opt_out_org_id_phone_key", "opt_out", ["org_id", "phone_key"])
    op.create_table(
        "blocked_pair",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("number_id", sa.Integer(), nullable=False),
        sa.Column("phone_key", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("blocked_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_blocked_pair"),
        sa.UniqueConstraint("number_id", "phone_key", name="uq_blocked_pair_number_id_phone_key"),
        sa.ForeignKeyConstraint(
            ["org_id", "number_id"],
            ["message_number.org_id", "message_number.id"],
            name="fk_blocked_pair_org_id_number_id",
        ),
    )
    op.create_index("ix_blocked_pair_org_id_phone_key", "blocked_pair", ["org_id", "phone_key"])


def _create_alerts() -> None:
    op.create_table(
        "alert",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("command", sa.String(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("opened_at", _INSTANT, nullable=False),
        sa.Column("last_at", _INSTANT, nullable=False),
        sa.Column("done_at", _INSTANT, nullable=True),
        sa.Column("done_by", sa.String(), nullable=True),
        sa.Column("done_reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
        sa.ForeignKeyConstraint(["org_id"], ["org.id"], name="fk_alert_org_id"),
        sa.CheckConstraint("severity IN ('info', 'warning', 'critical')", name="ck_alert_severity"),
    )
    still_open = sa.text("done_at IS NULL")
    op.create_index(
        "uq_alert_open",
        "alert",
        ["org_id", "kind", "entity", "ref"],
        unique=True,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    op.create_index("ix_alert_org_id_id", "alert", ["org_id", "id"])
