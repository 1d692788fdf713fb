"""Purchases: the numbers that were bought from the provider, or given back to it."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlmodel import Field

from petmsg.enums.numbers import NumberClass
from petmsg.enums.orgs import ProviderName
from petmsg.enums.purchases import PurchaseKind, PurchaseStatus
from petmsg.models.base import Table, in_org, vocabulary

_OPEN = text("status = 'intended'")


class NumberPurchase(Table, table=True):
    """A number that is bought from the provider, or given back.

    The row is stored as `intended` before the provider is asked, so that a lost answer is looked up
    before a second try: one open row per number. `number_id` is the number that came of it or that
    was given back. `monthly_micros` is its price a month, in millionths of `currency` (ISO 4217).
    `account` is the name of the org's account then. `code` is the provider's, if it refused.
    """

    __tablename__ = "number_purchase"
    __table_args__ = (
        in_org("message_number", "number_id"),
        CheckConstraint("(status = 'intended') = (ended_at IS NULL)", name="ended"),
        CheckConstraint("(monthly_micros IS NULL) = (currency IS NULL)", name="currency"),
        Index(
            "uq_number_purchase_open",
            "e164",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index(None, "org_id", "created_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    org_id: int = Field(foreign_key="org.id")
    kind: PurchaseKind = Field(sa_type=vocabulary(PurchaseKind, "kind"))
    status: PurchaseStatus = Field(
        default=PurchaseStatus.INTENDED, sa_type=vocabulary(PurchaseStatus, "status")
    )
    provider: ProviderName = Field(sa_type=vocabulary(ProviderName, "provider"))
    account: str | None = Field(default=None, max_length=64)
    e164: str
    number_class: NumberClass | None = Field(
        default=None,
        sa_type=vocabulary(NumberClass, "class"),
        sa_column_kwargs={"name": "class"},
    )
    provider_number_id: str | None = None
    number_id: int | None = None
    monthly_micros: int | None = Field(default=None, sa_type=BigInteger)
    currency: str | None = Field(default=None, max_length=3)
    code: str | None = None
    reason: str | None = None
    actor: str
    created_at: datetime
    ended_at: datetime | None = None
