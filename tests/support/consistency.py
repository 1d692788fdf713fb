"""Is a database whole? What must hold after races, kills and refused commands, looked up in rows.

`problems` reads only and returns what is broken in words, none if all is well.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

from petmsg.db.cursor import Cursor
from petmsg.db.location import locate
from petmsg.db.snapshot import snapshot
from petmsg.models import metadata
from petmsg.queries.org import all_orgs
from petmsg.services.audit import verify

PRAGMAS = ("foreign_keys=ON", "recursive_triggers=ON", "trusted_schema=OFF")
"""What petmsg switches on in every SQLite connection that writes."""


@contextmanager
def raw(url: str, *, pragmas: tuple[str, ...] = PRAGMAS) -> Iterator[Cursor]:
    """A cursor on the bare driver, around petmsg: one transaction, committed at the end."""
    location = locate(url)
    connection: Any
    if location.path is not None:
        connection = sqlite3.connect(location.path, isolation_level=None, timeout=30)
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN IMMEDIATE")
    else:
        assert location.dsn is not None
        connection = psycopg.connect(location.dsn)
        connection.execute("SET TIME ZONE 'UTC'")  # a pooler knows no options
    try:
        yield Cursor(connection.cursor(), is_sqlite=location.is_sqlite)
        connection.commit()
    except BaseException:
        with suppress(psycopg.Error):  # of a server that is gone
            connection.rollback()
        raise
    finally:
        connection.close()


def content(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, to compare a whole database with itself."""
    with snapshot(locate(url)) as cursor:
        return {
            table.name: sorted(cursor.tuples(f'SELECT * FROM "{table.name}"'), key=repr)
            for table in metadata.sorted_tables
        }


