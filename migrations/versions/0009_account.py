"""The account at the provider: which one an org has, its numbers there, and what they cost.

Upgrade. Columns are added to `org`, `message_number` and `message`. One table is created. The key
of `pull_mark` gets the account; its rows are those of the account without a name.

Downgrade. What the columns and the table held is lost: prices, names of accounts, purchases. The
numbers that were bought stay. The earliest poll cursor of a provider stays.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009_account"
down_revision = "0008_company"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_ADDED = (
    (
        "ALTER TABLE org ADD COLUMN twilio_account VARCHAR(64)"
        " CONSTRAINT ck_org_twilio_account CHECK (twilio_account <> '')"
    ),
    "ALTER TABLE message_number ADD COLUMN provider_number_id VARCHAR",
    "ALTER TABLE message_number ADD COLUMN messaging_service VARCHAR",
    "ALTER TABLE message_number ADD COLUMN voice BOOLEAN",
    "ALTER TABLE message ADD COLUMN price_micros BIGINT",
    (
        "ALTER TABLE message ADD COLUMN price_currency VARCHAR(3)"
        " CONSTRAINT ck_message_price_currency"
        " CHECK ((price_micros IS NULL) = (price_currency IS NULL))"
    ),
)


def upgrade() -> None:
    """Add the columns and the table of 0009."""
    for statement in _ADDED:
        op.execute(sa.text(statement))
    _make_pull_mark(by_account=True)
    op.create_table(
        "number_purchase",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("provider", sa.String(16), nullable=False),
        sa.Column("account", sa.String(64), nullable=True),
        sa.Column("e164", sa.String(), nullable=False),
        sa.Column("class", sa.String(16), nullable=True),
        sa.Column("provider_number_id", sa.String(), nullable=True),
        sa.Column("number_id", sa.Integer(), nullable=True),
        sa.Column("monthly_micros", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(3), nullable=True),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("ended_at", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_number_purchase"),
        sa.ForeignKeyConstraint(["org_id"], ["org.id"], name="fk_number_purchase_org_id"),
        sa.ForeignKeyConstraint(
            ["org_id", "number_id"],
            ["message_number.org_id", "message_number.id"],
            name="fk_number_purchase_org_id_number_id",
        ),
        sa.CheckConstraint("kind IN ('buy', 'give_back')", name="ck_number_purchase_kind"),
        sa.CheckConstraint(
            "status IN ('intended', 'done', 'failed')", name="ck_number_purchase_status"
        ),
        sa.CheckConstraint("provider IN ('sandbox', 'twilio')", name="ck_number_purchase_provider"),
        sa.CheckConstraint(
            "class IN ('front_desk', 'sitter', 'pool')", name="ck_number_purchase_class"
        ),
        sa.CheckConstraint(
            "(status = 'intended') = (ended_at IS NULL)", name="ck_number_purchase_ended"
        ),
        sa.CheckConstraint(
            "(monthly_micros IS NULL) = (currency IS NULL)", name="ck_number_purchase_currency"
        ),
    )
    op.create_index(
        "uq_number_purchase_open",
        "number_purchase",
        ["e164"],
        unique=True,
        sqlite_where=sa.text("status = 'intended'"),
        postgresql_where=sa.text("status = 'intended'"),
    )
    op.create_index(
        "ix_number_purchase_org_id_created_at", "number_purchase", ["org_id", "created_at"]
    )


def _make_pull_mark(*, by_account: bool) -> None:
    """Make the table of poll cursors anew, with the account in its key or without it.

    On the way down the earliest cursor of a provider stays: each message is stored once, however
    often it is asked for. The table has a row for each account.
    """
    mark = sa.table("pull_mark", sa.column("provider"), sa.column("pulled_until"))
    until = sa.func.min(mark.c.pulled_until)
    found = sa.select(mark.c.provider, until.label("pulled_until")).group_by(mark.c.provider)
    rows = [dict(row) for row in op.get_bind().execute(found).mappings()]
    op.drop_table("pull_mark")
    account = sa.Column("account", sa.String(64), server_default="", nullable=False)
    op.create_table(
        "pull_mark",
        sa.Column("provider", sa.String(16), nullable=False),
        *((account,) if by_account else ()),
        sa.Column("pulled_until", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint(
            "provider", *(("account",) if by_account else ()), name="pk_pull_mark"
        ),
        sa.CheckConstraint("provider IN ('sandbox', 'twilio')", name="ck_pull_mark_provider"),
    )
    op.bulk_insert(mark, rows)


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("number_purchase")
    _make_pull_mark(by_account=False)
    for table, column in (
        ("message", "price_currency"),
        ("message", "price_micros"),
        ("message_number", "voice"),
        ("message_number", "messaging_service"),
        ("message_number", "provider_number_id"),
        ("org", "twilio_account"),
    ):
        op.execute(sa.text(f"ALTER TABLE {table} DROP COLUMN {column}"))
