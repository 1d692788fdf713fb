"""The poll cursor: from when on an account is asked for inbound messages."""

from datetime import datetime, timedelta

from petmsg.db.cursor import Cursor
from petmsg.queries.org import Account
from petmsg.queries.poll_cursor import move_poll_cursor, polled_until
from petmsg.services.unit_of_work import UnitOfWork

FIRST_LOOK_BACK = timedelta(hours=24)
OVERLAP = timedelta(hours=1)
"""The overlap with the previous poll, because a provider may list a message late and clocks differ.
Each message is still stored once."""


def poll_since(cursor: Cursor, account: Account, *, now: datetime) -> datetime:
    """Return from when on (aware UTC) the account must be asked for new messages."""
    until = polled_until(cursor, account)
    if until is None:
        return now - FIRST_LOOK_BACK
    return min(until, now) - OVERLAP


def advance_cursor(uow: UnitOfWork, account: Account, *, until: datetime) -> None:
    """Record that every message received before `until` (aware UTC) is stored. The cursor never
    moves back."""
    move_poll_cursor(uow.cursor, account, until=until)
