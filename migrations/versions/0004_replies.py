"""Replies: texts that come in, the inbox, the relay, strays, payments.

Upgrade. Columns are added to `org` where its rows lie; new tables hold what belongs to a text that
came in or that petmsg wrote by itself. `message_attempt` learns of texts to nobody's thread (a
sitter's own phone, a stranger's): its thread and rule may be NULL. On SQLite that table is made
anew: its rows are copied, and whatever indexes and triggers it has are made again, an operator's
own too. A text that came in before is the front desk's, or unrouted without a thread; it waits for
nobody.

Downgrade. Goes back to what 0003 knew: who read a text, the inbox, strays, questions and payments
are gone. Texts to nobody's thread that did not arrive are cancelled, because 0003 would not know
whom they are for, and the attempts of all such texts are gone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004_replies"
down_revision = "0003_sending"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)

_ORG_COLUMNS = (
    "relay BOOLEAN DEFAULT {false} NOT NULL",
    (
        "open_from_minute INTEGER CONSTRAINT ck_org_open_from_minute"
        " CHECK (open_from_minute BETWEEN 0 AND 1439)"
    ),
    (
        "open_until_minute INTEGER CONSTRAINT ck_org_open_until_minute"
        " CHECK (open_until_minute BETWEEN 0 AND 1439 AND open_until_minute <> open_from_minute)"
        " CONSTRAINT ck_org_office_hours"
        " CHECK ((open_from_minute IS NULL) = (open_until_minute IS NULL))"
    ),
    "closed_reply VARCHAR",
    "unknown_reply VARCHAR",
)

_TABLES = (
    "inbound_text",
    "stray_text",
    "pull_mark",
    "relay",
    "relay_question",
    "auto_reply",
    "stripe_event",
)
_PROVIDERS = "('sandbox', 'twilio')"
_ATTEMPT_COLUMNS = (
    "id, org_id, message_id, attempt, thread_id, number_id, rule, worker, status, code,"
    " provider_message_id, claimed_at, ended_at"
)
_STANDING = """
SELECT sql FROM sqlite_master
WHERE tbl_name = 'message_attempt' AND type IN ('index', 'trigger') AND sql IS NOT NULL
ORDER BY type, name
"""

_CAME_IN = """
INSERT INTO inbound_text (message_id, org_id, received_at, addressed_to, code, media_count)
SELECT id, org_id, created_at,
       CASE WHEN thread_id IS NULL THEN 'unrouted' ELSE 'front_desk' END,
       CASE WHEN thread_id IS NULL THEN 'UNKNOWN_SENDER' ELSE 'KNOWN_CLIENT' END, 0
FROM message WHERE direction = 'inbound' ORDER BY id
"""
"""Texts from before replies were read, or from before a downgrade."""

_CANCEL = """
UPDATE message SET status = 'cancelled', due_at = NULL, in_doubt_at = NULL, absent_at = NULL
WHERE direction = 'outbound' AND thread_id IS NULL
  AND status NOT IN ('sent', 'delivered', 'cancelled')
"""
"""A failed one too: a retry at 0003 would look for its client."""


def upgrade() -> None:
    """Add what replies need."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if not is_sqlite:
        # The org first, which every transaction of petmsg that writes reads before it does: one
        # then either ends before this begins, or waits holding nothing that is needed here. What
        # the new tables point to may be read all the while.
        for tables, mode in (
            ("org", "ACCESS EXCLUSIVE"),
            ("client, sitter, message_number", "SHARE ROW EXCLUSIVE"),
            ("message, message_attempt", "ACCESS EXCLUSIVE"),
        ):
            op.execute(sa.text(f"LOCK TABLE {tables} IN {mode} MODE"))
    false = "0" if is_sqlite else "false"
    for column in _ORG_COLUMNS:
        op.execute(sa.text(f"ALTER TABLE org ADD COLUMN {column.format(false=false)}"))
    direct = sa.text("status = 'queued' AND thread_id IS NULL")
    op.create_index(
        "ix_message_direct",
        "message",
        ["org_id", "to_e164", "send_at", "id"],
        sqlite_where=direct,
        postgresql_where=direct,
    )
    troubled = sa.text("status IN ('failed', 'undelivered', 'held', 'unknown', 'cancelled')")
    op.create_index(
        "ix_message_troubled",
        "message",
        ["org_id", "status", "id"],
        sqlite_where=troubled,
        postgresql_where=troubled,
    )
    op.create_index("uq_message_org_id_id", "message", ["org_id", "id"], unique=True)
    if is_sqlite:
        _remake_attempts(direct_too=True)
    else:
        op.alter_column("message_attempt", "thread_id", nullable=True)
        op.alter_column("message_attempt", "rule", nullable=True)
        op.create_foreign_key(
            "fk_message_attempt_org_id_message_id",
            "message_attempt",
            "message",
            ["org_id", "message_id"],
            ["org_id", "id"],
        )
        op.create_check_constraint(
            op.f("ck_message_attempt_thread_rule"),
            "message_attempt",
            "(thread_id IS NULL) = (rule IS NULL)",
        )
    _create_inbound()
    _create_relay()
    _create_others()
    op.execute(sa.text(_CAME_IN))


