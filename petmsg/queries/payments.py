"""The payments that Stripe reported."""

from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor

_ORG_PAID = """
SELECT o.slug FROM stripe_event e JOIN org o ON o.id = e.org_id
WHERE e.payment_id = :payment_id AND e.outcome <> 'ignored' LIMIT 1
"""

_INSERT_EVENT = """
INSERT INTO stripe_event (event_id, org_id, kind, booking, outcome, code, received_at, payment_id)
VALUES (:event_id, :org_id, :kind, :booking, :outcome, :code, :now, :payment_id)
ON CONFLICT (event_id) DO NOTHING
"""

_PAID_BY = """
SELECT DISTINCT booking FROM stripe_event
WHERE org_id = :org_id AND payment_id = :payment_id AND outcome <> 'ignored' ORDER BY booking
"""

_SET_OUTCOME = """
UPDATE stripe_event
SET outcome = :outcome, code = :code
WHERE event_id = :event_id
"""

_STORED_EVENT = "SELECT org_id, booking, outcome FROM stripe_event WHERE event_id = :event_id"


class StoredEvent(NamedTuple):
    """An event of Stripe's, and what became of it. `booking` is a ref."""

    org_id: int
    booking: str | None
    outcome: str


def org_that_was_paid(cursor: Cursor, payment_id: str) -> str | None:
    """The slug of the org for whose booking a payment was made, by Stripe's id of it."""
    found = cursor.value(_ORG_PAID, payment_id=payment_id)
    return None if found is None else str(found)


def insert_event(
    cursor: Cursor,
    org_id: int,
    *,
    event_id: str,
    kind: str,
    booking: str | None,
    outcome: str,
    code: str | None,
    now: datetime,
    payment_id: str | None,
) -> bool:
    """Store one event of Stripe's; whether it is new. Somebody else's insert is waited for."""
    return bool(
        cursor.run(
            _INSERT_EVENT,
            org_id=org_id,
            event_id=event_id,
            kind=kind,
            booking=booking,
            outcome=outcome,
            code=code,
            now=now,
            payment_id=payment_id,
        )
    )


def bookings_paid_by(cursor: Cursor, org_id: int, payment_id: str) -> list[str]:
    """The refs of the bookings that a payment paid, by Stripe's id of it."""
    return [row[0] for row in cursor.tuples(_PAID_BY, org_id=org_id, payment_id=payment_id)]


def set_outcome(cursor: Cursor, *, outcome: str, code: str | None, event_id: str) -> None:
    """What became of an event of Stripe's."""
    cursor.run(_SET_OUTCOME, outcome=outcome, code=code, event_id=event_id)


def locked_event(cursor: Cursor, event_id: str) -> StoredEvent:
    """An event of Stripe's that is stored, locked until the commit."""
    lock = cursor.row_lock("FOR UPDATE")
    return cursor.all(StoredEvent, _STORED_EVENT + lock, event_id=event_id)[0]
