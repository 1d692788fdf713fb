"""Who speaks: route overrides, replies, lead time, templates, and the channels of notifications.

Upgrade. Columns are added to `org`, `booking` and `message`, and new tables are created. `relay`
learns two more kinds of messages outside any thread: to a sitter from the front desk, and a
person's answer to a stranger. On SQLite that table is created again: its rows are copied, and its
indexes and triggers are created again. No other row is rewritten.

Downgrade. What the columns and tables held is lost. A message that was to be sent from the front
desk's number, or as a reply, and is still queued is cancelled, because 0006 would send it from the
sitter's number. Messages of the two new kinds become notices and automatic replies. Assignment
windows keep their lead time until their bookings are confirmed again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007_voices"
down_revision = "0006_pictures"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)

_COLUMNS = (
    (
        "org",
        (
            "lead_minutes INTEGER DEFAULT 0 NOT NULL CONSTRAINT ck_org_lead_minutes"
            " CHECK (lead_minutes BETWEEN 0 AND 10080)"
        ),
    ),
    (
        "org",
        (
            "unanswered_minutes INTEGER CONSTRAINT ck_org_unanswered_minutes"
            " CHECK (unanswered_minutes BETWEEN 1 AND 10080)"
        ),
    ),
    (
        "booking",
        (
            "lead_minutes INTEGER CONSTRAINT ck_booking_lead_minutes"
            " CHECK (lead_minutes BETWEEN 0 AND 10080)"
        ),
    ),
    (
        "message",
        "voice VARCHAR(16) CONSTRAINT ck_message_voice CHECK (voice IN ('desk', 'reply'))",
    ),
)
"""Table and definition of each new column."""

_TABLES = (
    "template",
    "template_version",
    "route_override",
    "message_source",
    "notify_channel",
    "notify_delivery",
)
"""The new tables, in the order of their creation."""

_KINDS_BEFORE = "'forward', 'reply', 'notice', 'auto_reply'"
_KINDS = f"{_KINDS_BEFORE}, 'staff', 'answer'"
_OF_A_SITTER_BEFORE = "kind NOT IN ('forward', 'reply', 'notice') OR sitter_id IS NOT NULL"
_OF_A_SITTER = "kind NOT IN ('forward', 'reply', 'notice', 'staff') OR sitter_id IS NOT NULL"

_ENDED = "ended_at IS NULL"
_LISTED = "removed_at IS NULL"

_STANDING = """
SELECT sql FROM sqlite_master
WHERE tbl_name = 'relay' AND type IN ('index', 'trigger') AND sql IS NOT NULL
ORDER BY type, name
"""
_RELAY_COLUMNS = "message_id, org_id, kind, about_id, sitter_id, number_id"

_CANCEL = """
UPDATE message SET status = 'cancelled', due_at = NULL, in_doubt_at = NULL, absent_at = NULL
WHERE direction = 'outbound' AND voice IS NOT NULL AND status IN ('queued', 'held', 'failed')
"""
"""A failed one too: a retry at 0006 would send it from another number."""


def upgrade() -> None:
    """Add the columns, kinds and tables of 0007."""
    for table, definition in _COLUMNS:
        op.execute(sa.text(f"ALTER TABLE {table} ADD COLUMN {definition}"))
    op.add_column("org", sa.Column("removed_at", _INSTANT, nullable=True))
    op.create_index("uq_alert_org_id_id", "alert", ["org_id", "id"], unique=True)
    op.drop_index("ix_alert_org_id_id", "alert")
    _set_kinds(_KINDS, _OF_A_SITTER)
    _create_templates()
    _create_override()
    _create_source()
    _create_channels()


def downgrade() -> None:
    """Drop them again."""
    op.execute(sa.text(_CANCEL))
    op.execute(sa.text("UPDATE relay SET kind = 'notice' WHERE kind = 'staff'"))
    op.execute(sa.text("UPDATE relay SET kind = 'auto_reply' WHERE kind = 'answer'"))
    for table in reversed(_TABLES):
        op.drop_table(table)
    _set_kinds(_KINDS_BEFORE, _OF_A_SITTER_BEFORE)
    op.create_index("ix_alert_org_id_id", "alert", ["org_id", "id"])
    op.drop_index("uq_alert_org_id_id", "alert")
    op.execute(sa.text("ALTER TABLE org DROP COLUMN removed_at"))
    for table, definition in reversed(_COLUMNS):
        op.execute(sa.text(f"ALTER TABLE {table} DROP COLUMN {definition.split()[0]}"))


def _in_org(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["org_id", column],
        [f"{other}.org_id", f"{other}.id"],
        name=f"fk_{table}_org_id_{column}",
    )


def _set_kinds(kinds: str, of_a_sitter: str) -> None:
    """Replace the two constraints of `relay` that name its kinds."""
    if op.get_bind().dialect.name == "sqlite":
        _remake_relay(kinds, of_a_sitter)
        return
    op.drop_constraint(op.f("ck_relay_kind"), "relay")
    op.drop_constraint(op.f("ck_relay_sitter"), "relay")
    op.create_check_constraint(op.f("ck_relay_kind"), "relay", f"kind IN ({kinds})")
    op.create_check_constraint(op.f("ck_relay_sitter"), "relay", of_a_sitter)


def _remake_relay(kinds: str, of_a_sitter: str) -> None:
    """SQLite cannot change a constraint: create the table again, and put it in the old one's place.

    In this order: if the old one were renamed, whatever refers to it (an operator's view, for
    example) would follow it.
    """
    connection = op.get_bind()
    standing = connection.exec_driver_sql(_STANDING).scalars().all()
    op.create_table(
        "relay_again",
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
        sa.CheckConstraint(f"kind IN ({kinds})", name="ck_relay_kind"),
        sa.CheckConstraint(of_a_sitter, name="ck_relay_sitter"),
    )
    op.execute(
        sa.text(
            f"INSERT INTO relay_again ({_RELAY_COLUMNS})"
            f" SELECT {_RELAY_COLUMNS} FROM relay ORDER BY message_id"
        )
    )
    op.drop_table("relay")
    op.rename_table("relay_again", "relay")
    for statement in standing:
        connection.exec_driver_sql(statement)


def _create_templates() -> None:
    op.create_table(
        "template",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("removed_at", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_template"),
        sa.UniqueConstraint("org_id", "id", name="uq_template_org_id_id"),
        sa.ForeignKeyConstraint(["org_id"], ["org.id"], name="fk_template_org_id"),
    )
    op.create_index(
        "uq_template_listed",
        "template",
        ["org_id", "name"],
        unique=True,
        sqlite_where=sa.text(_LISTED),
        postgresql_where=sa.text(_LISTED),
    )
    op.create_table(
        "template_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("template_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_template_version"),
        sa.UniqueConstraint("org_id", "id", name="uq_template_version_org_id_id"),
        sa.UniqueConstraint(
            "template_id", "version", name="uq_template_version_template_id_version"
        ),
        _in_org("template_version", "template_id", "template"),
        sa.CheckConstraint("version >= 1", name="ck_template_version_version"),
    )


def _create_override() -> None:
    op.create_table(
        "route_override",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", _INSTANT, nullable=False),
        sa.Column("until_at", _INSTANT, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("ended_at", _INSTANT, nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_route_override"),
        sa.ForeignKeyConstraint(
            ["org_id", "thread_id", "client_id"],
            ["thread.org_id", "thread.id", "thread.client_id"],
            name="fk_route_override_org_id_thread_id_client_id",
        ),
        sa.CheckConstraint("starts_at < until_at", name="ck_route_override_span"),
        sa.CheckConstraint(
            "ended_at IS NULL OR (starts_at <= ended_at AND ended_at <= until_at)",
            name="ck_route_override_ended_at",
        ),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (ended_by IS NULL)", name="ck_route_override_ended_by"
        ),
    )
    op.create_index(
        "uq_route_override_not_ended",
        "route_override",
        ["thread_id"],
        unique=True,
        sqlite_where=sa.text(_ENDED),
        postgresql_where=sa.text(_ENDED),
    )
    op.create_index(
        "ix_route_override_client_id_until_at", "route_override", ["client_id", "until_at"]
    )
    op.create_index("ix_route_override_org_id_id", "route_override", ["org_id", "id"])


def _create_source() -> None:
    op.create_table(
        "message_source",
        sa.Column("message_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("reply_to_id", sa.Integer(), nullable=True),
        sa.Column("template_version_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("message_id", name="pk_message_source"),
        _in_org("message_source", "message_id", "message"),
        _in_org("message_source", "reply_to_id", "message"),
        _in_org("message_source", "template_version_id", "template_version"),
        sa.CheckConstraint(
            "reply_to_id IS NOT NULL OR template_version_id IS NOT NULL",
            name="ck_message_source_any",
        ),
    )
    op.create_index("ix_message_source_reply_to_id", "message_source", ["reply_to_id"])
    op.create_index(
        "ix_message_source_template_version_id", "message_source", ["template_version_id"]
    )


def _create_channels() -> None:
    op.create_table(
        "notify_channel",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("kinds", sa.String(), nullable=True),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("failed_at", _INSTANT, nullable=True),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_notify_channel"),
        sa.UniqueConstraint("org_id", "id", name="uq_notify_channel_org_id_id"),
        sa.UniqueConstraint("org_id", "name", name="uq_notify_channel_org_id_name"),
        sa.ForeignKeyConstraint(["org_id"], ["org.id"], name="fk_notify_channel_org_id"),
        sa.CheckConstraint(
            "severity IN ('info', 'warning', 'critical')", name="ck_notify_channel_severity"
        ),
        sa.CheckConstraint("failures >= 0", name="ck_notify_channel_failures"),
    )
    op.create_table(
        "notify_delivery",
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("alert_id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("told_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("channel_id", "alert_id", name="pk_notify_delivery"),
        _in_org("notify_delivery", "channel_id", "notify_channel"),
        _in_org("notify_delivery", "alert_id", "alert"),
    )
    op.create_index("ix_notify_delivery_alert_id", "notify_delivery", ["alert_id"])
