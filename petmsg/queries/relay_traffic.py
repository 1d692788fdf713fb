"""How much the relay wrote lately: what it passed on, and its notices to a sitter."""

from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor

_PASSED_ON = """
SELECT r.about_id, min(r.created_at) AS passed_on_at FROM (
  SELECT l.about_id, m.created_at, coalesce(m.client_id, a.client_id) AS client_id
  FROM (SELECT message_id, about_id, kind FROM relay
        WHERE org_id = :org_id AND sitter_id = :sitter_id
        ORDER BY message_id DESC LIMIT :look_back) l
  JOIN message m ON m.id = l.message_id
  JOIN message a ON a.id = l.about_id
  WHERE l.kind IN ('forward', 'reply') AND m.created_at > :since
) r WHERE r.client_id = :client_id GROUP BY r.about_id
"""

_NOTICES = """
SELECT count(*) FROM relay r JOIN message m ON m.id = r.message_id
WHERE r.org_id = :org_id AND r.sitter_id = :sitter_id AND r.kind = 'notice'
  AND m.created_at > :since
"""


class PassedOn(NamedTuple):
    about_id: int
    passed_on_at: datetime


def passed_on(
    cursor: Cursor, org_id: int, *, sitter_id: int, client_id: int, since: datetime, look_back: int
) -> list[PassedOn]:
    """What was passed on between a sitter and a client after `since` (aware UTC).

    Among the newest `look_back` messages of the sitter's relay.
    """
    return cursor.all(
        PassedOn,
        _PASSED_ON,
        org_id=org_id,
        sitter_id=sitter_id,
        client_id=client_id,
        since=since,
        look_back=look_back,
    )


def notice_count(cursor: Cursor, org_id: int, *, sitter_id: int, since: datetime) -> int:
    """How many notices the sitter was sent after `since` (aware UTC)."""
    return int(cursor.value(_NOTICES, org_id=org_id, sitter_id=sitter_id, since=since))
