"""The queue of messages: those that are due, and those that wait for another one.

A message is next if no message is being sent to its phone and no earlier message of its thread is
queued (urgent messages pass the others). Messages outside any thread (to a sitter's own phone or a
stranger) are queued per phone, in the same way, and count as thread 0. Statuses are literals,
because SQLite uses a partial index for literals only.

`LIMIT 1 OFFSET 0` keeps PostgreSQL from turning a `NOT EXISTS` into a join: without statistics, as
after an import, it would compare each due message with every other one.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.queries.org import OrgRow

_DUE = """
SELECT m.id, coalesce(m.thread_id, 0) AS thread, m.client_id, m.to_e164, m.segments, m.due_at,
       m.voice
FROM message m
WHERE m.org_id = :org_id AND m.status = 'queued' AND m.due_at <= :now
"""

NOTHING_UNDER_WAY = """
  AND NOT EXISTS (
    SELECT 1 FROM message f WHERE f.org_id = m.org_id AND f.to_e164 = m.to_e164
      AND f.direction = 'outbound' AND f.status IN ('sending', 'unknown') LIMIT 1 OFFSET 0
  )
"""

FIRST_IN_LINE = """
  AND NOT EXISTS (
    SELECT 1 FROM message e WHERE e.thread_id = m.thread_id AND e.status = 'queued'
      AND e.send_at <= :now AND (e.send_at, e.id) < (m.send_at, m.id)
      AND (e.urgent OR NOT m.urgent) LIMIT 1 OFFSET 0
  )
"""

_FIRST_TO_PHONE = """
  AND NOT EXISTS (
    SELECT 1 FROM message d WHERE m.thread_id IS NULL AND d.org_id = m.org_id
      AND d.to_e164 = m.to_e164 AND d.status = 'queued' AND d.thread_id IS NULL
      AND d.send_at <= :now AND (d.send_at, d.id) < (m.send_at, m.id)
      AND (d.urgent OR NOT m.urgent) LIMIT 1 OFFSET 0
  )
"""

DUE = f"""{_DUE}
  AND (m.due_at, m.id) > (:after_at, :after_id)
{NOTHING_UNDER_WAY}{FIRST_IN_LINE}{_FIRST_TO_PHONE}
ORDER BY m.due_at, m.id LIMIT :limit
"""

NEXT_OF_THREADS = f"""{_DUE}
  AND m.thread_id IN (:threads)
{NOTHING_UNDER_WAY}{FIRST_IN_LINE}
ORDER BY m.due_at, m.id
"""

NEXT_DIRECT = f"""{_DUE}
  AND m.thread_id IS NULL
{NOTHING_UNDER_WAY}{_FIRST_TO_PHONE}
ORDER BY m.due_at, m.id
"""

BEHIND = """
SELECT m.id AS message, m.to_e164, m.segments,
  (SELECT f.id FROM message f WHERE f.org_id = m.org_id AND f.to_e164 = m.to_e164
     AND f.direction = 'outbound' AND f.status IN ('sending', 'unknown')) AS under_way,
  (SELECT f.status FROM message f WHERE f.org_id = m.org_id AND f.to_e164 = m.to_e164
     AND f.direction = 'outbound' AND f.status IN ('sending', 'unknown')) AS under_way_status,
  (SELECT e.id FROM message e WHERE e.thread_id = m.thread_id AND e.status = 'queued'
     AND e.send_at <= :now AND (e.send_at, e.id) < (m.send_at, m.id)
     AND (e.urgent OR NOT m.urgent)
   ORDER BY e.send_at, e.id LIMIT 1) AS earlier,
  (SELECT d.id FROM message d WHERE m.thread_id IS NULL AND d.org_id = m.org_id
     AND d.to_e164 = m.to_e164 AND d.status = 'queued' AND d.thread_id IS NULL
     AND d.send_at <= :now AND (d.send_at, d.id) < (m.send_at, m.id)
     AND (d.urgent OR NOT m.urgent)
   ORDER BY d.send_at, d.id LIMIT 1) AS earlier_to_phone
FROM message m
WHERE m.org_id = :org_id AND m.status = 'queued' AND m.due_at <= :now
ORDER BY m.due_at, m.id LIMIT :limit
"""

RATE_LIMITS = """
SELECT id, e164, segments_per_second, free_at, refused_at, refused_until, refused_code
FROM message_number
WHERE org_id = :org_id AND status <> 'retired'
"""


NO_THREAD = 0
"""The thread id of messages outside any thread."""


class DueMessage(NamedTuple):
    """A message that may be next. `due_at` is aware UTC.

    For a message outside any thread, `thread` is `NO_THREAD` and `client_id` None.
    """

    message: int
    thread: int
    client_id: int | None
    to_e164: str
    segments: int
    due_at: datetime
    voice: str | None = None


class BlockedMessage(NamedTuple):
    """A due message that waits behind another, and why."""

    message: int
    to_e164: str
    segments: int
    why: str


class NumberRateLimit(NamedTuple):
    """A number's rate limit. `free_at` is when its next message may start (aware UTC).

    Its messages are sent through `messaging_service` if it sits in one.

    Where the provider refuses the account with `refused_code`, nothing is sent from the number from
    `refused_at` to `refused_until`.
    """

    id: int
    e164: str
    segments_per_second: float | None
    free_at: datetime | None
    refused_at: datetime | None = None
    refused_until: datetime | None = None
    refused_code: str | None = None
    messaging_service: str | None = None


def due_messages(
    cursor: Cursor, org: OrgRow, *, now: datetime, after: tuple[datetime, int], limit: int
) -> list[DueMessage]:
    """The org's messages that are due at `now` and next, by due time and id, after `after`."""
    rows = cursor.tuples(
        DUE, org_id=org.id, now=now, after_at=after[0], after_id=after[1], limit=limit
    )
    return [_due(cursor, row) for row in rows]


def next_of_threads(
    cursor: Cursor, org: OrgRow, threads: Sequence[int], *, now: datetime
) -> list[DueMessage]:
    """The messages that are next in these threads, or to a phone where `NO_THREAD` is among
    them."""
    named = [each for each in threads if each != NO_THREAD]
    rows = cursor.in_list(NEXT_OF_THREADS, "threads", named, org_id=org.id, now=now)
    if len(named) < len(threads):
        rows += cursor.rows(NEXT_DIRECT, org_id=org.id, now=now)
    return [DueMessage(*row.values()) for row in rows]


def blocked_messages(
    cursor: Cursor, org: OrgRow, *, now: datetime, limit: int
) -> list[BlockedMessage]:
    """Due messages of the org that wait behind others, with the reason in words."""
    found = []
    for row in cursor.rows(BEHIND, org_id=org.id, now=now, limit=limit):
        if row["under_way"] is not None:
            why = f"message {row['under_way']} to the same phone is {row['under_way_status']}"
        elif row["earlier"] is not None:
            why = f"message {row['earlier']} of the same thread is sent first"
        elif row["earlier_to_phone"] is not None:
            why = f"message {row['earlier_to_phone']} to the same phone is sent first"
        else:
            continue
        found.append(BlockedMessage(row["message"], row["to_e164"], row["segments"], why))
    return found


def read_rate_limits(cursor: Cursor, org: OrgRow) -> list[NumberRateLimit]:
    """The rate limit of each number of the org that is not retired."""
    return [NumberRateLimit(**row) for row in cursor.rows(RATE_LIMITS, org_id=org.id)]


def _due(cursor: Cursor, row: tuple[Any, ...]) -> DueMessage:
    return DueMessage(row[0], row[1], row[2], row[3], row[4], cursor.as_instant(row[5]), row[6])
