"""The calls about which the provider is to be asked: those without an end, and those without a
voicemail that may have one. Standard library only."""

from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums.calls import CallAddressee
from petmsg.enums.orgs import ProviderName

# The literals of the partial index, so that it is used.
OPEN = """
SELECT k.id, k.provider_call_id, k.provider, k.started_at, k.addressed_to, k.decision,
       k.answered_by IS NOT NULL AS is_taken
FROM call k
WHERE k.org_id = :org_id AND k.ended_at IS NULL AND k.id > :after AND k.started_at <= :before
ORDER BY k.id LIMIT :most
"""

NOT_TAKEN = """
SELECT k.id, k.provider_call_id, k.provider, k.started_at, k.addressed_to, k.decision,
       k.answered_by IS NOT NULL AS is_taken
FROM call k
WHERE k.org_id = :org_id AND k.started_at >= :since AND k.ended_at IS NOT NULL
  AND k.answered_by IS NULL AND k.voicemail_seconds IS NULL AND k.status <> 'rejected'
ORDER BY k.started_at DESC LIMIT :most
"""


class CallToAsk(NamedTuple):
    """A call about which its provider is to be asked. `decision` is the CallDecision as JSON;
    `is_taken` says that somebody took the call."""

    id: int
    provider_call_id: str
    provider: ProviderName | None
    started_at: datetime
    addressed_to: CallAddressee
    decision: str
    is_taken: bool


def calls_without_end(
    cursor: Cursor, org_id: int, *, after: int, before: datetime, most: int
) -> list[CallToAsk]:
    """The org's calls that began until `before` (aware UTC) and have no end, in the order of their
    ids from after `after`."""
    rows = cursor.all(CallToAsk, OPEN, org_id=org_id, after=after, before=before, most=most)
    return [_read(row) for row in rows]


def calls_without_voicemail(
    cursor: Cursor, org_id: int, *, since: datetime, most: int
) -> list[CallToAsk]:
    """The org's calls since then (aware UTC) that ended and that nobody took, without a voicemail,
    the newest first."""
    rows = cursor.all(CallToAsk, NOT_TAKEN, org_id=org_id, since=since, most=most)
    return [_read(row) for row in rows]


def _read(row: CallToAsk) -> CallToAsk:
    return row._replace(
        provider=None if row.provider is None else ProviderName(row.provider),
        addressed_to=CallAddressee(row.addressed_to),
        is_taken=bool(row.is_taken),
    )
