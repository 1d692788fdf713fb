"""Texts on their way: those to ask the provider for.

Status constants are literals, because SQLite uses a partial index for nothing else. Those never
asked for come from a text of their own: databases sort NULLs differently, and an index serves one
order only.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.queries.org import OrgRow

NEVER_ASKED = """
SELECT m.id, m.provider_message_id FROM message m
WHERE m.org_id = :org_id AND m.status = 'sent' AND m.synced_at IS NULL
  AND m.sent_at >= :since AND m.provider = :provider AND m.provider_message_id IS NOT NULL
ORDER BY m.id LIMIT :limit
"""

# A text sent since then was asked for since then: that bounds what is read of the index.
ASKED_BEFORE = """
SELECT m.id, m.provider_message_id FROM message m
WHERE m.org_id = :org_id AND m.status = 'sent' AND m.synced_at >= :since
  AND m.sent_at >= :since AND m.provider = :provider AND m.provider_message_id IS NOT NULL
ORDER BY m.synced_at, m.id LIMIT :limit
"""

# Every try has an id of its own, so that an id names one text of one org.
TRIED = """
SELECT a.provider_message_id, a.message_id, o.slug FROM message_attempt a
JOIN org o ON o.id = a.org_id
WHERE a.provider_message_id IN (:ids)
"""


class OnItsWay(NamedTuple):
    """A text that the provider took and whose end is not known."""

    message: int
    provider_message_id: str


def on_its_way(cursor: Cursor, org: OrgRow, *, since: datetime, limit: int) -> list[OnItsWay]:
    """The org's texts that were sent at or after `since` (aware UTC) and are not final, those
    longest not asked for first.

    Only those that the org's provider of today took: no other can be asked.
    """
    found: list[OnItsWay] = []
    for sql in (NEVER_ASKED, ASKED_BEFORE):
        rows = cursor.tuples(
            sql,
            org_id=org.id,
            since=since,
            provider=org.provider.value,
            limit=limit - len(found),
        )
        found += [OnItsWay(*row) for row in rows]
    return found


def orgs_of_reports(cursor: Cursor, ids: Sequence[str]) -> dict[str, str]:
    """The slug of the org whose text the provider gave that id, by id; unknown ids are left out."""
    return {
        row["provider_message_id"]: row["slug"] for row in cursor.in_list(TRIED, "ids", [*set(ids)])
    }


def messages_of(cursor: Cursor, org: OrgRow, ids: Sequence[str]) -> dict[str, int]:
    """The org's text that the provider gave that id, by id."""
    return {
        row["provider_message_id"]: row["message_id"]
        for row in cursor.in_list(TRIED, "ids", [*set(ids)])
        if row["slug"] == org.slug
    }
