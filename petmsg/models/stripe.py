"""Payment events of Stripe."""

from datetime import datetime

from sqlmodel import Field

from petmsg.enums.payments import StripeOutcome
from petmsg.models.base import Table, vocabulary


class StripeEvent(Table, table=True):
    """An event of Stripe, stored once. It contains no data about the person who paid.

    `payment_id` is Stripe's id of the payment (`pi_…`), to which refunds and disputes refer.
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
