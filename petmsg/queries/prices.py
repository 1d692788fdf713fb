"""What messages cost: found by the ids that the provider gave them."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from petmsg.db.cursor import Cursor

# The ids are unique, so that the index gives each message at once.
BILLED = """
SELECT m.id AS message, m.provider_message_id AS provider_id, m.price_micros, m.price_currency,
       m.segments
FROM message m
WHERE m.org_id = :org_id AND m.provider_message_id IN (:ids)
"""

_SET = """
UPDATE message
SET price_micros = :price_micros, price_currency = :price_currency, segments = :segments
WHERE org_id = :org_id AND id = :message
"""


class BilledMessage(NamedTuple):
    """A message that a bill is about, with the price that is stored, if any."""

    message: int
    provider_id: str
    price_micros: int | None
    price_currency: str | None
    segments: int


def billed_messages(cursor: Cursor, org_id: int, ids: Sequence[str]) -> list[BilledMessage]:
    """The org's messages to which the provider gave those ids."""
    return cursor.all_in_list(BilledMessage, BILLED, "ids", ids, org_id=org_id)


def set_prices(cursor: Cursor, org_id: int, rows: Iterable[BilledMessage]) -> None:
    """Store the price and the segments of messages."""
    cursor.run_many(
        _SET,
        [
            {
                "org_id": org_id,
                "message": row.message,
                "price_micros": row.price_micros,
                "price_currency": row.price_currency,
                "segments": row.segments,
            }
            for row in rows
        ],
    )
