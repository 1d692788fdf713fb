"""petmsg route explain --at a time in the past."""

from datetime import timedelta

import pytest

from tests.support.fixtures import NOW, Cli
from tests.support.route_commands import (
    DESK,
    EARLIER,
    MAYA,
    POOL,
    POOL_2,
    THIRD,
    codes,
    explain,
    people,
    send,
    visit,
)


def test_the_past_knows_who_held_which_number(cli: Cli) -> None:
    people(cli)
    visit(cli, end="2026-02-20T16:00Z")
    cli("number", "add", THIRD, "--class", "sitter")
    renumbered = NOW + timedelta(hours=1)
    cli("sitter", "renumber", "S-1", "--to", THIRD, "--reason", "spam", now=renumbered)
    later = NOW + timedelta(hours=2)
    assert explain(cli, now=later)["number"]["e164"] == THIRD
    assert explain(cli, "--at", "2026-02-14T15:59:59Z", now=later)["number"]["e164"] == MAYA
    assert explain(cli, "--at", "2026-02-14T16:00Z", now=later)["number"]["e164"] == THIRD


def test_the_past_knows_class_status_and_quarantine(cli: Cli) -> None:
    people(cli, POOL)
    at = {name: NOW + timedelta(hours=hours) for name, hours in (("q", 1), ("r", 2), ("c", 3))}
    cli("number", "quarantine", POOL, "--days", "1", "--reason", "spam", now=at["q"])
    cli("number", "restore", POOL, "--reason", "cleared", now=at["r"])
    cli("number", "set-class", POOL, "sitter", now=at["c"])
    later = NOW + timedelta(hours=4)
    found = [
        codes(explain(cli, "--at", f"2026-02-14T{hour}:30Z", now=later))[1]
        for hour in (15, 16, 17, 18)
    ]
    assert found == [
        "POOL_LEAST_RECENTLY_USED",
        "POOL_EMPTY",
        "POOL_LEAST_RECENTLY_USED",
        "POOL_EMPTY",
    ]


def test_a_quarantine_that_was_due_in_the_past_was_over_then(sqlite_cli: Cli) -> None:
    people(sqlite_cli, POOL)
    sqlite_cli("number", "quarantine", POOL, "--until", "+1h", "--reason", "spam")
    later = NOW + timedelta(days=3)  # nobody recorded its end
    assert codes(explain(sqlite_cli, "--at", "2026-02-14T15:30Z", now=later))[1] == "POOL_EMPTY"
    assert explain(sqlite_cli, "--at", "2026-02-14T16:00Z", now=later)["number"]["e164"] == POOL


def test_in_the_past_a_sitter_is_active_from_activation_to_offboarding(cli: Cli) -> None:
    people(cli)
    visit(cli, start="2026-02-12T14:00Z", end="2026-02-14T20:00Z")
    gone = NOW + timedelta(hours=1)
    cli("sitter", "deactivate", "--yes", "S-1", now=gone)
    later = NOW + timedelta(hours=2)

    def first(at: str) -> str:
        ran = cli("route", "explain", "C-1", "--at", at, "-o", "json", now=later)
        return codes(ran.json)[0]

    assert first("2026-02-13T14:59:59Z") == "SITTER_NOT_ACTIVE"
    assert first("2026-02-13T15:00:01Z") == "WINDOW_ACTIVE"
    assert first("2026-02-14T15:59:59Z") == "WINDOW_ACTIVE"
    assert (
        first("2026-02-14T16:00:00Z") == "NO_ACTIVE_WINDOW"
    )  # the sitter's windows ended with them


def test_in_the_past_a_sitter_who_came_back_was_away_between_their_spans(cli: Cli) -> None:
    people(cli)
    cli("number", "add", THIRD, "--class", "sitter", now=EARLIER)
    hour = timedelta(hours=1)
    cli("sitter", "deactivate", "--yes", "S-1", now=NOW + hour)
    cli("sitter", "activate", "S-1", now=NOW + 2 * hour)
    later = NOW + 4 * hour
    visit(cli, start="2026-02-14T15:00Z", end="2026-02-14T18:30Z", now=later)

    def told(at: str) -> tuple[str, str]:
        found = explain(cli, "--at", at, now=later)
        return codes(found)[0], found["number"]["e164"]

    assert told("2026-02-14T15:30Z") == ("WINDOW_ACTIVE", MAYA)
    assert told("2026-02-14T16:30Z") == ("SITTER_NOT_ACTIVE", DESK)
    assert told("2026-02-14T17:30Z") == ("WINDOW_ACTIVE", THIRD)


