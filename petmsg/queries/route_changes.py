"""What was changed after an instant that may matter to a decision about it."""

from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor

# Apart, so that each is found by its index: a company's whole audit since then may be long. For
# `at > :at` SQLite would read that all the same. It uses no index for a NOT, and keeps the order of
# a CROSS JOIN.
_CHANGED_SINCE = """
SELECT a.seq, a.event, a.ref, a.at, a.payload FROM audit_event a
WHERE a.org_id = :org_id AND a.entity = 'org' AND a.ref = :org
  AND a.event = 'org.updated' AND NOT a.at <= :at
UNION ALL
SELECT a.seq, a.event, a.ref, a.at, a.payload FROM audit_event a
WHERE a.org_id = :org_id AND a.entity = 'client' AND a.ref = :client
  AND a.event = 'client.updated' AND NOT a.at <= :at
UNION ALL
SELECT a.seq, a.event, a.ref, a.at, a.payload FROM booking b
CROSS JOIN audit_event a
WHERE b.org_id = :org_id AND b.client_id = :client_id
  AND a.org_id = b.org_id AND a.entity = 'window' AND a.ref = b.ref AND NOT a.at <= :at
ORDER BY 1
"""


class Change(NamedTuple):
    """An event of the audit. `payload` is JSON."""

    seq: int
    event: str
    ref: str
    at: datetime
    payload: str


def changes_since(
    cursor: Cursor, org_id: int, *, org: str, client_id: int, client: str, at: datetime
) -> list[Change]:
    """Changes of the org's settings, the client and their windows after `at` (aware UTC).

    Without a client (id 0) only those of the org.
    """
    return cursor.all(
        Change, _CHANGED_SINCE, org_id=org_id, org=org, client_id=client_id, client=client, at=at
    )
