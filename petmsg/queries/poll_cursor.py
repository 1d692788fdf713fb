"""Until when a provider was asked for the messages that came in."""

from datetime import datetime

from petmsg.db.cursor import Cursor

_POLLED_UNTIL = "SELECT pulled_until FROM pull_mark WHERE provider = :provider"

_MOVE_POLL_CURSOR = """
INSERT INTO pull_mark (provider, pulled_until)
VALUES (:provider, :until) ON CONFLICT (provider) DO UPDATE
SET pulled_until = excluded.pulled_until
WHERE pull_mark.pulled_until < excluded.pulled_until
"""


def polled_until(cursor: Cursor, provider: str) -> datetime | None:
    """Until when (aware UTC) the provider was asked, None if it never was."""
    return cursor.instant(_POLLED_UNTIL, provider=provider)


def move_poll_cursor(cursor: Cursor, *, provider: str, until: datetime) -> None:
    """Every message before `until` (aware UTC) is stored. A cursor never goes back."""
    cursor.run(_MOVE_POLL_CURSOR, provider=provider, until=until)
