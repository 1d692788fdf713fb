"""Numbers that were bought or given back: what is open, and what stands in the way."""

from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor

OPEN = """
SELECT p.id, p.kind, p.e164, p.class AS number_class, p.provider_number_id, p.number_id, p.reason,
       p.monthly_micros, p.currency, p.provider, p.account
FROM number_purchase p
WHERE p.org_id = :org_id AND p.status = 'intended' AND p.created_at <= :before
ORDER BY p.id
"""

_END = """
UPDATE number_purchase
SET status = :status, ended_at = :now, code = :code, number_id = :number_id,
    provider_number_id = :provider_number_id
WHERE id = :id AND status = 'intended'
"""

SENT_SINCE = """
SELECT max(a.claimed_at) AS seen_at FROM message_attempt a
WHERE a.number_id = :number_id AND a.claimed_at > :since AND a.provider_message_id IS NOT NULL
"""

RECEIVED_SINCE = """
SELECT max(m.created_at) AS seen_at FROM message m
WHERE m.org_id = :org_id AND m.number_id = :number_id AND m.direction = 'inbound'
  AND m.created_at > :since
"""


# Who is rung sees a number that the decision names.
CALLED_SINCE = """
SELECT max(k.started_at) AS seen_at FROM call k
WHERE k.org_id = :org_id AND k.started_at > :since
  AND (k.number_id = :number_id OR k.decision LIKE :shown)
"""


class OpenPurchase(NamedTuple):
    """A purchase whose outcome is not known yet, and the provider and account of its request."""

    id: int
    kind: str
    e164: str
    number_class: str | None
    provider_number_id: str | None
    number_id: int | None
    reason: str | None
    monthly_micros: int | None
    currency: str | None
    provider: str
    account: str | None


def open_purchases(cursor: Cursor, org_id: int, *, before: datetime) -> list[OpenPurchase]:
    """The org's purchases whose outcome is not known yet, up to `before` (aware UTC), the oldest
    first."""
    return cursor.all(OpenPurchase, OPEN, org_id=org_id, before=before)


def taken_numbers(cursor: Cursor, numbers: list[str]) -> set[str]:
    """Those of the numbers that an org has, or that are being bought or given back."""
    found = cursor.in_list(
        "SELECT e164 FROM message_number WHERE e164 IN (:numbers)", "numbers", numbers
    ) + cursor.in_list(
        "SELECT e164 FROM number_purchase WHERE status = 'intended' AND e164 IN (:numbers)",
        "numbers",
        numbers,
    )
    return {row["e164"] for row in found}


def end_purchase(
    cursor: Cursor,
    id_: int,
    *,
    status: str,
    now: datetime,
    code: str | None = None,
    number_id: int | None = None,
    provider_number_id: str | None = None,
) -> bool:
    """The outcome is known at `now` (aware UTC); False if somebody else stored it already."""
    return bool(
        cursor.run(
            _END,
            id=id_,
            status=status,
            now=now,
            code=code,
            number_id=number_id,
            provider_number_id=provider_number_id,
        )
    )


def last_seen(
    cursor: Cursor, org_id: int, number_id: int, *, e164: str, since: datetime
) -> datetime | None:
    """When the number last sent or received something, was called or shown to somebody who was
    rung, after `since` (aware UTC)."""
    shown = f'%"{e164}"%'
    times = (
        cursor.instant(SENT_SINCE, number_id=number_id, since=since),
        cursor.instant(RECEIVED_SINCE, org_id=org_id, number_id=number_id, since=since),
        cursor.instant(CALLED_SINCE, org_id=org_id, number_id=number_id, shown=shown, since=since),
    )
    return max((at for at in times if at is not None), default=None)
