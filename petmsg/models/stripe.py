"""Payments that Stripe told of."""

from datetime import datetime

from sqlmodel import Field

from petmsg.enums import StripeOutcome
from petmsg.models.base import Table, vocabulary


class StripeEvent(Table, table=True):
    """An event of Stripe's that was taken in, once. It holds nothing of the person who paid.

    `payment_id` is Stripe's id of the payment (`pi_…`), by which a refund or a dispute names it.
    """

    __tablename__ = "stripe_event"

    event_id: str = Field(primary_key=True)
    org_id: int = Field(foreign_key="org.id")
    kind: str
    booking: str | None = None
    outcome: StripeOutcome = Field(sa_type=vocabulary(StripeOutcome, "outcome"))
    code: str | None = None
    received_at: datetime
    payment_id: str | None = None
