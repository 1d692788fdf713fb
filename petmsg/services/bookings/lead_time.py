"""The lead time of a booking as people type it: in an option, or in a cell of an import file."""

import re
from datetime import timedelta

from petmsg.clock import parse_duration
from petmsg.errors import MalformedTime, OutOfRange, quoted

MOST_MINUTES = 10_080
"""The longest lead time: a week, as with the grace period."""

_MINUTES = re.compile(r"[0-9]{1,6}")
_MINUTE = timedelta(minutes=1)


def parse_lead(text: str) -> int | None:
    """The lead time in minutes: `30`, `30m` or `2h`. An empty text is None: as the org says.

    Raises `MalformedTime` for anything else and for parts of a minute, `OutOfRange` for more than a
    week.
    """
    typed = text.strip()
    if not typed:
        return None
    try:
        minutes, rest = divmod(
            parse_duration(f"{typed}m" if _MINUTES.fullmatch(typed) else typed), _MINUTE
        )
    except MalformedTime:
        minutes, rest = 0, _MINUTE
    if rest:
        raise MalformedTime(
            f"Invalid lead time {quoted(text)}.",
            hint="Write minutes or a duration, for example 30, 30m or 2h.",
        )
    if minutes > MOST_MINUTES:
        raise OutOfRange(
            f"The lead time {quoted(text)} is too long.", hint=f"Use 0 to {MOST_MINUTES} minutes."
        )
    return minutes
