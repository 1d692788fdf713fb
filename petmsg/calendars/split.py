"""Split a calendar file into its events without reading them: by line, in bounded time and memory.

So one bad event is an error of that event alone, years of past events cost next to nothing, and a
file that is cut off is noticed before anything is taken from it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from petmsg.errors import MalformedFile

LARGEST_CALENDAR = 32 * 1024 * 1024
"""Feeds of 50,000 visits have about half of that."""
_LARGEST_ZONES = 1024 * 1024
_LARGEST_EVENT = 256 * 1024
_BEGIN = re.compile(rb"(?:\xef\xbb\xbf)?\s*BEGIN:VCALENDAR[ \t]*[\r\n]", re.IGNORECASE)
_EDGE = re.compile(
    rb"^(BEGIN|END):(VCALENDAR|VEVENT|VTIMEZONE)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE
)
_FOLD = re.compile(rb"\r?\n[ \t]")
_HEADER = re.compile(
    rb"^(X-WR-CALNAME|NAME|METHOD|X-WR-TIMEZONE)(?:;[^:\r\n]*)?:([^\r\n]*)",
    re.IGNORECASE | re.MULTILINE,
)
_KEPT = re.compile(
    rb"(?:UID|DTSTART|DTEND|DURATION|RRULE|RDATE|EXDATE|RECURRENCE-ID|STATUS|SEQUENCE|TRANSP|SUMMARY|"
    rb"DESCRIPTION|CATEGORIES|ATTENDEE|ORGANIZER|X-(?:PETMSG-)?(?:CLIENT|SITTER))[;:]",
    re.IGNORECASE,
)
"""The properties of an event that petmsg reads. The others, and alarms, take most of the time."""
_UID = re.compile(rb"^UID(?:;[^:\r\n]*)?:([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_REPEATS = re.compile(
    rb"^(?:(?:RRULE|RDATE|RECURRENCE-ID)[;:]|DURATION[^\r\n]*:[^\r\n]*[DW])",
    re.IGNORECASE | re.MULTILINE,
)
_DAYS = re.compile(rb"^DT(?:START|END)(?:;[^:\r\n]*)?:([0-9]{8})", re.IGNORECASE | re.MULTILINE)
_OFTEN = re.compile(rb"^RRULE[^\r\n]*FREQ=(?!YEARLY)", re.IGNORECASE | re.MULTILINE)
_ESCAPED = re.compile(r"\\([\\;,nN])")
_KEPT_PAST = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class RawEvent:
    """The lines of an event that petmsg reads, unfolded. `uid` is None if it has none."""

    line: int
    uid: str | None
    content: bytes
    is_over: bool


@dataclass(frozen=True, slots=True)
class RawCalendar:
    """A calendar file in pieces: its name, method and timezone, its timezone definitions, and its
    events."""

    name: str | None
    method: str | None
    timezone: str | None
    zones: bytes
    events: tuple[RawEvent, ...]


def is_calendar(content: bytes) -> bool:
    """Whether a file is a calendar, by its first line."""
    return _BEGIN.match(content[:4096]) is not None


def split_calendar(content: bytes, *, now: datetime) -> RawCalendar:
    """The pieces of a calendar file. Raises `MalformedFile` for one that is cut off, too large, not
    UTF-8, or not nested as it must be."""
    if len(content) > LARGEST_CALENDAR:
        raise MalformedFile(
            f"The calendar is larger than {LARGEST_CALENDAR // 1024 // 1024} MiB.",
            hint="Export a shorter time, from today on.",
        )
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise MalformedFile(
            f"Line {line} of the calendar is not UTF-8.", hint="Export it as UTF-8."
        ) from None
    if b"\n" not in content:
        content = content.replace(b"\r", b"\n")
    headers: list[bytes] = []
    zones: list[bytes] = []
    events: list[RawEvent] = []
    for line, kind, piece in _pieces(content):
        if kind == b"VEVENT":
            events.append(_event(line, piece, oldest=now - _KEPT_PAST))
        elif kind == b"VTIMEZONE":
            zones.append(_FOLD.sub(b"", piece))
        else:
            headers.append(_FOLD.sub(b"", piece))
    header = {
        name.upper(): _text(value) for name, value in reversed(_HEADER.findall(b"\n".join(headers)))
    }
    return RawCalendar(
        name=header.get(b"X-WR-CALNAME") or header.get(b"NAME") or None,
        method=header.get(b"METHOD", "").upper() or None,
        timezone=header.get(b"X-WR-TIMEZONE") or None,
        zones=_checked_zones(zones),
        events=tuple(events),
    )


def _pieces(content: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Each event and timezone with its line and kind, and what stands between them."""
    line, counted, opened, open_at, inside, after, depth = 1, 0, 0, 0, b"", 0, 0
    for edge in _EDGE.finditer(content):
        word, kind = edge[1].upper(), edge[2].upper()
        line += content.count(b"\n", counted, edge.start())
        counted = edge.start()
        if kind == b"VCALENDAR":
            depth += 1 if word == b"BEGIN" else -1
            if depth not in (0, 1) or inside:
                raise _cut_off(f"{word.decode()}:VCALENDAR stands in the wrong place", line)
            if word == b"END":
                yield line, kind, content[after : edge.start()]
            after = edge.end()
        elif word == b"BEGIN":
            if inside or not depth:
                raise _cut_off(f"BEGIN:{kind.decode()} stands in the wrong place", line)
            yield line, b"VCALENDAR", content[after : edge.start()]
            inside, open_at, opened = kind, edge.start(), line
        else:
            if kind != inside:
                raise _cut_off(f"END:{kind.decode()} stands in the wrong place", line)
            yield opened, kind, content[open_at : edge.end()] + b"\n"
            inside, after = b"", edge.end()
    if depth or inside:
        raise _cut_off("its end is missing", line)
    rest = content[after:].strip()
    if rest:
        raise _cut_off("there is more after END:VCALENDAR", line)


