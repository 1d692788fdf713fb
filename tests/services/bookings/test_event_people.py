"""Whom an event names: nothing is guessed."""

from collections.abc import Iterator
from typing import Any

import pytest

from petmsg.calendars.event import EventWords
from petmsg.errors import Ambiguous, MalformedRow, NotFound
from petmsg.queries.org import find_org
from petmsg.services.bookings.event_people import EventPeople, Named
from tests.support.fixtures import Cli, copied, looking


@copied
def company(cli: Cli) -> None:
    for ref, name, phone in (
        ("C-1", "Ann Ivers", "1001"), ("C-2", "Bob Ito", "1002"), ("C-3", "Bob Ito", "1003"),
        ("C-4", "Ann & Lou Park", "1004"),
    ):  # fmt: skip
        cli("client", "add", name, "--phone", f"+1415555{phone}", "--ref", ref)
    for ref, name, phone in (("S-1", "Maya Lee", "2001"), ("S-2", "Olga Roy", "2002")):
        cli("sitter", "add", name, "--phone", f"+1415555{phone}", "--ref", ref)


@pytest.fixture
def cursor(sqlite_cli: Cli, migrated_sqlite: str) -> Iterator[Any]:
    company(sqlite_cli)
    with looking(migrated_sqlite) as found:
        yield found


def named(cursor: Any, client: str | None = None, sitter: str | None = None, **words: Any) -> Named:
    found = EventWords(**words)
    org = find_org(cursor, None)
    return EventPeople(cursor, org, [found], client=client, sitter=sitter).of(found)


@pytest.mark.parametrize(
    ("words", "sitter"),
    [
        ({"summary": "Ann Ivers - Dog walk (Maya Lee)"}, "S-1"),
        ({"summary": "dog walk for ANN  IVERS with maya lee"}, "S-1"),
        ({"summary": "Ann Ivers"}, None),
        ({"summary": "C-1: walk (S-2)"}, "S-2"),
        ({"summary": "Ivers, Ann - walk"}, None),
        ({"summary": "Walk +14155551001"}, None),
        ({"summary": "Walk - (415) 555-1001"}, None),
        ({"summary": "Walk", "attendees": ("Ann Ivers", "Olga Roy")}, "S-2"),
        ({"summary": "Walk", "attendees": ("+14155551001",), "categories": ("Maya Lee",)}, "S-1"),
        ({"summary": "Walk", "lines": ("Ann Ivers", "Maya Lee")}, "S-1"),
        ({"summary": "Walk", "organizers": ("Ann Ivers",)}, None),
        ({"summary": "Bob Ito", "client": "C-1", "sitter": "Maya Lee"}, "S-1"),
        ({"summary": "Ann Ivers (Olga Roy)", "organizers": ("Maya Lee",)}, "S-2"),
    ],
)
def test_an_event_names_its_people(cursor: Any, words: dict[str, Any], sitter: str | None) -> None:
    assert named(cursor, **words) == Named("C-1", sitter)


def test_a_household_may_have_an_ampersand(cursor: Any) -> None:
    assert named(cursor, summary="Ann & Lou Park - Drop-in").client == "C-4"


def test_the_people_of_a_whole_calendar_are_those_of_each_event(cursor: Any) -> None:
    assert named(cursor, "Ann Ivers", "S-2", summary="Bob Ito (Maya Lee)") == Named("C-1", "S-2")


@pytest.mark.parametrize("summary", ["", "Dentist", "Ann", "Anna Ivers - walk", "Ann Ivers' walk"])
def test_an_event_without_a_client_is_refused(cursor: Any, summary: str) -> None:
    with pytest.raises(MalformedRow, match="names no client") as refused:
        named(cursor, summary=summary)
    assert "--client" in refused.value.hint


@pytest.mark.parametrize(
    ("words", "candidates"),
    [
        ({"summary": "Bob Ito - walk"}, ["C-2", "C-3"]),
        ({"summary": "Ann Ivers and Bob Ito"}, ["C-1", "C-2", "C-3"]),
        ({"summary": "Ann Ivers", "lines": ("C-1 C-2",), "categories": ("C-2", "C-1")},
         ["C-1", "C-2"]),
    ],
)  # fmt: skip
def test_an_event_of_several_clients_is_refused_with_the_candidates(
    cursor: Any, words: dict[str, Any], candidates: list[str]
) -> None:
    with pytest.raises(Ambiguous) as refused:
        named(cursor, **words)
    assert refused.value.candidates == candidates
    assert "--client" in refused.value.hint


def test_a_ref_decides_between_equal_names(cursor: Any) -> None:
    assert named(cursor, summary="Bob Ito - walk - C-3").client == "C-3"


def test_two_sitters_are_refused(cursor: Any) -> None:
    with pytest.raises(Ambiguous, match="matches 2 sitters: S-1, S-2"):
        named(cursor, summary="Ann Ivers (Maya Lee, Olga Roy)")


def test_an_explicit_name_must_be_there(cursor: Any) -> None:
    with pytest.raises(NotFound):
        named(cursor, summary="Ann Ivers", client="C-9")
    with pytest.raises(NotFound):
        named(cursor, client="C-9", summary="Ann Ivers")
