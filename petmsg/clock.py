"""Times: aware UTC inside petmsg; local time exists in parsing and rendering only.

`now()` is the only reader of the wall clock. A command calls it once; what runs for long (`serve`,
`dispatch --watch`) calls it for each transaction. `uptime()` measures durations. Patterns are
compiled and `zoneinfo` is loaded at their first use, so that they do not slow down each start.
"""

import re
import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

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
    """The current time, aware, in UTC, to the microsecond."""
    return datetime.now(UTC)


def uptime() -> float:
    """Seconds since the machine was started, including the time it was asleep.

    Nobody can set this clock, and all processes of a machine read the same one.
    """
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


@lru_cache(maxsize=64)
def zone(name: str) -> "ZoneInfo":
    """The timezone with this IANA name. Raises `OutOfRange` if the machine does not know it."""
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except Exception as problem:  # zoneinfo raises five kinds for a bad key
        raise OutOfRange(
            f"Unknown timezone {quoted(name)}.",
            hint=_zone_meant(name)
            or "Use a name from the IANA database, for example America/New_York.",
        ) from problem


_SPOKEN_ZONES = {
    "P": "America/Los_Angeles",
    "M": "America/Denver",
    "C": "America/Chicago",
    "E": "America/New_York",
}


def _is_american(name: str) -> bool:
    """Whether it is what Americans call a zone: `PST`, `PDT`, `PT` or `Pacific`."""
    return (
        re.fullmatch(
            r"[PMCE][SD]?T|(PACIFIC|MOUNTAIN|CENTRAL|EASTERN)( (STANDARD|DAYLIGHT))?( TIME)?",
            name.strip().upper(),
        )
        is not None
    )


def zone_with_summer(name: str) -> str | None:
    """The zone that is probably meant by `EST` or `MST`: both have no daylight saving time."""
    return _SPOKEN_ZONES[name[0]] if name in ("EST", "MST") else None


def _zone_meant(name: str) -> str:
    """Suggest the zones that may be meant. A city alone suggests the zone that it names."""
    from zoneinfo import available_timezones

    from petmsg.suggestions import closest_words, did_you_mean

    zones = available_timezones()
    if _is_american(name):
        return did_you_mean([_SPOKEN_ZONES[name.strip()[0].upper()]])
    city = name.rpartition("/")[2].strip().replace(" ", "_").casefold()
    meant = sorted(each for each in zones if each.rpartition("/")[2].casefold() == city)
    return did_you_mean(meant[:3] or closest_words(name, zones))


def parse_instant(text: str, *, timezone: str, at: datetime) -> datetime:
    """Parse a time that a person wrote; returns it in aware UTC.

    Accepts ISO 8601 with an offset (`Z`, `-05:00`, or `-05` as PostgreSQL writes it). Without an
    offset the time is local in `timezone`. Digits beyond the microsecond are dropped. Also accepts
    `now`, and `+2h`, `-30m`, `+14d` relative to `at` (units s, m, h, d, w; a day is 24 hours).

    Raises `MalformedTime` for anything else, also for digits alone or a date alone. Raises
    `NonexistentTime` and `AmbiguousTime` for a local time that the zone skips or has twice.
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
        if (day := _day_alone(word, timezone, at)) is not None:
            raise MalformedTime(
                f"Invalid time {quoted(text)}: the time of day is missing.",
                hint=f"Add it: {day}T09:00, or {day}T00:00 for the start of the day.",
            )
        raise MalformedTime(f"Invalid time {quoted(text)}.")
    day, clock, offset = iso.groups()
    if offset is not None and offset not in "Zz" and int(offset[-2:]) > 59:
        raise MalformedTime(f"Invalid time {quoted(text)}: the offset does not exist.")
    suffix = "+00:00" if offset in ("Z", "z") else offset or ""
    try:
        written = datetime.fromisoformat(f"{day}T{clock}{suffix}")
    except ValueError:
        raise MalformedTime(f"Invalid time {quoted(text)}: this date does not exist.") from None
    if written.tzinfo is None:
        return _within_range(local_to_utc(written, timezone), text)
    try:
        return _within_range(written.astimezone(UTC), text)
    except OverflowError:
        raise MalformedTime(f"{quoted(text)} is too far away.") from None


def _day_alone(word: str, timezone: str, at: datetime) -> str | None:
    """The date that was written without a time of day, as a date or as `tomorrow`; else None."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", word):
        return word
    days = {"yesterday": -1, "today": 0, "tomorrow": 1}.get(word.casefold())
    if days is None:
        return None
    return (at.astimezone(zone(timezone)).date() + timedelta(days=days)).isoformat()


def parse_duration(text: str) -> timedelta:
    """A duration that a person typed: `30m`, `1h`, `2d` (units s, m, h, d, w; a day is 24 hours).

    Raises `MalformedTime`.
    """
    found = re.fullmatch(_RELATIVE, "+" + text.strip(" \t")[:64])
    if found is None:
        raise MalformedTime(f"Invalid duration {quoted(text)}.", hint="Write it as 30m, 1h or 2d.")
    return int(found[2]) * _UNIT[found[3]]


