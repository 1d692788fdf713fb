"""What must be erased with a client beside their own thread."""

from collections.abc import Sequence

from petmsg.db.cursor import Cursor

_REPEATING = """
WITH in_thread AS (
  SELECT m.id FROM thread t JOIN message m ON m.thread_id = t.id
  WHERE t.org_id = :org_id AND t.client_id = :client_id
),
written AS (
  SELECT r.about_id AS id FROM relay r JOIN in_thread h ON h.id = r.message_id
  WHERE r.kind = 'reply' AND r.about_id IS NOT NULL
  UNION SELECT message_id FROM relay_question WHERE org_id = :org_id AND client_id = :client_id
),
named AS (
  SELECT message_id AS id FROM relay_question
  WHERE org_id = :org_id AND (options LIKE :only OR options LIKE :first OR options LIKE :middle
    OR options LIKE :last)
)
SELECT id FROM written
UNION SELECT r.message_id FROM relay r WHERE r.org_id = :org_id AND r.kind <> 'reply'
  AND r.about_id IN (
    SELECT id FROM in_thread UNION SELECT id FROM written UNION SELECT id FROM named
  )
"""

_ERASE_UNMATCHED = "UPDATE stray_text SET from_phone = NULL, body = NULL WHERE from_phone = :phone"

_ERASE_SANDBOX_BODY = "UPDATE sandbox_text SET body = NULL WHERE provider_message_id = :id"


def repeating_messages(
    cursor: Cursor,
    org_id: int,
    *,
    client_id: int | None,
    only: str,
    first: str,
    middle: str,
    last: str,
) -> list[int]:
    """Messages outside the client's thread that repeat theirs, or name the client.

    A question names its options: the patterns find the client's id in a JSON list.
    """
    return [
        row[0]
        for row in cursor.tuples(
            _REPEATING,
            org_id=org_id,
            client_id=client_id,
            only=only,
            first=first,
            middle=middle,
            last=last,
        )
    ]


def erase_unmatched(cursor: Cursor, phones: Sequence[str]) -> None:
    """Erase phone and body of unmatched messages from these phones."""
    cursor.run_many(_ERASE_UNMATCHED, [{"phone": phone} for phone in phones])


def erase_sandbox_bodies(cursor: Cursor, provider_message_ids: Sequence[str]) -> None:
    """Erase the body that the sandbox stored of these messages."""
    cursor.run_many(_ERASE_SANDBOX_BODY, [{"id": sid} for sid in provider_message_ids])
