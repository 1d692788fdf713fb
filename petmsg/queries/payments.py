"""What is known of payments that Stripe told of."""

from petmsg.db.cursor import Cursor

_ORG_PAID = """
SELECT o.slug FROM stripe_event e JOIN org o ON o.id = e.org_id
WHERE e.payment_id = :payment_id AND e.outcome <> 'ignored' LIMIT 1
"""


def org_that_was_paid(cursor: Cursor, payment_id: str) -> str | None:
    """The slug of the org for whose booking a payment was made, by Stripe's id of it."""
    found = cursor.value(_ORG_PAID, payment_id=payment_id)
    return None if found is None else str(found)
