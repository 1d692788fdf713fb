"""The statements of each sent message: lock its number, start an attempt, record its acceptance.

Bare statements, because a worker runs them for each of ten thousand messages; `attempts_together`
has those for many at once. Their callers hold the message's row locked, or name the attempt that
must be its last.
"""

from datetime import datetime

from petmsg.db.cursor import Cursor
from petmsg.enums.messages import StoredRule
from petmsg.enums.orgs import ProviderName
from petmsg.queries.queue import NumberRateLimit

UNDER_WAY = """
SELECT id, status FROM message
WHERE org_id = :org_id AND to_e164 = :to_e164 AND direction = 'outbound'
  AND status IN ('sending', 'unknown')
LIMIT 1
"""

EARLIER = """
SELECT e.id FROM message e
WHERE e.thread_id = :thread_id AND e.status = 'queued' AND e.send_at <= :now
  AND (e.send_at, e.id) < (:send_at, :message_id) AND (e.urgent OR NOT :urgent)
ORDER BY e.send_at, e.id LIMIT 1
"""

EARLIER_TO_PHONE = """
SELECT d.id FROM message d
WHERE d.org_id = :org_id AND d.to_e164 = :to_e164 AND d.status = 'queued' AND d.thread_id IS NULL
  AND d.send_at <= :now AND (d.send_at, d.id) < (:send_at, :message_id)
  AND (d.urgent OR NOT :urgent)
ORDER BY d.send_at, d.id LIMIT 1
"""

# A message waits for one under way to the same phone, then for an earlier one in the queue.
IN_THE_WAY = f"""
SELECT 0, u.id, u.status FROM ({UNDER_WAY}) u
UNION ALL SELECT 1, e.id, 'queued' FROM ({EARLIER}) e
ORDER BY 1 LIMIT 1
"""
IN_THE_WAY_TO_PHONE = f"""
SELECT 0, u.id, u.status FROM ({UNDER_WAY}) u
UNION ALL SELECT 1, e.id, 'queued' FROM ({EARLIER_TO_PHONE}) e
ORDER BY 1 LIMIT 1
"""

TAKE = """
UPDATE message SET status = 'sending', number_id = :number_id, from_e164 = :from_e164,
  rule = :rule, decision = :decision, provider = :provider, claimed_at = :now, worker = :worker,
  attempts = :attempt, error_code = NULL, error_message = NULL, in_doubt_at = NULL,
  absent_at = NULL, reconcile_mark = NULL
WHERE id = :message_id
"""

BEGIN = """
INSERT INTO message_attempt (
  org_id, message_id, attempt, thread_id, number_id, rule, worker, status, claimed_at
) VALUES (
  :org_id, :message_id, :attempt, :thread_id, :number_id, :rule, :worker, 'sending', :now
)
"""

RESERVE = """
UPDATE message_number SET free_at = :free_at,
  last_used_at = CASE WHEN last_used_at > :now THEN last_used_at ELSE :now END
WHERE id = :number_id
"""

# PostgreSQL takes the three in one statement: a worker asks a third less often.
BEGIN_AT_ONCE = f"WITH reserved AS ({RESERVE}), taken AS ({TAKE}) {BEGIN}"

STICK = "UPDATE thread SET pool_number_id = :number_id WHERE id = :thread_id"

ACCEPTED = """
UPDATE message SET status = 'sent', provider_message_id = :provider_message_id, sent_at = :now,
  due_at = NULL, in_doubt_at = NULL, absent_at = NULL, error_code = NULL, error_message = NULL
WHERE id = :message_id AND org_id = :org_id AND status = 'sending' AND worker = :worker
  AND attempts = :attempt AND delivered_at IS NULL
RETURNING provider
"""

END = """
UPDATE message_attempt SET status = 'sent', ended_at = :now,
  provider_message_id = :provider_message_id
WHERE message_id = :message_id AND attempt = :attempt
"""


ACCEPT_AT_ONCE = f"""
WITH accepted AS ({ACCEPTED}),
ended AS ({END} AND EXISTS (SELECT 1 FROM accepted))
SELECT provider FROM accepted
"""

_HAS_ATTEMPT = """
SELECT 1 FROM message_attempt
WHERE message_id = :message AND provider_message_id = :id
"""

_OCCUPY_NUMBER = """
UPDATE message_number
SET free_at = :until
WHERE id = :id AND (free_at IS NULL OR free_at < :until)
"""


