"""Calendars as a whole: each event by itself, bounded, without a traceback."""

import random
from datetime import UTC, datetime, time, timedelta

import pytest

from petmsg.calendars import read
from petmsg.calendars.event import Calendar, EventWords
from petmsg.calendars.read import Span, read_calendar
from petmsg.errors import MalformedFile, PetmsgError
from tests.support.calendars import PLACE, calendar, event

NOW = datetime(2026, 2, 14, 15, tzinfo=UTC)
SPAN = Span(NOW, NOW + timedelta(days=90), PLACE)


def taken(*parts: str, span: Span = SPAN, header: tuple[str, ...] = ()) -> Calendar:
    return read_calendar(calendar(*parts, header=header), span)


def refs(found: Calendar) -> list[str]:
    return [visit.ref for visit in found.visits if visit.is_expanded]


def why(found: Calendar) -> list[str]:
    return [problem.error.message for problem in found.problems]


def test_single_events_and_series() -> None:
    found = taken(
        event(uid="one@x"), event("RRULE:FREQ=WEEKLY;COUNT=2", uid="two@x", start="20260303T090000",
                                  end="20260303T093000"),
    )  # fmt: skip
    assert refs(found) == ["one@x", "two@x/20260303T140000Z", "two@x/20260310T130000Z"]
    assert [visit.line for visit in found.visits] == [4, 10, 10]
    assert found.problems == []


def test_past_visits_are_not_expanded_but_named_ones_are_known() -> None:
    found = taken(
        event(uid="past@x", start="20260213T090000", end="20260213T093000"),
        event(uid="far@x", start="20261213T090000", end="20261213T093000"),
        event(uid="over@x", start="20200213T090000", end="20200213T093000"),
    )
    assert refs(found) == []
    assert [visit.ref for visit in found.visits] == ["past@x", "far@x"]
    assert found.skipped == {"over@x"}


def test_a_visit_that_runs_now_is_taken() -> None:
    found = taken(event(start="20260214T093000", end="20260214T113000"))
    assert refs(found) == ["walk@tool"]


def test_cancelled_events_are_told() -> None:
    changed = event("STATUS:CANCELLED", f"RECURRENCE-ID;TZID={PLACE}:20260309T090000",
                    start="20260309T090000", end="20260309T093000")  # fmt: skip
    found = taken(event("RRULE:FREQ=WEEKLY;COUNT=2"), changed)
    assert [visit.is_cancelled for visit in found.visits] == [False, True]
    assert taken(event(), header=("METHOD:CANCEL",)).visits[0].is_cancelled


def test_invitations_are_no_whole_calendar() -> None:
    assert taken(event(), header=("METHOD:REQUEST",)).is_message
    assert not taken(event(), header=("METHOD:PUBLISH",)).is_message


def test_a_changed_visit_may_come_without_its_series() -> None:
    found = taken(event(f"RECURRENCE-ID;TZID={PLACE}:20260309T090000"))
    assert refs(found) == ["walk@tool/20260309T130000Z"]


def test_the_highest_sequence_counts() -> None:
    old, new = event("SEQUENCE:1"), event("SEQUENCE:2", start="20260303T090000",
                                          end="20260303T093000")  # fmt: skip
    for parts in ((old, new), (new, old)):
        found = taken(*parts)
        assert [visit.starts_at.day for visit in found.visits] == [3]


def test_two_events_with_one_uid_are_refused() -> None:
    found = taken(event(), event(start="20260303T090000", end="20260303T093000"))
    assert why(found) == ["The events of lines 4 and 10 have the same UID."]
    assert refs(taken(event(), event())) == ["walk@tool"]


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (event(uid=None), "The event has no UID, so a second import could not find it again."),
        (event(uid=" "), "The event has no UID, so a second import could not find it again."),
        (event(zone="Mars/Base"), "Unknown timezone 'Mars/Base'."),
        (event(start="20260302", end="20260303", zone=None),
         "The event is all-day, a visit needs times."),
        (event(end="20260302T080000"), "The event of line 4 ends before it starts."),
        (event().replace("DTSTART", "X-START"), "The event has no start (DTSTART)."),
        (event("RRULE:FREQ=SECONDLY"),
         "The event repeats SECONDLY; a visit repeats DAILY, WEEKLY, MONTHLY or YEARLY."),
        (event("DESCRIPTION:" + "x" * 300_000), "The event is larger than 256 KiB."),
    ],
)  # fmt: skip
def test_a_bad_event_is_refused_alone(part: str, message: str) -> None:
    found = taken(part, event(uid="good@x"))
    assert why(found) == [message]
    assert refs(found) == ["good@x"]
    assert all(problem.error.hint for problem in found.problems)


