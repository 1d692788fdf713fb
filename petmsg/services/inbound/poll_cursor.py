"""Asking the provider for texts that came in: from when on, and up to when that was done."""

from datetime import datetime, timedelta

from petmsg.db.cursor import Cursor
from petmsg.enums import ProviderName
from petmsg.services.unit_of_work import UnitOfWork

FIRST_LOOK_BACK = timedelta(hours=24)
OVERLAP = timedelta(hours=1)
"""What was asked for is asked for again: a provider may list a text late, and no clock is exact.
Each text is stored once all the same."""


def pull_since(cursor: Cursor, provider: ProviderName, *, now: datetime) -> datetime:
    """From when on (aware UTC) the provider is to be asked for new texts."""
    row = cursor.one(
        "SELECT pulled_until FROM pull_mark WHERE provider = :provider", provider=provider.value
    )
    if row is None:
        return now - FIRST_LOOK_BACK
    pulled_until: datetime = row["pulled_until"]
    return min(pulled_until, now) - OVERLAP


def mark_pulled(uow: UnitOfWork, provider: ProviderName, *, until: datetime) -> None:
    """Every text that came in before `until` (aware UTC) is stored. A mark never goes back."""
    uow.cursor.run(
        "INSERT INTO pull_mark (provider, pulled_until) VALUES (:provider, :until)"
        " ON CONFLICT (provider) DO UPDATE SET pulled_until = excluded.pulled_until"
        " WHERE pull_mark.pulled_until < excluded.pulled_until",
        provider=provider.value,
        until=until,
    )
