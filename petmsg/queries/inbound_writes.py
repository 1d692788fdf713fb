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
  INSERT INTO message (org_id, thread_id, client_id, direction, status, body, from_e164,
    to_e164, number_id, decision, provider, provider_message_id, segments, attempts, actor,
    created_at)
  VALUES (:org_id, :thread_id, :client_id, 'inbound', 'received', :body, :from_e164,
    :to_e164, :number_id, :decision, :provider, :provider_message_id, :segments, 0, :actor, :now)
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

INSERT_WITH_ID = INSERT_AT_ONCE.replace("INTO message (org_id", "INTO message (id, org_id").replace(
    "VALUES (:org_id", "VALUES (:id, :org_id"
)

ADOPT = """
UPDATE stray_text SET adopted_id = m.id, adopted_at = :now
FROM message m
WHERE m.provider_message_id = stray_text.provider_message_id
  AND stray_text.provider_message_id IN (:ids) AND stray_text.adopted_id IS NULL
"""

_OF_MESSAGE = (
    "id", "org_id", "thread_id", "client_id", "body", "from_e164", "to_e164", "number_id",
    "decision", "provider", "provider_message_id", "segments", "actor", "created_at",
)  # fmt: skip
_OF_INBOUND = (
    "message_id", "org_id", "received_at", "addressed_to", "sitter_id", "code", "keyword",
    "media_count", "inbox_at",
)  # fmt: skip


def insert_received(cursor: Cursor, new_id: int | None, **values: Any) -> int:
    """Store a message that came in, by the parameters of its statements; its id. An unmatched
    message with the same ID of the provider is marked as adopted.

    With a `new_id`, which no message has, the message may be stored later, together with those
    that follow it: before the next statement that asks the database for anything.
    """
    if new_id is not None:
        cursor.write_later(_insert_together, {"id": new_id, **values})
        return new_id
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


def _insert_together(cursor: Cursor, messages: list[dict[str, Any]]) -> None:
    if len(messages) == 1:
        cursor.run(INSERT_WITH_ID, **messages[0])
        return
    rows = [{**each, "message_id": each["id"], "created_at": each["now"]} for each in messages]
    cursor.add(
        "message",
        _OF_MESSAGE,
        _values(rows, _OF_MESSAGE),
        direction="inbound",
        status="received",
        attempts=0,
    )
    cursor.add("inbound_text", _OF_INBOUND, _values(rows, _OF_INBOUND))
    ids = [each["provider_message_id"] for each in messages]
    cursor.run_in_list(ADOPT, "ids", ids, now=messages[0]["now"])


def _values(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
    return [tuple([row[name] for name in columns]) for row in rows]
