"""What cannot be undone asks first on a terminal, and needs --yes without one."""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from petmsg.db import migrate
from petmsg.db.schema_version import HEAD
from tests.support.fixtures import ACTOR, NOW, Cli, Ran, copied, looking, run_cli
from tests.support.terminal import Terminal
from tests.support.texting import MAYA, people_and_visit, send

DESTRUCTIVE = {
    "sitter deactivate": (
        ("sitter", "deactivate", "S-1"),
        ("Maya Lee (S-1)", f"number {MAYA}", "2026-05-15 11:00 EDT", "B-1", "B-2"),
    ),
    "number retire": (("number", "retire", MAYA), (f"sitter number {MAYA}", "S-1", "C-1")),
    "booking cancel": (("booking", "cancel", "B-1"), ("B-1", "Ann (C-1)", "S-1", "09:00 EST")),
    "client forget": (
        ("client", "forget", "C-1", "--reason", "asked"),
        ("Ann (C-1)", "1 phone", "2 messages", "1 message not sent"),
    ),
    "org set --provider": (
        ("org", "set", "--provider", "twilio", "--force"),
        ("Happy Paws (happy-paws)", "from sandbox to twilio", "cost money", "1 queued message"),
    ),
    "org remove": (
        ("org", "remove", "happy-paws", "--discard-data"),
        ("Happy Paws (happy-paws)", "5 numbers", "2 clients", "2 sitters", "2 messages"),
    ),
}
"""Each command, and what its question names."""
each_command = pytest.mark.parametrize(
    ("command", "named"), DESTRUCTIVE.values(), ids=DESTRUCTIVE.keys()
)


@copied
def company(cli: Cli) -> None:
    people_and_visit(cli)
    cli(
        "booking", "add", "--ref", "B-2", "--client", "C-2", "--sitter", "S-1",
        "--start", "2026-02-15T14:00Z", "--end", "2026-02-15T16:00Z",
    )  # fmt: skip
    assert send(cli).code == 0
    assert send(cli, "--queue-only").code == 0


def contents(url: str) -> list[Any]:
    tables = ("org", "client", "sitter", "message_number", "booking", "audit_event", "message")
    with looking(url) as cursor:
        return [cursor.rows(f"SELECT * FROM {table} ORDER BY 1") for table in tables]


@each_command
def test_without_a_terminal_it_is_wrong_usage_and_nothing_changes(
    cli: Cli, migrated_url: str, command: tuple[str, ...], named: tuple[str, ...]
) -> None:
    company(cli)
    before = contents(migrated_url)
    ran = cli(*command, "-o", "json")
    assert (ran.code, ran.out, ran.error["code"]) == (2, "", "not_confirmed")
    assert "--yes" in ran.error["hint"]
    for each in named:
        assert each in ran.error["message"]
    assert contents(migrated_url) == before


@each_command
def test_a_dry_run_is_not_asked_and_yes_answers_it(
    sqlite_cli: Cli, command: tuple[str, ...], named: tuple[str, ...]
) -> None:
    company(sqlite_cli)
    assert sqlite_cli(*command, "--dry-run").code == 0
    assert sqlite_cli(*command, "--yes").code == 0


@each_command
def test_again_there_is_nothing_to_lose_and_no_question(
    sqlite_cli: Cli, command: tuple[str, ...], named: tuple[str, ...]
) -> None:
    company(sqlite_cli)
    assert sqlite_cli(*command, "--yes").code == 0
    assert sqlite_cli(*command).code == 0


def test_other_settings_of_an_org_are_set_without_a_question(sqlite_cli: Cli) -> None:
    assert sqlite_cli("org", "set", "--grace-minutes", "30").code == 0


def test_what_is_not_there_is_not_asked_about(sqlite_cli: Cli) -> None:
    for command in (("booking", "cancel", "B-9"), ("sitter", "deactivate", "S-9")):
        assert sqlite_cli(*command).code == 3


@pytest.mark.parametrize(("answer", "code", "status"), [("y", 0, "offboarded"), ("", 4, "active")])
def test_on_a_terminal_a_person_is_asked(
    sqlite_cli: Cli, migrated_sqlite: str, answer: str, code: int, status: str
) -> None:
    company(sqlite_cli)
    environ = {"PETMSG_DATABASE_URL": migrated_sqlite, "PS1": "", "HOME": "/nonexistent"}
    with Terminal(["sh"], environ) as terminal:
        seen = terminal.run(
            f"{sys.executable} -m petmsg sitter deactivate S-1\n{answer}\necho code $?"
        )
    assert "Deactivate sitter Maya Lee (S-1)?" in seen
    assert "[y/N]" in seen
    assert f"code {code}" in seen
    assert sqlite_cli("sitter", "show", "S-1", "-o", "json").json["status"] == status


