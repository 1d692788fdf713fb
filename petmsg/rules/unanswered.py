"""After how long a message without an answer raises an alert. Standard library only, pure.

The org sets it, or it depends on when the message came: somebody who writes inside office hours or
during their visit expects an answer sooner.
"""

from datetime import datetime, timedelta

from petmsg.errors import OutOfRange, quoted
from petmsg.rules.send_blocks import QuietHours, quiet_until

IN_HOURS = timedelta(minutes=15)
"""For a message that came inside office hours or during a visit, unless the org says otherwise."""
OUT_OF_HOURS = timedelta(minutes=60)
"""For any other message, unless the org says otherwise."""
LONGEST_MINUTES = 10_080


def unanswered_after(
    minutes: int | None,
    *,
    office: QuietHours | None,
    timezone: str,
    received_at: datetime,
    in_visit: bool,
) -> timedelta:
    """Return after how long a message that came at `received_at` (aware UTC) has waited too long.

    `minutes` is the org's setting, None for the default. `office` are its office hours, None if
    they are always. `in_visit` says whether a visit of the client was running.
    """
    if minutes is not None:
        return timedelta(minutes=minutes)
    is_open = office is None or quiet_until(office, received_at, timezone) is not None
    return IN_HOURS if in_visit or is_open else OUT_OF_HOURS


def parse_minutes(text: str) -> int | None:
    """Return the minutes that a person wrote; None for `default`. Raises `OutOfRange`."""
    written = text.strip().lower()
    if written == "default":
        return None
    if not (written.isascii() and written.isdecimal() and len(written) <= len("10080")) or not (
        1 <= int(written) <= LONGEST_MINUTES
    ):
        raise OutOfRange(
            f"Invalid number of minutes {quoted(text)}.",
            hint=f"Use 1 to {LONGEST_MINUTES}, or default.",
        )
    return int(written)
