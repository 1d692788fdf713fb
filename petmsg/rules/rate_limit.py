"""How fast a number may send: segments per second. Standard library only, pure.

A US long code carries 1 segment per second, a toll-free number 3 (facts: Throughput). A number's
own setting beats that.
"""

from datetime import datetime, timedelta

LONG_CODE = 1.0
TOLL_FREE = 3.0
FASTEST = 1000.0
LONGEST_AHEAD = timedelta(minutes=15)
"""No number is busy for longer: a text has 24 segments at most, and a pause is cut to this."""

_MARGIN = timedelta(minutes=1)
_TOLL_FREE_CODES = frozenset(("800", "833", "844", "855", "866", "877", "888"))


def is_toll_free(e164: str) -> bool:
    """Whether it is a toll-free number of North America; the others are long codes."""
    return len(e164) == 12 and e164.startswith("+1") and e164[2:5] in _TOLL_FREE_CODES


def usual_pace(e164: str) -> float:
    """The segments per second that a number of this kind may send."""
    return TOLL_FREE if is_toll_free(e164) else LONG_CODE


def busy_for(segments: int, segments_per_second: float) -> timedelta:
    """How long a number is busy with a text: nothing else may start from it before.

    Never as long as `LONGEST_AHEAD`, which would look like a wrong clock.
    """
    whole = timedelta(seconds=max(segments, 1) / segments_per_second)
    return min(whole, LONGEST_AHEAD - _MARGIN)


def next_start(free_at: datetime | None, now: datetime) -> datetime:
    """The earliest moment at which the number's next text may start (aware UTC).

    A `free_at` further ahead than `LONGEST_AHEAD` was written by a clock that was wrong.
    """
    if free_at is None or not now < free_at <= now + LONGEST_AHEAD:
        return now
    return free_at
