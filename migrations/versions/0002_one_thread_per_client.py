"""One thread per client: the conversation is the client's, whatever she books.

Upgrade. Clients with several threads stop it, and it lists them; nothing is changed. When merging
was asked for (`merge_duplicate_threads` in the config's attributes), the oldest thread of each
(lowest `created_at`, then id) takes the messages and windows of the others, which are deleted, and
one audit event per client says so. It keeps the pool number of the thread with the newest pool
message, else its own, else any; and its own default number, else the oldest other's. No message and
no window is lost: both are counted per client before and after.

Downgrade. A thread gets the booking of its earliest window (then the lowest booking id); without a
window, the client's first booking; without a booking, none: `booking_id` is NULL for a client who
texted before she booked. Threads that were merged stay merged.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import context, op

from petmsg.errors import DuplicateThreads, quoted
from petmsg.rules.audit_chain import GENESIS, canonical, event_hash

revision = "0002_one_thread_per_client"
down_revision = "0001"
branch_labels = None
depends_on = None

SQLITE_TRIGGERS = {
    "thread_no_delete": """\
CREATE TRIGGER thread_no_delete BEFORE DELETE ON thread
BEGIN SELECT RAISE(ABORT, 'petmsg: a thread is never deleted'); END""",
}

POSTGRESQL_TRIGGERS = {
    "thread_no_delete": """\
CREATE TRIGGER thread_no_delete BEFORE DELETE ON thread
FOR EACH ROW EXECUTE FUNCTION petmsg_refuse('a thread is never deleted')""",
    "thread_no_truncate": """\
CREATE TRIGGER thread_no_truncate BEFORE TRUNCATE ON thread
FOR EACH STATEMENT EXECUTE FUNCTION petmsg_refuse('a thread is never deleted')""",
}

_LISTED = 20

_DUPLICATES = sa.text("""
SELECT t.org_id, o.slug, t.client_id, c.ref, t.id, t.pool_number_id, t.default_number_id,
  (SELECT count(*) FROM message m WHERE m.thread_id = t.id) AS messages,
  (SELECT count(*) FROM assignment_window w WHERE w.thread_id = t.id) AS windows,
  (SELECT m.claimed_at FROM message m
    WHERE m.thread_id = t.id AND m.rule = 'pool' AND m.claimed_at IS NOT NULL
    ORDER BY m.claimed_at DESC, m.id DESC LIMIT 1) AS pool_claimed_at,
  (SELECT m.id FROM message m
    WHERE m.thread_id = t.id AND m.rule = 'pool' AND m.claimed_at IS NOT NULL
    ORDER BY m.claimed_at DESC, m.id DESC LIMIT 1) AS pool_message_id
FROM thread t
JOIN org o ON o.id = t.org_id
JOIN client c ON c.org_id = t.org_id AND c.id = t.client_id
WHERE EXISTS (
  SELECT 1 FROM thread s
  WHERE s.org_id = t.org_id AND s.client_id = t.client_id AND s.id <> t.id
)
ORDER BY t.org_id, t.client_id, t.created_at, t.id
""")

_APPEND = sa.text("""
INSERT INTO audit_event
  (org_id, seq, at, actor, event, entity, ref, reason, payload, previous_hash, hash)
VALUES
  (:org_id, :seq, :at, :actor, :event, :entity, :ref, :reason, :payload, :previous, :hash)
""").bindparams(sa.bindparam("at", type_=sa.DateTime(timezone=True)))

Row = sa.RowMapping
Counts = list[tuple[Any, ...]]


def upgrade() -> None:
    """Merge, where that was asked for, then hold one thread per client."""
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        # What was counted must stay as it was until the constraint holds it.
        op.execute(
            sa.text("LOCK TABLE thread, assignment_window, message IN ACCESS EXCLUSIVE MODE")
        )
        op.execute(sa.text("LOCK TABLE audit_head, audit_event IN SHARE ROW EXCLUSIVE MODE"))
    duplicates = _duplicates(connection)
    if duplicates:
        if not context.config.attributes.get("merge_duplicate_threads"):
            raise _refusal(duplicates)
        before = _counts(connection)
        for threads in duplicates:
            _merge(connection, threads)
        if _counts(connection) != before:
            raise RuntimeError("Merging threads would lose messages or windows; it was undone.")
    with op.batch_alter_table("thread") as thread:
        thread.drop_constraint("fk_thread_org_id_booking_id_client_id", type_="foreignkey")
        thread.drop_constraint("uq_thread_org_id_client_id_booking_id", type_="unique")
        thread.drop_column("booking_id")
        thread.create_unique_constraint("uq_thread_org_id_client_id", ["org_id", "client_id"])
    for statement in _triggers(connection).values():
        op.execute(sa.text(statement))


def downgrade() -> None:
    """Give each thread a booking again, as far as there is one."""
    connection = op.get_bind()
    for name in _triggers(connection):
        table = " ON thread" if connection.dialect.name == "postgresql" else ""
        op.execute(sa.text(f"DROP TRIGGER IF EXISTS {name}{table}"))
    with op.batch_alter_table("thread") as thread:
        thread.drop_constraint("uq_thread_org_id_client_id", type_="unique")
        thread.add_column(sa.Column("booking_id", sa.Integer(), nullable=True))
        thread.create_unique_constraint(
            "uq_thread_org_id_client_id_booking_id", ["org_id", "client_id", "booking_id"]
        )
        thread.create_foreign_key(
            "fk_thread_org_id_booking_id_client_id",
            "booking",
            ["org_id", "booking_id", "client_id"],
            ["org_id", "id", "client_id"],
        )
    op.execute(
        sa.text("""
