"""What the front desk and a sitter wrote to each other, apart from all clients."""

from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.queries.lookup import find_sitter
from petmsg.queries.media_of_messages import MessageMedia, with_media
from petmsg.queries.org import OrgRow
from petmsg.queries.page import USUAL_LIMIT

# A sitter's message that was forwarded to a client is that client's, and a number that answers a
# question never waited for the front desk. BETWEEN, because most messages have no sitter: by its
# statistics SQLite reads all of them for an equal one.
STAFF_MESSAGES = """
SELECT * FROM (
  SELECT m.id AS message, m.direction, m.status, n.e164 AS number, m.body, m.created_at, m.sent_at,
         NULL AS received_at, m.media_count, NULL AS media, r.about_id AS about
  FROM relay r
  JOIN message m ON m.id = r.message_id
  LEFT JOIN message_number n ON n.id = m.number_id
  WHERE r.org_id = :org_id AND r.sitter_id = :sitter_id AND r.kind = 'staff'
  UNION ALL
  SELECT m.id, m.direction, m.status, n.e164, m.body, m.created_at, NULL, i.received_at,
         i.media_count, NULL, NULL
  FROM inbound_text i
  JOIN message m ON m.id = i.message_id
  LEFT JOIN message_number n ON n.id = m.number_id
  WHERE i.org_id = :org_id AND i.addressed_to = 'relay'
    AND i.sitter_id BETWEEN :sitter_id AND :sitter_id
    AND i.inbox_at IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM relay p WHERE p.about_id = i.message_id AND p.kind = 'reply'
    )
) said
ORDER BY message DESC LIMIT :limit
"""


class StaffMessage(NamedTuple):
    """A message between the front desk and a sitter. Times are aware UTC; `about` is the sitter's
    message that the front desk answered."""

    message: int
    direction: str
    status: str
    number: str | None
    body: str | None
    created_at: datetime
    sent_at: datetime | None
    received_at: datetime | None
    media_count: int
    media: tuple[MessageMedia, ...] | None
    about: int | None


def staff_conversation(
    cursor: Cursor, org: OrgRow, sitter_text: str, *, limit: int = USUAL_LIMIT
) -> list[StaffMessage]:
    """What the front desk and the sitter wrote to each other: the newest messages, in the order in
    which they were stored. Raises `NotFound`."""
    sitter = find_sitter(cursor, org.id, sitter_text)
    rows = cursor.all(StaffMessage, STAFF_MESSAGES, org_id=org.id, sitter_id=sitter.id, limit=limit)
    return with_media(cursor, rows[::-1])