def _cut_off(why: str, line: int) -> MalformedFile:
    return MalformedFile(
        f"The calendar is cut off or damaged: {why} (line {line}).",
        hint="Download it again. Nothing was imported.",
    )


def _event(line: int, piece: bytes, *, oldest: datetime) -> RawEvent:
    content = _kept(_FOLD.sub(b"", piece)) if len(piece) <= _LARGEST_EVENT else b""
    found = _UID.search(content or piece[:_LARGEST_EVENT])
    uid = _text(found[1]) if found is not None else None
    return RawEvent(line, uid or None, content, _is_over(content, oldest))


def _kept(content: bytes) -> bytes:
    """The lines of an event that petmsg reads, without those of parts inside it."""
    kept, depth = [], 0
    for line in content.split(b"\n"):
        begins, ends = line[:6].upper() == b"BEGIN:", line[:4].upper() == b"END:"
        depth += begins
        if depth == 1 and (begins or ends or _KEPT.match(line)):
            kept.append(line)
        depth -= ends
    return b"\n".join([*kept, b""])


def _is_over(content: bytes, oldest: datetime) -> bool:
    """Whether an event without repetition ended before that day."""
    if not content or _REPEATS.search(content):
        return False
    days = _DAYS.findall(content)
    return bool(days) and max(days).decode() < f"{oldest:%Y%m%d}"


def _checked_zones(zones: list[bytes]) -> bytes:
    """The timezone definitions, each once. Raises `MalformedFile` for any that take forever."""
    joined = b"".join(dict.fromkeys(zones))
    if len(joined) > _LARGEST_ZONES or _OFTEN.search(joined):
        raise MalformedFile(
            "The calendar defines a timezone that changes more often than every year.",
            hint="Export it with timezones of the IANA database.",
        )
    return joined


def _text(value: bytes) -> str:
    written = value.decode("utf-8", "replace").strip()
    return _ESCAPED.sub(lambda each: " " if each[1] in "nN" else each[1], written)
