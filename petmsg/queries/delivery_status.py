"""Messages in transit: those to ask the provider for, by the rule of `rules.receipt_requests`.

Status constants are literals, because SQLite uses a partial index for nothing else. Those never
asked for come from a statement of their own: databases sort NULLs differently, and an index serves
one order only.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.queries.org import OrgRow
from petmsg.rules.receipt_requests import PAUSES, is_due

NEVER_ASKED = """
SELECT m.id, m.provider_message_id FROM message m
WHERE m.org_id = :org_id AND m.status = 'sent' AND m.synced_at IS NULL
  AND m.sent_at >= :since AND m.provider = :provider AND m.provider_message_id IS NOT NULL
ORDER BY m.id LIMIT :limit
"""

# A message sent since then was asked for since then: that bounds what is read of the index.
ASKED_BEFORE = """
SELECT m.id, m.provider_message_id FROM message m
WHERE m.org_id = :org_id AND m.status = 'sent' AND m.synced_at >= :since
  AND m.synced_at <= :until
  AND m.sent_at >= :since AND m.provider = :provider AND m.provider_message_id IS NOT NULL
ORDER BY m.synced_at, m.id LIMIT :limit
"""

# Those that are young enough to be asked for more than once an hour.
ASKED_LATELY = """
SELECT m.id, m.provider_message_id, m.sent_at, m.synced_at FROM message m
WHERE m.org_id = :org_id AND m.status = 'sent' AND m.synced_at > :after
  AND m.synced_at <= :until
  AND m.sent_at >= :since AND m.provider = :provider AND m.provider_message_id IS NOT NULL
ORDER BY m.synced_at, m.id
"""

# Every attempt has an id of its own, so that an id names one message of one org.
TRIED = """
SELECT a.provider_message_id, a.message_id, o.slug FROM message_attempt a
JOIN org o ON o.id = a.org_id
WHERE a.provider_message_id IN (:ids)
"""


class _AskedFor(NamedTuple):
    id: int
    provider_message_id: str
    sent_at: datetime
    synced_at: datetime


class _Attempt(NamedTuple):
    provider_message_id: str
    message_id: int
    slug: str


class InTransit(NamedTuple):
    """A message that the provider accepted and whose delivery is unknown."""

    message: int
    provider_message_id: str


def in_transit(
    cursor: Cursor, org: OrgRow, *, since: datetime, now: datetime, limit: int
) -> list[InTransit]:
    """The org's messages that were sent at or after `since`, are not final and are to be asked for
    at `now` (aware UTC), those longest not asked for first.

    Only those that the org's provider of today took: no other can be asked.
    """
    where = {"org_id": org.id, "provider": org.provider.value}
    seldom, often = PAUSES[-1], PAUSES[0]
    found = [
        InTransit(*row) for row in cursor.tuples(NEVER_ASKED, **where, since=since, limit=limit)
    ]
    found += [
        InTransit(*row)
        for row in cursor.tuples(
            ASKED_BEFORE, **where, since=since, until=now - seldom, limit=limit - len(found)
        )
    ]
    lately = cursor.all(
        _AskedFor,
        ASKED_LATELY,
        **where,
        after=now - seldom,
        until=now - often,
        since=max(since, now - seldom - sum(PAUSES[:-1], timedelta())),
    )
    due = (row for row in lately if is_due(row.sent_at, row.synced_at, now))
    found += [InTransit(row.id, row.provider_message_id) for row in islice(due, limit - len(found))]
    return found


def orgs_of_reports(cursor: Cursor, ids: Sequence[str]) -> dict[str, str]:
    """The slug of the org whose message the provider gave that id, by id, without unknown ids."""
    return {
        row.provider_message_id: row.slug
        for row in cursor.all_in_list(_Attempt, TRIED, "ids", [*set(ids)])
    }


def messages_of(cursor: Cursor, org: OrgRow, ids: Sequence[str]) -> dict[str, int]:
    """The org's message that the provider gave that id, by id."""
    return {
        row.provider_message_id: row.message_id
        for row in cursor.all_in_list(_Attempt, TRIED, "ids", [*set(ids)])
        if row.slug == org.slug
    }
