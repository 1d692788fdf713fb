"""Orgs: which one a command means, and their settings."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums.orgs import PoolFor, ProviderName
from petmsg.errors import NoOrg, OrgNotChosen

_ORGS = """
SELECT id, slug, name, timezone, grace_minutes, quarantine_days, pool_for,
       pool_threads_per_number, provider, is_demo, created_at, quiet_from_minute,
       quiet_until_minute, frozen_at, frozen_until, freeze_reason, relay, open_from_minute,
       open_until_minute, unanswered_minutes, closed_reply, unknown_reply, lead_minutes, country,
       twilio_account, desk_phone, voicemail, greeting, ring_seconds, missed_call_reply,
       calls_per_hour
FROM org WHERE removed_at IS NULL
"""

LONGEST_GRACE = timedelta(minutes=10_080)
"""The most that the lead time and the grace period of a visit may be: a week."""

_TWO_ORG_IDS = "SELECT id FROM org WHERE removed_at IS NULL LIMIT 2"

_HAS_ORG = "SELECT 1 FROM org WHERE removed_at IS NULL LIMIT 1"

_COUNTRY = "SELECT country, timezone FROM org WHERE id = :org_id"

_REMOVED_AT = "SELECT removed_at FROM org WHERE slug = :slug"


class Account(NamedTuple):
    """An account at a provider: orgs of the same one share its credentials and its connections.

    `name` is that of its credentials; None is the account without a name.
    """

    provider: ProviderName
    name: str | None = None

    def __str__(self) -> str:
        return self.provider.value if self.name is None else f"{self.provider.value} {self.name}"


class OrgRow(NamedTuple):
    """An org with its settings, as every command needs it. Instants are aware UTC.

    Quiet hours are minutes of the recipient's local day, office hours of the org's; they may pass
    midnight. `desk_phone` (E.164) is rung for the front desk; it may be a person's own.
    """

    id: int
    slug: str
    name: str
    timezone: str
    grace_minutes: int
    quarantine_days: int
    pool_for: PoolFor
    pool_threads_per_number: int | None
    provider: ProviderName
    is_demo: bool
    created_at: datetime
    quiet_from_minute: int | None = None
    quiet_until_minute: int | None = None
    frozen_at: datetime | None = None
    frozen_until: datetime | None = None
    freeze_reason: str | None = None
    relay: bool = False
    open_from_minute: int | None = None
    open_until_minute: int | None = None
    unanswered_minutes: int | None = None
    closed_reply: str | None = None
    unknown_reply: str | None = None
    lead_minutes: int = 0
    country: str | None = None
    twilio_account: str | None = None
    desk_phone: str | None = None
    voicemail: bool = False
    greeting: str | None = None
    ring_seconds: int = 20
    missed_call_reply: str | None = None
    calls_per_hour: int = 20

    @property
    def account(self) -> Account:
        """The account that sends the org's messages."""
        has_names = self.provider is ProviderName.TWILIO
        return Account(self.provider, self.twilio_account if has_names else None)

    @property
    def phone_country(self) -> str | None:
        """The country (ISO 3166) in which phones without a plus are read: the org's, or else that
        of its timezone. None for a timezone of no country."""
        return _phone_country(self.country, self.timezone)


def all_orgs(cursor: Cursor) -> list[OrgRow]:
    """Every org that was not removed, by slug."""
    return [_row(row) for row in cursor.rows(_ORGS + " ORDER BY slug")]


def find_org(cursor: Cursor, slug: str | None) -> OrgRow:
    """The org of that slug; without one, the only org of the database.

    Raises `NotFound`, `NoOrg` or `OrgNotChosen`.
    """
    if slug is not None:
        row = cursor.one(_ORGS + " AND slug = :slug", slug=slug)
        if row is None:
            from petmsg.queries.suggestions import no_org

            raise no_org(cursor, slug)
        return _row(row)
    found = cursor.rows(_ORGS + " ORDER BY slug LIMIT 11")
    if not found:
        raise NoOrg
    if len(found) > 1:
        raise OrgNotChosen([row["slug"] for row in found])
    return _row(found[0])


def country_of(cursor: Cursor, org_id: int) -> str | None:
    """The `phone_country` of the org with this id, for a query that knows no more of it."""
    (row,) = cursor.tuples(_COUNTRY, org_id=org_id)
    return _phone_country(row[0], row[1])


def shared_country(orgs: Sequence[OrgRow]) -> str | None:
    """The `phone_country` of all these orgs, where nobody said which of them is meant; None if they
    differ."""
    countries = {org.phone_country for org in orgs}
    return countries.pop() if len(countries) == 1 else None


def _phone_country(country: str | None, timezone: str) -> str | None:
    from petmsg.country import country_of_zone

    return country or country_of_zone(timezone)


def settings_at(org: OrgRow, at: datetime) -> dict[str, Any]:
    """The org's settings as output shows them at `at` (aware UTC): a freeze whose end has come is
    none any more."""
    from petmsg.rules.send_blocks import freeze_stands, quiet_hours

    frozen = freeze_stands(org.frozen_at, org.frozen_until, at)
    quiet = quiet_hours(org.quiet_from_minute, org.quiet_until_minute)
    office = quiet_hours(org.open_from_minute, org.open_until_minute)
    return {
        **org._asdict(),
        "org": org.slug,
        "quiet_hours": None if quiet is None else str(quiet),
        "office_hours": None if office is None else str(office),
        "frozen": frozen,
        "frozen_until": org.frozen_until if frozen else None,
        "freeze_reason": org.freeze_reason if frozen else None,
        "phone_country": org.phone_country,
    }


def _row(row: dict[str, Any]) -> OrgRow:
    return OrgRow(
        **{
            **row,
            "pool_for": PoolFor(row["pool_for"]),
            "provider": ProviderName(row["provider"]),
            "is_demo": bool(row["is_demo"]),
            "relay": bool(row["relay"]),
            "voicemail": bool(row["voicemail"]),
        }
    )


def orgs_in_earnest(cursor: Cursor) -> list[str]:
    """The slugs of the orgs that `petmsg demo` did not make, at any schema."""
    return [row[0] for row in cursor.tuples("SELECT slug FROM org WHERE NOT is_demo ORDER BY id")]


def removed_at(cursor: Cursor, slug: str) -> datetime | None:
    """When (aware UTC) the org of that slug was removed; None if it was not."""
    return cursor.instant(_REMOVED_AT, slug=slug)


def two_org_ids(cursor: Cursor) -> list[int]:
    """The ids of two orgs, or of fewer if there are no two."""
    return [row[0] for row in cursor.tuples(_TWO_ORG_IDS)]


def has_org(cursor: Cursor) -> bool:
    """Whether there is an org."""
    return cursor.value(_HAS_ORG) is not None
