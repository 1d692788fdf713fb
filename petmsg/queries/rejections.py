"""What earlier attempts say about a rejection."""

from petmsg.db.cursor import Cursor
from petmsg.queries.org import OrgRow

_TOOK_ANOTHER_OUT = """
SELECT 1 FROM message_attempt a
JOIN number_custody c ON c.number_id = a.number_id AND c.reason = :reason || a.code
WHERE a.thread_id = :thread_id AND a.number_id <> :number_id
  AND a.status IN ('failed', 'undelivered')
  AND NOT EXISTS (
    SELECT 1 FROM message_attempt s WHERE s.thread_id = a.thread_id
      AND s.claimed_at > a.claimed_at AND s.status IN ('sent', 'delivered')
  )
LIMIT 1
"""

_REJECTION_COUNT = """
SELECT count(*) FROM message_attempt
WHERE message_id = :id AND code = :code AND status IN ('failed', 'undelivered')
"""

# All of the few, not max(at): that would read the org's whole audit log from its end.
ACCOUNT_CHANGED = """
SELECT at FROM audit_event
WHERE org_id = :org_id AND entity = 'org' AND ref = :org AND event = 'org.updated'
  AND (payload LIKE '%"provider"%' OR payload LIKE '%"twilio_account"%')
ORDER BY seq
"""

_LAST_SENT_AT = """
SELECT max(claimed_at) FROM message_attempt
WHERE number_id = :number_id AND status IN ('sent', 'delivered')
"""


def never_worked(cursor: Cursor, org: OrgRow, *, number_id: int) -> bool:
    """Whether the number has sent nothing since the org's provider or account was changed."""
    changes = cursor.tuples(ACCOUNT_CHANGED, org_id=org.id, org=org.slug)
    if not changes:
        return False
    changed_at = max(cursor.as_instant(at) for (at,) in changes)
    sent_at = cursor.instant(_LAST_SENT_AT, number_id=number_id)
    return sent_at is None or sent_at < changed_at


def took_another_out(cursor: Cursor, *, thread_id: int | None, number_id: int, reason: str) -> bool:
    """Whether the same rejection took out another number that this thread was sent from.

    Not if a message was sent to the thread since. `reason` is what the number's history says
    before the code.
    """
    return (
        cursor.value(_TOOK_ANOTHER_OUT, thread_id=thread_id, number_id=number_id, reason=reason)
        is not None
    )


def rejection_count(cursor: Cursor, *, message_id: int | None, code: str | None) -> int:
    """How many attempts of the message ended with that code."""
    return int(cursor.value(_REJECTION_COUNT, id=message_id, code=code))
