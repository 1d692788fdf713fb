"""Numbers that are held back because the provider refuses the account, and repeated error codes."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

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

HELD_NUMBER = """
SELECT id, e164, refused_at, refused_code FROM message_number WHERE id = :number_id
"""

HELD = """
SELECT refused_code, e164 FROM message_number
WHERE org_id = :org_id AND refused_code IS NOT NULL ORDER BY id
"""

EXTEND = """
UPDATE message_number
SET refused_until = CASE WHEN refused_until > :until THEN refused_until ELSE :until END
WHERE org_id = :org_id AND refused_code = :code
"""

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

ACCOUNT_REFUSED_AT = """
SELECT last_at FROM alert
WHERE org_id = :org_id AND kind = 'provider_account' AND entity = 'org' AND ref = :slug
  AND done_at IS NULL
"""

# Asked only while the alert is open. The attempts of a number are indexed by their time.
ACCEPTED_SINCE = """
SELECT 1 FROM message_number n CROSS JOIN message_attempt a
WHERE n.org_id = :org_id AND a.number_id = n.id AND a.claimed_at > :since
  AND a.status IN ('sent', 'delivered') LIMIT 1
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

# After what got through last: with a delivery receipt, or where accepting is enough, the answer.
STREAK = """
SELECT count(DISTINCT CASE WHEN a.code = :code AND a.status IN ('failed', 'undelivered')
                           THEN m.to_e164 END) AS phones,
       coalesce(sum(CASE WHEN a.status = 'sent' THEN 1 ELSE 0 END), 0) AS open_messages
FROM message_attempt a JOIN message m ON m.id = a.message_id
WHERE a.number_id IN (:numbers) AND a.claimed_at > :since AND a.claimed_at <= :until
  AND a.claimed_at > coalesce((
    SELECT max(g.claimed_at) FROM message_attempt g
    WHERE g.number_id IN (:numbers) AND g.claimed_at > :since
      AND g.status IN ('delivered', CASE WHEN :accepted THEN 'sent' ELSE 'delivered' END)
  ), :since)
"""
STREAK_WITHOUT_CODE = STREAK.replace("a.code = :code", "a.code IS NULL")

LAST_FAILED = """
SELECT max(a.claimed_at) FROM message_attempt a JOIN message_number n ON n.id = a.number_id
WHERE n.org_id = :org_id AND n.refused_code = :held AND a.claimed_at > :since
  AND a.code = :code AND a.status IN ('failed', 'undelivered')
"""
LAST_FAILED_WITHOUT_CODE = LAST_FAILED.replace("a.code = :code", "a.code IS NULL")

DELIVERED_SINCE = """
SELECT 1 FROM message_attempt
WHERE number_id IN (:numbers) AND claimed_at > :since AND status = 'delivered' LIMIT 1
"""

PHONES_MARKED = """
SELECT c.ref, p.e164 FROM client_phone p JOIN client c ON c.id = p.client_id
WHERE p.org_id = :org_id AND p.not_textable_code = :code AND p.not_textable_at > :since
ORDER BY p.id
"""

TAKEN_OUT = """
SELECT count(DISTINCT c.number_id) FROM number_custody c
JOIN message_number n ON n.id = c.number_id
WHERE n.org_id = :org_id AND c.reason = :reason AND c.from_at > :since
"""


class HeldNumber(NamedTuple):
    """A number, and since when (aware UTC) and for which code it is held back."""

    id: int
    e164: str
    refused_at: datetime | None
    refused_code: str | None


class Streak(NamedTuple):
    """Since the last message that got through: to how many phones messages failed with a code, and
    how many others were sent and are not reported yet."""

    phones: int
    open_messages: int


def numbers_of(cursor: Cursor, org: OrgRow) -> list[tuple[int, str]]:
    """Id and E.164 of the org's numbers that are not retired."""
    return [(row[0], row[1]) for row in cursor.tuples(NUMBERS, org_id=org.id)]


def refuse(
    cursor: Cursor, numbers: Sequence[int], *, code: str, now: datetime, until: datetime
) -> None:
    """Hold these numbers back until then (aware UTC). A later end stays."""
    cursor.run_in_list(REFUSE, "numbers", numbers, code=code, now=now, until=until)


def is_accepted_again(cursor: Cursor, org: OrgRow) -> bool:
    """Whether the alert about the org's account is open although no number is held back and the
    provider accepted a message since."""
    since = cursor.instant(ACCOUNT_REFUSED_AT, org_id=org.id, slug=org.slug)
    if since is None or cursor.value(ANY_REFUSED, org_id=org.id) is not None:
        return False
    return cursor.value(ACCEPTED_SINCE, org_id=org.id, since=since) is not None


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


def held_number(cursor: Cursor, number_id: int) -> HeldNumber:
    """The number, and whether it is held back."""
    return cursor.all(HeldNumber, HELD_NUMBER, number_id=number_id)[0]


def held_by_code(cursor: Cursor, org: OrgRow) -> dict[str, list[str]]:
    """The org's numbers (E.164) that are held back, by code."""
    held: dict[str, list[str]] = {}
    for code, e164 in cursor.tuples(HELD, org_id=org.id):
        held.setdefault(code, []).append(e164)
    return held


def extend(cursor: Cursor, org: OrgRow, *, code: str, until: datetime) -> None:
    """Hold the numbers that are held back for the code until then (aware UTC). A later end
    stays."""
    cursor.run(EXTEND, org_id=org.id, code=code, until=until)


def streak(
    cursor: Cursor,
    numbers: Sequence[int],
    *,
    code: str | None,
    since: datetime,
    until: datetime,
    accepted_is_enough: bool,
) -> Streak:
    """The messages from these numbers that were claimed after `since` and by `until` (aware UTC),
    after the last one that got through. `accepted_is_enough`: the provider accepted it. At most
    1,000 of the numbers are looked at."""
    numbers = numbers[:1000]
    span = {"since": since, "until": until, "accepted": accepted_is_enough}
    if code is None:
        return cursor.all_in_list(Streak, STREAK_WITHOUT_CODE, "numbers", numbers, **span)[0]
    return cursor.all_in_list(Streak, STREAK, "numbers", numbers, code=code, **span)[0]


def last_failed(
    cursor: Cursor, org: OrgRow, *, held: str, code: str | None, since: datetime
) -> datetime | None:
    """When (aware UTC) the last message was claimed that failed with the code, after `since`, from
    a number that is held back for `held`."""
    span = {"org_id": org.id, "held": held, "since": since}
    if code is None:
        return cursor.instant(LAST_FAILED_WITHOUT_CODE, **span)
    return cursor.instant(LAST_FAILED, code=code, **span)


def any_delivered(cursor: Cursor, numbers: Sequence[int], *, since: datetime) -> bool:
    """Whether a message from these numbers, claimed after `since` (aware UTC), was delivered."""
    return bool(numbers) and bool(cursor.in_list(DELIVERED_SINCE, "numbers", numbers, since=since))


def phones_marked(
    cursor: Cursor, org: OrgRow, *, code: str, since: datetime
) -> list[tuple[str, str]]:
    """The clients' refs and their phones that were marked as unable to receive SMS for the code
    after `since` (aware UTC)."""
    found = cursor.tuples(PHONES_MARKED, org_id=org.id, code=code, since=since)
    return [(row[0], row[1]) for row in found]
