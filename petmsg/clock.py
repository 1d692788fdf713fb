"""Instants: aware UTC inside, the org's local time in parsing and rendering only.

`now()` is the one place that looks at a wall clock, and a command looks once; `uptime()` measures
how long something takes. Patterns are compiled
and `zoneinfo` is loaded at their first use, because every start-up would pay for them.
"""

import re
import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from petmsg.errors import AmbiguousTime, MalformedTime, NonexistentTime, OutOfRange, quoted

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_ISO = (
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]"
    r"((?:[01][0-9]|2[0-3]):[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)"
    r"(Z|z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
_RELATIVE = r"([+-])([0-9]{1,6})([smhdw])"
_UNIT = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(2999, 12, 31, tzinfo=UTC)


def now() -> datetime:
    """The present instant, aware, in UTC, to the microsecond."""
    return datetime.now(UTC)


def uptime() -> float:
    """Seconds on a clock that nobody sets, and that runs on while the machine is asleep.

    All processes of a machine read the same one, until it is started anew.
    """
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


@lru_cache(maxsize=64)
def zone(name: str) -> "ZoneInfo":
    """The timezone of that IANA name. Raises `OutOfRange` if the machine knows none."""
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except Exception as problem:  # zoneinfo raises five kinds for a bad key
        raise OutOfRange(
            f"{quoted(name)} is not a timezone.",
            hint=_zone_meant(name)
            or "Use a name of the IANA database, for example America/New_York.",
        ) from problem


def _zone_meant(name: str) -> str:
    """The question whether another one was meant; a city alone means its zone."""
    from zoneinfo import available_timezones

    from petmsg.suggestions import closest_words, did_you_mean

    zones = available_timezones()
    city = name.rpartition("/")[2].strip().replace(" ", "_").casefold()
    meant = sorted(each for each in zones if each.rpartition("/")[2].casefold() == city)
    return did_you_mean(meant[:3] or closest_words(name, zones))


def parse_instant(text: str, *, timezone: str, at: datetime) -> datetime:
    """The instant a person wrote, in UTC.

    Accepts ISO 8601 with an offset (`Z`, `-05:00`, or `-05` as PostgreSQL writes it), or without
    one in `timezone`; what is finer than a microsecond is cut off. And `now`, `+2h`, `-30m`, `+14d`
    counted from `at` (s, m, h, d, w; a day is 24 hours). Raises `MalformedTime` for
    anything else, text of only digits or only a date among it; `NonexistentTime` and
    `AmbiguousTime` for a local time that its zone skips or has twice.
    """
    word = text.strip(" \t")[:64]
    if word == "now":
        return at
    if relative := re.fullmatch(_RELATIVE, word):
        sign, count, unit = relative.groups()
        try:
            moved = at + (1 if sign == "+" else -1) * int(count) * _UNIT[unit]
        except OverflowError:
            raise MalformedTime(f"{quoted(text)} is too far away.") from None
        return _within_range(moved, text)
    iso = re.fullmatch(_ISO, word)
    if iso is None:
        raise MalformedTime(f"{quoted(text)} is not a time.")
    day, clock, offset = iso.groups()
    if offset is not None and offset not in "Zz" and int(offset[-2:]) > 59:
        raise MalformedTime(f"{quoted(text)} has no such offset.")
    suffix = "+00:00" if offset in ("Z", "z") else offset or ""
    try:
        written = datetime.fromisoformat(f"{day}T{clock}{suffix}")
    except ValueError:
        raise MalformedTime(f"{quoted(text)} does not exist in the calendar.") from None
    if written.tzinfo is None:
        return _within_range(local_to_utc(written, timezone), text)
    try:
        return _within_range(written.astimezone(UTC), text)
    except OverflowError:
        raise MalformedTime(f"{quoted(text)} is too far away.") from None


def local_to_utc(written: datetime, timezone: str) -> datetime:
    """The instant of a naive local time. Raises if its zone skips it or has it twice."""
    place = zone(timezone)
    try:
        first = written.replace(tzinfo=place, fold=0).astimezone(UTC)
        second = written.replace(tzinfo=place, fold=1).astimezone(UTC)
    except OverflowError:
        raise MalformedTime(f"{written} is too far away.") from None
    if first.astimezone(place).replace(tzinfo=None) != written:
        raise NonexistentTime(
            f"{written:%Y-%m-%d %H:%M} does not exist in {timezone}: the clocks go forward.",
            hint="Write a time that there is, for example "
            f"{iso_local(second, timezone)} or {iso_local(first, timezone)}.",
        )
    if first != second:
        raise AmbiguousTime(
            f"{written:%Y-%m-%d %H:%M} happens twice in {timezone}: the clocks go back.",
            hint=f"Write which one, with its offset: {iso_local(first, timezone)} "
            f"or {iso_local(second, timezone)}.",
        )
    return first


def _within_range(instant: datetime, text: str) -> datetime:
    if not _EARLIEST <= instant <= _LATEST:
        raise MalformedTime(f"{quoted(text)} is too far away.")
    return instant


def iso_utc(instant: datetime) -> str:
    """The instant as JSON shows it: UTC with a `Z`, fractions only where there are any.

    Raises `ValueError` for a naive datetime, which would be read in the machine's own zone.
    """
    if instant.tzinfo is not UTC:
        if instant.tzinfo is None:
            raise ValueError("a naive datetime is no instant")
        instant = instant.astimezone(UTC)
    return _iso(instant)


@lru_cache(maxsize=4096)
def _iso(instant: datetime) -> str:
    # Remembered, because a batch writes the same ones over and over: its own now, and visits that
    # begin on the hour. In UTC only: the two hours of a change of clock count as equal elsewhere.
    return instant.isoformat()[:-6] + "Z"  # without +00:00


def iso_local(instant: datetime, timezone: str) -> str:
    """The instant in a zone, with its offset, to the second."""
    return instant.astimezone(zone(timezone)).isoformat(timespec="seconds")


def format_local(instant: datetime, timezone: str) -> str:
    """The instant as a message to a person says it: `2026-02-14 10:00 EST`, in a zone and with its
    name; seconds only where there are some."""
    local = instant.astimezone(zone(timezone))
    return f"{local:%Y-%m-%d %H:%M:%S %Z}" if local.second else f"{local:%Y-%m-%d %H:%M %Z}"


def clock_local(instant: datetime, timezone: str) -> str:
    """The time of day in a zone, as an explanation says it: `17:00`."""
    return instant.astimezone(zone(timezone)).strftime("%H:%M")


def day_local(instant: datetime, timezone: str) -> str:
    """The day of the instant in that zone, as in `Sat 14 Feb`."""
    return instant.astimezone(zone(timezone)).strftime("%a %d %b")


def from_now(instant: datetime, *, now: datetime) -> str:
    """How far from `now` an instant is, as a person says it: `in 3 days`, `2 hours ago`, `now`.

    A day is 24 hours. Minutes up to an hour, hours up to two days, days up to two years; rounded.
    """
    seconds = (instant - now).total_seconds()
    minutes, hours, days = (round(abs(seconds) / unit) for unit in (60, 3600, 86_400))
    if minutes == 0:
        return "now"
    if minutes < 60:
        count, unit = minutes, "minute"
    elif hours < 48:
        count, unit = hours, "hour"
    elif days < 730:
        count, unit = days, "day"
    else:
        count, unit = round(days / 365.25), "year"
    words = f"{count} {unit}{'s' * (count != 1)}"
    return f"in {words}" if seconds > 0 else f"{words} ago"
