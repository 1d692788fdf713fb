"""The attempt that a delivery report is about, and when a message was asked for."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor

_FIND_ATTEMPT = """
SELECT a.message_id, a.attempt, n.e164 AS number, n.refused_code, n.refused_at, a.claimed_at
FROM message_attempt a JOIN message_number n ON n.id = a.number_id
WHERE a.org_id = :org_id AND a.provider_message_id = :id
"""

_MARK_ASKED_FOR = "UPDATE message SET synced_at = :now WHERE org_id = :org_id AND id = :id"


class ReportedAttempt(NamedTuple):
    """An attempt, with what holds its number back."""

    message_id: int
    attempt: int
    number: str
    refused_code: str | None
    refused_at: datetime | None
    claimed_at: datetime


def find_attempt(cursor: Cursor, org_id: int, provider_message_id: str) -> ReportedAttempt | None:
    """The org's attempt that the provider gave that id."""
    return cursor.first(ReportedAttempt, _FIND_ATTEMPT, org_id=org_id, id=provider_message_id)


def mark_asked_for(cursor: Cursor, org_id: int, ids: Sequence[int], *, now: datetime) -> None:
    """The provider was asked for these messages at `now` (aware UTC)."""
    cursor.run_many(_MARK_ASKED_FOR, [{"now": now, "org_id": org_id, "id": id_} for id_ in ids])
