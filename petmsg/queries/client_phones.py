"""Phones of clients, and the messages that wait for them."""

from petmsg.db.cursor import Cursor

_WAITING_COUNT = """
SELECT count(*) FROM message
WHERE status = 'queued'
  AND thread_id = (SELECT id FROM thread WHERE org_id = :org_id AND client_id = :client_id)
"""

_READDRESS_WAITING = """
UPDATE message
SET to_e164 = :primary
WHERE thread_id = (SELECT id FROM thread WHERE org_id = :org_id AND client_id = :client_id)
  AND direction = 'outbound' AND status IN ('queued', 'held') AND to_e164 <> :primary
"""


def waiting_count(cursor: Cursor, org_id: int, client_id: int | None) -> int:
    """How many messages to the client are queued."""
    return int(cursor.value(_WAITING_COUNT, org_id=org_id, client_id=client_id))


def readdress_waiting(cursor: Cursor, org_id: int, *, primary: str, client_id: int | None) -> int:
    """Messages to the client that wait go to this phone; how many went elsewhere before."""
    return cursor.run(_READDRESS_WAITING, org_id=org_id, primary=primary, client_id=client_id)
