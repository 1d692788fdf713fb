"""petmsg db upgrade, downgrade, current, check, backup."""

import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from petmsg.db.location import locate
from petmsg.db.schema_version import HEAD
from tests.support.fixtures import Cli, Ran, run_cli, working

DOWN = ("downgrade", "--discard-data", "--no-backup", "--yes")


def db(url: str, *words: str, **options: Any) -> Ran:
    return run_cli(url, "db", *words, "-o", "json", **options)


def revision(url: str) -> Any:
    return db(url, "current").json["revision"]


def test_a_fresh_database_is_up_to_date_and_equals_the_models(cli: Cli, migrated_url: str) -> None:
    assert db(migrated_url, "current").json == {
        "database": locate(migrated_url).display_url,
        "revision": HEAD,
        "head": HEAD,
        "up_to_date": True,
    }
    checked = db(migrated_url, "check")
    assert (checked.code, checked.json) == (0, [])


def test_down_and_up_again_leaves_what_was_there(cli: Cli, migrated_url: str) -> None:
    cli("client", "add", "Ann", "--phone", "+14155551001", "--ref", "C-1")
    down = db(migrated_url, *DOWN, "0001")
    assert (down.code, down.json["before"], down.json["after"]) == (0, HEAD, "0001")
    behind = cli("client", "list", "-o", "json")
    assert (behind.code, behind.error["code"]) == (5, "schema_behind")
    assert "petmsg db upgrade" in behind.error["hint"]
    up = db(migrated_url, "upgrade")
    assert (up.code, up.json["after"]) == (0, HEAD)
    assert [row["client"] for row in cli("client", "list", "-o", "json").json] == ["C-1"]
    assert db(migrated_url, "check").code == 0
    assert cli("audit", "verify").code == 0


def test_upgrading_again_changes_nothing(migrated_sqlite: str) -> None:
    ran = db(migrated_sqlite, "upgrade")
    assert (ran.code, ran.json["before"], ran.json["after"]) == (0, HEAD, HEAD)


@pytest.mark.parametrize("words", [("downgrade", "0001"), ("downgrade", "base")])
def test_a_dry_run_of_a_migration_leaves_the_schema(
    migrated_sqlite: str, words: tuple[str, ...]
) -> None:
    ran = db(migrated_sqlite, *words, "--dry-run")
    assert ran.code == 0, ran.err
    assert ran.json["after"] != HEAD
    assert revision(migrated_sqlite) == HEAD


@pytest.mark.parametrize("words", [("upgrade", "0099"), ("downgrade", "nowhere")])
def test_an_unknown_schema_is_wrong_usage(migrated_sqlite: str, words: tuple[str, ...]) -> None:
    assert db(migrated_sqlite, *words).code == 2
    assert revision(migrated_sqlite) == HEAD


@pytest.mark.parametrize(
    "words", [("current",), ("check",), ("upgrade",), ("backup", "b.db"), ("downgrade", "0001")]
)
def test_a_database_that_is_not_there_is_said_and_not_made(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    ran = db(f"sqlite:///{tmp_path}/none.db", *words)
    assert (ran.code, ran.error["code"]) == (5, "database_missing")
    assert not (tmp_path / "none.db").exists()


def test_check_says_that_nothing_differs(migrated_url: str) -> None:
    said = run_cli(migrated_url, "db", "check", "-o", "table").out
    assert said == f"The schema is that of {HEAD}: no table, index or trigger differs.\n"


def test_check_names_what_differs_and_exits_10(migrated_sqlite: str) -> None:
    with closing(sqlite3.connect(migrated_sqlite.removeprefix("sqlite:///"))) as file, file:
        file.execute("DROP TRIGGER audit_event_no_update")
    ran = db(migrated_sqlite, "check")
    assert ran.code == 10
    assert "audit_event_no_update" in str(ran.json)


# --- backup ------------------------------------------------------------------------------------


def test_a_backup_of_a_live_database_opens_and_verifies(
    migrated_sqlite: str, sqlite_cli: Cli, tmp_path: Path
) -> None:
    """While another thread writes events, the copy is one state of it, whole."""
    stop = threading.Event()

    def write() -> None:
        at = 0
        while not stop.is_set():
            at += 1
            with working(migrated_sqlite) as uow:
                for _ in range(20):
                    uow.audit("booking.looked_at", "booking", f"B-{at}")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        copies = [tmp_path / f"backup-{at}.db" for at in range(3)]
        for copy in copies:
            ran = db(migrated_sqlite, "backup", str(copy))
            assert ran.code == 0, ran.err
            assert ran.json == {"file": str(copy), "bytes": copy.stat().st_size}
    finally:
        stop.set()
        writer.join()
    for copy in copies:
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
        assert run_cli(f"sqlite:///{copy}", "audit", "verify").code == 0
        assert db(f"sqlite:///{copy}", "check").code == 0
        assert run_cli(f"sqlite:///{copy}", "org", "list", "-o", "json").json
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []


def test_a_target_that_exists_is_refused_and_left_alone(
    migrated_sqlite: str, tmp_path: Path
) -> None:
    target, dangling = tmp_path / "b.db", tmp_path / "link.db"
    target.write_text("precious")
    dangling.symlink_to(tmp_path / "nowhere")
    for each in (target, dangling):
        ran = db(migrated_sqlite, "backup", str(each))
        assert (ran.code, "exists" in ran.error["message"]) == (4, True)
    assert target.read_text() == "precious"
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_that_is_not_there_is_said(migrated_sqlite: str, tmp_path: Path) -> None:
    ran = db(migrated_sqlite, "backup", str(tmp_path / "none" / "b.db"))
    assert (ran.code, ran.error["code"]) == (5, "backup_failed")


def test_a_database_that_waits_for_an_upgrade_can_be_backed_up(
    migrated_sqlite: str, tmp_path: Path
) -> None:
    db(migrated_sqlite, *DOWN, "0001")
    assert db(migrated_sqlite, "backup", str(tmp_path / "b.db")).code == 0
    assert revision(f"sqlite:///{tmp_path}/b.db") == "0001"


@pytest.mark.postgres
def test_postgresql_is_backed_up_with_its_own_tools(postgres_url: str, tmp_path: Path) -> None:
    ran = db(postgres_url, "backup", str(tmp_path / "b.db"))
    assert ran.code == 4
    assert "pg_dump" in ran.error["hint"]
