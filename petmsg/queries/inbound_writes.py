"""What is written when a message comes in."""

from typing import Any

from petmsg.db.cursor import Cursor
from petmsg.queries.unmatched import mark_adopted

INSERT_MESSAGE = """
INSERT INTO message (org_id, thread_id, client_id, direction, status, body, from_e164, to_e164,
  number_id, decision, provider, provider_message_id, segments, attempts, actor, created_at)
VALUES (:org_id, :thread_id, :client_id, 'inbound', 'received', :body, :from_e164, :to_e164,
  :number_id, :decision, :provider, :provider_message_id, :segments, 0, :actor, :now)
RETURNING id
"""

INSERT_INBOUND = """
INSERT INTO inbound_text (message_id, org_id, received_at, addressed_to, sitter_id, code, keyword,
  media_count, inbox_at)
VALUES (:message_id, :org_id, :received_at, :addressed_to, :sitter_id, :code, :keyword,
  :media_count, :inbox_at)
"""

# The three writes of a message in one statement, for a server that is asked over a connection.
INSERT_AT_ONCE = """
WITH written AS (
  INSERT INTO message (org_id, thread_id, client_id, direction, status, body, from_e164, to_e164,
    number_id, decision, provider, provider_message_id, segments, attempts, actor, created_at)
  VALUES (:org_id, :thread_id, :client_id, 'inbound', 'received', :body, :from_e164, :to_e164,
    :number_id, :decision, :provider, :provider_message_id, :segments, 0, :actor, :now)
  RETURNING id
), told AS (
  INSERT INTO inbound_text (message_id, org_id, received_at, addressed_to, sitter_id, code,
    keyword, media_count, inbox_at)
  SELECT id, :org_id, :received_at, :addressed_to, :sitter_id, :code, :keyword, :media_count,
    :inbox_at
  FROM written
), adopted AS (
  UPDATE stray_text SET adopted_id = written.id, adopted_at = :now FROM written
  WHERE stray_text.provider_message_id = :provider_message_id AND adopted_id IS NULL
)
SELECT id FROM written
"""


def insert_received(cursor: Cursor, **values: Any) -> int:
    """Store a message that came in, by the parameters of its statements; its id. An unmatched
    message with the same ID of the provider is marked as adopted."""
    if cursor.writes_together:
        ((message_id,),) = cursor.tuples(INSERT_AT_ONCE, **values)
        return int(message_id)
    ((message_id,),) = cursor.tuples(INSERT_MESSAGE, **values)
    cursor.run(INSERT_INBOUND, message_id=message_id, **values)
    mark_adopted(
        cursor,
        message_id=message_id,
        now=values["now"],
        provider_message_id=values["provider_message_id"],
    )
    return int(message_id)
