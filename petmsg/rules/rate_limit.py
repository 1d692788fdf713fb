"""How fast a number may send, in segments per second. Standard library only, pure.

A US long code sends 1 segment per second, a toll-free number 3 (Twilio's default rate limits). A
number's own setting takes precedence.
"""

from datetime import datetime, timedelta

LONG_CODE = 1.0
TOLL_FREE = 3.0
FASTEST = 1000.0
LONGEST_AHEAD = timedelta(minutes=15)
"""No number is busy for longer: a message has 24 segments at most, and a pause is cut to this."""

_MARGIN = timedelta(minutes=1)
_TOLL_FREE_CODES = frozenset(("800", "833", "844", "855", "866", "877", "888"))


def is_toll_free(e164: str) -> bool:
    """Whether it is a North American toll-free number; all other numbers are long codes."""
    return len(e164) == 12 and e164.startswith("+1") and e164[2:5] in _TOLL_FREE_CODES


def default_rate_limit(e164: str) -> float:
    """Return the default rate limit of a number of this type, in segments per second."""
    return TOLL_FREE if is_toll_free(e164) else LONG_CODE


def occupancy(segments: int, segments_per_second: float) -> timedelta:
    """Return how long a message occupies its number: no other message may start before.

    Always shorter than `LONGEST_AHEAD`, because a longer time would look like a wrong clock.
    """
    whole = timedelta(seconds=max(segments, 1) / segments_per_second)
    return min(whole, LONGEST_AHEAD - _MARGIN)


def next_start(free_at: datetime | None, now: datetime) -> datetime:
    """Return the earliest moment at which the number's next message may start (aware UTC).

    A `free_at` further ahead than `LONGEST_AHEAD` was written by a wrong clock.
    """
    if free_at is None or not now < free_at <= now + LONGEST_AHEAD:
        return now
    return free_at
