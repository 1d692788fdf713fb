"""Thread per booking: the old shape.

Every table as it was when a booking had a thread of its own: `thread` carries `booking_id`, and is
unique per org, client and booking. `booking_id` may be NULL, because a client who texts before she
books already has a thread, and because the downgrade of 0002 must be able to keep such a thread.

The text of this file is frozen: it imports no model, and names every constraint itself.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)

GENESIS = "0" * 64

SQLITE_TRIGGERS = {
    "audit_event_no_update": """\
CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event
BEGIN SELECT RAISE(ABORT, 'petmsg: an audit event is never changed'); END""",
    "audit_event_no_delete": """\
CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event
BEGIN SELECT RAISE(ABORT, 'petmsg: an audit event is never deleted'); END""",
    # Also what refuses INSERT OR REPLACE where recursive_triggers is off: a seq that exists.
    "audit_event_follows": f"""\
CREATE TRIGGER audit_event_follows BEFORE INSERT ON audit_event
WHEN NEW.seq IS NOT
  1 + coalesce((SELECT max(seq) FROM audit_event WHERE org_id = NEW.org_id), 0)
OR NEW.previous_hash IS NOT coalesce(
  (SELECT hash FROM audit_event WHERE org_id = NEW.org_id AND seq = NEW.seq - 1), '{GENESIS}')
BEGIN SELECT RAISE(ABORT, 'petmsg: an audit event must follow the last one of its org'); END""",
    "number_custody_no_update": """\
CREATE TRIGGER number_custody_no_update BEFORE UPDATE ON number_custody
BEGIN SELECT RAISE(ABORT, 'petmsg: a custody row is never changed'); END""",
    "number_custody_no_delete": """\
CREATE TRIGGER number_custody_no_delete BEFORE DELETE ON number_custody
BEGIN SELECT RAISE(ABORT, 'petmsg: a custody row is never deleted'); END""",
    # The id is looked at because INSERT OR REPLACE could put a row in another one's place.
    "number_custody_follows": """\
CREATE TRIGGER number_custody_follows BEFORE INSERT ON number_custody
WHEN EXISTS (
  SELECT 1 FROM number_custody WHERE number_id = NEW.number_id AND from_at >= NEW.from_at
) OR EXISTS (SELECT 1 FROM number_custody WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'petmsg: a custody row must begin after the last one of its number');
END""",
    "message_number_first_sitter": """\
CREATE TRIGGER message_number_first_sitter BEFORE UPDATE ON message_number
WHEN OLD.first_sitter_id IS NOT NULL AND NEW.first_sitter_id IS NOT OLD.first_sitter_id
BEGIN SELECT RAISE(ABORT, 'petmsg: a number is never given to a second sitter'); END""",
    "message_number_stays_retired": """\
CREATE TRIGGER message_number_stays_retired BEFORE UPDATE ON message_number
WHEN OLD.status = 'retired' AND NEW.status <> 'retired'
BEGIN SELECT RAISE(ABORT, 'petmsg: a retired number stays retired'); END""",
    "message_number_no_delete": """\
CREATE TRIGGER message_number_no_delete BEFORE DELETE ON message_number
BEGIN SELECT RAISE(ABORT, 'petmsg: a number is never deleted'); END""",
}

POSTGRESQL_FUNCTIONS = {
    "petmsg_refuse": """
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'petmsg: ' || TG_ARGV[0];
END
""",
    "petmsg_audit_event_follows": f"""
DECLARE
  last_seq integer;
  last_hash varchar;
BEGIN
  SELECT seq, hash INTO last_seq, last_hash FROM audit_event
  WHERE org_id = NEW.org_id ORDER BY seq DESC LIMIT 1;
  IF NEW.seq IS DISTINCT FROM coalesce(last_seq, 0) + 1
    OR NEW.previous_hash IS DISTINCT FROM coalesce(last_hash, '{GENESIS}')
  THEN
    RAISE EXCEPTION 'petmsg: an audit event must follow the last one of its org';
  END IF;
  RETURN NEW;
END
""",
    # The lock lets two transactions that write about one number wait for each other.
    "petmsg_number_custody_follows": """
BEGIN
  PERFORM 1 FROM message_number WHERE id = NEW.number_id FOR NO KEY UPDATE;
  IF EXISTS (
    SELECT 1 FROM number_custody WHERE number_id = NEW.number_id AND from_at >= NEW.from_at
  ) THEN
    RAISE EXCEPTION 'petmsg: a custody row must begin after the last one of its number';
  END IF;
  RETURN NEW;