# --- db downgrade --------------------------------------------------------------------------------


def downgrade(url: str, *words: str, **options: Any) -> Ran:
    return run_cli(url, "db", "downgrade", *words, "-o", "json", **options)


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def revision(path: Path) -> Any:
    with closing(sqlite3.connect(path)) as file:
        return file.execute("SELECT version_num FROM alembic_version").fetchone()[0]


@pytest.mark.parametrize("words", [("base",), ("base", "--no-backup")])
def test_base_is_refused_while_the_database_holds_anything(
    cli: Cli, migrated_url: str, words: tuple[str, ...]
) -> None:
    """Every table, audit and all, was once dropped without a question."""
    company(cli)
    before = contents(migrated_url)
    for more in ((), ("--yes",)):
        ran = downgrade(migrated_url, *words, *more)
        if words == ("base",) and not migrated_url.startswith("sqlite"):
            assert (ran.code, "pg_dump" in ran.error["hint"]) == (4, True)
            continue
        assert (ran.code, ran.error["code"]) == (4, "data_would_be_lost")
        assert "2 rows of client" in ran.error["message"]
        assert "--discard-data" in ran.error["hint"]
    assert contents(migrated_url) == before
    assert run_cli(migrated_url, "db", "check").code == 0


def test_discarding_data_asks_too_and_leaves_a_backup(
    sqlite_cli: Cli, migrated_sqlite: str
) -> None:
    company(sqlite_cli)
    before, folder = contents(migrated_sqlite), path_of(migrated_sqlite).parent
    asked = downgrade(migrated_sqlite, "base", "--discard-data")
    backup = folder / "petmsg-before-downgrade-20260214T150000Z.db"
    assert (asked.code, asked.error["code"]) == (2, "not_confirmed")
    assert str(backup) in asked.error["message"]
    assert not backup.exists()
    ran = downgrade(migrated_sqlite, "base", "--discard-data", "--yes")
    assert (ran.code, ran.json["after"], ran.json["backup"]) == (0, None, str(backup))
    assert {"table": "client", "column": None, "rows": 2} in ran.json["lost"]
    assert contents(str(backup)) == before


def test_a_column_that_says_something_is_data_and_a_default_is_none(
    cli: Cli, migrated_url: str
) -> None:
    empty = downgrade(migrated_url, "0003", "--no-backup", "--dry-run")
    assert (empty.code, empty.json["lost"]) == (0, [])
    cli("org", "set", "--relay", "on")
    ran = downgrade(migrated_url, "0003", "--no-backup", "--yes")
    assert (ran.code, ran.error["code"]) == (4, "data_would_be_lost")
    assert "relay in 1 row of org" in ran.error["message"]


@pytest.mark.postgres
def test_the_way_to_downgrade_a_server_can_be_typed_as_it_stands(postgres_url: str) -> None:
    migrate.upgrade(postgres_url, actor=ACTOR, now=NOW)
    ran = downgrade(postgres_url, "0010_calls", "--yes")
    saved, _, command = ran.error["hint"].partition(" && ")
    assert (ran.code, saved.split()[0]) == (4, "pg_dump")
    assert run_cli(postgres_url, *command.split()[1:], "--yes").code == 0


def test_a_refused_downgrade_leaves_no_backup(sqlite_cli: Cli, migrated_sqlite: str) -> None:
    company(sqlite_cli)
    folder = path_of(migrated_sqlite).parent
    assert downgrade(migrated_sqlite, "base", "--yes").code == 4
    assert [each.name for each in folder.glob("*downgrade*")] == []


def test_the_backup_goes_where_the_option_says(
    sqlite_cli: Cli, migrated_sqlite: str, tmp_path: Path
) -> None:
    there = tmp_path / "before.db"
    ran = downgrade(migrated_sqlite, "0004", "--discard-data", "--yes", "--backup", str(there))
    assert (ran.code, ran.json["backup"]) == (0, str(there)), ran.err
    assert (revision(there), revision(path_of(migrated_sqlite))) == (HEAD, "0004_replies")
    again = downgrade(migrated_sqlite, "0003", "--discard-data", "--yes", "--backup", str(there))
    assert (again.code, revision(path_of(migrated_sqlite))) == (4, "0004_replies")


def test_a_downgrade_to_where_it_is_asks_nothing(sqlite_cli: Cli, migrated_sqlite: str) -> None:
    ran = downgrade(migrated_sqlite, HEAD)
    assert (ran.code, ran.json["backup"]) == (0, None)
