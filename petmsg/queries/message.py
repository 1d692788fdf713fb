"""Messages: list and show them."""

from datetime import datetime
from typing import Any, NamedTuple

from petmsg.days import ALWAYS, Span
from petmsg.db.cursor import Cursor
from petmsg.enums.messages import MessageStatus
from petmsg.errors import NotFound, Refused
from petmsg.queries.lookup import ClientKey, find_client
from petmsg.queries.media_of_messages import MessageMedia, with_media
from petmsg.queries.org import OrgRow
from petmsg.queries.page import Page
from petmsg.queries.row_ids import message_id, require_possible
from petmsg.queries.search import newest_matches
from petmsg.rules.search import Search

_TRIES = """
SELECT a.attempt, n.e164 AS number, a.status, a.code, a.provider_message_id AS provider_id,
       a.claimed_at, a.ended_at
FROM message_attempt a JOIN message_number n ON n.id = a.number_id
WHERE a.message_id = :id ORDER BY a.attempt
"""

_SOURCE = """
SELECT t.name AS template, v.version AS template_version, o.reply_to_id AS reply_to
FROM message_source o
LEFT JOIN template_version v ON v.id = o.template_version_id
LEFT JOIN template t ON t.id = v.template_id
WHERE o.message_id = :id
"""

_RELAYED = """
SELECT r.kind AS relay, s.ref AS sitter, s.name AS sitter_name
FROM message m
LEFT JOIN relay r ON r.message_id = m.id
LEFT JOIN inbound_text i ON i.message_id = m.id
LEFT JOIN sitter s ON s.id = coalesce(i.sitter_id, r.sitter_id)
WHERE m.id = :id
"""

# `media` is filled by `with_media`.
_MESSAGES = """
SELECT m.id AS message, m.direction, m.status, c.ref AS client, c.name AS client_name,
       m.from_e164, m.to_e164, m.body, m.provider, m.provider_message_id, m.created_at,
       m.claimed_at, m.sent_at, m.attempts, m.error_code, m.error_message, m.segments,
       m.price_micros, m.price_currency, m.actor,
       m.decision, CASE WHEN m.voice = 'desk' THEN 'desk' ELSE s.ref END AS as_sitter,
       CASE WHEN m.voice = 'desk' THEN NULL ELSE s.name END AS as_name,
       m.send_at, m.due_at, m.expires_at, m.urgent, m.delivered_at,
       CASE WHEN m.direction = 'inbound'
            THEN (SELECT i.media_count FROM inbound_text i WHERE i.message_id = m.id)
            ELSE m.media_count END AS media_count,
       NULL AS media, (SELECT k.id FROM call k WHERE k.message_id = m.id) AS call
FROM message m
LEFT JOIN client c ON c.id = m.client_id
LEFT JOIN sitter s ON s.id = m.as_sitter_id
WHERE m.org_id = :org_id
"""

# An erased message has no body.
_BODIES = "SELECT m.id, m.body FROM message m WHERE m.org_id = :org_id AND m.body IS NOT NULL"

_IN_TROUBLE = frozenset(("failed", "undelivered", "held", "unknown", "cancelled"))
_TROUBLED = " AND m.status IN ('failed', 'undelivered', 'held', 'unknown', 'cancelled')"

_PROVIDER_ID_OF = "SELECT provider_message_id FROM message WHERE id = :id"

_QUEUED_COUNT = "SELECT count(*) FROM message WHERE org_id = :org_id AND status = 'queued'"

_HOLD_QUEUED = """
UPDATE message
SET status = 'held', due_at = NULL, error_code = :code, error_message = :why
WHERE id = :id AND org_id = :org_id AND status = 'queued'
"""

_DECISION_OF = """
SELECT m.direction, m.decision, c.ref, m.media_count FROM message m
LEFT JOIN client c ON c.id = m.client_id
WHERE m.org_id = :org_id AND m.id = :id
"""

_UNFINISHED_COUNT = """
SELECT count(*) FROM message
WHERE org_id = :org_id AND status IN ('queued', 'sending', 'unknown')
"""


