"""What an import of another system's messages reads and writes, beside `imported`."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor

# By the client's ref: the thread, the primary phone, and whether the client was erased.
_CONVERSATIONS = """
SELECT c.ref, c.id AS client_id, c.forgotten_at, t.id AS thread_id, p.e164 AS phone
FROM client c
LEFT JOIN thread t ON t.org_id = c.org_id AND t.client_id = c.id
LEFT JOIN client_phone p ON p.client_id = c.id AND p.is_primary
WHERE c.org_id = :org_id AND c.ref IN (:refs)
"""

_PROVIDER_IDS = (
    "SELECT provider_message_id AS sid FROM message WHERE provider_message_id IN (:sids)",
    "SELECT provider_message_id AS sid FROM message_attempt WHERE provider_message_id IN (:sids)",
)

_KEYS = """
SELECT idempotency_key FROM message WHERE org_id = :org_id AND idempotency_key IN (:keys)
"""

_INSERT = """
INSERT INTO message (org_id, thread_id, client_id, direction, status, body, from_e164, to_e164,
                     number_id, rule, decision, as_sitter_id, idempotency_key, provider,
                     provider_message_id, segments, attempts, error_code, error_message, actor,
                     created_at, claimed_at, sent_at, send_at, delivered_at, urgent)
VALUES (:org_id, :thread_id, :client_id, :direction, :status, :body, :from_e164, :to_e164,
        :number_id, :rule, :decision, :as_sitter_id, :idempotency_key, :provider,
        :provider_message_id, :segments, :attempts, :error_code, :error_message, :actor,
        :created_at, :claimed_at, :sent_at, :send_at, :delivered_at, :urgent)
"""

_ATTEMPTS = """
INSERT INTO message_attempt (org_id, message_id, attempt, thread_id, number_id, rule, status,
                             provider_message_id, claimed_at, ended_at, code)
SELECT m.org_id, m.id, 1, m.thread_id, m.number_id, m.rule, m.status, m.provider_message_id,
       m.claimed_at, m.sent_at, m.error_code
FROM message m WHERE m.org_id = :org_id AND m.provider_message_id IN (:sids)
ORDER BY m.id
"""

# Nobody waits for an answer to an old message: it never was in petmsg's inbox.
_INBOUND = """
INSERT INTO inbound_text (message_id, org_id, received_at, addressed_to, code, media_count)
SELECT m.id, m.org_id, m.created_at, 'front_desk', 'KNOWN_CLIENT', 0
FROM message m
WHERE m.org_id = :org_id AND m.direction = 'inbound' AND m.provider_message_id IN (:sids)
ORDER BY m.id
"""

_INBOUND_BY_KEY = """
INSERT INTO inbound_text (message_id, org_id, received_at, addressed_to, code, media_count)
SELECT m.id, m.org_id, m.created_at, 'front_desk', 'KNOWN_CLIENT', 0
FROM message m
WHERE m.org_id = :org_id AND m.direction = 'inbound' AND m.idempotency_key IN (:keys)
ORDER BY m.id
"""


class Conversation(NamedTuple):
    """A client with their thread and primary phone; either may be missing."""

    ref: str
    client_id: int
    forgotten_at: datetime | None
    thread_id: int | None
    phone: str | None


class NewMessage(NamedTuple):
    """A message to store: its columns. Instants are aware UTC."""

    org_id: int
    thread_id: int | None
    client_id: int
    direction: str
    status: str
    body: str
    number_id: int | None
    idempotency_key: str | None
    provider: str | None
    provider_message_id: str | None
    segments: int
    actor: str
    created_at: datetime
    from_e164: str | None = None
    to_e164: str | None = None
    rule: str | None = None
    decision: str | None = None
    as_sitter_id: int | None = None
    attempts: int = 0
    error_code: str | None = None
    error_message: str | None = None
    claimed_at: datetime | None = None
    sent_at: datetime | None = None
    send_at: datetime | None = None
    delivered_at: datetime | None = None
    urgent: bool = False


def conversations_by_ref(
    cursor: Cursor, org_id: int, refs: Sequence[str]
) -> dict[str, Conversation]:
    """The clients with those refs, each with their thread."""
    found = cursor.all_in_list(Conversation, _CONVERSATIONS, "refs", refs, org_id=org_id)
    return {row.ref: row for row in found}


def known_provider_ids(cursor: Cursor, sids: Iterable[str]) -> set[str]:
    """Those of the provider IDs that a message or an attempt of any org has."""
    asked = list(dict.fromkeys(sids))
    return {row["sid"] for sql in _PROVIDER_IDS for row in cursor.in_list(sql, "sids", asked)}


def known_keys(cursor: Cursor, org_id: int, keys: Sequence[str]) -> set[str]:
    """Those of the idempotency keys that a message of the org has."""
    found = cursor.in_list(_KEYS, "keys", keys, org_id=org_id)
    return {row["idempotency_key"] for row in found}


def insert_messages(cursor: Cursor, org_id: int, rows: Sequence[NewMessage]) -> None:
    """Add messages: each sent one with its one attempt, each inbound one addressed to the desk."""
    cursor.run_many(_INSERT, [row._asdict() for row in rows])
    sent = [row.provider_message_id for row in rows if row.attempts]
    cursor.run_in_list(_ATTEMPTS, "sids", sent, org_id=org_id)
    inbound = [row for row in rows if row.direction == "inbound"]
    sids = [row.provider_message_id for row in inbound if row.provider_message_id]
    cursor.run_in_list(_INBOUND, "sids", sids, org_id=org_id)
    keys = [row.idempotency_key for row in inbound if row.idempotency_key]
    cursor.run_in_list(_INBOUND_BY_KEY, "keys", keys, org_id=org_id)
