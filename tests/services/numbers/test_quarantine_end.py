"""petmsg number restore and release-due: how a quarantine ends."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks import company
from petmsg.db.engine import Engine
from tests.support.fixtures import NOW, Cli, add_org, run_cli
from tests.support.quarantine_commands import (
    DESK,
    N1,
    N2,
    POOL,
    add,
    booked,
    events,
    maya,
    quarantine,
    refused,
    route,
    show,
)

# ----------------------------------------------------------------------------------------- restore


def test_a_quarantine_that_is_over_is_restored_without_a_reason(sqlite_cli: Cli) -> None:
    maya(sqlite_cli)
    quarantine(sqlite_cli, N1, "--days", "1")
    ran = sqlite_cli("number", "restore", N1, "-o", "json", now=NOW + timedelta(days=1))
    assert ran.code == 0
    assert ran.json == [
        {
            "number": N1,
            "status": "active",
            "sitter": "S-1",
            "sitter_name": "Maya Lee",
            "forced": False,
            "reason": None,
        }
    ]
    shown = show(sqlite_cli, N1)
    assert (shown["status"], shown["quarantined_until"], shown["quarantine_reason"]) == (
        "active",
        None,
        None,
    )


def test_an_early_restore_without_a_reason_is_refused(sqlite_cli: Cli) -> None:
    add(sqlite_cli, N1)
    quarantine(sqlite_cli, N1, "--days", "1")
    before = events(sqlite_cli)
    a_moment_early = NOW + timedelta(days=1) - timedelta(microseconds=1)
    ran = sqlite_cli("number", "restore", N1, "-o", "json", now=a_moment_early)
    error = refused(ran, "reason_required")
    assert "2026-02-15 10:00 EST" in error["message"]
    assert "--reason" in error["hint"]
    assert (show(sqlite_cli, N1)["status"], events(sqlite_cli)) == ("quarantined", before)


def test_an_early_restore_is_audited_as_forced_with_its_reason_and_the_original_end(
    cli: Cli,
) -> None:
    maya(cli)
    quarantine(cli, N1, "--days", "14")
    ran = cli(
        "number", "restore", N1, "--reason", "carrier cleared it", "--actor", "olga", "-o", "json"
    )
    assert ran.code == 0
    assert ran.json == [
        {
            "number": N1,
            "status": "active",
            "sitter": "S-1",
            "sitter_name": "Maya Lee",
            "forced": True,
            "reason": "carrier cleared it",
        }
    ]
    last = events(cli)[-1]
    assert (last["event"], last["actor"], last["reason"]) == (
        "number.restored",
        "olga",
        "carrier cleared it",
    )
    assert last["payload"] == {
        "forced": True,
        "original_until": "2026-02-28T15:00:00Z",
        "quarantine_reason": "spam",
        "class": "sitter",
        "sitter": "S-1",
    }
    assert show(cli, N1)["history"][-1]["reason"] == "carrier cleared it"


def test_a_number_that_is_not_quarantined_cannot_be_restored(sqlite_cli: Cli) -> None:
    add(sqlite_cli, N1)
    ran = sqlite_cli("number", "restore", N1, "--reason", "x", "-o", "json")
    assert refused(ran, "number_not_quarantined")["hint"]


def test_several_numbers_are_restored_and_one_refusal_stops_no_other(sqlite_cli: Cli) -> None:
    add(sqlite_cli, N1, N2)
    quarantine(sqlite_cli, N1, "--days", "1")
    ran = sqlite_cli("number", "restore", N2, N1, "-o", "json", now=NOW + timedelta(days=1))
    assert ran.code == 4
    assert ran.json[0]["error"]["code"] == "number_not_quarantined"
    assert ran.json[1]["forced"] is False


def test_a_quarantined_number_stays_assigned_to_its_sitter(cli: Cli) -> None:
    maya(cli)
    add(cli, POOL, number_class="pool")
    booked(cli, "B-1", "C-1", "-1h", "+30d")
    quarantine(cli, N1, "--days", "14")
    assert show(cli, N1)["sitter"] == "S-1"
    again = cli("sitter", "activate", "S-1", "-o", "json").json[0]
    assert (again["number"], again["reused"]) == (N1, True), "no other number is needed meanwhile"
    assert route(cli)["number"]["e164"] == POOL
    cli("number", "restore", N1, "--reason", "cleared")
    assert route(cli)["number"]["e164"] == N1


def test_a_quarantine_is_over_for_routing_at_its_end_also_if_cron_did_not_run(
    sqlite_cli: Cli,
) -> None:
    maya(sqlite_cli)
    booked(sqlite_cli, "B-1", "C-1", "-1h", "+30d")
    quarantine(sqlite_cli, N1, "--days", "1")
    end = NOW + timedelta(days=1)
    assert route(sqlite_cli, now=end - timedelta(seconds=1))["number"]["e164"] == DESK
    assert route(sqlite_cli, now=end)["number"]["e164"] == N1


# ------------------------------------------------------------------------------------- release-due


def test_release_due_restores_only_numbers_whose_quarantine_is_over(cli: Cli) -> None:
    maya(cli)
    add(cli, N2)
    quarantine(cli, N1, "--days", "1")
    quarantine(cli, N2, "--days", "2")
    ran = cli("number", "release-due", "-o", "json", now=NOW + timedelta(days=1))
    assert ran.code == 0
    assert ran.json == [
        {
            "number": N1,
            "status": "active",
            "sitter": "S-1",
            "sitter_name": "Maya Lee",
            "forced": False,
            "reason": "quarantine over",
        }
    ]
    assert [show(cli, each)["status"] for each in (N1, N2)] == ["active", "quarantined"]
    assert events(cli)[-1]["payload"]["forced"] is False


def test_repeating_release_due_changes_nothing(sqlite_cli: Cli) -> None:
    add(sqlite_cli, N1)
    quarantine(sqlite_cli, N1, "--days", "1")
    due = NOW + timedelta(days=1)
    sqlite_cli("number", "release-due", now=due)
    before = events(sqlite_cli)
    again = sqlite_cli("number", "release-due", "-o", "json", now=due + timedelta(hours=1))
    assert (again.code, again.json) == (0, [])
    assert events(sqlite_cli) == before


def test_release_due_covers_all_orgs_unless_one_is_named(cli: Cli, migrated_url: str) -> None:
    add_org(migrated_url, "cat-nappers", front_desk=None)
    for org, e164 in (("happy-paws", N1), ("cat-nappers", N2)):
        cli("number", "add", e164, "--class", "pool", "--org", org)
        quarantine(cli, e164, "--days", "1", "--org", org)
    due = NOW + timedelta(days=1)
    one = cli("number", "release-due", "--org", "cat-nappers", "-o", "json", now=due)
    assert [row["number"] for row in one.json] == [N2]
    rest = cli("number", "release-due", "-o", "json", now=due)
    assert [row["number"] for row in rest.json] == [N1]


def test_a_former_sitter_number_serves_the_pool_after_its_quarantine(sqlite_cli: Cli) -> None:
    maya(sqlite_cli)
    sqlite_cli("client", "add", "Ann", "--phone", "+14155551001", "--ref", "C-1")
    sqlite_cli("sitter", "deactivate", "--yes", "S-1", "--days", "1")
    assert route(sqlite_cli)["number"]["e164"] == DESK
    due = NOW + timedelta(days=1)
    sqlite_cli("number", "release-due", now=due)
    assert route(sqlite_cli, now=due)["number"]["e164"] == N1


def test_the_visits_ahead_are_read_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quarantine of a number with thirty visits ahead runs as many statements as with three."""
    heard: list[str] = []
    usual = Engine._open

    def opened(engine: Engine) -> Any:
        connection = usual(engine)
        connection.set_trace_callback(heard.append)
        return connection

    monkeypatch.setattr(Engine, "_open", opened)
    counts = {}
    for visits in (3, 30):
        url = str(tmp_path / f"{visits}.db")
        company.create(url)
        company.add_visits(url, [1] * (company.SITTERS * visits))
        company.add_pool_numbers(url, 2)
        heard.clear()
        before = company.NOW - timedelta(days=10)
        ran = run_cli(
            url, "number", "quarantine", "+14155580001", "--reason", "spam", "-o", "json",
            now=before,
        )  # fmt: skip
        assert ran.code == 0, ran.err
        row = ran.json[0]
        assert (row["affected"]["future_windows"], row["meanwhile"][0]["windows"]) == (visits,) * 2
        counts[visits] = len(heard)
    assert counts[3] == counts[30]
