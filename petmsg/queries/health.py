"""The outcomes of the messages of each number, counted by attempts from that number."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.errors import NotFound
from petmsg.queries.org import OrgRow

_NUMBERS = """
SELECT n.id, n.e164 AS number, n.class AS number_class, n.status, s.ref AS sitter,
       s.name AS sitter_name
FROM message_number n
LEFT JOIN sitter s ON s.id = n.sitter_id
WHERE n.org_id = :org_id
ORDER BY n.id
"""
_COUNTS = """
SELECT a.number_id, a.status, a.code, count(*) AS attempts,
       count(a.provider_message_id) AS taken
FROM message_number n
JOIN message_attempt a ON a.number_id = n.id AND a.claimed_at > :since AND a.claimed_at <= :until
WHERE n.org_id = :org_id
GROUP BY a.number_id, a.status, a.code
"""
# A message that reached the carriers: the provider accepted it, or it was filtered before.
_DAY = """
SELECT a.number_id, count(*) AS texts, sum(CASE WHEN a.code = :code THEN 1 ELSE 0 END) AS filtered
FROM message_number n
JOIN message_attempt a ON a.number_id = n.id AND a.claimed_at > :since AND a.claimed_at <= :until
WHERE n.org_id = :org_id
  AND (a.status IN ('sent', 'delivered', 'undelivered')
       OR (a.status = 'failed' AND (a.provider_message_id IS NOT NULL OR a.code = :code)))
GROUP BY a.number_id
"""
_LAST = """
SELECT a.code
FROM message_attempt a
WHERE a.number_id = :number_id AND a.claimed_at <= :until
  AND (a.status IN ('sent', 'delivered', 'undelivered')
       OR (a.status = 'failed' AND (a.provider_message_id IS NOT NULL OR a.code = :code)))
ORDER BY a.claimed_at DESC, a.id DESC
LIMIT 50
"""


class HealthNumber(NamedTuple):
    """A number of the org, with its holder's ref."""

    id: int
    number: str
    number_class: str
    status: str
    sitter: str | None
    sitter_name: str | None


class AttemptCount(NamedTuple):
    """The count of attempts of a number with the same status and code."""

    number_id: int
    status: str
    code: str | None
    attempts: int
    taken: int


class _Day(NamedTuple):
    number_id: int
    texts: int
    filtered: int


def numbers_of(cursor: Cursor, org: OrgRow) -> list[HealthNumber]:
    """The org's numbers with their holders, the oldest first."""
    return cursor.all(HealthNumber, _NUMBERS, org_id=org.id)


def attempts_by_status(
    cursor: Cursor, org: OrgRow, *, since: datetime, until: datetime
) -> list[AttemptCount]:
    """The attempts of each number by status and code, and how many of them the provider accepted.

    Counts attempts that were claimed after `since` and not after `until` (aware UTC).
    """
    return cursor.all(AttemptCount, _COUNTS, org_id=org.id, since=since, until=until)


def messages_of_span(
    cursor: Cursor, org: OrgRow, *, code: str, since: datetime, until: datetime
) -> dict[int, tuple[int, int]]:
    """Per number, the messages claimed after `since` and not after `until` (aware UTC), and those
    of them that ended with `code`."""
    rows = cursor.all(_Day, _DAY, org_id=org.id, code=code, since=since, until=until)
    return {row.number_id: (row.texts, row.filtered) for row in rows}


def with_code_among_last_50(cursor: Cursor, number_id: int, *, code: str, until: datetime) -> int:
    """How many of the number's last 50 messages claimed until `until` ended with `code`."""
    rows = cursor.tuples(_LAST, number_id=number_id, code=code, until=until)
    return sum(row[0] == code for row in rows)


def org_of_number(cursor: Cursor, orgs: Sequence[OrgRow], e164: str) -> OrgRow:
    """Which of the orgs has the number. Raises `NotFound`."""
    org_id = cursor.value("SELECT org_id FROM message_number WHERE e164 = :e164", e164=e164)
    for org in orgs:
        if org.id == org_id:
            return org
    raise NotFound("number", e164)
