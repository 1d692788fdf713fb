"""What an org holds, and what is erased when it is removed."""

from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor

_HOLDINGS = """
SELECT
  (SELECT count(*) FROM message_number WHERE org_id = :org_id AND status <> 'retired') AS numbers,
  (SELECT count(*) FROM client WHERE org_id = :org_id AND forgotten_at IS NULL) AS clients,
  (SELECT count(*) FROM sitter WHERE org_id = :org_id AND phone <> '') AS sitters,
  (SELECT count(*) FROM booking WHERE org_id = :org_id AND status <> 'cancelled'
     AND ends_at > :now) AS bookings,
  (SELECT count(*) FROM message WHERE org_id = :org_id AND body IS NOT NULL) AS messages,
  (SELECT count(*) FROM media WHERE org_id = :org_id AND status <> 'erased') AS pictures,
  (SELECT count(*) FROM call WHERE org_id = :org_id
     AND (from_phone IS NOT NULL OR decision <> '{}')) AS calls
"""

_IN_FLIGHT = "SELECT count(*) FROM message WHERE org_id = :org_id AND status = 'sending'"

# The provider is asked for these by its account: a message that another account does not know would
# be sent again. A message that is held for the code `restored` may have been sent, too.
_UNSETTLED = """
SELECT count(*) FROM message
WHERE org_id = :org_id AND (status IN ('sending', 'unknown')
   OR (status = 'held' AND error_code = 'restored'))
"""

_ERASE_AT_THE_SANDBOX = """
UPDATE sandbox_text SET to_e164 = NULL, body = NULL, media = NULL
WHERE from_e164 IN (SELECT e164 FROM message_number WHERE org_id = :org_id)
"""

_MESSAGE_IDS = "SELECT message_id FROM media WHERE org_id = :org_id AND status <> 'erased'"

_CANCEL = """
UPDATE message SET status = 'cancelled', due_at = NULL, in_doubt_at = NULL, absent_at = NULL
WHERE org_id = :org_id AND direction = 'outbound' AND status IN ('queued', 'held', 'unknown')
"""

# A decision names the sitter.
_ERASE_MESSAGES = """
UPDATE message SET body = NULL, error_message = NULL, idempotency_key = NULL,
  decision = CASE WHEN decision IS NULL THEN NULL ELSE '{}' END,
  to_e164 = CASE WHEN direction = 'outbound' THEN NULL ELSE to_e164 END,
  from_e164 = CASE WHEN direction = 'inbound' THEN NULL ELSE from_e164 END
WHERE org_id = :org_id AND (body IS NOT NULL OR decision IS NOT NULL)
"""

_ERASE_SITTERS = "UPDATE sitter SET name = ref, phone = '' WHERE org_id = :org_id"

_ERASE_ABSENCES = "UPDATE sitter_absence SET reason = '(erased)' WHERE org_id = :org_id"

_ERASE_PURCHASES = """
UPDATE number_purchase SET reason = '(erased)' WHERE org_id = :org_id AND reason IS NOT NULL
"""

_ERASE_SETTINGS = """
UPDATE org SET desk_phone = NULL, greeting = NULL, missed_call_reply = NULL WHERE id = :org_id
"""

_HIDE_OPT_OUTS = "UPDATE opt_out SET e164 = NULL WHERE org_id = :org_id"

_OPEN_ALERTS = "SELECT id FROM alert WHERE org_id = :org_id AND done_at IS NULL ORDER BY id"

_SITTERS = """
SELECT ref FROM sitter WHERE org_id = :org_id AND status <> 'offboarded' ORDER BY id
"""

_BOOKINGS = """
SELECT ref FROM booking WHERE org_id = :org_id AND status <> 'cancelled' AND ends_at > :now
ORDER BY id
"""

_CLIENTS = "SELECT ref FROM client WHERE org_id = :org_id AND forgotten_at IS NULL ORDER BY id"

_REMOVE = "UPDATE org SET removed_at = :now WHERE id = :org_id"


class Holdings(NamedTuple):
    """How much an org holds: numbers that are not retired, people who were not erased, bookings to
    come, messages with words, files (`pictures`), and calls that tell who called."""

    numbers: int
    clients: int
    sitters: int
    bookings: int
    messages: int
    pictures: int
    calls: int


def holdings(cursor: Cursor, org_id: int, *, now: datetime) -> Holdings:
    """What the org holds at `now` (aware UTC)."""
    return cursor.all(Holdings, _HOLDINGS, org_id=org_id, now=now)[0]


def sending_count(cursor: Cursor, org_id: int) -> int:
    """How many messages of the org are being sent."""
    return int(cursor.value(_IN_FLIGHT, org_id=org_id))


def unreconciled_count(cursor: Cursor, org_id: int) -> int:
    """How many messages of the org may or may not have been sent."""
    return int(cursor.value(_UNSETTLED, org_id=org_id))


def booking_refs(cursor: Cursor, org_id: int, *, now: datetime) -> list[str]:
    """The org's bookings that have not ended at `now` (aware UTC)."""
    return [row[0] for row in cursor.tuples(_BOOKINGS, org_id=org_id, now=now)]


def client_refs(cursor: Cursor, org_id: int) -> list[str]:
    """The org's clients who were not erased."""
    return [row[0] for row in cursor.tuples(_CLIENTS, org_id=org_id)]


def sitter_refs(cursor: Cursor, org_id: int) -> list[str]:
    """The org's sitters who were not deactivated."""
    return [row[0] for row in cursor.tuples(_SITTERS, org_id=org_id)]


def open_alerts(cursor: Cursor, org_id: int) -> list[int]:
    """The ids of the org's open alerts."""
    return [row[0] for row in cursor.tuples(_OPEN_ALERTS, org_id=org_id)]


def messages_with_media(cursor: Cursor, org_id: int) -> list[int]:
    """The org's messages that have pictures."""
    return [row[0] for row in cursor.tuples(_MESSAGE_IDS, org_id=org_id)]


def erase_the_rest(cursor: Cursor, org_id: int) -> int:
    """Cancel what waits, and erase the words and phones of all messages, the sitters, the phones of
    opt-outs and how calls are taken; return how many messages were cancelled."""
    cancelled = cursor.run(_CANCEL, org_id=org_id)
    cursor.run(_ERASE_AT_THE_SANDBOX, org_id=org_id)
    cursor.run(_ERASE_MESSAGES, org_id=org_id)
    cursor.run(_ERASE_SITTERS, org_id=org_id)
    cursor.run(_ERASE_ABSENCES, org_id=org_id)
    cursor.run(_ERASE_PURCHASES, org_id=org_id)
    cursor.run(_ERASE_SETTINGS, org_id=org_id)
    cursor.run(_HIDE_OPT_OUTS, org_id=org_id)
    return cancelled


def mark_removed(cursor: Cursor, org_id: int, *, now: datetime) -> None:
    """The org was removed: no command finds it any more."""
    cursor.run(_REMOVE, org_id=org_id, now=now)
