"""Who waits for a person: messages in the inbox, and forwarded ones that a sitter did not answer.

A client's message that the relay passed on is the sitter's to answer (`with_sitter_at`). It is the
desk's as soon as the sitter's window with this client is over, or the org's time for an answer has
passed (`petmsg.rules.unanswered`; such a message always came during a visit).
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.queries.org import OrgRow
from petmsg.rules.send_blocks import quiet_hours
from petmsg.rules.unanswered import IN_HOURS, unanswered_after

# OFFSET keeps PostgreSQL from reading all windows or forwards once instead of an index per row.
SITTER_WINDOW_OPEN = """EXISTS (
   SELECT 1 FROM assignment_window w
   JOIN booking b ON b.id = w.booking_id AND b.status = 'confirmed'
   JOIN sitter a ON a.id = w.sitter_id AND a.status = 'active'
   WHERE w.thread_id = m.thread_id AND w.sitter_id = i.sitter_id
     AND w.ends_at > :now AND w.starts_at <= :now
   LIMIT 1 OFFSET 0
 )"""
"""Whether a window of the client with the sitter that the message is addressed to runs."""

FORWARDED = """EXISTS (
   SELECT 1 FROM relay p JOIN message f ON f.id = p.message_id
   WHERE p.about_id = i.message_id AND p.kind = 'forward' AND f.status IN ('sent', 'delivered')
   LIMIT 1 OFFSET 0
 )"""
"""Whether the words left for the sitter's own phone, as far as is known."""

IN_VISIT = """EXISTS (
   SELECT 1 FROM assignment_window w
   JOIN booking b ON b.id = w.booking_id AND b.status = 'confirmed'
   WHERE w.thread_id = m.thread_id AND w.ends_at > i.received_at AND w.starts_at <= i.received_at
 )"""
"""Whether the message came during a visit of its client."""

ANSWERED = """EXISTS (
   SELECT 1 FROM message o LEFT JOIN relay r ON r.message_id = o.id
   WHERE o.thread_id = m.thread_id AND o.id > i.message_id AND o.direction = 'outbound'
     AND o.status IN ('sending', 'sent', 'delivered', 'unknown')
     AND (r.kind IS NULL OR r.kind <> 'auto_reply')
 )"""
"""Whether a person wrote to the client since. What petmsg wrote by itself is no answer."""

OPEN = " AND i.done_at IS NULL AND (i.inbox_at IS NOT NULL OR i.with_sitter_at IS NOT NULL)"
"""What nobody is done with: from the partial index."""

FOR_THE_DESK = f"""
 AND (i.inbox_at IS NOT NULL
      OR ((i.with_sitter_at <= :overdue OR NOT {SITTER_WINDOW_OPEN}) AND NOT {ANSWERED}))
"""
"""Of what is open, what a sitter does not have in hand."""

_WAITING = f"""
SELECT i.message_id AS message, c.ref AS client, s.ref AS sitter, i.addressed_to, i.received_at,
       coalesce(i.inbox_at, i.with_sitter_at) AS waits_at,
       CASE WHEN {IN_VISIT} THEN 1 ELSE 0 END AS in_visit,
       (SELECT k.id FROM call k WHERE k.message_id = i.message_id) AS call
FROM inbound_text i
JOIN message m ON m.id = i.message_id
LEFT JOIN client c ON c.id = m.client_id
LEFT JOIN sitter s ON s.id = i.sitter_id
WHERE i.org_id = :org_id {OPEN} AND i.claimed_at IS NULL AND i.keyword IS NULL
  AND NOT {ANSWERED}
"""

_OF_SAME_SENDER = f"""
SELECT i.message_id
FROM inbound_text i
JOIN message m ON m.id = i.message_id
JOIN message q ON q.id = :id AND q.org_id = i.org_id
WHERE i.org_id = :org_id AND i.message_id <> :id
  AND (m.client_id = q.client_id
       OR (m.client_id IS NULL AND q.client_id IS NULL AND m.from_e164 = q.from_e164))
  {OPEN} {FOR_THE_DESK}
ORDER BY i.message_id
"""

_ANSWERED_BY_SITTER = f"""
SELECT i.message_id FROM inbound_text i JOIN message m ON m.id = i.message_id
WHERE i.org_id = :org_id AND i.done_at IS NULL AND i.inbox_at IS NULL
  AND i.with_sitter_at IS NOT NULL AND {ANSWERED}
"""


class WaitingMessage(NamedTuple):
    """A message that waits for an answer, since `waits_at` (aware UTC); `in_visit` says whether it
    came during a visit of its client. `call` is the call that nobody took for which it stands."""

    message: int
    client: str | None
    sitter: str | None
    addressed_to: str
    received_at: datetime
    waits_at: datetime
    in_visit: int
    call: int | None


def overdue(org: OrgRow, now: datetime) -> datetime:
    """What was left with a sitter before that has waited too long at `now` (aware UTC)."""
    if org.unanswered_minutes is None:
        return now - IN_HOURS
    return now - timedelta(minutes=org.unanswered_minutes)


def late_at(org: OrgRow, row: WaitingMessage) -> datetime:
    """From when (aware UTC) the message has waited too long."""
    return row.waits_at + unanswered_after(
        org.unanswered_minutes,
        office=quiet_hours(org.open_from_minute, org.open_until_minute),
        timezone=org.timezone,
        received_at=row.received_at,
        in_visit=bool(row.in_visit),
    )


def waiting(cursor: Cursor, org: OrgRow, *, client: str | None = None) -> list[WaitingMessage]:
    """What nobody has answered, claimed or closed, the longest first: of one client, or of all.

    `waits_at` is aware UTC. Carrier keywords (STOP, START, HELP) need no answer.
    """
    select = _WAITING + ("" if client is None else " AND c.ref = :client")
    of_client = {} if client is None else {"client": client}
    return cursor.all(
        WaitingMessage, select + " ORDER BY waits_at, i.message_id", org_id=org.id, **of_client
    )


def open_of_same_sender(cursor: Cursor, org: OrgRow, message: int, *, now: datetime) -> list[int]:
    """The other messages of a message's sender that wait for a person at `now` (aware UTC), the
    oldest first."""
    rows = cursor.tuples(
        _OF_SAME_SENDER, org_id=org.id, id=message, now=now, overdue=overdue(org, now)
    )
    return [row[0] for row in rows]


def answered_by_sitters(cursor: Cursor, org: OrgRow) -> Collection[int]:
    """The messages that are no sitter's to answer any more, because they were answered."""
    return [row[0] for row in cursor.tuples(_ANSWERED_BY_SITTER, org_id=org.id)]
