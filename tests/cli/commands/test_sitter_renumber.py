"""petmsg sitter renumber."""

import pytest

from tests.support.fixtures import Cli
from tests.support.sitter_commands import (
    MAYA,
    N1,
    N2,
    N3,
    POOL,
    ZOE,
    activated,
    booked,
    events,
    number,
    numbers,
    refused,
    route,
    show,
)


def test_renumbering_gives_the_sitter_another_and_quarantines_the_old_one(cli: Cli) -> None:
    numbers(cli, N1, N2)
    cli(*MAYA, "--activate")
    ran = cli("sitter", "renumber", "S-1", "--reason", "spam label", "-o", "json")
    assert ran.code == 0, ran.err
    assert ran.json == {
        "sitter": "S-1",
        "sitter_name": "Maya Lee",
        "number": N2,
        "previous": N1,
        "quarantined_until": "2026-05-15T15:00:00Z",
    }
    old = number(cli, N1)
    assert (old["class"], old["status"], old["sitter"]) == ("pool", "quarantined", None)
    assert old["quarantine_reason"] == "spam label"
    assert show(cli)["number"] == N2
    assert events(cli)[-1]["reason"] == "spam label"


def test_renumbering_can_name_the_number(sqlite_cli: Cli) -> None:
    numbers(sqlite_cli, N1, N2, N3)
    sqlite_cli(*MAYA, "--activate")
    ran = sqlite_cli("sitter", "renumber", "S-1", "--to", N3, "--reason", "x", "-o", "json")
    assert ran.json["number"] == N3


def test_renumbering_keeps_a_later_end_of_the_old_numbers_quarantine(sqlite_cli: Cli) -> None:
    numbers(sqlite_cli, N1, N2)
    sqlite_cli(*MAYA, "--activate")
    sqlite_cli("number", "quarantine", N1, "--days", "100", "--reason", "spam")
    ran = sqlite_cli("sitter", "renumber", "S-1", "--days", "1", "--reason", "x", "-o", "json")
    assert ran.json["quarantined_until"] == "2026-05-25T15:00:00Z"


def test_the_sitters_windows_use_the_new_number(sqlite_cli: Cli) -> None:
    numbers(sqlite_cli, N1, N2)
    sqlite_cli(*MAYA, "--activate")
    booked(sqlite_cli, "B-1", "-1h", "+1h")
    sqlite_cli("sitter", "renumber", "S-1", "--reason", "spam label")
    assert route(sqlite_cli)["number"]["e164"] == N2


def test_renumbering_with_no_number_free_changes_nothing(sqlite_cli: Cli) -> None:
    numbers(sqlite_cli, N1)
    sqlite_cli(*MAYA, "--activate")
    before = events(sqlite_cli)
    ran = sqlite_cli("sitter", "renumber", "S-1", "--reason", "x", "-o", "json")
    refused(ran, "no_number_free")
    assert (number(sqlite_cli, N1)["sitter"], events(sqlite_cli)) == ("S-1", before)


@pytest.mark.parametrize(
    ("to", "code"),
    [
        (N1, "refused"),
        (N2, "number_held"),
        (N3, "number_quarantined"),
        (POOL, "not_a_sitter_number"),
        ("+14155550999", "number_not_found"),
    ],
    ids=["her own", "another's", "quarantined", "pool", "unknown"],
)
def test_a_number_that_cannot_be_assigned_is_refused_and_the_sitter_keeps_the_old_one(
    sqlite_cli: Cli, to: str, code: str
) -> None:
    numbers(sqlite_cli, N1, N2, N3)
    numbers(sqlite_cli, POOL, number_class="pool")
    sqlite_cli(*MAYA, "--activate")
    sqlite_cli(*ZOE, "--activate")
    sqlite_cli("number", "quarantine", N3, "--reason", "spam")
    ran = sqlite_cli("sitter", "renumber", "S-1", "--to", to, "--reason", "x", "-o", "json")
    refused(ran, code, 3 if code == "number_not_found" else 4)
    assert show(sqlite_cli)["number"] == N1
    assert number(sqlite_cli, N1)["status"] == "active"


def test_renumbering_needs_a_reason_and_an_active_sitter(sqlite_cli: Cli) -> None:
    numbers(sqlite_cli, N1)
    sqlite_cli(*MAYA)
    assert sqlite_cli("sitter", "renumber", "S-1").code == 2
    empty = sqlite_cli("sitter", "renumber", "S-1", "--reason", "  ", "-o", "json")
    refused(empty, "empty_reason", 2)
    ran = sqlite_cli("sitter", "renumber", "S-1", "--reason", "x", "-o", "json")
    refused(ran, "sitter_not_active")


def test_an_active_sitter_without_a_number_can_be_renumbered(sqlite_cli: Cli) -> None:
    sqlite_cli(*MAYA)
    activated(sqlite_cli, "S-1", "--without-number")
    numbers(sqlite_cli, N1)
    ran = sqlite_cli("sitter", "renumber", "S-1", "--reason", "first one", "-o", "json")
    assert (ran.json["number"], ran.json["previous"]) == (N1, None)