END
""",
}

POSTGRESQL_TRIGGERS = {
    "audit_event_no_update": """\
CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event
FOR EACH ROW EXECUTE FUNCTION petmsg_refuse('an audit event is never changed')""",
    "audit_event_no_delete": """\
CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event
FOR EACH ROW EXECUTE FUNCTION petmsg_refuse('an audit event is never deleted')""",
    "audit_event_no_truncate": """\
CREATE TRIGGER audit_event_no_truncate BEFORE TRUNCATE ON audit_event
FOR EACH STATEMENT EXECUTE FUNCTION petmsg_refuse('an audit event is never deleted')""",
    "audit_event_follows": """\
CREATE TRIGGER audit_event_follows BEFORE INSERT ON audit_event
FOR EACH ROW EXECUTE FUNCTION petmsg_audit_event_follows()""",
    "number_custody_no_update": """\
CREATE TRIGGER number_custody_no_update BEFORE UPDATE ON number_custody
FOR EACH ROW EXECUTE FUNCTION petmsg_refuse('a custody row is never changed')""",
    "number_custody_no_delete": """\
CREATE TRIGGER number_custody_no_delete BEFORE DELETE ON number_custody
FOR EACH ROW EXECUTE FUNCTION petmsg_refuse('a custody row is never deleted')""",
    "number_custody_no_truncate": """\
CREATE TRIGGER number_custody_no_truncate BEFORE TRUNCATE ON number_custody
FOR EACH STATEMENT EXECUTE FUNCTION petmsg_refuse('a custody row is never deleted')""",
    "number_custody_follows": """\
CREATE TRIGGER number_custody_follows BEFORE INSERT ON number_custody
FOR EACH ROW EXECUTE FUNCTION petmsg_number_custody_follows()""",
    "message_number_first_sitter": """\
CREATE TRIGGER message_number_first_sitter BEFORE UPDATE ON message_number
FOR EACH ROW WHEN (OLD.first_sitter_id IS NOT NULL
  AND NEW.first_sitter_id IS DISTINCT FROM OLD.first_sitter_id)
EXECUTE FUNCTION petmsg_refuse('a number is never given to a second sitter')""",
    "message_number_stays_retired": """\
CREATE TRIGGER message_number_stays_retired BEFORE UPDATE ON message_number
FOR EACH ROW WHEN (OLD.status = 'retired' AND NEW.status <> 'retired')
EXECUTE FUNCTION petmsg_refuse('a retired number stays retired')""",
    "message_number_no_delete": """\
CREATE TRIGGER message_number_no_delete BEFORE DELETE ON message_number
FOR EACH ROW EXECUTE FUNCTION petmsg_refuse('a number is never deleted')""",
    "message_number_no_truncate": """\
