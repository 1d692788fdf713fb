"""Messages that are being sent, and those of which nobody knows whether they were sent."""

from datetime import datetime, timedelta
from typing import NamedTuple

from petmsg.db.cursor import Cursor

# Not in the order of an index: SQLite would read all messages of the company in it. These are few.
_MESSAGES_BEING_SENT = """
SELECT id AS message, worker FROM message
WHERE org_id = :org_id AND direction = 'outbound' AND status IN ('sending', 'unknown')
  AND status = 'sending' ORDER BY id + 0
"""

_UNKNOWN_MESSAGES = """
SELECT id AS message, attempts AS attempt, provider, from_e164, to_e164, claimed_at
FROM message
WHERE org_id = :org_id AND direction = 'outbound' AND status IN ('sending', 'unknown')
  AND status = 'unknown' AND from_e164 IS NOT NULL AND to_e164 IS NOT NULL
  AND claimed_at IS NOT NULL ORDER BY id + 0
"""

_IS_KNOWN_ID = """
SELECT message_id FROM message_attempt
WHERE provider_message_id = :id
UNION ALL SELECT id FROM message
WHERE provider_message_id = :id
"""

# Read for every receipt with an ID that is not known, and mostly there is none: see above.
ANY_UNKNOWN = """
SELECT 1 FROM message_number n JOIN message m ON m.org_id = n.org_id
WHERE n.e164 = :from_e164 AND m.direction = 'outbound' AND m.status IN ('sending', 'unknown')
  AND m.status = 'unknown' AND m.to_e164 = :to_e164
LIMIT 1
"""

# Every attempt from that number that may have reached the provider under an ID that is not known.
# An earlier attempt may have had another recipient, and so may one whose client was erased. For
# `IS NULL` SQLite would read every attempt without an ID.
WITHOUT_ID = """
SELECT o.slug, a.message_id AS message, a.attempt, m.attempts AS last_attempt, a.status,
       m.status AS message_status, m.provider
FROM message_attempt a
JOIN message_number n ON n.id = a.number_id
JOIN message m ON m.id = a.message_id
JOIN org o ON o.id = a.org_id
WHERE n.e164 = :from_e164 AND a.claimed_at >= :since
  AND coalesce(a.provider_message_id, '') = ''
  AND a.status IN ('sending', 'unknown', 'absent')
  AND (m.to_e164 = :to_e164 OR m.to_e164 IS NULL OR a.attempt < m.attempts)
LIMIT 2
"""

LOOK_BACK = timedelta(hours=24)
"""How far before the claim the provider is asked: more than any clock is wrong."""


class ClaimedMessage(NamedTuple):
    """A message that is being sent, or was, by the worker of that token."""

    message: int
    worker: str | None


class UnknownOutcome(NamedTuple):
    """A message whose outcome is unknown, with what to ask the provider for."""

    message: int
    attempt: int
    provider: str | None
    from_e164: str
    to_e164: str
    claimed_at: datetime

    @property
    def since(self) -> datetime:
        """From when on (aware UTC) the provider's messages may be this one."""
        return self.claimed_at - LOOK_BACK


class _WithoutId(NamedTuple):
    slug: str
    message: int
    attempt: int
    last_attempt: int
    status: str
    message_status: str
    provider: str | None


class AwaitingReceipt(NamedTuple):
    """A message of unknown outcome, of the org with that slug, and its last attempt."""

    slug: str
    message: int
    attempt: int


def awaiting_receipt(
    cursor: Cursor, *, from_e164: str, to_e164: str, provider: str, since: datetime
) -> AwaitingReceipt | None:
    """The only message that can have been sent between the two phones since that time (aware UTC)
    under an ID that is not known; None if there is none, several, or if its outcome is not unknown.
    """
    if cursor.value(ANY_UNKNOWN, from_e164=from_e164, to_e164=to_e164) is None:
        return None
    found = cursor.all(_WithoutId, WITHOUT_ID, from_e164=from_e164, to_e164=to_e164, since=since)
    if len(found) != 1:
        return None
    row = found[0]
    is_last = row.attempt == row.last_attempt and row.provider == provider
    if not is_last or (row.status, row.message_status) != ("unknown", "unknown"):
        return None
    return AwaitingReceipt(row.slug, row.message, row.attempt)


def messages_being_sent(cursor: Cursor, org_id: int) -> list[ClaimedMessage]:
    """The org's messages that are `sending`, the oldest first."""
    return cursor.all(ClaimedMessage, _MESSAGES_BEING_SENT, org_id=org_id)


def unknown_messages(cursor: Cursor, org_id: int) -> list[UnknownOutcome]:
    """The org's messages whose outcome is unknown, the oldest first."""
    return cursor.all(UnknownOutcome, _UNKNOWN_MESSAGES, org_id=org_id)


def is_known_id(cursor: Cursor, provider_message_id: str) -> bool:
    """Whether a message or an attempt has that id of the provider's."""
    return cursor.value(_IS_KNOWN_ID, id=provider_message_id) is not None
