"""Bookings that come from calendars."""

from datetime import timedelta

from petmsg.queries.booking_feed import (
    bookings_of_refs,
    client_names,
    coming_of_feed,
    set_feed,
    sitter_names,
)
from petmsg.queries.org import find_org
from petmsg.services.bookings import booking
from tests.support.fixtures import NOW, Cli, looking, working
from tests.support.texting import people


def test_the_bookings_of_a_calendar_that_come(cli: Cli, migrated_url: str) -> None:
    people(cli)
    with working(migrated_url, now=NOW) as uow:
        for ref, hours in (("past", -5), ("next", 5), ("far", 50), ("other", 6), ("gone", 7)):
            at = NOW + timedelta(hours=hours)
            booking.add(uow, client="C-1", ref=ref, starts_at=at, ends_at=at + timedelta(hours=1))
        booking.cancel(uow, "gone")
        set_feed(uow.cursor, uow.org, ["past", "next", "far", "gone"], "Walks")
        set_feed(uow.cursor, uow.org, ["other"], "Others")
        set_feed(uow.cursor, uow.org, [], "Nobody")
    with looking(migrated_url) as cursor:
        org = find_org(cursor, None)
        assert [row.ref for row in coming_of_feed(cursor, org, "Walks", now=NOW)] == ["next", "far"]
        rows = {row.ref: row.feed for row in bookings_of_refs(cursor, org, ["past", "other", "x"])}
        assert rows == {"past": "Walks", "other": "Others"}
        assert bookings_of_refs(cursor, org, []) == []
        assert ("C-1", "Ann") in client_names(cursor, org)
        assert {ref for ref, _ in sitter_names(cursor, org)} >= {"S-1"}


def test_a_client_who_is_forgotten_leaves_no_calendar_behind(cli: Cli, migrated_url: str) -> None:
    people(cli)
    with working(migrated_url, now=NOW) as uow:
        for ref, client in (("a", "C-1"), ("b", "C-2")):
            at = NOW + timedelta(hours=5)
            booking.add(uow, client=client, ref=ref, starts_at=at, ends_at=at + timedelta(hours=1))
        set_feed(uow.cursor, uow.org, ["a", "b"], "Ann's walks")
    assert cli("client", "forget", "C-1", "--reason", "asked", "--yes").code == 0
    with looking(migrated_url) as cursor:
        rows = bookings_of_refs(cursor, find_org(cursor, None), ["a", "b"])
    assert {row.ref: row.feed for row in rows} == {"a": None, "b": "Ann's walks"}
