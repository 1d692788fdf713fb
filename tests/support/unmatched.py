"""A row of an unmatched message, which needs no company."""

from typing import Any

from tests.support.fixtures import NOW

ADD_UNMATCHED = (
    "INSERT INTO stray_text (provider_message_id, from_phone, to_e164, media_count, received_at)"
    " VALUES (:sid, '+12025550101', '+14155550101', 0, :now)"
)


def add_unmatched(cursor: Any, sid: str) -> None:
    """Store a message to a number of nobody's, with that ID of the provider."""
    cursor.run(ADD_UNMATCHED, sid=sid, now=NOW)
