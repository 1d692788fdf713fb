"""A company at each revision: rows in every table and column that the revision knows.

`fill` makes one, and `fill_from` also one of the oldest revision. A new revision names the rows of
its new tables and columns in `NEW_ROWS`, and `tests/db/test_migrate_revisions.py` moves them up and
down; it fails for a table that stays empty.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import inspect, text

from petmsg.db.schema_version import REVISIONS
from tests.support.migration_support import Book, add_event, at, begun, fill_old_shape, upgrade

FIRST = "0002_one_thread_per_client"
"""The oldest revision that `fill` knows; tests/db/test_migrate.py is about the way to it."""

# Each message: id, client, status, attempts, and what else is stored of it.
CLAIMED: dict[str, Any] = {"number_id": 1, "from_e164": "+14156660001", "rule": "pool"}
TEXTS: tuple[tuple[int, int, str, int, dict[str, Any]], ...] = (
    (1, 1, "sent", 1, {"provider_message_id": "SB-1", "sent_at": at(2), "claimed_at": at(1)}),
    (2, 1, "queued", 0, {}),
    (3, 1, "queued", 2, {"claimed_at": at(3), "error_code": "20429", "number_id": 2}),
    (4, 2, "sending", 1, {"claimed_at": at(4)}),
    (5, 3, "unknown", 1, {"claimed_at": at(5), "error_code": "timeout"}),
    (6, 1, "failed", 3, {"claimed_at": at(6), "error_code": "30007", "rule": "front_desk"}),
    (7, 1, "cancelled", 0, {}),
    (8, 1, "cancelled", 1, {"claimed_at": at(8)}),
    (9, 1, "queued", 1, {"claimed_at": at(9), "error_code": "21211"}),
    (10, 1, "queued", 1, {"claimed_at": at(10), "error_code": "timeout"}),
)
TOLD = (
    (3, "message.failed"),
    (3, "message.put_back"),
    (9, "message.put_back"),
    (9, "message.failed"),
    (9, "message.retried"),
    (10, "message.outcome_unknown"),
)
"""What the audit tells of messages, in this order."""

OLDEST_ROWS = (
    "INSERT INTO ref_counter (org_id, noun, next_value) VALUES (1, 'client', 8)",
    (
        "INSERT INTO sitter (id, org_id, ref, name, phone, status, created_at)"
        " VALUES (2, 1, 'S-2', 'Ben', '+14155552002', 'active', :at)"
    ),
    "INSERT INTO sitter_activity (org_id, sitter_id, activated_at) VALUES (1, 2, :at)",
    (
        "INSERT INTO number_custody (org_id, number_id, from_at, class, status, reason, actor)"
        " VALUES (1, 1, :at, 'pool', 'active', 'added', 'ada')"
    ),
    (
        "INSERT INTO sandbox_text (provider_message_id, from_e164, to_e164, body, accepted_at)"
        " VALUES ('SB-1', '+14156660001', '+14155550001', 'text 1', :at)"
    ),
)
"""Rows in the tables of the oldest revision that the others leave empty."""

DIRECT = "INSERT INTO message (id, org_id, direction, status, body, to_e164, segments, attempts,"

NEW_ROWS: dict[str, tuple[str, ...]] = {
    "0003_sending": (
        (
            "INSERT INTO opt_out (id, org_id, phone_key, e164, source, reason, actor, opted_out_at)"
            " VALUES (1, 1, 'key', '+14155550003', 'operator', 'asked', 'ada', :at)"
        ),
        (
            "INSERT INTO blocked_pair (id, org_id, number_id, phone_key, code, blocked_at)"
            " VALUES (1, 1, 2, 'key', '30007', :at)"
        ),
        (
            "INSERT INTO alert (id, org_id, severity, kind, entity, ref, message, count, opened_at,"
            " last_at) VALUES (70, 1, 'info', 'message_failed', 'message', '6', 'failed', 2, :at,"
            " :later)"
        ),
    ),
    "0006_pictures": (
        (
            "INSERT INTO media (id, org_id, message_id, position, status, content_type, size,"
            " sha256, attempts, created_at, stored_at) VALUES (1, 1, 11, 0, 'stored', 'image/gif',"
            f" 43, '{'5' * 64}', 1, :at, :later)"
        ),
        (
            "INSERT INTO media (id, org_id, message_id, position, status, url, attempts, due_at,"
            " created_at) VALUES (2, 1, 11, 1, 'linked', 'https://example.com/x', 0, :at, :at)"
        ),
        (
            "INSERT INTO media_link (id, org_id, message_id, token_hash, created_at, expires_at)"
            f" VALUES (1, 1, 1, '{'7' * 64}', :at, :later)"
        ),
    ),
    "0007_voices": (
        "UPDATE org SET lead_minutes = 30, unanswered_minutes = 20",
        "UPDATE booking SET lead_minutes = 45",
        (
            "INSERT INTO route_override (id, org_id, thread_id, client_id, starts_at, until_at,"
            " reason, actor) SELECT 1, org_id, id, client_id, :at, :later, 'complaint', 'ada'"
            " FROM thread WHERE org_id = 1 ORDER BY id LIMIT 1"
        ),
        ("INSERT INTO template (id, org_id, name, created_at) VALUES (1, 1, 'arrival', :at)"),
        (
            "INSERT INTO template_version (id, org_id, template_id, version, body, actor,"
            " created_at) VALUES (1, 1, 1, 1, 'Hi', 'ada', :at)"
        ),
        (
            "INSERT INTO message_source (message_id, org_id, reply_to_id, template_version_id)"
            " VALUES (31, 1, 11, 1)"
        ),
        (
            "INSERT INTO notify_channel (id, org_id, name, severity, created_at)"
            " VALUES (1, 1, 'phone', 'warning', :at)"
        ),
        (
            "INSERT INTO notify_delivery (channel_id, alert_id, org_id, told_at)"
            " VALUES (1, 71, 1, :at)"
        ),
    ),
    "0008_company": (
        "UPDATE org SET country = 'US'",
        "UPDATE booking SET feed = 'Visits'",
        (
            "INSERT INTO import_map (id, org_id, noun, header, target)"
            " VALUES (1, 1, 'client', 'owner', 'name')"
        ),
        (
            "INSERT INTO sitter_absence (id, org_id, sitter_id, starts_at, ends_at, reason,"
            " actor, created_at) VALUES (1, 1, 1, :at, :later, 'ill', 'ada', :at)"
        ),
    ),
    "0009_account": (
        "UPDATE org SET twilio_account = 'main'",
        (
            "UPDATE message_number SET provider_number_id = 'PN1', messaging_service = 'MG1',"
            " voice = :yes"
        ),
        "UPDATE message SET price_micros = 7900, price_currency = 'USD'",
        (
            "INSERT INTO number_purchase (id, org_id, kind, status, provider, account, e164, class,"
            " number_id, monthly_micros, currency, actor, created_at, ended_at) SELECT 1, org_id,"
            " 'buy', 'done', 'twilio', 'main', e164, class, id, 1150000, 'USD', 'ada', :at, :later"
            " FROM message_number WHERE id = 1"
        ),
        "INSERT INTO pull_mark (provider, account, pulled_until) VALUES ('twilio', 'main', :later)",
    ),
    "0010_calls": (
        (
            "UPDATE org SET desk_phone = '+12125550100', voicemail = :yes, greeting = 'Hello',"
            " ring_seconds = 25, missed_call_reply = 'We missed you', calls_per_hour = 9"
        ),
        "UPDATE stray_text SET is_call = :yes",
        (
            "INSERT INTO call (id, org_id, provider, provider_call_id, number_id, from_phone,"
            " caller, client_id, addressed_to, code, decision, status, started_at, ended_at,"
            " duration_seconds, message_id) SELECT 1, m.org_id, 'twilio', 'CA1', n.id,"
            " '+14155550001', 'client', m.client_id, 'front_desk', 'NO_ACTIVE_WINDOW', '{}',"
            " 'no_answer', :at, :later, 21, m.id FROM message m JOIN message_number n ON n.id = 1"
            " WHERE m.id = 1"
        ),
    ),
}
"""Statements that write only what this revision added, so that going down takes all of it away."""


def fill(url: str, revision: str) -> None:
    """Upgrade an empty database to this revision, writing rows at each revision on the way."""
    for step in REVISIONS[REVISIONS.index(FIRST) : REVISIONS.index(revision) + 1]:
        upgrade(url, step)
        if step in _MORE_ROWS:
            _MORE_ROWS[step](url)
        run_all(url, *NEW_ROWS.get(step, ()))


def fill_from(url: str, revision: str) -> None:
    """`fill`, and for the oldest revision its own shape, with duplicate threads."""
    if revision != REVISIONS[0]:
        fill(url, revision)
        return
    fill_old_shape(url)
    run_all(url, *OLDEST_ROWS)


def empty_tables(url: str) -> set[str]:
    """The tables of a database that have no row."""
    with begun(url) as connection:
        names = inspect(connection).get_table_names()
        found = {name: text(f'SELECT 1 FROM "{name}" LIMIT 1') for name in names}
        return {name for name, query in found.items() if connection.execute(query).first() is None}


def run_all(url: str, *statements: str) -> None:
    """Run statements, each of which must change something. They may name :at, :later and :yes."""
    values = {"at": at(3), "later": at(9), "yes": True}
    with begun(url) as connection:
        for statement in statements:
            given = {name: value for name, value in values.items() if f":{name}" in statement}
            assert connection.execute(text(statement), given).rowcount > 0


def _company(url: str) -> None:
    """A company with messages in every state, one that came in and an unmatched one, a booking and
    its window."""
    with begun(url) as connection:
        book = Book(connection)
        book.org(1, "happy-paws")
        for number in (1, 2):
            book.pool_number(number)
        for client in (1, 2, 3):
            book.client(client, f"C-{client}")
            book.thread(client, client, None, pool_number_id=1)
        for id_, client, status, attempts, stored in TEXTS:
            book.message(
                client,
                client,
                f"text {id_}",
                **{
                    "id": id_,
                    "direction": "outbound",
                    "status": status,
                    "attempts": attempts,
                    "to_e164": f"+1415555{client:04d}",
                    "created_at": at(id_),
                }
                | (CLAIMED if attempts else {})
                | stored,
            )
        book.booking(9, 2)
        book.window(2, 2, 9)
        book.message(1, 1, "thanks!", id=11)
        book.message(None, None, "a stray", id=12)
        for seq, (message, told) in enumerate(TOLD, start=1):
            add_event(
                connection,
                org=1,
                slug="happy-paws",
                seq=seq,
                event=told,
                entity="message",
                ref=str(message),
            )
    run_all(url, *OLDEST_ROWS)


def _replies(url: str) -> None:
    """Messages outside any thread: one that was sent, one that waits and one that failed; and a row
    in every new table."""
    with begun(url) as connection:
        for id_, status in ((21, "sent"), (22, "queued"), (23, "failed")):
            connection.execute(
                text(
                    f"{DIRECT} actor, created_at, send_at, urgent) VALUES (:id, 1, 'outbound',"
                    " :status, 'passed on', '+14155552001', 1, :tries, 'ada', :at, :at, :urgent)"
                ),
                {"id": id_, "status": status, "tries": int(status != "queued"), "at": at(1),
                 "urgent": True},
            )  # fmt: skip
        connection.execute(
            text(
                "INSERT INTO message_attempt (org_id, message_id, attempt, number_id, status,"
                " claimed_at) VALUES (1, 21, 1, 1, 'sent', :at)"
            ),
            {"at": at(2)},
        )
    run_all(
        url,
        (
            "INSERT INTO sitter (id, org_id, ref, name, phone, status, created_at)"
            " VALUES (1, 1, 'S-1', 'Maya', '+14155552001', 'active', :at)"
        ),
        (
            "INSERT INTO stray_text (provider_message_id, to_e164, received_at, media_count)"
            " VALUES ('SM-9', '+19995550100', :at, 0)"
        ),
        "INSERT INTO pull_mark (provider, pulled_until) VALUES ('twilio', :at)",
        (
            "INSERT INTO relay (message_id, org_id, kind, about_id, sitter_id)"
            " VALUES (21, 1, 'forward', 11, 1)"
        ),
        (
            "INSERT INTO relay_question (org_id, message_id, sitter_id, options, asked_at)"
            " VALUES (1, 12, 1, '[1, 2]', :at)"
        ),
        "INSERT INTO auto_reply (org_id, phone_key, replied_at) VALUES (1, 'k', :at)",
        (
            "INSERT INTO stripe_event (event_id, org_id, booking, kind, outcome, received_at)"
            " VALUES ('evt_1', 1, 'B-1', 'payment_intent.succeeded', 'confirmed', :at)"
        ),
        "UPDATE org SET relay = :yes, closed_reply = 'Closed'",
    )


def direct(url: str, id_: int, status: str, *, kind: str | None, **voice: str) -> None:
    """A message that petmsg or a person wrote; of a `kind` outside any thread, with its relay
    row."""
    columns = "".join(f", {name}" for name in voice)
    values = "".join(f", '{word}'" for word in voice.values())
    with begun(url) as connection:
        connection.execute(
            text(
                f"{DIRECT} actor, created_at, send_at, due_at, urgent{columns}) VALUES (:id, 1,"
                " 'outbound', :status, 'Hi', '+14155552001', 1, 0, 'ada', :at, :at, :due, :urgent"
                f"{values})"
            ),
            {"id": id_, "status": status, "at": at(1), "urgent": False,
             "due": at(1) if status == "queued" else None},
        )  # fmt: skip
        if kind is not None:
            connection.execute(
                text(
                    "INSERT INTO relay (message_id, org_id, kind, about_id, sitter_id, number_id)"
                    " VALUES (:id, 1, :kind, :about, :sitter, :number)"
                ),
                {
                    "id": id_,
                    "kind": kind,
                    "about": None if kind == "staff" else 11,
                    "sitter": None if kind in ("auto_reply", "answer") else 1,
                    "number": 1 if kind in ("auto_reply", "answer") else None,
                },
            )


def _before_voices(url: str) -> None:
    """A relayed message of each kind, a done alert and an open one, and a confirmed booking."""
    for id_, kind in ((31, "reply"), (32, "notice"), (33, "auto_reply")):
        direct(url, id_, "queued", kind=kind)
    with begun(url) as connection:
        for id_, done_at in ((71, None), (72, at(3))):
            connection.execute(
                text(
                    "INSERT INTO alert (id, org_id, severity, kind, entity, ref, message, count,"
                    " opened_at, last_at, done_at, done_by) VALUES (:id, 1, 'warning',"
                    " 'message_held', 'message', '21', 'held', 1, :at, :at, :done_at, :done_by)"
                ),
                {"id": id_, "at": at(2), "done_at": done_at, "done_by": done_at and "ada"},
            )
        book = Book(connection)
        book.booking(1, 1)
        book.window(1, 1, 1)


_MORE_ROWS: dict[str, Callable[[str], None]] = {
    FIRST: _company,
    "0004_replies": _replies,
    "0006_pictures": _before_voices,
}
"""Rows that also use tables of older revisions, and stay when this one is left."""