_MUST_BE_EMPTY = {
    "a client has two threads": """
        SELECT org_id, client_id FROM thread GROUP BY org_id, client_id HAVING count(*) > 1""",
    "a sitter holds two numbers": """
        SELECT sitter_id FROM message_number WHERE sitter_id IS NOT NULL
        GROUP BY sitter_id HAVING count(*) > 1""",
    "a number has no ledger": """
        SELECT e164 FROM message_number n
        WHERE NOT EXISTS (SELECT 1 FROM number_custody c WHERE c.number_id = n.id)""",
    "the end of a ledger is not its number": """
        SELECT n.e164, c.class, c.status, c.sitter_id FROM message_number n
        JOIN number_custody c ON c.number_id = n.id
        WHERE c.from_at = (SELECT max(l.from_at) FROM number_custody l WHERE l.number_id = n.id)
          AND (c.class <> n.class OR c.status <> n.status
            OR coalesce(c.sitter_id, 0) <> coalesce(n.sitter_id, 0)
            OR coalesce(c.quarantined_until, n.created_at)
              <> coalesce(n.quarantined_until, n.created_at))""",
    "a number was two sitters'": """
        SELECT number_id FROM number_custody WHERE sitter_id IS NOT NULL
        GROUP BY number_id HAVING count(DISTINCT sitter_id) > 1""",
    "an offboarded sitter holds a number": """
        SELECT s.ref FROM sitter s JOIN message_number n ON n.sitter_id = s.id
        WHERE s.status = 'offboarded'""",
    "a sitter's spans of activity are not her status": """
        SELECT s.ref FROM sitter s
        WHERE (s.status = 'active') <> EXISTS (
            SELECT 1 FROM sitter_activity a WHERE a.sitter_id = s.id
              AND a.offboarded_at IS NULL)""",
    "a confirmed booking has no window": """
        SELECT b.ref FROM booking b WHERE b.status = 'confirmed'
          AND NOT EXISTS (SELECT 1 FROM assignment_window w WHERE w.booking_id = b.id)""",
    "a pending booking has a window": """
        SELECT b.ref FROM booking b JOIN assignment_window w ON w.booking_id = b.id
        WHERE b.status = 'pending'""",
    "a window is not its booking's": """
        SELECT b.ref FROM booking b JOIN assignment_window w ON w.booking_id = b.id
        WHERE b.status = 'confirmed' AND (w.starts_at > b.starts_at
          OR (b.lead_minutes = 0 AND w.starts_at <> b.starts_at)
          OR coalesce(w.sitter_id, 0) <> coalesce(b.sitter_id, 0)
          OR w.booked_until > b.ends_at)""",
    "a booking was added without an audit event": """
        SELECT b.ref FROM booking b WHERE NOT EXISTS (
            SELECT 1 FROM audit_event a WHERE a.org_id = b.org_id AND a.entity = 'booking'
              AND a.ref = b.ref AND a.event = 'booking.added')""",
    "a booking was confirmed without an audit event": """
        SELECT b.ref FROM booking b WHERE b.status = 'confirmed' AND NOT EXISTS (
            SELECT 1 FROM audit_event a WHERE a.org_id = b.org_id AND a.entity = 'booking'
              AND a.ref = b.ref AND a.event = 'booking.confirmed')""",
    "a thread was made without an audit event": """
        SELECT c.ref FROM thread t JOIN client c ON c.id = t.client_id WHERE NOT EXISTS (
            SELECT 1 FROM audit_event a WHERE a.org_id = t.org_id AND a.entity = 'thread'
              AND a.ref = c.ref AND a.event = 'thread.created')""",
    "an event says confirmed and the booking is pending": """
        SELECT b.ref FROM booking b JOIN audit_event a ON a.org_id = b.org_id
          AND a.entity = 'booking' AND a.ref = b.ref AND a.event = 'booking.confirmed'
        WHERE b.status = 'pending'""",
    "a client was forgotten by half": """
        SELECT c.ref FROM client c WHERE (c.forgotten_at IS NULL) <> (c.name IS NOT NULL)
          OR (c.forgotten_at IS NOT NULL AND (
            c.timezone IS NOT NULL
            OR EXISTS (SELECT 1 FROM client_phone p WHERE p.client_id = c.id)
            OR EXISTS (SELECT 1 FROM message m WHERE m.client_id = c.id AND (
              m.body IS NOT NULL
              OR (m.direction = 'outbound' AND m.to_e164 IS NOT NULL)
              OR (m.direction = 'inbound' AND m.from_e164 IS NOT NULL)
              OR m.status IN ('queued', 'held', 'sending', 'unknown')))))""",
    "a client has phones and no primary one": """
        SELECT c.ref FROM client c JOIN client_phone p ON p.client_id = c.id
        GROUP BY c.id, c.ref HAVING sum(CASE WHEN p.is_primary THEN 1 ELSE 0 END) <> 1""",
    "a text came in and nobody was to read it": """
        SELECT m.id FROM message m WHERE (m.direction = 'inbound') <> EXISTS (
            SELECT 1 FROM inbound_text i WHERE i.message_id = m.id)""",
    "a text of ours has no thread and no reason": """
        SELECT m.id FROM message m WHERE m.direction = 'outbound' AND m.thread_id IS NULL
          AND NOT EXISTS (SELECT 1 FROM relay r WHERE r.message_id = m.id)""",
    "a text that came in was written by petmsg": """
        SELECT r.message_id FROM relay r JOIN message m ON m.id = r.message_id
        WHERE m.direction = 'inbound'""",
    "a stray became another text": """
        SELECT t.id FROM stray_text t JOIN message m ON m.id = t.adopted_id
        WHERE m.provider_message_id <> t.provider_message_id""",
    "a text was sent without what it was sent with": """
        SELECT id FROM message WHERE direction = 'outbound'
          AND status IN ('sending', 'unknown', 'sent', 'delivered', 'undelivered')
          AND (number_id IS NULL OR decision IS NULL OR claimed_at IS NULL OR attempts < 1)""",
    "a text was taken and its carrier's id is missing": """
        SELECT m.id, m.status FROM message m
        WHERE m.status IN ('sent', 'delivered', 'undelivered') AND NOT EXISTS (
            SELECT 1 FROM message_attempt a WHERE a.message_id = m.id
              AND a.provider_message_id = m.provider_message_id)""",
    "a text's tries are not counted right": """
        SELECT m.id, m.attempts FROM message m WHERE m.attempts <> coalesce(
            (SELECT max(a.attempt) FROM message_attempt a WHERE a.message_id = m.id), 0)""",
    "a text is being sent by nobody": """
        SELECT m.id FROM message m WHERE m.status = 'sending' AND (
            m.worker IS NULL OR NOT EXISTS (
                SELECT 1 FROM message_attempt a WHERE a.message_id = m.id
                  AND a.attempt = m.attempts AND a.status = 'sending' AND a.worker = m.worker))""",
    "a text waits without its place and time": """
        SELECT id FROM message WHERE status = 'queued' AND (send_at IS NULL OR due_at IS NULL)""",
    "a text is in doubt, nobody knows since when": """
        SELECT id FROM message WHERE status = 'unknown' AND in_doubt_at IS NULL""",
    "a text that waits was taken before": """
        SELECT m.id FROM message m JOIN message_attempt a ON a.message_id = m.id
        WHERE m.status IN ('queued', 'held') AND a.status IN ('sent', 'delivered')""",
    "two texts are under way to one phone": """
        SELECT org_id, count(*) FROM message
        WHERE direction = 'outbound' AND status IN ('sending', 'unknown')
        GROUP BY org_id, to_e164 HAVING count(*) > 1""",
    "a matter has two open alerts": """
        SELECT org_id, kind, entity, ref FROM alert WHERE done_at IS NULL
        GROUP BY org_id, kind, entity, ref HAVING count(*) > 1""",
    "a phone opted out twice": """
        SELECT org_id, phone_key FROM opt_out WHERE ended_at IS NULL
        GROUP BY org_id, phone_key HAVING count(*) > 1""",
    "a text is held and nobody was told": """
        SELECT m.id FROM message m WHERE m.status = 'held' AND NOT EXISTS (
            SELECT 1 FROM alert a WHERE a.org_id = m.org_id AND a.entity = 'message'
              AND a.ref = CAST(m.id AS VARCHAR) AND a.kind = 'message_held')""",
}


def problems(url: str) -> list[str]:
    """What is broken in the database, in words."""
    location = locate(url)
    found = []
    if location.path is not None:
        connection = sqlite3.connect(location.path, timeout=30)
        try:
            for name in ("integrity_check", "foreign_key_check"):
                rows = connection.execute(f"PRAGMA {name}").fetchall()
                if rows not in ([], [("ok",)]):
                    found.append(f"{name}: {rows[:3]}")
        finally:
            connection.close()
    with snapshot(location) as cursor:
        for org in all_orgs(cursor):
            verified = verify(cursor, org)
            if not verified.ok:
                found.append(f"audit of {org.slug}: {verified.broken_seq} {verified.problem}")
        for what, query in _MUST_BE_EMPTY.items():
            rows = cursor.tuples(query)
            if rows:
                found.append(f"{what}: {rows[:5]}")
    return found
