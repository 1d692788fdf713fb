"""The writes of the inbox: what waits for a person, who claimed it, what is done."""

from datetime import datetime

from petmsg.db.cursor import Cursor

_TAKE_FROM_SITTER = """
UPDATE inbound_text
SET with_sitter_at = NULL
WHERE org_id = :org_id AND message_id = :id AND inbox_at IS NULL
"""

_PUT_IN_INBOX = """
UPDATE inbound_text
SET inbox_at = :now, with_sitter_at = NULL, claimed_by = NULL, claimed_at = NULL, done_by =
  NULL, done_at = NULL, done_reason = NULL
WHERE org_id = :org_id AND message_id = :id AND (inbox_at IS NULL OR done_at IS NOT NULL)
"""

_LEAVE_MESSAGE_WITH_SITTER = """
UPDATE inbound_text
SET with_sitter_at = :now
WHERE org_id = :org_id AND message_id = :id AND inbox_at IS NULL
"""

_TAKE_OUT_OF_INBOX = """
UPDATE inbound_text
SET done_by = :by, done_at = :now, done_reason = :reason
WHERE org_id = :org_id AND message_id = :id AND inbox_at IS NOT NULL AND done_at IS NULL
"""

_ASSIGN_TO = """
UPDATE inbound_text
SET claimed_by = :actor, claimed_at = :now
WHERE org_id = :org_id AND message_id = :id
"""

_MOVE_TO_THREAD = """
UPDATE message
SET thread_id = :thread_id, client_id = :client_id
WHERE thread_id IS NULL AND org_id = :org_id AND direction = 'inbound' AND client_id IS NULL
  AND from_e164 = :phone
  AND EXISTS (SELECT 1 FROM inbound_text i WHERE i.message_id = message.id AND i.addressed_to =
  'unrouted')
RETURNING id
"""

_ANSWERS_TO = """
SELECT message_id FROM relay
WHERE org_id = :org_id AND about_id = :about_id AND kind = 'answer'
"""

_MOVE_ANSWER = """
UPDATE message
SET thread_id = :thread_id, client_id = :client_id, rule = (
  SELECT CASE n.class WHEN 'sitter' THEN 'active_window' ELSE n.class END
  FROM message_number n WHERE n.id = message.number_id
)
WHERE org_id = :org_id AND id = :id AND thread_id IS NULL
"""

# An attempt in a thread has the rule of its number's class.
_MOVE_ATTEMPTS = """
UPDATE message_attempt
SET thread_id = :thread_id, rule = (
  SELECT CASE n.class WHEN 'sitter' THEN 'active_window' ELSE n.class END
  FROM message_number n WHERE n.id = message_attempt.number_id
)
WHERE org_id = :org_id AND message_id = :id AND thread_id IS NULL
"""

# The thread's own pool number is the one its last pool message was sent from.
_STICK_TO_LAST = """
UPDATE thread
SET pool_number_id = coalesce((
  SELECT a.number_id FROM message_attempt a
  WHERE a.thread_id = :thread_id AND a.rule = 'pool'
  ORDER BY a.claimed_at DESC, a.id DESC LIMIT 1
), pool_number_id)
WHERE id = :thread_id
"""

_GIVE_CALLS = """
UPDATE call SET client_id = :client_id
WHERE org_id = :org_id AND from_phone = :phone AND caller = 'unknown' AND client_id IS NULL
"""

_ADDRESS_TO_DESK = "UPDATE inbound_text SET addressed_to = 'front_desk' WHERE message_id = :id"


def take_from_sitter(cursor: Cursor, org_id: int, message_id: int) -> None:
    """The sitter need not answer the message any more."""
    cursor.run(_TAKE_FROM_SITTER, org_id=org_id, id=message_id)


def put_in_inbox(cursor: Cursor, org_id: int, *, now: datetime, message_id: int) -> bool:
    """A message waits for a person from `now`; False if it does already."""
    return bool(cursor.run(_PUT_IN_INBOX, org_id=org_id, now=now, id=message_id))


def leave_message_with_sitter(
    cursor: Cursor, org_id: int, *, now: datetime, message_id: int
) -> None:
    """A message is the sitter's to answer from `now`."""
    cursor.run(_LEAVE_MESSAGE_WITH_SITTER, org_id=org_id, now=now, id=message_id)


def take_out_of_inbox(
    cursor: Cursor, org_id: int, *, now: datetime, by: str, reason: str | None, message_id: int
) -> bool:
    """A message does not wait for a person any more; False if it did not."""
    return bool(
        cursor.run(_TAKE_OUT_OF_INBOX, org_id=org_id, now=now, by=by, reason=reason, id=message_id)
    )


def assign_to(cursor: Cursor, org_id: int, *, actor: str, now: datetime, message_id: int) -> None:
    """The message is assigned to the actor."""
    cursor.run(_ASSIGN_TO, org_id=org_id, actor=actor, now=now, id=message_id)


def move_to_thread(
    cursor: Cursor, org_id: int, *, thread_id: int, client_id: int, phone: str
) -> list[int]:
    """Move the unrouted messages of a phone into a client's thread; their ids."""
    return [
        row[0]
        for row in cursor.tuples(
            _MOVE_TO_THREAD, org_id=org_id, thread_id=thread_id, client_id=client_id, phone=phone
        )
    ]


def give_calls(cursor: Cursor, org_id: int, *, client_id: int, phone: str) -> None:
    """Give the calls from a phone to the client. `caller` stays: the phone was unknown then."""
    cursor.run(_GIVE_CALLS, org_id=org_id, client_id=client_id, phone=phone)


def move_answers(
    cursor: Cursor, org_id: int, *, about_id: int, thread_id: int, client_id: int
) -> list[int]:
    """Move the answers to an unrouted message into its client's thread; their ids."""
    ids = [row[0] for row in cursor.tuples(_ANSWERS_TO, org_id=org_id, about_id=about_id)]
    place = {"org_id": org_id, "thread_id": thread_id}
    for id_ in ids:
        cursor.run(_MOVE_ANSWER, id=id_, client_id=client_id, **place)
        cursor.run(_MOVE_ATTEMPTS, id=id_, **place)
    if ids:
        cursor.run(_STICK_TO_LAST, thread_id=thread_id)
    return ids


def address_to_desk(cursor: Cursor, message_id: int) -> None:
    """A message is for the front desk."""
    cursor.run(_ADDRESS_TO_DESK, id=message_id)
