"""How many phone calls there were in a span, and how they went. Standard library only."""

from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.queries.org import OrgRow

# Sums and no GROUP BY, for which SQLite would read the index by status from end to end.
COUNTS = """
SELECT count(*) AS total,
       coalesce(sum(CASE WHEN k.answered_by IS NOT NULL THEN 1 ELSE 0 END), 0) AS answered,
       coalesce(sum(CASE WHEN k.answered_by IS NULL AND k.message_id IS NOT NULL
                         THEN 1 ELSE 0 END), 0) AS missed,
       coalesce(sum(CASE WHEN k.answered_by IS NULL AND k.message_id IS NULL
                          AND k.status NOT IN ('ringing', 'rejected')
                         THEN 1 ELSE 0 END), 0) AS unanswered,
       coalesce(sum(CASE WHEN k.answered_by IS NULL AND k.message_id IS NULL
                          AND k.status = 'ringing' THEN 1 ELSE 0 END), 0) AS waiting,
       count(k.voicemail_seconds) AS voicemails,
       coalesce(sum(CASE WHEN k.status = 'ringing' THEN 1 ELSE 0 END), 0) AS ringing,
       coalesce(sum(CASE WHEN k.status = 'completed' THEN 1 ELSE 0 END), 0) AS completed,
       coalesce(sum(CASE WHEN k.status = 'no_answer' THEN 1 ELSE 0 END), 0) AS no_answer,
       coalesce(sum(CASE WHEN k.status = 'busy' THEN 1 ELSE 0 END), 0) AS busy,
       coalesce(sum(CASE WHEN k.status = 'failed' THEN 1 ELSE 0 END), 0) AS failed,
       coalesce(sum(CASE WHEN k.status = 'rejected' THEN 1 ELSE 0 END), 0) AS rejected
FROM call k WHERE k.org_id = :org_id AND k.started_at >= :since AND k.started_at < :until
"""


class CallCounts(NamedTuple):
    """All calls of a span; those that somebody answered, those in the inbox that nobody took, those
    of sitters that nobody answered, those that still ring; those with a voicemail; and all by their
    status."""

    total: int
    answered: int
    missed: int
    unanswered: int
    waiting: int
    voicemails: int
    ringing: int
    completed: int
    no_answer: int
    busy: int
    failed: int
    rejected: int


def call_counts(cursor: Cursor, org: OrgRow, *, since: datetime, until: datetime) -> CallCounts:
    """The org's calls that began in `[since, until)` (aware UTC)."""
    return cursor.all(CallCounts, COUNTS, org_id=org.id, since=since, until=until)[0]
