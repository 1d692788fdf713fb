"""What a database that was restored from a backup does not know: which messages were sent since."""

from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.queries.org import OrgRow

CODE = "restored"
"""The code of a message that is held until the provider was asked whether it has it."""

# An attempt may have failed and another may have been made since: whether it was sent is open. What
# is not to be sent before now was not.
_OPEN = """
SELECT id FROM message
WHERE org_id = :org_id AND direction = 'outbound' AND status IN ('queued', 'sending', 'unknown')
  AND NOT (status = 'queued' AND send_at > :now)
ORDER BY id
"""

# The condition of the partial index of messages that need a person, and a range in it: for `=`
# SQLite may read all five states. Ordered by an index it may read all messages.
_HELD = """
SELECT id AS message, provider, to_e164, in_doubt_at, claimed_at FROM message
WHERE org_id = :org_id
  AND status IN ('failed', 'undelivered', 'held', 'unknown', 'cancelled')
  AND status BETWEEN 'held' AND 'held' AND error_code = 'restored' AND to_e164 IS NOT NULL
"""

_KNOWN = "SELECT message_id FROM message_attempt WHERE provider_message_id = :sid"

_OTHER_BODIES = """
SELECT body FROM message
WHERE org_id = :org_id
  AND status IN ('failed', 'undelivered', 'held', 'unknown', 'cancelled')
  AND status BETWEEN 'held' AND 'held' AND error_code = 'restored' AND to_e164 = :to_e164
  AND id <> :message_id AND body IS NOT NULL
"""

_NUMBER = """
SELECT n.id, n.e164, n.class AS number_class, s.ref AS sitter
FROM message_number n LEFT JOIN sitter s ON s.id = n.sitter_id
WHERE n.org_id = :org_id AND n.e164 = :e164
"""

_ALERT_DONE = """
UPDATE alert SET done_at = :now, done_by = :actor, done_reason = :reason
WHERE org_id = :org_id AND kind = 'message_held' AND entity = 'message' AND ref = :ref
  AND done_at IS NULL
"""


class HeldMessage(NamedTuple):
    """A message that is held until the provider was asked; `provider` is its last attempt's."""

    message: int
    provider: str | None
    to_e164: str
    in_doubt_at: datetime
    claimed_at: datetime | None


class NumberHeldBy(NamedTuple):
    """A number of the org, with its holder's ref."""

    id: int
    e164: str
    number_class: str
    sitter: str | None


def open_messages(cursor: Cursor, org_id: int, *, now: datetime) -> list[int]:
    """The messages of which a backup does not say whether they were sent by `now` (aware UTC)."""
    return [row[0] for row in cursor.tuples(_OPEN, org_id=org_id, now=now)]


def held_messages(cursor: Cursor, org: OrgRow) -> list[HeldMessage]:
    """The messages that are held until the provider was asked, the oldest first."""
    return sorted(cursor.all(HeldMessage, _HELD, org_id=org.id), key=lambda held: held.message)


def is_known(cursor: Cursor, sid: str) -> bool:
    """Whether an attempt has that provider message id."""
    return cursor.value(_KNOWN, sid=sid) is not None


def other_bodies(cursor: Cursor, org_id: int, message_id: int, to_e164: str) -> list[str]:
    """The words of the other messages to that phone that are held until the provider was asked."""
    rows = cursor.tuples(_OTHER_BODIES, org_id=org_id, message_id=message_id, to_e164=to_e164)
    return [row[0] for row in rows]


def number_of(cursor: Cursor, org_id: int, e164: str) -> NumberHeldBy | None:
    """The org's number of that E.164 with its holder's ref."""
    return cursor.first(NumberHeldBy, _NUMBER, org_id=org_id, e164=e164)


def close_alert(
    cursor: Cursor, org_id: int, message_id: int, *, actor: str, reason: str, now: datetime
) -> None:
    """The alert that the message is held is done."""
    cursor.run(_ALERT_DONE, org_id=org_id, ref=str(message_id), actor=actor, reason=reason, now=now)