def locked_number(cursor: Cursor, number_id: int) -> NumberRateLimit:
    """A number and its rate limit, locked until the commit; its threads can still get messages."""
    lock = cursor.row_lock("FOR NO KEY UPDATE")
    row = cursor.tuples(
        "SELECT id, e164, segments_per_second, free_at, refused_at, refused_until, refused_code,"
        " messaging_service"
        f" FROM message_number WHERE id = :number_id{lock}",
        number_id=number_id,
    )[0]
    free_at, since, until = map(cursor.as_instant, row[3:6])
    return NumberRateLimit(row[0], row[1], row[2], free_at, since, until, row[6], row[7])


def in_the_way(
    cursor: Cursor,
    *,
    org_id: int,
    to_e164: str,
    thread_id: int,
    message_id: int,
    send_at: datetime,
    urgent: bool,
    now: datetime,
) -> tuple[int, str] | None:
    """The message that a message of a thread waits for, with its status: the one to the same phone
    whose outcome is open, else the queued one of the thread that is due before it."""
    found = cursor.tuples(
        IN_THE_WAY,
        org_id=org_id,
        to_e164=to_e164,
        thread_id=thread_id,
        message_id=message_id,
        send_at=send_at,
        urgent=urgent,
        now=now,
    )
    return found[0][1:] if found else None


def in_the_way_to_phone(
    cursor: Cursor,
    *,
    org_id: int,
    to_e164: str,
    message_id: int,
    send_at: datetime,
    urgent: bool,
    now: datetime,
) -> tuple[int, str] | None:
    """`in_the_way` for a message outside any thread; those wait per phone."""
    found = cursor.tuples(
        IN_THE_WAY_TO_PHONE,
        org_id=org_id,
        to_e164=to_e164,
        message_id=message_id,
        send_at=send_at,
        urgent=urgent,
        now=now,
    )
    return found[0][1:] if found else None


def begin_attempt(
    cursor: Cursor,
    number: NumberRateLimit,
    *,
    org_id: int,
    message_id: int,
    attempt: int,
    thread_id: int | None,
    rule: StoredRule | None,
    decision: str,
    provider: ProviderName,
    worker: str,
    now: datetime,
    free_at: datetime,
) -> None:
    """Record that a message is being sent from the number, which is free again at `free_at`.

    A message outside any thread has neither thread nor rule.
    """
    values = {
        "org_id": org_id,
        "message_id": message_id,
        "attempt": attempt,
        "thread_id": thread_id,
        "number_id": number.id,
        "from_e164": number.e164,
        "rule": None if rule is None else rule.value,
        "decision": decision,
        "provider": provider.value,
        "worker": worker,
        "now": now,
        "free_at": free_at,
    }
    if rule is StoredRule.POOL:
        cursor.run(STICK, number_id=number.id, thread_id=thread_id)
    for statement in (BEGIN_AT_ONCE,) if cursor.writes_together else (RESERVE, TAKE, BEGIN):
        cursor.run(statement, **values)


def accept_attempt(
    cursor: Cursor,
    *,
    org_id: int,
    message_id: int,
    attempt: int,
    worker: str,
    provider_message_id: str,
    now: datetime,
) -> ProviderName | None:
    """Record that the provider accepted a message in this attempt; return its provider.

    None, and nothing written, if anything else is known of the message by now.
    """
    values = {
        "org_id": org_id,
        "message_id": message_id,
        "attempt": attempt,
        "worker": worker,
        "provider_message_id": provider_message_id,
        "now": now,
    }
    found = cursor.tuples(ACCEPT_AT_ONCE if cursor.writes_together else ACCEPTED, **values)
    if not found:
        return None
    if not cursor.writes_together:
        cursor.run(END, **values)
    return ProviderName(found[0][0])


def has_attempt(cursor: Cursor, *, message_id: int, provider_message_id: str) -> bool:
    """Whether an attempt of the message has the provider's id."""
    return cursor.value(_HAS_ATTEMPT, message=message_id, id=provider_message_id) is not None


def occupy_number(cursor: Cursor, *, number_id: int, until: datetime) -> None:
    """The number sends nothing before `until` (aware UTC). A later end stays."""
    cursor.run(_OCCUPY_NUMBER, id=number_id, until=until)
