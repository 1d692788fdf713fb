"""Calendar files in pieces: cut off, nested wrongly, too large."""

from datetime import UTC, datetime

import pytest

from petmsg.calendars.split import LARGEST_CALENDAR, is_calendar, split_calendar
from petmsg.errors import MalformedFile
from tests.support.calendars import calendar, event

NOW = datetime(2026, 2, 14, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    "content", [calendar(), b"\xef\xbb\xbf" + calendar(), b"\n begin:vcalendar\nend:vcalendar\n"]
)
def test_a_calendar_is_known_by_its_first_line(content: bytes) -> None:
    assert is_calendar(content)


@pytest.mark.parametrize("content", [b"", b"ref,client\n", b"{}", b"BEGIN:VCARD\n"])
def test_other_files_are_none(content: bytes) -> None:
    assert not is_calendar(content)


def test_the_pieces_of_a_calendar() -> None:
    header = ("X-WR-CALNAME:Ann\\, walks", "METHOD:publish", "X-WR-TIMEZONE:America/New_York")
    folded = event(uid="a@x").replace("Dog walk", "Dog\r\n  walk")
    raw = split_calendar(calendar(folded, event(uid=None), header=header), now=NOW)
    assert (raw.name, raw.method, raw.timezone) == ("Ann, walks", "PUBLISH", "America/New_York")
    assert [(each.line, each.uid) for each in raw.events] == [(7, "a@x"), (14, None)]
    assert b"Dog walk" in raw.events[0].content


@pytest.mark.parametrize("ends", ["\r\n", "\n", "\r"])
def test_lines_may_end_as_they_like(ends: str) -> None:
    content = calendar(event()).replace(b"\r\n", ends.encode())
    assert [each.uid for each in split_calendar(content, now=NOW).events] == ["walk@tool"]


def test_events_that_are_over_are_known_without_reading_them() -> None:
    long_ago = {"start": "20200302T090000", "end": "20200302T093000"}
    parts = (
        event(uid="over", **long_ago),
        event("RRULE:FREQ=WEEKLY", uid="goes on", **long_ago),
        event("DURATION:P400W", uid="lasts", start="20200302T090000", end=None),
        event("DURATION:PT1H", uid="short", start="20200302T090000", end=None),
        event(uid="coming"),
    )
    raw = split_calendar(calendar(*parts), now=NOW)
    assert [each.is_over for each in raw.events] == [True, False, False, True, False]


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_calendar_that_is_cut_off_is_refused(cut: int) -> None:
    whole = calendar(event(uid="a"), event(uid="b"))
    lines = whole.splitlines(keepends=True)
    with pytest.raises(MalformedFile, match="cut off or damaged"):
        split_calendar(b"".join(lines[:-cut]), now=NOW)


@pytest.mark.parametrize(
    "content",
    [
        calendar("END:VEVENT"),
        calendar("BEGIN:VEVENT", event()),
        calendar("BEGIN:VEVENT", "END:VTIMEZONE"),
        calendar() + b"BEGIN:VEVENT\r\nEND:VEVENT\r\n",
        calendar() + b"X:1\r\n",
        b"END:VCALENDAR\r\n" + calendar(),
        calendar("BEGIN:VCALENDAR"),
    ],
)
def test_a_calendar_that_is_nested_wrongly_is_refused(content: bytes) -> None:
    with pytest.raises(MalformedFile, match="cut off or damaged"):
        split_calendar(content, now=NOW)


def test_several_calendars_in_one_file_are_one() -> None:
    raw = split_calendar(calendar(event(uid="a")) + calendar(event(uid="b")), now=NOW)
    assert [each.uid for each in raw.events] == ["a", "b"]


def test_what_is_no_utf_8_is_named_by_its_line() -> None:
    content = calendar(event(summary="Zo\u00eb")).replace("\u00eb".encode(), b"\xeb")
    with pytest.raises(MalformedFile, match="Line 9 of the calendar is not UTF-8"):
        split_calendar(content, now=NOW)


def test_a_calendar_of_100_mb_is_refused_at_once() -> None:
    with pytest.raises(MalformedFile, match="larger than 32 MiB"):
        split_calendar(b"BEGIN:VCALENDAR\r\n" + bytes(LARGEST_CALENDAR), now=NOW)


@pytest.mark.parametrize("rule", ["FREQ=SECONDLY", "FREQ=DAILY", "BYDAY=SU;FREQ=WEEKLY"])
def test_a_timezone_that_changes_all_the_time_is_refused(rule: str) -> None:
    zone = ("BEGIN:VTIMEZONE", "TZID:Bad", "BEGIN:STANDARD", "DTSTART:19700101T000000",
            "TZOFFSETFROM:+0000", "TZOFFSETTO:+0100", f"RRULE:{rule}", "END:STANDARD",
            "END:VTIMEZONE")  # fmt: skip
    with pytest.raises(MalformedFile, match="more often than every year"):
        split_calendar(calendar(*zone), now=NOW)


def test_what_petmsg_does_not_read_is_left_out() -> None:
    alarm = ("BEGIN:VALARM", "SUMMARY:wake up", "DURATION:P9W", "END:VALARM")
    part = event("LOCATION:12 Main St", *alarm, "X-PETMSG-CLIENT;X=1:C-1", "STATUS:CONFIRMED")
    (found,) = split_calendar(calendar(part), now=NOW).events
    names = [line.split(b":")[0].split(b";")[0] for line in found.content.splitlines()]
    assert names == [
        b"BEGIN", b"UID", b"DTSTART", b"DTEND", b"SUMMARY", b"X-PETMSG-CLIENT", b"STATUS", b"END",
    ]  # fmt: skip
