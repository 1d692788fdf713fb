"""Dates and times as people and their programs write them. Pure.

A date of numbers alone, such as 02/03/2026, is read in one order for the whole file: the one that
`--date-order` names, or the only one in which all of the file's dates exist. Nothing is guessed.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

from petmsg.enums.files import DateOrder
from petmsg.errors import MalformedFile, MalformedTime, quoted

LONGEST = 64
_REMEMBERED = 100_000
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2013": "-", "\u2014": "-"})
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_ISO_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
    r"(Z|z|[+-][0-9]{2}(:?[0-9]{2})?)?"
)
_RELATIVE = re.compile(r"now|[+-][0-9]{1,6}[smhdw]")
_WEEKDAY = re.compile(r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,? +")
_NUMBERS = re.compile(r"([0-9]{1,4})([-/.]) ?([0-9]{1,2})\2 ?([0-9]{1,4})\.?")
_MONTH_FIRST = re.compile(r"([a-z]{3,9})\.? +([0-9]{1,2})(?:st|nd|rd|th)?,? +([0-9]{4}|[0-9]{2})")
_MONTH_SECOND = re.compile(
    r"([0-9]{1,2})(?:st|nd|rd|th)?[-. ]+([a-z]{3,9})\.?[-, ]+([0-9]{4}|[0-9]{2})"
)
_CLOCK = re.compile(
    r"([0-9]{1,2})(?:[:.h]([0-9]{2})(?:[:.]([0-9]{2})(?:\.[0-9]{1,9})?)?)? ?"
    r"(?:([ap])\.?(?: ?m\.?)?|(uhr|h))?"
)
_NOON = re.compile(r"\b(?:12(?::00)? )?noon\b")
_FROM_UTC = re.compile(
    r"(.+[0-9m]) ?(?:(?:utc|gmt)(?P<named>[+-][0-9]{1,2}(?::?[0-9]{2})?)?|z)(?: \([a-z .]+\))?|"
    r"(.+:[0-9]{2}:[0-9]{2}(?: [ap]m)?) (?P<bare>[+-][0-9]{2}:?[0-9]{2})(?: \([a-z .]+\))?"
)
"""A time with its offset from UTC, which needs its seconds or the word UTC: `9:00 -11:00` may be
meant as a range."""
_ZONE_NAME = re.compile(r".*[0-9m] \(?(?:[a-z]{1,4}t|[a-z]+ time)\)?")
_ONE_HALF = re.compile(
    r"(?P<from>(?P<first>[0-9]{1,2})(?::[0-9]{2})?)(?: ?- ?| to | until )"
    r"(?P<to>(?P<last>[0-9]{1,2})(?::[0-9]{2})? ?(?P<half>[ap])\.? ?m?\.?)"
)
_JOINED = re.compile(r",? at |[, ]+|t(?=[0-9])")
_SERIAL = re.compile(r"[0-9]{1,5}(?:[.,][0-9]+)?")
_HINT_DATE = "Write the date as 2026-02-14 or 02/14/2026, and the time as 09:00 or 9:00 AM."
_HINT_ZONE = (
    "Leave out the name of the time zone if it is the company's; for another one write the offset: "
    "2026-02-14T09:00-05:00."
)
_HINT_SERIAL = "Format the column as a date and time in the spreadsheet, then export it again."
_DURATION = re.compile(
    r"(?:([0-9]+(?:[.,][0-9]+)?)[ -]?(?:h|hr|hrs|hour|hours))?,? ?"
    r"(?:([0-9]+)[ -]?(?:m|min|mins|minute|minutes)\.?)?"
)
_CLOCK_LENGTH = re.compile(r"([0-9]{1,3}):([0-5][0-9])(?::00)?")


class Moment(NamedTuple):
    """What a cell says: a day, a time of day, or both, in the zone of the org.

    `as_written` is a text that the parser of times reads as it is, such as one with an offset.
    """

    day: date | None = None
    clock: time | None = None
    as_written: str | None = None


@lru_cache(maxsize=16384)
def parse_moment(text: str, order: DateOrder | None) -> Moment:
    """Parse a cell with a date, a time of day or both. Raises `MalformedTime`.

    `order` is that of dates of numbers alone; it is None where a file has no such date.
    """
    if len(text) > LONGEST:
        raise MalformedTime(f"Invalid time {quoted(text)}.", hint=_HINT_DATE)
    if _ISO_INSTANT.fullmatch(text) or _RELATIVE.fullmatch(text):
        return Moment(as_written=text)
    plain = _WEEKDAY.sub("", _plain(text), count=1)
    if _SERIAL.fullmatch(plain):
        raise MalformedTime(f"{quoted(text)} is a number, not a date or time.", hint=_HINT_SERIAL)
    clock = parse_clock(plain)
    if clock is not None:
        return Moment(clock=clock)
    if zoned := _FROM_UTC.fullmatch(plain):
        return _with_offset(zoned, order, text)
    for cut in (None, *_JOINED.finditer(plain)):
        head, rest = (plain, "") if cut is None else (plain[: cut.start()], plain[cut.end() :])
        day = _parse_day(head.rstrip(","), order, text)
        if day is None:
            continue
        clock = parse_clock(rest) if rest else None
        if rest and clock is None:
            continue
        return Moment(day, clock)
    hint = _HINT_ZONE if _ZONE_NAME.fullmatch(plain) else _HINT_DATE
    raise MalformedTime(f"Invalid date or time {quoted(text)}.", hint=hint)


def parse_visit(text: str, order: DateOrder | None) -> tuple[Moment, time | None]:
    """Parse a cell like `parse_moment`, or a date with a range: `3/14/26 2:30p - 3:15p`. The second
    value is the end of the range. Raises `MalformedTime`."""
    try:
        return parse_moment(text, order), None
    except MalformedTime:
        plain = _WEEKDAY.sub("", _plain(text), count=1) if len(text) <= LONGEST else ""
        for cut in _JOINED.finditer(plain):
            day = _parse_day(plain[: cut.start()].rstrip(","), order, text)
            with suppress(MalformedTime):
                first, last = parse_range(plain[cut.end() :])
                if day is not None and last is not None:
                    return Moment(day, first), last
        raise


def _with_offset(zoned: re.Match[str], order: DateOrder | None, text: str) -> Moment:
    """The moment of a text with an offset from UTC, which needs a date and a time of day."""
    local = parse_moment(zoned[1] or zoned[3], order)
    if local.as_written is not None and _ISO_INSTANT.fullmatch(local.as_written):
        written = local.as_written.replace(" ", "T")
    elif local.day is not None and local.clock is not None:
        written = f"{local.day.isoformat()}T{local.clock.isoformat()}"
    else:
        raise MalformedTime(f"Invalid date or time {quoted(text)}.", hint=_HINT_DATE)
    digits = (zoned["bare"] or zoned["named"] or "+0000").replace(":", "")
    hours, minutes = (digits[1:-2], digits[-2:]) if len(digits) > 3 else (digits[1:], "00")
    return Moment(as_written=f"{written}{digits[0]}{hours:0>2}:{minutes}")


def parse_clock(text: str) -> time | None:
    """The time of day in a text of lower case, None if it is something else. An hour alone needs
    `am` or `pm`."""
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        return None
    hour, minute, second, half, _ = found.groups()
    if minute is None and half is None:
        return None
    hours = int(hour)
    if half is not None:
        if not 1 <= hours <= 12:
            return None
        hours = hours % 12 + (12 if half == "p" else 0)
    try:
        return time(hours, int(minute or 0), int(second or 0))
    except ValueError:
        return None


def parse_range(text: str) -> tuple[time, time | None]:
    """Parse `9:00 AM - 11:00 AM` or one time of day. Raises `MalformedTime`.

    `2 - 4 pm` is what calendars print if both ends are AM, or both are PM. Otherwise either both
    ends say it, or neither does: `11 - 1 pm` is refused.
    """
    plain = _plain(text)
    half = _ONE_HALF.fullmatch(plain)
    if half is not None and int(half["first"]) % 12 < int(half["last"]) % 12:
        plain = f"{half['from']} {half['half']}m - {half['to']}"
    parts = [each for each in re.split(r" ?- ?| to | until ", plain) if each]
    clocks = [parse_clock(each) for each in parts[:3]]
    halves = {bool(re.search(r"[0-9] ?[ap]", each)) for each in parts[:3]}
    first = clocks[0] if clocks else None
    is_one = len(text) <= LONGEST and len(parts) <= 2 and len(halves) == 1
    if not is_one or first is None or None in clocks:
        raise MalformedTime(
            f"Invalid time of day {quoted(text)}.", hint="Write it as 9:00 AM - 11:00 AM."
        )
    return first, clocks[1] if len(clocks) > 1 else None


_TOO_LONG = 60 * 24 * 367
"""Minutes: no visit is as long, and a timedelta holds it."""


def parse_length(text: str, *, is_minutes: bool = False) -> timedelta:
    """Parse how long a visit is: `30 min`, `1.5 hours`, `1h 30m`, `1:30`. Raises `MalformedTime`.

    A number alone needs a column that says that it is minutes.
    """
    plain = _plain(text)
    found = _DURATION.fullmatch(plain)
    if is_minutes and re.fullmatch(r"[0-9]{1,5}", plain):
        length = timedelta(minutes=int(plain))
    elif clock := _CLOCK_LENGTH.fullmatch(plain):
        length = timedelta(hours=int(clock[1]), minutes=int(clock[2]))
    elif found is not None and len(plain) <= 24 and any(found.groups()):
        hours = float((found[1] or "0").replace(",", "."))
        minutes = round(hours * 60) + int(found[2] or 0)
        length = timedelta(minutes=min(minutes, _TOO_LONG))
    else:
        length = timedelta()
    if not timedelta() < length <= timedelta(days=366):
        raise MalformedTime(
            f"Invalid duration {quoted(text)}.",
            hint="Write 30 min or 1:30. A number of minutes: --map 'Header=duration_minutes'",
        )
    return length


@dataclass(slots=True)
class OrderFinder:
    """Finds the order of the dates of a file: `see` each cell that may have one, then `found`."""

    _orders: frozenset[DateOrder] = frozenset(DateOrder)
    _has_dates: bool = False
    _narrowed: tuple[str, int] = ("", 0)
    _clash: tuple[str, int] | None = None
    _unclear: dict[frozenset[DateOrder], tuple[str, int]] = field(default_factory=dict)
    """By two orders, a date that means two days in them, and its line."""
    _known: set[str] = field(default_factory=set)

    def see(self, text: str, line: int) -> None:
        """Look at a cell."""
        if text in self._known or len(text) > LONGEST or self._clash is not None:
            return
        if len(self._known) < _REMEMBERED:
            self._known.add(text)
        days = readings(text)
        if not days:
            return
        self._has_dates = True
        left = self._orders & days.keys()
        if not left:
            self._clash = (text.strip(), line)
        elif left != self._orders:
            self._narrowed = (text.strip(), line)
            self._orders = left
        for one, other in combinations(days, 2):
            if days[one] != days[other]:
                self._unclear.setdefault(frozenset((one, other)), (text.strip(), line))

    def found(self) -> DateOrder | None:
        """The order; None if no date needs one. Raises `MalformedFile` if the file does not prove
        one, or if no order fits all dates."""
        if self._clash is not None:
            (text, line), (text_2, line_2) = self._narrowed, self._clash
            raise MalformedFile(
                f"No order of day, month and year fits both {quoted(text)} in line {line} and "
                f"{quoted(text_2)} in line {line_2}.",
                hint="Write the dates in one order, or name the right one, and rows with another "
                "are refused: --date-order mdy, dmy or ymd.",
            )
        for pair, (text, line) in self._unclear.items():
            if pair <= self._orders:
                raise _not_clear(text, line, self._orders)
        return min(self._orders) if self._has_dates else None


def _not_clear(text: str, line: int, orders: Iterable[DateOrder]) -> MalformedFile:
    days = {order: day for order, day in readings(text).items() if order in orders}
    meant = " or ".join(f"{day:%B} {day.day}, {day.year}" for _, day in sorted(days.items()))
    names = " or ".join(f"--date-order {order} ({_SPOKEN[order]})" for order in sorted(days))
    return MalformedFile(
        f"The order of day and month is not clear: {quoted(text)} in line {line} is {meant}.",
        hint=f"Say which it is: {names}.",
    )


_SPOKEN = {
    DateOrder.MDY: "month first",
    DateOrder.DMY: "day first",
    DateOrder.YMD: "year first",
}


def spoken(order: DateOrder) -> str:
    """The order in words."""
    return _SPOKEN[order]


def _plain(text: str) -> str:
    plain = " ".join(text.translate(_SPACES).casefold().split())
    return _NOON.sub("12 pm", plain) if "noon" in plain else plain


def _parse_day(plain: str, order: DateOrder | None, text: str) -> date | None:
    """The day; None if this is no date. Raises `MalformedTime` for one that does not exist."""
    if numbers := _NUMBERS.fullmatch(plain):
        triple = (numbers[1], numbers[3], numbers[4])
        if max(map(len, (numbers[1], numbers[4]))) == 3:
            return None
        day = _day_of(triple, DateOrder.YMD if len(numbers[1]) == 4 else order)
        if day is None:
            said = f" with the {_SPOKEN[order]}" if order and len(numbers[1]) < 4 else ""
            raise MalformedTime(
                f"Invalid date {quoted(text)}: there is no such day{said}.", hint=_HINT_DATE
            )
        return day
    month_first, month_second = _MONTH_FIRST.fullmatch(plain), _MONTH_SECOND.fullmatch(plain)
    if month_first is not None:
        name, number, year = month_first.groups()
    elif month_second is not None:
        number, name, year = month_second.groups()
    else:
        return None
    month = _month(name)
    day = None if month is None else _date(year, month, int(number))
    if day is None:
        raise MalformedTime(f"Invalid date {quoted(text)}: there is no such day.", hint=_HINT_DATE)
    return day


def readings(text: str) -> dict[DateOrder, date]:
    """What a date of numbers alone can be, by order; empty for any other text.

    A two-digit year stands first only in a date without dots, and a four-digit one needs no order.
    """
    plain = _WEEKDAY.sub("", _plain(text), count=1)
    numbers = _NUMBERS.match(plain)
    if numbers is None or len(numbers[1]) > 2 or len(numbers[4]) not in (2, 4):
        return {}
    after = plain[numbers.end() :]
    if after and not _JOINED.match(after):
        return {}
    triple = (numbers[1], numbers[3], numbers[4])
    orders: Iterable[DateOrder] = (DateOrder.MDY, DateOrder.DMY)
    if len(numbers[4]) == 2 and len(numbers[1]) == 2 and numbers[2] != ".":
        orders = DateOrder
    found = {order: _day_of(triple, order) for order in orders}
    return {order: day for order, day in found.items() if day is not None}


def _day_of(triple: tuple[str, str, str], order: DateOrder | None) -> date | None:
    one, two, three = triple
    if order is DateOrder.YMD:
        return _date(one, int(two), int(three)) if len(three) <= 2 else None
    if order is None or len(one) > 2 or len(three) not in (2, 4):
        return None
    month, day = (one, two) if order is DateOrder.MDY else (two, one)
    return _date(three, int(month), int(day))


def _date(year: str, month: int, day: int) -> date | None:
    """A two-digit year is one of this century: 26 is 2026."""
    full = int(year) + 2000 if len(year) <= 2 else int(year)
    try:
        return date(full, month, day)
    except ValueError:
        return None


def _month(name: str) -> int | None:
    found = [place for place, month in enumerate(_MONTHS, 1) if month.startswith(name)]
    if name == "sept":
        return 9
    return found[0] if len(found) == 1 else None