CREATE TRIGGER message_number_no_truncate BEFORE TRUNCATE ON message_number
FOR EACH STATEMENT EXECUTE FUNCTION petmsg_refuse('a number is never deleted')""",
}

_TABLES = (
    "org",
    "ref_counter",
    "client",
    "client_phone",
    "sitter",
    "sitter_activity",
    "booking",
    "message_number",
    "number_custody",
    "thread",
    "assignment_window",
    "message",
    "sandbox_text",
    "audit_event",
    "audit_head",
)


def _primary_key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def _foreign_key(table: str, columns: str, other: str, others: str) -> sa.ForeignKeyConstraint:
    names = columns.split()
    targets = [f"{other}.{name}" for name in others.split()]
    return sa.ForeignKeyConstraint(names, targets, name=f"fk_{table}_{'_'.join(names)}")


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=f"ck_{table}_{name}")


def _one_of(table: str, column: str, *values: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return _check(table, column, f"{column} IN ({listed})")


def upgrade() -> None:
    """Create every table, index and trigger."""
    _create_companies_and_people()
    _create_bookings_and_numbers()
    _create_conversations()
    _create_audit()
    _create_triggers()


def _create_companies_and_people() -> None:
    op.create_table(
        "org",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("grace_minutes", sa.Integer(), nullable=False),
        sa.Column("quarantine_days", sa.Integer(), nullable=False),
        sa.Column("pool_for", sa.String(16), nullable=False),
        sa.Column("pool_threads_per_number", sa.Integer(), nullable=True),
        sa.Column("provider", sa.String(16), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        _primary_key("org", "id"),
        _unique("org", "slug"),
        _check("org", "grace_minutes", "grace_minutes BETWEEN 0 AND 10080"),
        _one_of("org", "pool_for", "all", "one_time"),
        _check("org", "pool_threads_per_number", "pool_threads_per_number >= 1"),
        _one_of("org", "provider", "sandbox", "twilio"),
        _check("org", "quarantine_days", "quarantine_days BETWEEN 1 AND 3650"),
    )
    op.create_table(
        "ref_counter",
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("noun", sa.String(), nullable=False),
        sa.Column("next_value", sa.Integer(), nullable=False),
        _primary_key("ref_counter", "org_id", "noun"),
        _foreign_key("ref_counter", "org_id", "org", "id"),
    )
    op.create_table(
        "client",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("forgotten_at", _INSTANT, nullable=True),
        _primary_key("client", "id"),
        _unique("client", "org_id", "id"),
        _unique("client", "org_id", "ref"),
        _foreign_key("client", "org_id", "org", "id"),
        _one_of("client", "kind", "one_time", "recurring"),
    )
    op.create_index("ix_client_org_id_name", "client", ["org_id", "name"])
    op.create_table(
        "client_phone",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("e164", sa.String(), nullable=False),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        _primary_key("client_phone", "id"),
        _unique("client_phone", "org_id", "e164"),
        _foreign_key("client_phone", "org_id client_id", "client", "org_id id"),
    )
    op.create_index("ix_client_phone_org_id_client_id", "client_phone", ["org_id", "client_id"])
    op.create_index(
        "uq_client_phone_primary",
        "client_phone",
        ["client_id"],
        unique=True,
        sqlite_where=sa.text("is_primary"),
        postgresql_where=sa.text("is_primary"),
    )
    op.create_table(
        "sitter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        _primary_key("sitter", "id"),
        _unique("sitter", "org_id", "id"),
        _unique("sitter", "org_id", "ref"),
        _foreign_key("sitter", "org_id", "org", "id"),
        _one_of("sitter", "status", "inactive", "active", "offboarded"),
    )
    op.create_index("ix_sitter_org_id_name", "sitter", ["org_id", "name"])
    op.create_index("ix_sitter_org_id_phone", "sitter", ["org_id", "phone"])
    op.create_table(
        "sitter_activity",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("sitter_id", sa.Integer(), nullable=False),
        sa.Column("activated_at", _INSTANT, nullable=False),
        sa.Column("offboarded_at", _INSTANT, nullable=True),
        _primary_key("sitter_activity", "id"),
        _foreign_key("sitter_activity", "org_id sitter_id", "sitter", "org_id id"),
        _check("sitter_activity", "span", "activated_at <= offboarded_at"),
    )
    op.create_index(
        "ix_sitter_activity_sitter_id_activated_at",
        "sitter_activity",
        ["sitter_id", "activated_at"],
    )
    op.create_index(
        "uq_sitter_activity_open",
        "sitter_activity",
        ["sitter_id"],
        unique=True,
        sqlite_where=sa.text("offboarded_at IS NULL"),
        postgresql_where=sa.text("offboarded_at IS NULL"),
    )


def _create_bookings_and_numbers() -> None:
    op.create_table(
        "booking",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("sitter_id", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("starts_at", _INSTANT, nullable=False),
        sa.Column("ends_at", _INSTANT, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        _primary_key("booking", "id"),
        _unique("booking", "org_id", "id", "client_id"),
        _unique("booking", "org_id", "ref"),
        _foreign_key("booking", "org_id client_id", "client", "org_id id"),
        _foreign_key("booking", "org_id sitter_id", "sitter", "org_id id"),
        _check("booking", "span", "starts_at < ends_at"),
        _one_of("booking", "status", "pending", "confirmed", "cancelled"),
    )
    op.create_index("ix_booking_org_id_client_id", "booking", ["org_id", "client_id"])
    op.create_index("ix_booking_org_id_status_id", "booking", ["org_id", "status", "id"])
    op.create_index("ix_booking_sitter_id_ends_at", "booking", ["sitter_id", "ends_at"])
    op.create_table(
        "message_number",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("e164", sa.String(), nullable=False),
        sa.Column("class", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("sitter_id", sa.Integer(), nullable=True),
        sa.Column("first_sitter_id", sa.Integer(), nullable=True),
        sa.Column("quarantined_until", _INSTANT, nullable=True),
        sa.Column("quarantine_reason", sa.String(), nullable=True),
        sa.Column("last_used_at", _INSTANT, nullable=True),
        sa.Column("created_at", _INSTANT, nullable=False),
        _primary_key("message_number", "id"),
        _unique("message_number", "e164"),
        _unique("message_number", "org_id", "id"),
        _foreign_key("message_number", "org_id", "org", "id"),
        _foreign_key("message_number", "org_id first_sitter_id", "sitter", "org_id id"),
        _foreign_key("message_number", "org_id sitter_id", "sitter", "org_id id"),
        _one_of("message_number", "class", "front_desk", "sitter", "pool"),
        _check("message_number", "holder_class", "sitter_id IS NULL OR class = 'sitter'"),
        _check(
            "message_number",
            "holder_first",
            "sitter_id IS NULL OR (first_sitter_id IS NOT NULL AND first_sitter_id = sitter_id)",
        ),
        _check("message_number", "holder_status", "sitter_id IS NULL OR status <> 'retired'"),
        _check(
            "message_number",
            "quarantine_reason",
            "(status = 'quarantined') = (quarantine_reason IS NOT NULL)",
        ),
        _check(
            "message_number",
            "quarantined_until",
            "(status = 'quarantined') = (quarantined_until IS NOT NULL)",
        ),
        _one_of("message_number", "status", "active", "quarantined", "retired"),
    )
    op.create_index(
        "ix_message_number_org_id_class_status",
        "message_number",
        ["org_id", "class", "status"],
    )
    op.create_index(
        "uq_message_number_front_desk",
        "message_number",
        ["org_id"],
        unique=True,
        sqlite_where=sa.text("class = 'front_desk' AND status = 'active'"),
        postgresql_where=sa.text("class = 'front_desk' AND status = 'active'"),
    )
    op.create_index("uq_message_number_holder", "message_number", ["sitter_id"], unique=True)
    op.create_table(
        "number_custody",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("number_id", sa.Integer(), nullable=False),
        sa.Column("from_at", _INSTANT, nullable=False),
        sa.Column("class", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("sitter_id", sa.Integer(), nullable=True),
        sa.Column("quarantined_until", _INSTANT, nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        _primary_key("number_custody", "id"),
        _unique("number_custody", "number_id", "from_at"),
        _foreign_key("number_custody", "org_id number_id", "message_number", "org_id id"),
        _foreign_key("number_custody", "org_id sitter_id", "sitter", "org_id id"),
        _one_of("number_custody", "class", "front_desk", "sitter", "pool"),
        _one_of("number_custody", "status", "active", "quarantined", "retired"),
    )
    op.create_index(
        "ix_number_custody_sitter_id_from_at",
        "number_custody",
        ["sitter_id", "from_at"],
    )


def _create_conversations() -> None:
    op.create_table(
        "thread",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("pool_number_id", sa.Integer(), nullable=True),
        sa.Column("default_number_id", sa.Integer(), nullable=True),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=True),
        _primary_key("thread", "id"),
        _unique("thread", "org_id", "client_id", "booking_id"),
        _unique("thread", "org_id", "id", "client_id"),
        _foreign_key("thread", "org_id client_id", "client", "org_id id"),
        _foreign_key("thread", "org_id default_number_id", "message_number", "org_id id"),
        _foreign_key("thread", "org_id pool_number_id", "message_number", "org_id id"),
        _foreign_key("thread", "org_id booking_id client_id", "booking", "org_id id client_id"),
    )
    op.create_index("ix_thread_pool_number_id", "thread", ["pool_number_id"])
    op.create_table(
        "assignment_window",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("sitter_id", sa.Integer(), nullable=True),
        sa.Column("starts_at", _INSTANT, nullable=False),
        sa.Column("booked_until", _INSTANT, nullable=False),
        sa.Column("ends_at", _INSTANT, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        _primary_key("assignment_window", "id"),
        _unique("assignment_window", "booking_id"),
        _foreign_key(
            "assignment_window", "org_id booking_id client_id", "booking", "org_id id client_id"
        ),
        _foreign_key("assignment_window", "org_id sitter_id", "sitter", "org_id id"),
        _foreign_key(
            "assignment_window", "org_id thread_id client_id", "thread", "org_id id client_id"
        ),
        _check("assignment_window", "booked", "starts_at < booked_until"),
        _check("assignment_window", "grace", "booked_until <= ends_at"),
        _check("assignment_window", "span", "starts_at < ends_at"),
    )
    op.create_index(
        "ix_assignment_window_sitter_id_ends_at",
        "assignment_window",
        ["sitter_id", "ends_at"],
    )
    op.create_index(
        "ix_assignment_window_thread_id_ends_at_starts_at_sitter_id",
        "assignment_window",
        ["thread_id", "ends_at", "starts_at", "sitter_id"],
    )
    op.create_table(
        "message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.Integer(), nullable=True),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("direction", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("body", sa.String(), nullable=True),
        sa.Column("from_e164", sa.String(), nullable=True),
        sa.Column("to_e164", sa.String(), nullable=True),
        sa.Column("number_id", sa.Integer(), nullable=True),
        sa.Column("rule", sa.String(16), nullable=True),
        sa.Column("decision", sa.String(), nullable=True),
        sa.Column("as_sitter_id", sa.Integer(), nullable=True),
        sa.Column("idempotency_key", sa.String(), nullable=True),
        sa.Column("provider", sa.String(16), nullable=True),
        sa.Column("provider_message_id", sa.String(), nullable=True),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("error_message", sa.String(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("claimed_at", _INSTANT, nullable=True),
        sa.Column("sent_at", _INSTANT, nullable=True),
        _primary_key("message", "id"),
        _unique("message", "org_id", "idempotency_key"),
        _unique("message", "provider_message_id"),
        _foreign_key("message", "org_id", "org", "id"),
        _foreign_key("message", "org_id as_sitter_id", "sitter", "org_id id"),
        _foreign_key("message", "org_id number_id", "message_number", "org_id id"),
        _foreign_key("message", "org_id thread_id client_id", "thread", "org_id id client_id"),
        _check("message", "attempts", "attempts >= 0"),
        _one_of("message", "direction", "outbound", "inbound"),
        _check("message", "direction_status", "(direction = 'inbound') = (status = 'received')"),
        _one_of("message", "provider", "sandbox", "twilio"),
        _one_of("message", "rule", "active_window", "pool", "front_desk"),
        _one_of(
            "message",
            "status",
            "queued",
            "sending",
            "sent",
            "delivered",
            "undelivered",
            "failed",
            "unknown",
            "held",
            "cancelled",
            "received",
        ),
    )
    op.create_index("ix_message_number_id_claimed_at", "message", ["number_id", "claimed_at"])
    op.create_index("ix_message_org_id_id", "message", ["org_id", "id"])
    op.create_index(
        "ix_message_queued",
        "message",
        ["org_id", "id"],
        sqlite_where=sa.text("status = 'queued'"),
        postgresql_where=sa.text("status = 'queued'"),
    )
    op.create_index("ix_message_thread_id_claimed_at", "message", ["thread_id", "claimed_at"])
    op.create_index("ix_message_thread_id_id", "message", ["thread_id", "id"])
    op.create_index(
        "uq_message_in_flight",
        "message",
        ["org_id", "to_e164"],
        unique=True,
        sqlite_where=sa.text("direction = 'outbound' AND status IN ('sending', 'unknown')"),
        postgresql_where=sa.text("direction = 'outbound' AND status IN ('sending', 'unknown')"),
    )
    op.create_table(
        "sandbox_text",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("provider_message_id", sa.String(), nullable=False),
        sa.Column("from_e164", sa.String(), nullable=False),
        sa.Column("to_e164", sa.String(), nullable=True),
        sa.Column("body", sa.String(), nullable=True),
        sa.Column("accepted_at", _INSTANT, nullable=False),
        _primary_key("sandbox_text", "id"),
        _unique("sandbox_text", "provider_message_id"),
    )
    op.create_index("ix_sandbox_text_to_e164", "sandbox_text", ["to_e164"])


def _create_audit() -> None:
    op.create_table(
        "audit_event",
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("payload", sa.String(), nullable=False),
        sa.Column("previous_hash", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        _primary_key("audit_event", "org_id", "seq"),
        _foreign_key("audit_event", "org_id", "org", "id"),
    )
    op.create_index("ix_audit_event_org_id_at", "audit_event", ["org_id", "at"])
    op.create_index(
        "ix_audit_event_org_id_entity_ref_seq",
        "audit_event",
        ["org_id", "entity", "ref", "seq"],
    )
    op.create_table(
        "audit_head",
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        _primary_key("audit_head", "org_id"),
        _foreign_key("audit_head", "org_id", "org", "id"),
    )


def _create_triggers() -> None:
    if op.get_bind().dialect.name == "sqlite":
        statements = list(SQLITE_TRIGGERS.values())
    else:
        statements = [
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$"
            for name, body in POSTGRESQL_FUNCTIONS.items()
        ]
        statements += POSTGRESQL_TRIGGERS.values()
    for statement in statements:
        op.execute(sa.text(statement))


def downgrade() -> None:
    """Drop everything: the tables with their triggers, then the triggers' functions."""
    for table in reversed(_TABLES):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for name in POSTGRESQL_FUNCTIONS:
            op.execute(sa.text(f"DROP FUNCTION {name}()"))