@pytest.mark.parametrize(
    "lines",
    [("RRULE:FREQ=DAILY;UNTIL=never",), ("RRULE:garbage",), ("EXDATE:x",), ("RDATE:1,2",),
     ("RECURRENCE-ID:tomorrow",), ("SEQUENCE:many", "RRULE:FREQ=DAILY;COUNT=2"),
     ("BEGIN:VALARM", "TRIGGER:oops", "END:VALARM"), ("DTSTART:20260302T090000Z",),
     (";;;:::",), ("ATTENDEE;CN=\"x:y",)],
)  # fmt: skip
def test_whatever_an_event_says_is_no_traceback(lines: tuple[str, ...]) -> None:
    found = taken(event(*lines), event(uid="good@x"))
    assert "good@x" in refs(found)
    assert all(problem.error.message.isprintable() for problem in found.problems)


def test_an_event_that_fails_half_way_has_no_visits(monkeypatch: pytest.MonkeyPatch) -> None:
    words_of, seen = read.words_of, list[object]()

    def fails_at_the_second(component: object) -> EventWords:
        seen.append(component)
        if len(seen) == 2:
            raise RuntimeError("a visit that the library cannot read")
        return words_of(component)

    monkeypatch.setattr(read, "words_of", fails_at_the_second)
    found = taken(event("RRULE:FREQ=DAILY;COUNT=3"), event(uid="good@x"))
    assert (len(found.problems), refs(found)) == (1, ["good@x"])


def test_a_timezone_may_be_defined_by_the_file() -> None:
    zone = ("BEGIN:VTIMEZONE", "TZID:Office", "BEGIN:STANDARD", "DTSTART:19700101T000000",
            "TZOFFSETFROM:+0200", "TZOFFSETTO:+0200", "END:STANDARD", "END:VTIMEZONE")  # fmt: skip
    found = taken(*zone, event(zone="Office"))
    assert found.visits[0].starts_at == datetime(2026, 3, 2, 7, tzinfo=UTC)


def test_free_days_are_skipped_and_others_get_their_hours() -> None:
    holiday = event("TRANSP:TRANSPARENT", uid="day@x", start="20260302", end="20260303", zone=None)
    found = taken(holiday)
    assert (refs(found), found.free_days, found.skipped) == ([], 1, {"day@x"})
    with_hours = Span(NOW, SPAN.end, PLACE, (time(8), time(20)))
    assert refs(taken(holiday, span=with_hours)) == ["day@x"]


def test_an_all_day_series_gets_hours_too() -> None:
    span = Span(NOW, SPAN.end, PLACE, (time(20), time(8)))
    nights = event("RRULE:FREQ=DAILY;UNTIL=20260309", "EXDATE;VALUE=DATE:20260308",
                   start="20260307", end="20260308", zone=None)  # fmt: skip
    found = taken(nights, span=span)
    assert [visit.starts_at.isoformat() for visit in found.visits] == [
        "2026-03-08T01:00:00+00:00", "2026-03-10T00:00:00+00:00",
    ]  # fmt: skip
    assert found.visits[0].ends_at == datetime(2026, 3, 8, 12, tzinfo=UTC)


def test_too_many_visits_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "MOST_VISITS", 50)
    with pytest.raises(MalformedFile, match="more than 50 visits until 2026-05-15"):
        taken(event("RRULE:FREQ=DAILY"))


def test_and_so_does_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "MOST_SECONDS", 0)
    with pytest.raises(MalformedFile, match="within 0 seconds"):
        taken(event())


def test_a_damaged_calendar_is_told_and_never_a_traceback() -> None:
    """Bytes and lines of a calendar are removed, doubled and changed by chance."""
    chance = random.Random(7)
    whole = calendar(
        event("RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=9", "EXDATE:20260309T130000Z"),
        event(f"RECURRENCE-ID;TZID={PLACE}:20260304T090000", "STATUS:CANCELLED"),
        event('ATTENDEE;CN="Ann Ivers":mailto:a@x.com', uid="b@x", zone=None),
    )
    for _ in range(300):
        lines = whole.splitlines(keepends=True)
        at = chance.randrange(1, len(lines) - 1)
        match chance.randrange(4):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, chance.choice(lines))
            case 2:
                line = bytearray(lines[at])
                line[chance.randrange(len(line))] = chance.randrange(256)
                lines[at] = bytes(line)
            case _:
                lines[at] = lines[at][: chance.randrange(len(lines[at]))] + b"\r\n"
        assert all(message.isprintable() for message in what_is_said_of(b"".join(lines)))


def what_is_said_of(content: bytes) -> list[str]:
    try:
        return why(read_calendar(content, SPAN))
    except PetmsgError as problem:
        return [problem.message]
