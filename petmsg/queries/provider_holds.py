"""Numbers that are held back because the provider refuses the account, and repeated error codes."""

from collections.abc import Sequence
from datetime import datetime

from petmsg.db.cursor import Cursor
from petmsg.queries.org import OrgRow

NUMBERS = "SELECT id, e164 FROM message_number WHERE org_id = :org_id AND status <> 'retired'"

REFUSE = """
UPDATE message_number SET refused_at = coalesce(refused_at, :now), refused_code = :code,
  refused_until = CASE WHEN refused_until > :until THEN refused_until ELSE :until END
WHERE id IN (:numbers)
"""

TRY_NEXT = """
UPDATE message_number SET refused_until = :until
WHERE org_id = :org_id AND refused_code = :code AND refused_until <= :now
"""

SINCE = "SELECT refused_at AS at FROM message_number WHERE id = :number_id"

LIFT = """
UPDATE message_number SET refused_at = NULL, refused_until = NULL, refused_code = NULL
WHERE org_id = :org_id AND refused_code = :code
"""

LIFT_ALL = """
UPDATE message_number SET refused_at = NULL, refused_until = NULL, refused_code = NULL
WHERE org_id = :org_id AND refused_code IS NOT NULL
"""

ANY_REFUSED = """
SELECT 1 FROM message_number WHERE org_id = :org_id AND refused_code IS NOT NULL LIMIT 1
"""

LAST_TRY = """
SELECT a.status FROM message_attempt a JOIN message_number n ON n.id = a.number_id
WHERE n.org_id = :org_id AND n.refused_code = :code AND a.claimed_at > n.refused_at
ORDER BY a.claimed_at DESC, a.id DESC LIMIT 1
"""

# By number, because that is what the attempts are indexed by.
SAME_CODE = """
SELECT count(*) FROM (
  SELECT DISTINCT a.message_id FROM message_attempt a JOIN message_number n ON n.id = a.number_id
  WHERE n.org_id = :org_id AND a.claimed_at > :since AND a.claimed_at < :until
    AND a.code = :code AND a.status IN ('failed', 'undelivered', 'put_back')
  LIMIT :limit
) same
"""
WITHOUT_CODE = SAME_CODE.replace("a.code = :code", "a.code IS NULL").replace(", 'put_back'", "")

TAKEN_OUT = """
SELECT count(DISTINCT c.number_id) FROM number_custody c
JOIN message_number n ON n.id = c.number_id
WHERE n.org_id = :org_id AND c.reason = :reason AND c.from_at > :since
"""


def numbers_of(cursor: Cursor, org: OrgRow) -> list[tuple[int, str]]:
    """Id and E.164 of the org's numbers that are not retired."""
    return [(row[0], row[1]) for row in cursor.tuples(NUMBERS, org_id=org.id)]


def refuse(
    cursor: Cursor, numbers: Sequence[int], *, code: str, now: datetime, until: datetime
) -> None:
    """Hold these numbers back until then (aware UTC). A later end stays."""
    cursor.run_in_list(REFUSE, "numbers", numbers, code=code, now=now, until=until)


def refused_since(cursor: Cursor, number_id: int) -> datetime | None:
    """Since when (aware UTC) a number is held back."""
    return cursor.instant(SINCE, number_id=number_id)


def same_code(
    cursor: Cursor, org: OrgRow, *, code: str | None, since: datetime, until: datetime, limit: int
) -> int:
    """How many messages claimed between the two (aware UTC) did not arrive for that code; `limit`
    at most."""
    span = {"org_id": org.id, "since": since, "until": until, "limit": limit}
    if code is None:
        return int(cursor.value(WITHOUT_CODE, **span))
    return int(cursor.value(SAME_CODE, code=code, **span))
