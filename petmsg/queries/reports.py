"""The messages that a report counts: those of a span, with what they are grouped by.

Sent ones are found by the index of their number's attempts. A message counts once, at its last
attempt that the provider accepted. The entry in the inbox of a call that nobody took is no message.
"""

from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.queries.org import OrgRow

SENT = """
SELECT a.claimed_at AS counted_at, m.direction, m.status, n.e164 AS number, s.ref AS sitter,
       s.name AS sitter_name, c.ref AS client, c.name AS client_name, m.segments, m.price_micros,
       m.price_currency
FROM message_number n
JOIN message_attempt a ON a.number_id = n.id AND a.claimed_at >= :start AND a.claimed_at < :until
JOIN message m ON m.id = a.message_id AND m.provider_message_id = a.provider_message_id
LEFT JOIN sitter s ON s.id = n.first_sitter_id
LEFT JOIN client c ON c.id = m.client_id
WHERE n.org_id = :org_id
"""

RECEIVED = """
SELECT m.created_at AS counted_at, m.direction, m.status, n.e164 AS number, s.ref AS sitter,
       s.name AS sitter_name, c.ref AS client, c.name AS client_name, m.segments, m.price_micros,
       m.price_currency
FROM message m
LEFT JOIN message_number n ON n.id = m.number_id
LEFT JOIN sitter s ON s.id = n.first_sitter_id
LEFT JOIN client c ON c.id = m.client_id
WHERE m.org_id = :org_id AND m.direction = 'inbound'
  AND m.created_at >= :start AND m.created_at < :until
  AND NOT EXISTS (SELECT 1 FROM call k WHERE k.message_id = m.id)
"""

# What petmsg wrote by itself is no answer. Keywords such as STOP need none.
ANSWERS = """
SELECT m.created_at AS counted_at, n.e164 AS number, s.ref AS sitter, s.name AS sitter_name,
       c.ref AS client, c.name AS client_name,
       (SELECT o.sent_at FROM message o LEFT JOIN relay r ON r.message_id = o.id
        WHERE o.thread_id = m.thread_id AND o.id > m.id AND o.direction = 'outbound'
          AND o.status IN ('sent', 'delivered') AND o.sent_at IS NOT NULL
          AND (r.kind IS NULL OR r.kind <> 'auto_reply')
        ORDER BY o.id LIMIT 1) AS answered_at
FROM message m
JOIN inbound_text i ON i.message_id = m.id AND i.keyword IS NULL
LEFT JOIN message_number n ON n.id = m.number_id
LEFT JOIN sitter s ON s.id = n.first_sitter_id
JOIN client c ON c.id = m.client_id
WHERE m.org_id = :org_id AND m.direction = 'inbound'
  AND m.created_at >= :start AND m.created_at < :until
  AND NOT EXISTS (SELECT 1 FROM call k WHERE k.message_id = m.id)
"""


class CountedMessage(NamedTuple):
    """A message that was sent or received at `counted_at` (aware UTC). `sitter` is the one whose
    number it was sent from or to."""

    counted_at: datetime
    direction: str
    status: str
    number: str | None
    sitter: str | None
    sitter_name: str | None
    client: str | None
    client_name: str | None
    segments: int
    price_micros: int | None
    price_currency: str | None


class AwaitedAnswer(NamedTuple):
    """A client's message of `counted_at`, and when the next message to them was sent by a person
    (aware UTC); None if none was."""

    counted_at: datetime
    number: str | None
    sitter: str | None
    sitter_name: str | None
    client: str | None
    client_name: str | None
    answered_at: datetime | None


def counted_messages(
    cursor: Cursor, org: OrgRow, *, start: datetime, until: datetime
) -> list[CountedMessage]:
    """The org's messages that were sent or received from `start` to before `until` (aware UTC)."""
    span = {"org_id": org.id, "start": start, "until": until}
    return cursor.all(CountedMessage, SENT, **span) + cursor.all(CountedMessage, RECEIVED, **span)


def awaited_answers(
    cursor: Cursor, org: OrgRow, *, start: datetime, until: datetime
) -> list[AwaitedAnswer]:
    """What clients wrote to the org from `start` to before `until` (aware UTC)."""
    return cursor.all(AwaitedAnswer, ANSWERS, org_id=org.id, start=start, until=until)