def local_to_utc(written: datetime, timezone: str) -> datetime:
    """Convert a naive local time of that zone to aware UTC.

    Raises `NonexistentTime` or `AmbiguousTime` for a time that the zone skips or has twice, and
    `MalformedTime` for one that is out of range.
    """
    place = zone(timezone)
    try:
        first = written.replace(tzinfo=place, fold=0).astimezone(UTC)
        second = written.replace(tzinfo=place, fold=1).astimezone(UTC)
    except OverflowError:
        raise MalformedTime(f"{written} is too far away.") from None
    if first.astimezone(place).replace(tzinfo=None) != written:
        raise NonexistentTime(
            f"{written:%Y-%m-%d %H:%M} does not exist in {timezone}: the clocks go forward.",
            hint="Choose an existing local time, for example "
            f"{iso_local(second, timezone)} or {iso_local(first, timezone)}.",
        )
    if first != second:
        raise AmbiguousTime(
            f"{written:%Y-%m-%d %H:%M} happens twice in {timezone}: the clocks go back.",
            hint=f"Choose one by its offset: {iso_local(first, timezone)} "
            f"or {iso_local(second, timezone)}.",
        )
    return first


class WallTime(NamedTuple):
    """What a wall-clock time of a zone is as an instant (aware UTC), and what was decided for it.

    `is_skipped`: the zone skips this time, the instant is as much later as the clocks go forward.
    `is_repeated`: the zone has this time twice, the instant is the first one.
    """

    instant: datetime
    is_skipped: bool
    is_repeated: bool


def wall_to_utc(written: datetime, timezone: str) -> WallTime:
    """Convert a naive local time as a calendar does (RFC 5545, 3.3.5), without refusing any.

    A person who types a time is asked which one they mean (`local_to_utc`); a calendar and a series
    must decide. Raises `MalformedTime` for a time that is out of range.
    """
    place = zone(timezone)
    try:
        first = written.replace(tzinfo=place, fold=0).astimezone(UTC)
        second = written.replace(tzinfo=place, fold=1).astimezone(UTC)
    except OverflowError:
        raise MalformedTime(f"{written} is too far away.") from None
    is_skipped = first.astimezone(place).replace(tzinfo=None) != written
    is_repeated = first != second and not is_skipped
    return WallTime(_within_range(first, str(written)), is_skipped, is_repeated)


def _within_range(instant: datetime, text: str) -> datetime:
    if not _EARLIEST <= instant <= _LATEST:
        raise MalformedTime(f"{quoted(text)} is too far away.")
    return instant


def iso_utc(instant: datetime) -> str:
    """Format the instant for JSON: UTC with a `Z`, and fractions of a second only if there are any.

    Raises `ValueError` for a naive datetime, which would be read in the machine's own zone.
    """
    if instant.tzinfo is not UTC:
        if instant.tzinfo is None:
            raise ValueError("a naive datetime has no time zone")
        instant = instant.astimezone(UTC)
    return _iso(instant)


@lru_cache(maxsize=4096)
def _iso(instant: datetime) -> str:
    # Cached, because a batch formats the same times again and again: its own `now`, and visits that
    # start on the hour. UTC only: in other zones the two hours of a clock change compare as equal.
    return instant.isoformat()[:-6] + "Z"  # without +00:00


def iso_local(instant: datetime, timezone: str) -> str:
    """Format the instant in a zone, with its offset, to the second."""
    return instant.astimezone(zone(timezone)).isoformat(timespec="seconds")


def format_local(instant: datetime, timezone: str) -> str:
    """Format the instant for a person: `2026-02-14 10:00 EST`, in a zone and with the zone's name.
    Seconds appear only if they are not zero."""
    local = instant.astimezone(zone(timezone))
    return f"{local:%Y-%m-%d %H:%M:%S %Z}" if local.second else f"{local:%Y-%m-%d %H:%M %Z}"


def clock_local(instant: datetime, timezone: str) -> str:
    """Format the time of day in a zone, as in `17:00`."""
    return instant.astimezone(zone(timezone)).strftime("%H:%M")


def day_local(instant: datetime, timezone: str) -> str:
    """Format the day of the instant in a zone, as in `Sat 14 Feb`."""
    return instant.astimezone(zone(timezone)).strftime("%a %d %b")


def when_local(instant: datetime, timezone: str, *, now: datetime) -> str:
    """Say when a coming instant is, in a zone: `at 14:30`, `tomorrow at 14:30`, or
    `on Sat 14 Feb at 14:30`; with the year if it is another one."""
    place = zone(timezone)
    local, today = instant.astimezone(place), now.astimezone(place)
    days = (local.date() - today.date()).days
    clock = f"at {local:%H:%M}"
    if days == 0:
        return clock
    if days == 1:
        return f"tomorrow {clock}"
    return f"on {local:%a %d %b}{'' if local.year == today.year else f' {local.year}'} {clock}"


def from_now(instant: datetime, *, now: datetime) -> str:
    """Say how far an instant is from `now`, as in `in 3 days`, `2 hours ago` or `now`.

    The unit is minutes up to an hour, hours up to two days, days up to two years, then years; the
    count is rounded. A day is 24 hours.
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