def test_own_pool_number_and_last_use_count_only_what_was_claimed_by_then(cli: Cli) -> None:
    people(cli, POOL, POOL_2)
    send(cli)  # POOL becomes the own number of C-1
    hour = timedelta(hours=1)
    assert send(cli, "C-2", now=NOW + hour)["from"] == POOL_2
    later = NOW + 3 * hour
    before = explain(cli, "--at", "2026-02-14T14:59:59Z", now=later)
    assert (before["number"]["e164"], codes(before)[1]) == (POOL, "POOL_LEAST_RECENTLY_USED")
    after = explain(cli, "--at", "2026-02-14T15:30Z", now=later)
    assert (after["number"]["e164"], codes(after)[1]) == (POOL, "POOL_STICKY")
    other = explain(cli, "--at", "2026-02-14T15:30Z", client="C-2", now=later)
    assert (other["number"]["e164"], codes(other)[1]) == (POOL_2, "POOL_LEAST_RECENTLY_USED")
    other = explain(cli, "--at", "2026-02-14T14:30Z", client="C-2", now=later)
    assert other["number"]["e164"] == POOL


def test_a_setting_changed_since_is_warned_about(sqlite_cli: Cli) -> None:
    people(sqlite_cli, POOL)
    changed = NOW + timedelta(hours=1)
    sqlite_cli("org", "set", "--pool-for", "one_time", "--grace-minutes", "5", now=changed)
    sqlite_cli("client", "set", "C-1", "--kind", "recurring", now=changed)
    later = NOW + timedelta(hours=2)
    assert explain(sqlite_cli, "--at", "2026-02-14T15:00Z", now=later)["warnings"] == [
        "Setting pool_for changed at 2026-02-14 11:00 EST, after this time",
        "The client's kind changed at 2026-02-14 11:00 EST, after this time",
    ]
    assert explain(sqlite_cli, "--at", "2026-02-14T16:30Z", now=later)["warnings"] == []
    assert explain(sqlite_cli, now=later)["warnings"] == []


@pytest.mark.parametrize(
    "change",
    [
        ("booking", "cancel", "--yes", "B-1"),
        ("booking", "reassign", "B-1", "--sitter", "S-2"),
        ("booking", "reschedule", "B-1", "--start", "+1d", "--end", "+2d"),
    ],
)
def test_a_window_changed_since_is_warned_about(sqlite_cli: Cli, change: tuple[str, ...]) -> None:
    people(sqlite_cli)
    visit(sqlite_cli)
    sqlite_cli(*change, now=NOW + timedelta(minutes=30))
    later = NOW + timedelta(hours=1)
    found = explain(sqlite_cli, "--at", "2026-02-14T15:15Z", now=later)
    assert found["warnings"] == [
        "The window of booking B-1 changed at 2026-02-14 10:30 EST, after this time"
    ]
    before = explain(sqlite_cli, "--at", "2026-02-14T13:59Z", code=4, now=later)  # no desk yet
    assert before["warnings"] == []


def test_a_visit_confirmed_only_afterwards_is_warned_about(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    visit(sqlite_cli, now=NOW + timedelta(hours=3))
    found = explain(sqlite_cli, "--at", "2026-02-14T15:15Z", now=NOW + timedelta(hours=4))
    assert "The window of booking B-1 changed at" in found["warnings"][0]


def test_the_window_of_another_client_is_no_reason_for_a_warning(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    visit(sqlite_cli, now=NOW + timedelta(hours=3))
    later = NOW + timedelta(hours=4)
    found = explain(sqlite_cli, "--at", "2026-02-14T15:15Z", client="C-2", now=later)
    assert found["warnings"] == []
