"""Asking the provider for texts that came in: from when on, and up to when that was done."""

from datetime import datetime, timedelta

from petmsg.db.cursor import Cursor
from petmsg.enums import ProviderName
from petmsg.queries.poll_cursor import move_poll_cursor, polled_until
from petmsg.services.unit_of_work import UnitOfWork

FIRST_LOOK_BACK = timedelta(hours=24)
OVERLAP = timedelta(hours=1)
"""What was asked for is asked for again: a provider may list a text late, and no clock is exact.
Each text is stored once all the same."""


def pull_since(cursor: Cursor, provider: ProviderName, *, now: datetime) -> datetime:
    """From when on (aware UTC) the provider is to be asked for new texts."""
    until = polled_until(cursor, provider.value)
    if until is None:
        return now - FIRST_LOOK_BACK
    return min(until, now) - OVERLAP


def mark_pulled(uow: UnitOfWork, provider: ProviderName, *, until: datetime) -> None:
    """Every text that came in before `until` (aware UTC) is stored. A mark never goes back."""
    move_poll_cursor(uow.cursor, provider=provider.value, until=until)
