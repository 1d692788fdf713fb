"""What runs, or should have run by now, in all orgs."""

from datetime import datetime
from typing import Any

from petmsg.db.cursor import Cursor

_BEING_SENT = (
    "SELECT org_id, id AS message, worker FROM message WHERE status = 'sending' ORDER BY id"
)

_OVER = """
SELECT org_id, e164 AS number, quarantined_until FROM message_number
WHERE status = 'quarantined' AND quarantined_until <= :now
ORDER BY quarantined_until, id
"""

_OVERDUE = """
SELECT org_id, count(*) AS texts, min(due_at) AS due_at FROM message
WHERE status = 'queued' AND due_at <= :before
GROUP BY org_id ORDER BY org_id
"""

_OLD_DOUBTS = """
SELECT org_id, count(*) AS texts, min(in_doubt_at) AS in_doubt_at FROM message
WHERE status = 'unknown' AND in_doubt_at <= :before
GROUP BY org_id ORDER BY org_id
"""


_REFUSED_WEBHOOKS = """
SELECT org_id, ref AS door, message, last_at FROM alert
WHERE kind = 'webhook_refused' AND done_at IS NULL ORDER BY org_id, id
"""


def refused_webhooks(cursor: Cursor) -> list[dict[str, Any]]:
    """The open alerts about requests that were refused at a door: `org_id`, `door`, `message`."""
    return cursor.rows(_REFUSED_WEBHOOKS)


def being_sent(cursor: Cursor) -> list[dict[str, Any]]:
    """The texts that are `sending`: `org_id`, `message`, `worker`."""
    return cursor.rows(_BEING_SENT)


def over_quarantines(cursor: Cursor, *, now: datetime) -> list[dict[str, Any]]:
    """The numbers still in a quarantine that is over at `now` (aware UTC), the longest first."""
    return cursor.rows(_OVER, now=now)


def overdue(cursor: Cursor, *, before: datetime) -> list[dict[str, Any]]:
    """How many texts of each org have been due since `before` (aware UTC), and since when."""
    return cursor.rows(_OVERDUE, before=before)


def old_doubts(cursor: Cursor, *, before: datetime) -> list[dict[str, Any]]:
    """How many texts of each org have been in doubt since `before` (aware UTC), and since when."""
    return cursor.rows(_OLD_DOUBTS, before=before)
