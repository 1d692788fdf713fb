"""Overrides: started, repeated, replaced and ended; audited; at most one holds at each time."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from petmsg.enums.routing import OverrideTo
from petmsg.errors import NotFound, OutOfRange
from petmsg.queries import override as queries
from petmsg.queries.org import find_org
from petmsg.queries.page import Page
from petmsg.services.people.client import ClientForgotten
from petmsg.services.routes import override as service
from petmsg.services.unit_of_work import Failure
from tests.support.consistency import raw
from tests.support.fixtures import NOW, Cli, add_org, looking, working

HOUR = timedelta(hours=1)


@pytest.fixture
def url(migrated_url: str) -> str:
    add_org(migrated_url)
    return migrated_url


@pytest.fixture
def clients(url: str, cli: Cli) -> str:
    for ref, phone in (("C-1", "+14155551001"), ("C-2", "+14155551002")):
        assert cli("client", "add", ref, "--phone", phone, "--ref", ref).code == 0
    return url


def start(
    url: str, client: str = "C-1", *, hours: float = 2, reason: str = "complaint", now: Any = NOW
) -> service.Override:
    with working(url, now=now) as uow:
        return service.start(uow, client, until=NOW + hours * HOUR, reason=reason)


def end(url: str, client: str = "C-1", *, now: Any = NOW) -> service.Override:
    with working(url, now=now) as uow:
        return service.end(uow, client, reason="settled")


def events(url: str) -> list[tuple[str, str | None]]:
    with raw(url) as cursor:
        rows = cursor.tuples("SELECT event, reason FROM audit_event WHERE event LIKE 'override.%'")
    return [(event, reason) for event, reason in rows]


def spans(url: str) -> list[tuple[datetime, datetime]]:
    with raw(url) as cursor:
        rows = cursor.rows(
            "SELECT starts_at, coalesce(ended_at, until_at) AS ends_at FROM route_override"
            " ORDER BY id"
        )
    return [(row["starts_at"], row["ends_at"]) for row in rows]


def test_an_override_holds_until_its_end(clients: str) -> None:
    started = start(clients)
    assert (started.client, started.reused, started.replaced) == ("C-1", False, None)
    assert (started.starts_at, started.until_at, started.holds) == (NOW, NOW + 2 * HOUR, True)
    with looking(clients) as cursor:
        client_id = cursor.value("SELECT id FROM client WHERE ref = 'C-1'")
        for at, holds in (
            (NOW - timedelta(microseconds=1), False),
            (NOW, True),
            (NOW + 2 * HOUR - timedelta(microseconds=1), True),
            (NOW + 2 * HOUR, False),
        ):
            found = queries.holding_override(cursor, client_id, at)
            assert (found is not None) is holds, at
    assert events(clients) == [("override.started", "complaint")]


def test_the_same_again_changes_nothing(clients: str) -> None:
    first = start(clients)
    again = start(clients, now=NOW + HOUR)
    assert (again.override, again.reused) == (first.override, True)
    assert len(events(clients)) == 1


@pytest.mark.parametrize("changed", [{"hours": 3}, {"reason": "another"}])
def test_another_one_ends_the_one_before(clients: str, changed: dict[str, Any]) -> None:
    first = start(clients)
    second = start(clients, now=NOW + HOUR, **changed)
    assert (second.replaced, second.reused) == (first.override, False)
    assert spans(clients)[0] == (NOW, NOW + HOUR)
    assert [event for event, _ in events(clients)] == [
        "override.started", "override.ended", "override.started",
    ]  # fmt: skip


def test_one_whose_time_is_over_is_not_ended_again(clients: str) -> None:
    start(clients)
    later = start(clients, hours=9, now=NOW + 3 * HOUR)
    assert later.replaced is None
    assert spans(clients) == [(NOW, NOW + 2 * HOUR), (NOW + 3 * HOUR, NOW + 9 * HOUR)]
    assert [event for event, _ in events(clients)] == ["override.started"] * 2


def test_ending_one_is_audited_and_repeating_it_changes_nothing(clients: str) -> None:
    start(clients)
    ended = end(clients, now=NOW + HOUR)
    assert (ended.ended_at, ended.holds, ended.reused) == (NOW + HOUR, False, False)
    assert end(clients, now=NOW + HOUR).reused
    assert end(clients, "C-2").override is None
    assert events(clients)[-1] == ("override.ended", "settled")
    assert len(events(clients)) == 2


def test_a_clock_that_steps_back_makes_no_overlap(clients: str) -> None:
    start(clients, now=NOW + HOUR)
    ended = end(clients, now=NOW)
    assert ended.ended_at == NOW + HOUR
    start(clients, now=NOW)
    start(clients, reason="again", now=NOW - HOUR)
    found = sorted(spans(clients))
    assert all(before[1] <= after[0] for before, after in pairwise(found))


def test_an_end_that_is_not_in_the_future_is_refused(clients: str) -> None:
    with pytest.raises(OutOfRange, match="is not in the future"):
        start(clients, hours=0)
    with pytest.raises(NotFound):
        start(clients, "C-9")
    assert spans(clients) == []


def test_an_erased_client_has_no_override(clients: str, cli: Cli) -> None:
    start(clients, reason="Ann is angry with Maya")
    assert cli("client", "forget", "C-1", "--reason", "asked", "--yes").code == 0
    with pytest.raises(ClientForgotten):
        start(clients)
    with looking(clients) as cursor:
        reasons = cursor.tuples("SELECT reason FROM route_override")
    assert reasons == [("(erased)",)]


def test_several_clients_each_in_their_own_savepoint(clients: str) -> None:
    with working(clients) as uow:
        rows = service.start_all(
            uow, ["C-1", "C-9", "C-2"], to=OverrideTo.DESK, until=NOW + HOUR, reason="ill"
        )
    assert [isinstance(row, Failure) for row in rows] == [False, True, False]
    assert len(spans(clients)) == 2


def test_the_list_has_what_holds_and_with_all_what_ended(clients: str) -> None:
    start(clients)
    start(clients, "C-2")
    end(clients, "C-2", now=NOW + HOUR)
    with looking(clients) as cursor:
        org = find_org(cursor, None)
        now = NOW + HOUR
        holding = queries.list_overrides(cursor, org, Page(), now=now)
        every = queries.list_overrides(cursor, org, Page(None), now=now, ended=True)
        older = queries.list_overrides(cursor, org, Page(1, "2"), now=now, ended=True)
        with pytest.raises(OutOfRange):
            queries.list_overrides(cursor, org, Page(1, "two"), now=now)
    assert [(row.client, row.holds) for row in holding] == [("C-1", True)]
    assert [(row.client, row.holds) for row in every] == [("C-2", False), ("C-1", True)]
    assert [row.client for row in older] == ["C-1"]


def test_it_says_from_which_number_messages_are_sent(clients: str, cli: Cli) -> None:
    assert start(clients).number == "+14155550100"
    add_org(clients, "without-a-desk", front_desk=None)
    of_other = ("--org", "without-a-desk")
    cli("client", "add", "Cleo", "--phone", "+14155551003", "--ref", "C-1", *of_other)
    ran = cli("route", "override", "C-1", "--until", "+3h", "--reason", "x", *of_other)
    assert ran.code == 0
    assert "No front desk number is usable" in ran.err


def test_it_is_shown_with_the_client_the_thread_and_the_status(clients: str, cli: Cli) -> None:
    assert cli("client", "show", "C-1", "-o", "json").json["override"] is None
    start(clients)
    held = {
        "starts_at": "2026-02-14T15:00:00Z",
        "until_at": "2026-02-14T17:00:00Z",
        "reason": "complaint",
    }
    for noun in ("client", "thread"):
        assert cli(noun, "show", "C-1", "-o", "json").json["override"] == held
        table = cli(noun, "show", "C-1", "-o", "table").out
        assert "Front desk until 2026-02-14 12:00 EST (complaint)" in table
    (status,) = cli("status", "-o", "json").json
    assert status["overrides"] == 1
    assert "1: petmsg route override list" in cli("status", "-o", "table").out
    over = NOW + 2 * HOUR
    assert cli("thread", "show", "C-1", "-o", "json", now=over).json["override"] is None
    assert cli("status", "-o", "json", now=over).json[0]["overrides"] == 0


def take_over(url: str, starts: float, until: float, *, now: datetime = NOW) -> bool:
    """Import an override of C-1 that another system began, `starts` hours after NOW."""
    with working(url, now=now) as uow:
        client_id = uow.cursor.value("SELECT id FROM client WHERE ref = 'C-1'")
        return service.import_one(
            uow,
            (client_id, "C-1"),
            starts_at=NOW + starts * HOUR,
            until_at=NOW + until * HOUR,
            reason="complaint",
            why="imported",
        )


def test_one_of_another_system_may_have_begun_before(clients: str) -> None:
    assert take_over(clients, -5, 3) is True
    assert spans(clients) == [(NOW - 5 * HOUR, NOW + 3 * HOUR)]
    assert events(clients) == [("override.started", "imported")]
    assert take_over(clients, -5, 3) is False, "it is here"
    assert take_over(clients, 1, 9) is False, "another one holds in a part of this time"
    assert len(spans(clients)) == 1


def test_one_of_another_system_that_was_ended_here_stays_ended(clients: str) -> None:
    take_over(clients, -5, 3)
    end(clients)
    assert take_over(clients, -5, 3) is False
    assert spans(clients) == [(NOW - 5 * HOUR, NOW)]


def test_one_of_another_system_comes_after_one_that_is_over(clients: str) -> None:
    start(clients, hours=1)
    later = NOW + 2 * HOUR
    assert take_over(clients, 1.5, 4, now=later) is True
    assert spans(clients) == [(NOW, NOW + HOUR), (NOW + 1.5 * HOUR, NOW + 4 * HOUR)]


def test_a_client_has_no_second_one_of_another_system_to_come(clients: str) -> None:
    start(clients, hours=1)
    with pytest.raises(service.OverrideRuns):
        take_over(clients, 5, 6)
    assert len(spans(clients)) == 1
