"""Which strangers and clients petmsg answered automatically, and when."""

from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor

# A message of no thread that no sitter is part of is an answer to a stranger.
_LAST_ANSWERS = """
SELECT m.created_at FROM relay r JOIN message m ON m.id = r.message_id
WHERE r.org_id = :org_id AND r.sitter_id IS NULL AND r.kind = 'auto_reply' AND m.client_id IS NULL
ORDER BY r.message_id DESC LIMIT :most
"""

_OWN_NUMBERS = "SELECT e164 FROM message_number WHERE org_id = :org_id AND status <> 'retired'"

_CLIENT_BETWEEN = """
SELECT e164 FROM client_phone
WHERE org_id = :org_id AND e164 >= :first AND e164 < :last LIMIT 1
"""

# One statement, so that two messages that come in at once are answered once.
_CLAIM_ANSWER = """
INSERT INTO auto_reply (org_id, phone_key, replied_at) VALUES (:org_id, :phone_key, :now)
ON CONFLICT (org_id, phone_key) DO UPDATE SET replied_at = excluded.replied_at
WHERE auto_reply.replied_at <= :before
"""

_IS_MASKED_NUMBER = "SELECT 1 FROM message_number WHERE e164 = :phone"


class Answer(NamedTuple):
    created_at: datetime


def last_answers(cursor: Cursor, org_id: int, most: int) -> list[Answer]:
    """The newest automatic answers to strangers, `most` at the most."""
    return cursor.all(Answer, _LAST_ANSWERS, org_id=org_id, most=most)


def own_numbers(cursor: Cursor, org_id: int) -> list[str]:
    """The org's numbers that are not retired."""
    return [row[0] for row in cursor.tuples(_OWN_NUMBERS, org_id=org_id)]


def has_client_between(cursor: Cursor, org_id: int, *, first: str, last: str) -> bool:
    """Whether a client has a phone from `first` to before `last`."""
    return cursor.value(_CLIENT_BETWEEN, org_id=org_id, first=first, last=last) is not None


def claim_answer(
    cursor: Cursor, org_id: int, *, phone_key: str, now: datetime, before: datetime
) -> bool:
    """Note that a phone is answered now; False if it was answered after `before`."""
    return bool(
        cursor.run(_CLAIM_ANSWER, org_id=org_id, phone_key=phone_key, now=now, before=before)
    )


def is_masked_number(cursor: Cursor, phone: str) -> bool:
    """Whether it is a number of any org."""
    return cursor.value(_IS_MASKED_NUMBER, phone=phone) is not None
