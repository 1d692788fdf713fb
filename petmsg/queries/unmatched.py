"""Messages that were received on a number of no org."""

from datetime import datetime

from petmsg.db.cursor import Cursor

_MARK_ADOPTED = """
UPDATE stray_text
SET adopted_id = :message_id, adopted_at = :now
WHERE provider_message_id = :id AND adopted_id IS NULL
"""

_INSERT = """
INSERT INTO stray_text (provider, provider_message_id, from_phone, to_e164, body, media_count,
  received_at, opt_out_type, is_call)
VALUES (:provider, :provider_message_id, :from_phone, :to_e164, :body, :media_count, :received_at,
  :opt_out_type, :is_call)
ON CONFLICT (provider_message_id) DO NOTHING
"""

_UNMATCHED_ID = "SELECT id FROM stray_text WHERE provider_message_id = :id"


def mark_adopted(
    cursor: Cursor, *, message_id: int, now: datetime, provider_message_id: str
) -> None:
    """An unmatched message is stored as a message of an org now."""
    cursor.run(_MARK_ADOPTED, message_id=message_id, now=now, id=provider_message_id)


def insert_unmatched(
    cursor: Cursor,
    *,
    provider: str | None,
    provider_message_id: str,
    from_phone: str | None,
    to_e164: str,
    body: str,
    media_count: int,
    received_at: datetime,
    opt_out_type: str | None,
    is_call: bool = False,
) -> bool:
    """Store it; False if that provider id is stored already."""
    return bool(
        cursor.run(
            _INSERT,
            provider=provider,
            provider_message_id=provider_message_id,
            from_phone=from_phone,
            to_e164=to_e164,
            body=body,
            media_count=media_count,
            received_at=received_at,
            opt_out_type=opt_out_type,
            is_call=is_call,
        )
    )


def unmatched_id(cursor: Cursor, provider_message_id: str) -> int:
    """The id of the unmatched message with the provider's id."""
    found: int = cursor.value(_UNMATCHED_ID, id=provider_message_id)
    return found