UPDATE thread SET booking_id = coalesce(
  (SELECT w.booking_id FROM assignment_window w WHERE w.thread_id = thread.id
    ORDER BY w.starts_at, w.booking_id LIMIT 1),
  (SELECT min(b.id) FROM booking b
    WHERE b.org_id = thread.org_id AND b.client_id = thread.client_id))
""")
    )


def _triggers(connection: sa.Connection) -> dict[str, str]:
    return SQLITE_TRIGGERS if connection.dialect.name == "sqlite" else POSTGRESQL_TRIGGERS


def _duplicates(connection: sa.Connection) -> list[list[Row]]:
    """The threads of each client who has several, the oldest first."""
    clients: dict[tuple[int, int], list[Row]] = {}
    for row in connection.execute(_DUPLICATES).mappings():
        clients.setdefault((row["org_id"], row["client_id"]), []).append(row)
    return list(clients.values())


def _refusal(duplicates: Sequence[Sequence[Row]]) -> DuplicateThreads:
    lines = [
        f"  {threads[0]['slug']} client {quoted(threads[0]['ref'])}: "
        + ", ".join(f"thread {row['id']} ({row['messages']} messages)" for row in threads)
        for threads in duplicates[:_LISTED]
    ]
    if len(duplicates) > _LISTED:
        lines.append(f"  and {len(duplicates) - _LISTED} more clients")
    noun = "client has" if len(duplicates) == 1 else "clients have"
    count = f"{len(duplicates)} {noun} several threads. Nothing was changed."
    refusal = DuplicateThreads("\n".join([count, *lines]))
    refusal.details = [  # type: ignore[attr-defined]
        {
            "org": threads[0]["slug"],
            "client": threads[0]["ref"],
            "threads": [_contents(row) for row in threads],
        }
        for threads in duplicates
    ]
    return refusal


def _contents(row: Row) -> dict[str, int]:
    return {"thread": row["id"], "messages": row["messages"], "windows": row["windows"]}


def _counts(connection: sa.Connection) -> tuple[Counts, Counts]:
    """How many messages and windows each client has, those without a thread told apart."""

    def counts(table: str) -> Counts:
        rows = connection.execute(
            sa.text(f"""
SELECT org_id, coalesce(client_id, 0), thread_id IS NULL, count(*) FROM {table}
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
""")
        )
        return [tuple(row) for row in rows]

    return counts("message"), counts("assignment_window")


def _merge(connection: sa.Connection, threads: Sequence[Row]) -> None:
    kept, *others = threads
    for row in others:
        for table in ("message", "assignment_window"):
            connection.execute(
                sa.text(f"UPDATE {table} SET thread_id = :kept WHERE thread_id = :merged"),
                {"kept": kept["id"], "merged": row["id"]},
            )
    connection.execute(
        sa.text(
            "UPDATE thread SET pool_number_id = :pool, default_number_id = :own WHERE id = :id"
        ),
        {
            "id": kept["id"],
            "pool": _pool_number(threads),
            "own": _first(row["default_number_id"] for row in threads),
        },
    )
    for row in others:
        connection.execute(sa.text("DELETE FROM thread WHERE id = :id"), {"id": row["id"]})
    merged = [_contents(row) for row in others]
    _audit(connection, kept, merged)
    context.config.attributes.setdefault("merged", []).append(
        {"org": kept["slug"], "client": kept["ref"], "kept": kept["id"], "merged": merged}
    )


def _pool_number(threads: Sequence[Row]) -> int | None:
    """The pool number of the thread whose pool message is the newest, else the oldest's, else any.

    A merged thread speaks on with the number the client saw last.
    """
    spoke = [row for row in threads if row["pool_message_id"] is not None]
    spoke.sort(key=lambda row: (row["pool_claimed_at"], row["pool_message_id"]), reverse=True)
    return _first(row["pool_number_id"] for row in [*spoke[:1], *threads])


def _first(numbers: Any) -> int | None:
    return next((number for number in numbers if number is not None), None)


def _audit(connection: sa.Connection, kept: Row, merged: list[dict[str, int]]) -> None:
    """Append `thread.merged` to the org's chain."""
    attributes = context.config.attributes
    now: datetime = attributes.get("now") or datetime.now(UTC)
    head = connection.execute(
        sa.text("SELECT seq, hash FROM audit_head WHERE org_id = :org_id"),
        {"org_id": kept["org_id"]},
    ).one_or_none()
    if head is None:
        connection.execute(
            sa.text("INSERT INTO audit_head (org_id, seq, hash) VALUES (:org_id, 0, :genesis)"),
            {"org_id": kept["org_id"], "genesis": GENESIS},
        )
    event = {
        "seq": 1 if head is None else head.seq + 1,
        "at": now.astimezone(UTC),
        "actor": attributes.get("actor") or "petmsg db upgrade",
        "event": "thread.merged",
        "entity": "thread",
        "ref": kept["ref"],
        "reason": "one thread per client",
        "payload": canonical({"client": kept["ref"], "kept": kept["id"], "merged": merged}),
        "previous": GENESIS if head is None else head.hash,
    }
    digest = event_hash(org=kept["slug"], **event)
    connection.execute(_APPEND, {**event, "org_id": kept["org_id"], "hash": digest})
    connection.execute(
        sa.text("UPDATE audit_head SET seq = :seq, hash = :hash WHERE org_id = :org_id"),
        {"org_id": kept["org_id"], "seq": event["seq"], "hash": digest},
    )