def downgrade() -> None:
    """Take it away again."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if not is_sqlite:
        op.execute(
            sa.text(
                "LOCK TABLE org, client, sitter, message_number, message, message_attempt, "
                + ", ".join(_TABLES)
                + " IN ACCESS EXCLUSIVE MODE"
            )
        )
    for table in reversed(_TABLES):
        op.drop_table(table)
    op.execute(sa.text(_CANCEL))
    op.execute(sa.text("DELETE FROM message_attempt WHERE thread_id IS NULL"))
    if is_sqlite:
        _remake_attempts(direct_too=False)
    else:
        op.drop_constraint(op.f("ck_message_attempt_thread_rule"), "message_attempt")
        op.drop_constraint("fk_message_attempt_org_id_message_id", "message_attempt")
        op.alter_column("message_attempt", "rule", nullable=False)
        op.alter_column("message_attempt", "thread_id", nullable=False)
    op.drop_index("uq_message_org_id_id", "message")
    op.drop_index("ix_message_troubled", "message")
    op.drop_index("ix_message_direct", "message")
    for column in reversed(_ORG_COLUMNS):
        op.execute(sa.text(f"ALTER TABLE org DROP COLUMN {column.split()[0]}"))


def _remake_attempts(*, direct_too: bool) -> None:
    """SQLite cannot take a NOT NULL away: the table is made anew, and takes the place of the old.

    In this order: were the old one renamed, what names it (an operator's view, say) would follow.
    """
    connection = op.get_bind()
    standing = connection.exec_driver_sql(_STANDING).scalars().all()
    extra: list[sa.schema.SchemaItem] = []
    if direct_too:
        extra = [
            sa.ForeignKeyConstraint(
                ["org_id", "message_id"],
                ["message.org_id", "message.id"],
                name="fk_message_attempt_org_id_message_id",
            ),
            sa.CheckConstraint(
                "(thread_id IS NULL) = (rule IS NULL)", name=op.f("ck_message_attempt_thread_rule")
            ),
        ]
    op.create_table(
        "message_attempt_anew",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.Integer(), nullable=direct_too),
        sa.Column("number_id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(16), nullable=direct_too),
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
        *extra,
    )
    op.execute(
        sa.text(
            f"INSERT INTO message_attempt_anew ({_ATTEMPT_COLUMNS})"
            f" SELECT {_ATTEMPT_COLUMNS} FROM message_attempt ORDER BY id"
        )
    )
    op.drop_table("message_attempt")
    op.rename_table("message_attempt_anew", "message_attempt")
    for statement in standing:
        connection.exec_driver_sql(statement)


def _in_org(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["org_id", column],
        [f"{other}.org_id", f"{other}.id"],
        name=f"fk_{table}_org_id_{column}",
    )


def _create_inbound() -> None:
    op.create_table(
        "inbound_text",
        sa.Column("message_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("received_at", _INSTANT, nullable=False),
        sa.Column("addressed_to", sa.String(16), nullable=False),
        sa.Column("sitter_id", sa.Integer(), nullable=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("keyword", sa.String(16), nullable=True),
        sa.Column("media_count", sa.Integer(), nullable=False),
        sa.Column("inbox_at", _INSTANT, nullable=True),
        sa.Column("claimed_by", sa.String(), nullable=True),
        sa.Column("claimed_at", _INSTANT, nullable=True),
        sa.Column("done_by", sa.String(), nullable=True),
        sa.Column("done_at", _INSTANT, nullable=True),
        sa.Column("done_reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("message_id", name="pk_inbound_text"),
        _in_org("inbound_text", "message_id", "message"),
        _in_org("inbound_text", "sitter_id", "sitter"),
        sa.CheckConstraint(
            "addressed_to IN ('sitter', 'front_desk', 'unrouted', 'relay')",
            name="ck_inbound_text_addressed_to",
        ),
        sa.CheckConstraint("keyword IN ('stop', 'start', 'help')", name="ck_inbound_text_keyword"),
        sa.CheckConstraint(
            "(addressed_to IN ('sitter', 'relay')) = (sitter_id IS NOT NULL)",
            name="ck_inbound_text_sitter",
        ),
        sa.CheckConstraint(
            "(claimed_by IS NULL) = (claimed_at IS NULL)", name="ck_inbound_text_claimed"
        ),
        sa.CheckConstraint("(done_by IS NULL) = (done_at IS NULL)", name="ck_inbound_text_done"),
        sa.CheckConstraint(
            "done_at IS NULL OR inbox_at IS NOT NULL", name="ck_inbound_text_was_open"
        ),
        sa.CheckConstraint("media_count >= 0", name="ck_inbound_text_media_count"),
    )
    waits = sa.text("inbox_at IS NOT NULL AND done_at IS NULL")
    op.create_index(
        "ix_inbound_text_open",
        "inbound_text",
        ["org_id", "message_id"],
        sqlite_where=waits,
        postgresql_where=waits,
    )
    op.create_index(
        "ix_inbound_text_sitter_id_message_id", "inbound_text", ["sitter_id", "message_id"]
    )
    op.create_table(
        "stray_text",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(16), nullable=True),
        sa.Column("provider_message_id", sa.String(), nullable=False),
        sa.Column("from_phone", sa.String(), nullable=True),
        sa.Column("to_e164", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=True),
        sa.Column("media_count", sa.Integer(), nullable=False),
        sa.Column("received_at", _INSTANT, nullable=False),
        sa.Column("adopted_id", sa.Integer(), nullable=True),
        sa.Column("adopted_at", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_stray_text"),
        sa.UniqueConstraint("provider_message_id", name="uq_stray_text_provider_message_id"),
        sa.ForeignKeyConstraint(["adopted_id"], ["message.id"], name="fk_stray_text_adopted_id"),
        sa.CheckConstraint(f"provider IN {_PROVIDERS}", name="ck_stray_text_provider"),
        sa.CheckConstraint(
            "(adopted_id IS NULL) = (adopted_at IS NULL)", name="ck_stray_text_adopted"
        ),
        sa.CheckConstraint("media_count >= 0", name="ck_stray_text_media_count"),
    )
    op.create_index("ix_stray_text_to_e164", "stray_text", ["to_e164"])
    op.create_table(
        "pull_mark",
        sa.Column("provider", sa.String(16), nullable=False),
        sa.Column("pulled_until", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("provider", name="pk_pull_mark"),
        sa.CheckConstraint(f"provider IN {_PROVIDERS}", name="ck_pull_mark_provider"),
    )


def _create_relay() -> None:
    op.create_table(
        "relay",
        sa.Column("message_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("about_id", sa.Integer(), nullable=True),
        sa.Column("sitter_id", sa.Integer(), nullable=True),
        sa.Column("number_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("message_id", name="pk_relay"),
        _in_org("relay", "message_id", "message"),
        _in_org("relay", "about_id", "message"),
        _in_org("relay", "sitter_id", "sitter"),
        _in_org("relay", "number_id", "message_number"),
        sa.CheckConstraint(
            "kind IN ('forward', 'reply', 'notice', 'auto_reply')", name="ck_relay_kind"
        ),
        sa.CheckConstraint(
            "kind NOT IN ('forward', 'reply', 'notice') OR sitter_id IS NOT NULL",
            name="ck_relay_sitter",
        ),
    )
    op.create_index("ix_relay_about_id", "relay", ["about_id"])
    op.create_index("ix_relay_sitter_id_message_id", "relay", ["sitter_id", "message_id"])
    op.create_table(
        "relay_question",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("sitter_id", sa.Integer(), nullable=False),
        sa.Column("options", sa.String(), nullable=False),
        sa.Column("asked_at", _INSTANT, nullable=False),
        sa.Column("closed_at", _INSTANT, nullable=True),
        sa.Column("outcome", sa.String(16), nullable=True),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_relay_question"),
        sa.UniqueConstraint("message_id", name="uq_relay_question_message_id"),
        _in_org("relay_question", "message_id", "message"),
        _in_org("relay_question", "sitter_id", "sitter"),
        _in_org("relay_question", "client_id", "client"),
        sa.CheckConstraint(
            "outcome IN ('sent', 'refused', 'expired')", name="ck_relay_question_outcome"
        ),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (outcome IS NULL)", name="ck_relay_question_closed"
        ),
    )
    still_open = sa.text("closed_at IS NULL")
    op.create_index(
        "ix_relay_question_open",
        "relay_question",
        ["sitter_id", "id"],
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    op.create_table(
        "auto_reply",
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("phone_key", sa.String(), nullable=False),
        sa.Column("replied_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("org_id", "phone_key", name="pk_auto_reply"),
        sa.ForeignKeyConstraint(["org_id"], ["org.id"], name="fk_auto_reply_org_id"),
    )


def _create_others() -> None:
    op.create_table(
        "stripe_event",
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("booking", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("received_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_stripe_event"),
        sa.ForeignKeyConstraint(["org_id"], ["org.id"], name="fk_stripe_event_org_id"),
        sa.CheckConstraint(
            "outcome IN ('confirmed', 'ignored', 'refused')", name="ck_stripe_event_outcome"
        ),
    )
