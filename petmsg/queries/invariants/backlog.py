"""The backlog of all orgs: due messages, unknown outcomes, ended quarantines, open alerts."""

from datetime import datetime
from typing import Any

from petmsg.db.cursor import Cursor

_SENDING = "SELECT org_id, id AS message, worker FROM message WHERE status = 'sending' ORDER BY id"

_ENDED_QUARANTINES = """
SELECT org_id, e164 AS number, quarantined_until FROM message_number
WHERE status = 'quarantined' AND quarantined_until <= :now
ORDER BY quarantined_until, id
"""

_OVERDUE = """
SELECT org_id, count(*) AS texts, min(due_at) AS due_at FROM message
WHERE status = 'queued' AND due_at <= :before
GROUP BY org_id ORDER BY org_id
"""

_OLD_UNKNOWN_OUTCOMES = """
SELECT org_id, count(*) AS texts, min(in_doubt_at) AS in_doubt_at FROM message
WHERE status = 'unknown' AND in_doubt_at <= :before
GROUP BY org_id ORDER BY org_id
"""


_REFUSED_WEBHOOKS = """
SELECT org_id, ref AS endpoint, message, last_at FROM alert
WHERE kind = 'webhook_refused' AND done_at IS NULL ORDER BY org_id, id
"""

_OPEN_PURCHASES = """
SELECT p.org_id, p.kind, p.e164 AS number, p.created_at FROM number_purchase p
WHERE p.status = 'intended' AND p.created_at <= :before
ORDER BY p.id
"""

_OPEN_CALLS = """
SELECT k.org_id, count(*) AS calls, min(k.started_at) AS started_at FROM call k
WHERE k.ended_at IS NULL AND k.started_at <= :before
GROUP BY k.org_id ORDER BY k.org_id
"""


def refused_webhooks(cursor: Cursor) -> list[dict[str, Any]]:
    """The open alerts about refused webhook requests: `org_id`, `endpoint` (the provider) and
    `message`."""
    return cursor.rows(_REFUSED_WEBHOOKS)


def sending(cursor: Cursor) -> list[dict[str, Any]]:
    """The messages that are `sending`: `org_id`, `message` (its id) and `worker`."""
    return cursor.rows(_SENDING)


def ended_quarantines(cursor: Cursor, *, now: datetime) -> list[dict[str, Any]]:
    """The numbers whose quarantine was over at `now` (aware UTC) and was not ended, the oldest
    first."""
    return cursor.rows(_ENDED_QUARANTINES, now=now)


def overdue(cursor: Cursor, *, before: datetime) -> list[dict[str, Any]]:
    """Per org, the number of messages due at `before` (aware UTC) and the earliest `due_at`."""
    return cursor.rows(_OVERDUE, before=before)


def old_unknown_outcomes(cursor: Cursor, *, before: datetime) -> list[dict[str, Any]]:
    """Per org, the number of messages whose outcome has been unknown since `before` (aware UTC) or
    longer, and the earliest `in_doubt_at`."""
    return cursor.rows(_OLD_UNKNOWN_OUTCOMES, before=before)


def open_purchases(cursor: Cursor, *, before: datetime) -> list[dict[str, Any]]:
    """The open purchases of all orgs since `before` (aware UTC): `org_id`, `kind`, `number` and
    `created_at`."""
    return cursor.rows(_OPEN_PURCHASES, before=before)


def open_calls(cursor: Cursor, *, before: datetime) -> list[dict[str, Any]]:
    """By org, the calls without an end that began until `before` (aware UTC): `org_id`, `calls` and
    `started_at` of the first."""
    return cursor.rows(_OPEN_CALLS, before=before)
