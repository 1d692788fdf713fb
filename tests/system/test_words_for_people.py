"""What petmsg says: local times, hints that can be typed, the right name of what is wrong."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from petmsg.cli.handle_error import named
from petmsg.enums.output import OutputFormat
from petmsg.errors import CredentialsMissing
from petmsg.providers.credentials import load_stripe_secrets
from tests.support.fixtures import NOW, Cli, add_org, run_cli
from tests.support.texting import MAYA, POOL, people, people_and_visit


@pytest.mark.parametrize("hours", ["9-17", "9:00-17:00", "always"])
def test_office_hours_are_reported_as_office_hours(cli: Cli, hours: str) -> None:
    ran = cli("org", "set", "--office-hours", hours, "-o", "json")
    assert ran.code == 2
    assert "office hours" in ran.error["message"]
    assert "09:00-17:00" in ran.error["hint"]
    assert "quiet" not in ran.err.lower()
    whole = cli("org", "set", "--office-hours", "09:00-09:00", "-o", "json").error
    assert whole["message"] == "Office hours cannot end when they begin."
    quiet = cli("org", "set", "--quiet-hours", hours, "-o", "json").error
    assert "quiet hours" in quiet["message"]


def test_the_window_that_runs_now_is_shown_however_few_are_asked_for(cli: Cli) -> None:
    people_and_visit(cli)
    for n in range(1, 4):
        cli(
            "booking", "add", "--ref", f"B-{n + 1}", "--client", "C-1", "--sitter", "S-1",
            "--start", f"+{n}d", "--end", f"+{n * 24 + 1}h",
        )  # fmt: skip
        assert cli("booking", "confirm", f"B-{n + 1}").code == 0
    shown = cli("thread", "show", "C-1", "--limit", "2", "-o", "json").json["windows"]
    assert [each["booking"] for each in shown] == ["B-1", "B-4"]
    one = cli("thread", "show", "C-1", "--limit", "1", "-o", "json").json["windows"]
    assert [each["booking"] for each in one] == ["B-1"]
    after = cli("thread", "show", "C-1", "--limit", "2", "-o", "json", now=NOW + timedelta(hours=9))
    assert [each["booking"] for each in after.json["windows"]] == ["B-3", "B-4"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"number restore {POOL}", "is quarantined until 2026-02-21 10:00:00.5 EST"),
        ("org freeze --reason x --until -1h", "2026-02-14 09:00:00.5 EST is in the past"),
        ("message send C-1 --body Hi --at -1h", "2026-02-14 09:00:00.5 EST is in the past"),
        ("message send C-1 --body Hi --expires -1h", "would expire at 2026-02-14 09:00:00.5 EST"),
        (
            "booking add --client C-1 --start +2h --end +1h",
            "The end 2026-02-14 11:00:00.5 EST is not after the start 2026-02-14 12:00:00.5 EST",
        ),
        (f"number quarantine {MAYA} --reason x --until -1h", "2026-02-14 09:00:00.5 EST is not"),
        ("route simulate --from +2h --to +1h", "ends at 2026-02-14 11:00:00.5 EST"),
        ("thread timeline C-1 --from +2h --to +1h", "ends at 2026-02-14 11:00:00.5 EST"),
        (f"number who {MAYA} --at -9d", "it was added at 2026-02-13 10:00 EST"),
    ],
)
def test_times_in_errors_are_local_with_the_zones_name(cli: Cli, line: str, said: str) -> None:
    people_and_visit(cli)
    now = NOW + timedelta(microseconds=500_000)
    assert cli("number", "quarantine", POOL, "--days", "7", "--reason", "x", now=now).code == 0
    ran = cli(*line.split(), "-o", "json", now=now)
    assert ran.code in (2, 3, 4)
    assert said.replace(":00.5", "") in ran.error["message"]
    assert "Z" not in ran.error["message"]


def test_the_bare_name_prints_the_help() -> None:
    bare = run_cli(None)
    assert (bare.code, bare.err) == (0, "")
    assert bare.out == run_cli(None, "--help").out


def test_a_restore_of_an_active_number_hints_at_that_number(cli: Cli) -> None:
    people(cli)
    refused = cli("number", "restore", POOL, "-o", "json").error
    assert refused["code"] == "number_not_quarantined"
    assert refused["hint"] == f"Show it: petmsg number show {POOL}"


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        ("whsec_abc", "it is too short, with 3 characters after whsec_"),
        ("whsec_" + "a" * 300, "it is too long, with 300 characters after whsec_"),
        ("whsec_abcdefgh!", "it contains invalid characters"),
        ("sk_live_abcdefgh", "a signing secret begins with whsec_"),
    ],
)
def test_a_signing_secret_is_rejected_with_what_is_wrong_with_it(secret: str, why: str) -> None:
    environ = {"PETMSG_STRIPE_SECRET": secret}
    with pytest.raises(CredentialsMissing) as refusal:
        load_stripe_secrets(environ, Path("nowhere"))
    assert refusal.value.message.endswith(f"is malformed: {why}.")
    assert secret not in refusal.value.message


def test_an_error_of_pythons_own_is_a_bug() -> None:
    """Python says `'x' is not a valid OutputFormat` of a bug and of a stored word alike."""
    with pytest.raises(ValueError, match="is not a valid OutputFormat") as bug:
        OutputFormat("x")
    assert named(bug.value).code == "bug"


def test_a_stored_word_that_no_vocabulary_has_is_found_by_doctor(migrated_sqlite: str) -> None:
    add_org(migrated_sqlite)
    with sqlite3.connect(migrated_sqlite.removeprefix("sqlite:///")) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("UPDATE org SET pool_for = 'x'")
    ran = run_cli(migrated_sqlite, "org", "show", "-o", "json")
    assert (ran.code, ran.error["code"]) == (1, "bug")
    assert "petmsg doctor" in ran.error["hint"]
    found = run_cli(migrated_sqlite, "doctor", "--check", "words", "-o", "json")
    assert "pool_for" in found.json[0]["message"]