class MessageRow(NamedTuple):
    """A message as it is stored, with the refs of its client and sitter, and its pictures.
    `decision` is JSON; `call` the call whose entry in the inbox it is."""

    message: int
    direction: str
    status: str
    client: str | None
    client_name: str | None
    from_e164: str | None
    to_e164: str | None
    body: str | None
    provider: str | None
    provider_message_id: str | None
    created_at: datetime
    claimed_at: datetime | None
    sent_at: datetime | None
    attempts: int
    error_code: str | None
    error_message: str | None
    segments: int
    price_micros: int | None
    price_currency: str | None
    actor: str
    decision: str | None
    as_sitter: str | None
    as_name: str | None
    send_at: datetime | None
    due_at: datetime | None
    expires_at: datetime | None
    urgent: bool
    delivered_at: datetime | None
    media_count: int | None
    media: tuple[MessageMedia, ...] | None
    call: int | None


class TryRow(NamedTuple):
    """An attempt to send a message."""

    attempt: int
    number: str
    status: str
    code: str | None
    provider_id: str | None
    claimed_at: datetime
    ended_at: datetime | None


class MessageDetails(NamedTuple):
    """A `MessageRow`, and the attempts to send it, the first one first; the template it was filled
    from, and the message that it answers, if any. `relay` says why a message that is not a person's
    to a client was written; `sitter` wrote or got it on their own phone."""

    message: int
    direction: str
    status: str
    client: str | None
    client_name: str | None
    from_e164: str | None
    to_e164: str | None
    body: str | None
    provider: str | None
    provider_message_id: str | None
    created_at: datetime
    claimed_at: datetime | None
    sent_at: datetime | None
    attempts: int
    error_code: str | None
    error_message: str | None
    segments: int
    price_micros: int | None
    price_currency: str | None
    actor: str
    decision: str | None
    as_sitter: str | None
    as_name: str | None
    send_at: datetime | None
    due_at: datetime | None
    expires_at: datetime | None
    urgent: bool
    delivered_at: datetime | None
    media_count: int | None
    media: tuple[MessageMedia, ...] | None
    call: int | None
    tries: list[TryRow]
    template: str | None
    template_version: int | None
    reply_to: int | None
    relay: str | None
    sitter: str | None
    sitter_name: str | None


class SourceRow(NamedTuple):
    """Where a message comes from: a version of a template, or the message that it answers."""

    template: str | None
    template_version: int | None
    reply_to: int | None


class _Relayed(NamedTuple):
    relay: str | None
    sitter: str | None
    sitter_name: str | None


class StoredDecision(NamedTuple):
    direction: str
    decision: str | None
    ref: str | None
    media_count: int


class SendingRow(NamedTuple):
    """A message as the command that sends it shows it. `decision` is JSON."""

    message: int
    status: str
    from_e164: str | None
    to_e164: str | None
    segments: int
    decision: str | None


def list_messages(
    cursor: Cursor,
    org: OrgRow,
    page: Page,
    *,
    status: str | None = None,
    client: str | None = None,
    span: Span = ALWAYS,
    search: Search | None = None,
) -> list[MessageRow]:
    """The org's messages, the newest first: those that were created in the span, and with `search`
    those whose body contains it. `page.before` is a message's id."""
    before = message_id(page.before) if page.before else None
    more, bounds, thread_id = "", dict[str, Any](), None
    if status is not None:
        # Literals, exactly as in the condition of the partial index, so that SQLite uses it.
        more += f" AND m.status = '{MessageStatus(status).value}'"
        more += _TROUBLED if status in _IN_TROUBLE else ""
    if span.start is not None:
        more, bounds["span_start"] = more + " AND m.created_at >= :span_start", span.start
    if span.end is not None:
        more, bounds["span_end"] = more + " AND m.created_at < :span_end", span.end
    if client is not None:
        thread_id = cursor.value(
            "SELECT id FROM thread WHERE org_id = :org_id AND client_id = :client_id",
            org_id=org.id,
            client_id=find_client(cursor, org.id, client).id,
        )
        if thread_id is None:
            return []
    messages, bodies = _MESSAGES, _BODIES
    if thread_id is not None:
        # SQLite uses no index for a NOT, and so that of the thread.
        messages, bodies = (
            each.replace("m.org_id = :org_id", "NOT m.org_id <> :org_id")
            for each in (messages, bodies)
        )
    rows = newest_matches(
        cursor,
        MessageRow,
        messages + more,
        searched=bodies + more,
        search=search,
        key="m.id",
        page=page,
        before_id=before,
        where={"m.thread_id": thread_id},
        org_id=org.id,
        **bounds,
    )
    return with_media(cursor, rows)


