"""Store what the provider charged for messages, and how many segments it counted."""

from collections.abc import Sequence
from dataclasses import dataclass

from petmsg.providers.base import Bill
from petmsg.queries.prices import BilledMessage, billed_messages, set_prices
from petmsg.services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Priced:
    """What bills said of an org's messages: how many they are about, how many got their price now,
    and how many have none yet."""

    messages: int
    priced: int
    unpriced: int


def record_bills(uow: UnitOfWork, bills: Sequence[Bill]) -> Priced:
    """Store the prices and segments of the org's messages among those of the bills.

    Safe to repeat: what is stored already is not written again. A bill without a price leaves the
    one that is stored.
    """
    by_id = {bill.provider_message_id: bill for bill in bills}
    found = billed_messages(uow.cursor, uow.org.id, [*by_id])
    after = [_with(row, by_id[row.provider_id]) for row in found]
    changed = [new for old, new in zip(found, after, strict=True) if new != old]
    set_prices(uow.cursor, uow.org.id, sorted(changed))
    return Priced(
        messages=len(found),
        priced=sum(
            old.price_micros is None and new.price_micros is not None
            for old, new in zip(found, after, strict=True)
        ),
        unpriced=sum(new.price_micros is None for new in after),
    )


def _with(row: BilledMessage, bill: Bill) -> BilledMessage:
    if bill.price is not None:
        row = row._replace(price_micros=bill.price.micros, price_currency=bill.price.currency)
    return row if bill.segments is None else row._replace(segments=bill.segments)
