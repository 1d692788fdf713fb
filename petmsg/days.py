"""Local days: what a person types for one, and from when to when it lasts.

A day of an org lasts from midnight to midnight in its timezone: 23 to 25 hours.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from petmsg.clock import parse_instant, zone
from petmsg.errors import MalformedTime, OutOfRange, quoted

_NAMED = {"yesterday": -1, "today": 0, "tomorrow": 1}
_RELATIVE = r"([+-])([0-9]{1,5})([dw])"
_ISO = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_DAYS = {"d": 1, "w": 7}
_EARLIEST, _LATEST = date(1970, 1, 2), date(2999, 12, 30)


class Span(NamedTuple):
    """The instants from `start` to before `end`, in aware UTC; None is no bound."""

    start: datetime | None = None
    end: datetime | None = None


ALWAYS = Span()
"""The span without bounds."""


def parse_day(text: str, *, timezone: str, at: datetime) -> date:
    """Parse a day that a person wrote: `2026-02-14`, `today`, `tomorrow`, `yesterday`, or `+2d` and
    `-1w` from the day that contains `at` in the timezone.

    Raises `MalformedTime`.
    """
    word = text.strip(" \t")[:64].lower()
    today = at.astimezone(zone(timezone)).date()
    try:
        if word in _NAMED:
            day = today + timedelta(days=_NAMED[word])
        elif relative := re.fullmatch(_RELATIVE, word):
            sign, count, unit = relative.groups()
            days = int(count) * _DAYS[unit]
            day = today + timedelta(days=days if sign == "+" else -days)
        elif re.fullmatch(_ISO, word):
            day = date.fromisoformat(word)
        else:
            raise MalformedTime(f"Invalid day {quoted(text)}.", hint=_HINT)
    except ValueError:
        raise MalformedTime(
            f"Invalid day {quoted(text)}: this date does not exist.", hint=_HINT
        ) from None
    except OverflowError:
        day = date.max
    if not _EARLIEST <= day <= _LATEST:
        raise MalformedTime(f"{quoted(text)} is too far away.", hint=_HINT)
    return day


_HINT = "Write 2026-02-14, today, tomorrow, or +2d."


def span_of_day(day: date, timezone: str) -> tuple[datetime, datetime]:
    """The local day as `[start, end)` in aware UTC."""
    place = zone(timezone)
    start, end = (
        datetime.combine(each, time(), tzinfo=place).astimezone(UTC)
        for each in (day, day + timedelta(days=1))
    )
    return start, end


def parse_bound(text: str, *, timezone: str, at: datetime, is_end: bool = False) -> datetime:
    """Parse a bound of a span, in aware UTC: a time as `parse_instant` reads it, or a day
    (`2026-02-14`, `today`, `tomorrow`, `yesterday`). A day at the end belongs to the span.

    Raises as `parse_instant` does.
    """
    word = text.strip(" \t")[:64].lower()
    if word not in _NAMED and not re.fullmatch(_ISO, word):
        return parse_instant(text, timezone=timezone, at=at)
    return span_of_day(parse_day(text, timezone=timezone, at=at), timezone)[is_end]


def parse_span(
    start: str | None, end: str | None, *, timezone: str, at: datetime, options: tuple[str, str]
) -> Span:
    """Parse both bounds of a span; None is no bound. `options` are what an error calls them.

    Raises `OutOfRange` where the end is not later than the start, and as `parse_bound` does.
    """
    found = Span(
        None if start is None else parse_bound(start, timezone=timezone, at=at),
        None if end is None else parse_bound(end, timezone=timezone, at=at, is_end=True),
    )
    if found.start is not None and found.end is not None and found.end <= found.start:
        raise OutOfRange(
            f"{options[1]} {quoted(end or '')} is not later than {options[0]} "
            f"{quoted(start or '')}.",
            hint=f"Give a later {options[1]}.",
        )
    return found