def show_message(cursor: Cursor, org: OrgRow, id_: int) -> MessageDetails:
    """One message with the routing decision that chose its number. Raises `NotFound`."""
    require_possible(id_)
    row = cursor.first(MessageRow, _MESSAGES + " AND m.id = :id", org_id=org.id, id=id_)
    if row is None:
        raise NotFound("message", str(id_))
    (stored,) = with_media(cursor, [row._replace(urgent=bool(row.urgent))])
    source = source_of(cursor, id_)
    tries = cursor.all(TryRow, _TRIES, id=id_)
    return MessageDetails(*stored, tries, *source, *cursor.all(_Relayed, _RELAYED, id=id_)[0])


def source_of(cursor: Cursor, id_: int) -> SourceRow:
    """Where a message comes from."""
    return cursor.first(SourceRow, _SOURCE, id=id_) or SourceRow(None, None, None)


class NoPhone(Refused):
    code = "client_without_phone"


def primary_phone(cursor: Cursor, org: OrgRow, client: ClientKey) -> str:
    """The phone to which the client's messages are sent. Raises `NoPhone`."""
    found = cursor.value(
        "SELECT e164 FROM client_phone WHERE org_id = :org_id AND client_id = :id AND is_primary",
        org_id=org.id,
        id=client.id,
    )
    if found is None and client.name is None:
        raise NoPhone(
            f"Client {client.ref} was erased and has no phone.",
            hint="Add the person again with another ref: petmsg client add NAME --phone E164",
        )
    if found is None:
        raise NoPhone(
            f"Client {client.ref} has no phone.",
            hint=f"Add one: petmsg client phone add {client.ref} E164",
        )
    return str(found)


def own_numbers(cursor: Cursor, org: OrgRow) -> set[str]:
    """The org's masked numbers, including retired ones; none of them is a personal phone."""
    rows = cursor.tuples("SELECT e164 FROM message_number WHERE org_id = :org_id", org_id=org.id)
    return {row[0] for row in rows}


def due_count(cursor: Cursor, org: OrgRow, *, now: datetime) -> int:
    """The number of the org's messages that are due at `now` (aware UTC)."""
    return int(
        cursor.value(
            "SELECT count(*) FROM message"
            " WHERE org_id = :org_id AND status = 'queued' AND due_at <= :now",
            org_id=org.id,
            now=now,
        )
    )


def sending_row(cursor: Cursor, org: OrgRow, id_: int) -> SendingRow:
    """A message as the sending command shows it."""
    row = cursor.first(
        SendingRow,
        "SELECT id AS message, status, from_e164, to_e164, segments, decision FROM message"
        " WHERE org_id = :org_id AND id = :id",
        org_id=org.id,
        id=id_,
    )
    if row is None:
        raise NotFound("message", str(id_))
    return row


def provider_id_of(cursor: Cursor, message_id: int) -> str | None:
    """The provider's id of a message."""
    found: str | None = cursor.value(_PROVIDER_ID_OF, id=message_id)
    return found


def queued_count(cursor: Cursor, org_id: int) -> int:
    """How many of the org's messages are queued."""
    return int(cursor.value(_QUEUED_COUNT, org_id=org_id))


def hold_queued(cursor: Cursor, org_id: int, *, message_id: int, code: str, why: str) -> None:
    """Hold a queued message for a person, and say why."""
    cursor.run(_HOLD_QUEUED, org_id=org_id, id=message_id, code=code, why=why)


def decision_of(cursor: Cursor, org_id: int, message_id: int) -> StoredDecision | None:
    """The Decision that a message was sent with, as JSON, and the ref of its client."""
    return cursor.first(StoredDecision, _DECISION_OF, org_id=org_id, id=message_id)


def unfinished_count(cursor: Cursor, org_id: int) -> int:
    """How many of the org's messages are queued, or were not known to be sent."""
    return int(cursor.value(_UNFINISHED_COUNT, org_id=org_id))
