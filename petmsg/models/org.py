"""Orgs (companies), which own all other rows, and the counters of generated refs."""

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint, false, text
from sqlmodel import Field

from petmsg.enums.orgs import PoolFor, ProviderName
from petmsg.models.base import Table, vocabulary


class Org(Table, table=True):
    """An org (a company) with its settings. Commands name it by `slug`; `timezone` is an IANA name.

    Quiet hours are minutes of the recipient's local day; the end is exclusive and may be on the
    next day. While `frozen_at` is set and `frozen_until`, if set, is in the future, nothing is
    sent. With `relay`, messages for a sitter are forwarded to the sitter's own phone. Office hours
    are minutes of the org's local day. `closed_reply` is the automatic reply outside of office
    hours, `unknown_reply` the one to unknown senders; NULL means no reply. `lead_minutes` is how
    long before a visit its assignment window begins. `unanswered_minutes` is after how long an
    alert says that somebody waits; NULL means the usual times. Phones without a country code are
    read as those of `country` (ISO 3166-1 alpha-2); NULL means that of the timezone.
    `twilio_account` names the account in the credentials; NULL means the one without a name. An org
    with `removed_at` is only kept for its audit log: no command finds it.

    Calls for the company ring `desk_phone` (E.164) within office hours, each phone for
    `ring_seconds`; with `voicemail` a caller may leave a message after the `greeting` (NULL means
    the usual words). `missed_call_reply` is the message to a client whose call nobody took; NULL
    means none. One phone may call `calls_per_hour` times.
    """

    __tablename__ = "org"
    __table_args__ = (
        UniqueConstraint("slug"),
        CheckConstraint("grace_minutes BETWEEN 0 AND 10080", name="grace_minutes"),
        CheckConstraint("lead_minutes BETWEEN 0 AND 10080", name="lead_minutes"),
        CheckConstraint("unanswered_minutes BETWEEN 1 AND 10080", name="unanswered_minutes"),
        CheckConstraint("quarantine_days BETWEEN 1 AND 3650", name="quarantine_days"),
        CheckConstraint("pool_threads_per_number >= 1", name="pool_threads_per_number"),
        CheckConstraint("quiet_from_minute BETWEEN 0 AND 1439", name="quiet_from_minute"),
        CheckConstraint(
            "quiet_until_minute BETWEEN 0 AND 1439 AND quiet_until_minute <> quiet_from_minute",
            name="quiet_until_minute",
        ),
        CheckConstraint(
            "(quiet_from_minute IS NULL) = (quiet_until_minute IS NULL)", name="quiet_hours"
        ),
        CheckConstraint("open_from_minute BETWEEN 0 AND 1439", name="open_from_minute"),
        CheckConstraint(
            "open_until_minute BETWEEN 0 AND 1439 AND open_until_minute <> open_from_minute",
            name="open_until_minute",
        ),
        CheckConstraint(
            "(open_from_minute IS NULL) = (open_until_minute IS NULL)", name="office_hours"
        ),
        CheckConstraint("length(country) = 2 AND country = upper(country)", name="country"),
        CheckConstraint("twilio_account <> ''", name="twilio_account"),
        CheckConstraint("ring_seconds BETWEEN 5 AND 60", name="ring_seconds"),
        CheckConstraint("calls_per_hour BETWEEN 1 AND 1000", name="calls_per_hour"),
        CheckConstraint("(frozen_at IS NULL) = (freeze_reason IS NULL)", name="freeze_reason"),
        CheckConstraint("frozen_until IS NULL OR frozen_at IS NOT NULL", name="frozen_until"),
    )

    id: int | None = Field(default=None, primary_key=True)
    slug: str
    name: str
    timezone: str
    grace_minutes: int = 60
    quarantine_days: int = 90
    pool_for: PoolFor = Field(default=PoolFor.ALL, sa_type=vocabulary(PoolFor, "pool_for"))
    pool_threads_per_number: int | None = None
    provider: ProviderName = Field(
        default=ProviderName.SANDBOX, sa_type=vocabulary(ProviderName, "provider")
    )
    is_demo: bool = False
    created_at: datetime
    quiet_from_minute: int | None = None
    quiet_until_minute: int | None = None
    frozen_at: datetime | None = None
    frozen_until: datetime | None = None
    freeze_reason: str | None = None
    relay: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    open_from_minute: int | None = None
    open_until_minute: int | None = None
    closed_reply: str | None = None
    unknown_reply: str | None = None
    lead_minutes: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    unanswered_minutes: int | None = None
    removed_at: datetime | None = None
    country: str | None = Field(default=None, max_length=2)
    twilio_account: str | None = Field(default=None, max_length=64)
    desk_phone: str | None = None
    voicemail: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    greeting: str | None = None
    ring_seconds: int = Field(default=20, sa_column_kwargs={"server_default": text("20")})
    missed_call_reply: str | None = None
    calls_per_hour: int = Field(default=20, sa_column_kwargs={"server_default": text("20")})


class RefCounter(Table, table=True):
    """The next number of a generated ref (`C-1`, `S-1`, `B-1`), per org and noun."""

    __tablename__ = "ref_counter"

    org_id: int = Field(primary_key=True, foreign_key="org.id")
    noun: str = Field(primary_key=True)
    next_value: int
