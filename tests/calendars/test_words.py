"""The texts of an event that may name people."""

import pytest
from icalendar import Event

from petmsg.calendars.words import is_called_cancelled, parts_of, words_of
from tests.support.calendars import event


@pytest.mark.parametrize(
    ("title", "parts"),
    [
        ("Ann Ivers - Dog walk (Maya Lee)", {"Ann Ivers", "Dog walk", "Maya Lee"}),
        ("Dog Walking: Ann Ivers with Maya Lee", {"Dog Walking", "Ann Ivers", "Maya Lee"}),
        ("30 min visit for Ann Ivers \u2013 Maya Lee", {"30 min visit", "Ann Ivers", "Maya Lee"}),
        ("Lee, Maya | Cat visit", {"Maya Lee", "Cat visit"}),
        ("Ann & Bob Ivers - Drop-in", {"Ann & Bob Ivers", "Drop-in"}),
        ("Anne-Marie O'Neill", {"Anne-Marie O'Neill"}),
        ("C-1 / S-2", {"C-1", "S-2"}),
    ],
)
def test_a_title_has_parts(title: str, parts: set[str]) -> None:
    assert parts <= set(parts_of(title))


def test_long_titles_are_taken_in_linear_time() -> None:
    assert len(parts_of(", " * 100_000 + "x - " * 100_000)) <= 50


def test_people_stand_in_attendees_categories_and_labelled_lines() -> None:
    found = words_of(
        Event.from_ical(
            event(
                'ATTENDEE;CN="Ann Ivers":mailto:ann@example.com',
                "ATTENDEE:tel:+14155551001",
                "ORGANIZER;CN=Happy Paws:mailto:desk@example.com",
                "CATEGORIES:Walks,Maya Lee",
                "DESCRIPTION:<b>Client:</b> x\\nClient: Ann Ivers\\nNotes: none\\nSitter: Maya Lee",
                "X-PETMSG-CLIENT:C-1",
                "X-SITTER:S-1",
                summary="Walk",
            )
        )
    )
    assert found.summary == "Walk"
    assert found.attendees == ("Ann Ivers", "+14155551001")
    assert found.organizers == ("Happy Paws",)
    assert found.categories == ("Walks", "Maya Lee")
    assert found.lines == ("Ann Ivers", "Maya Lee")
    assert (found.client, found.sitter) == ("C-1", "S-1")


def test_phones_stand_anywhere_in_the_description() -> None:
    found = words_of(
        Event.from_ical(event("DESCRIPTION:650-555-1212 - fred@example.com", summary="x"))
    )
    assert found.lines == ("650-555-1212",)


@pytest.mark.parametrize("title", ["Canceled: Ann", "CANCELLED Ann", "[Cancelled] Ann", "Canceled"])
def test_a_title_may_say_that_it_is_cancelled(title: str) -> None:
    assert is_called_cancelled(title)


@pytest.mark.parametrize("title", ["Ann - Cancelled", "Cancelling", "Ann", ""])
def test_other_titles_do_not(title: str) -> None:
    assert not is_called_cancelled(title)


def test_an_event_may_name_nobody() -> None:
    found = words_of(Event.from_ical(event(summary="")))
    assert (found.summary, found.attendees, found.lines, found.client) == ("", (), (), None)
