"""Until when an account was asked for the messages that came in."""

from datetime import datetime

from petmsg.db.cursor import Cursor
from petmsg.queries.org import Account

_POLLED_UNTIL = """
SELECT pulled_until FROM pull_mark WHERE provider = :provider AND account = :account
"""

_MOVE_POLL_CURSOR = """
INSERT INTO pull_mark (provider, account, pulled_until)
VALUES (:provider, :account, :until) ON CONFLICT (provider, account) DO UPDATE
SET pulled_until = excluded.pulled_until
WHERE pull_mark.pulled_until < excluded.pulled_until
"""


def polled_until(cursor: Cursor, account: Account) -> datetime | None:
    """Until when (aware UTC) the account was asked, None if it never was."""
    return cursor.instant(_POLLED_UNTIL, **_key(account))


def move_poll_cursor(cursor: Cursor, account: Account, *, until: datetime) -> None:
    """Every message before `until` (aware UTC) is stored. A cursor never goes back."""
    cursor.run(_MOVE_POLL_CURSOR, until=until, **_key(account))


def _key(account: Account) -> dict[str, str]:
    """The account without a name is stored as an empty one: a key cannot be NULL."""
    return {"provider": account.provider.value, "account": account.name or ""}
