"""The server the tests run on: fresh databases, cheap copies, nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests import ROOT
from tests.support.postgres import Builder, NoPostgres, PostgresServer, find_programs, is_required


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", ""))


def answers(url: str) -> bool:
    try:
        connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def tables(url: str) -> list[str]:
    with connect(url) as db:
        rows = db.execute("SELECT relname FROM pg_stat_user_tables ORDER BY 1").fetchall()
    return [row[0] for row in rows]


@pytest.mark.postgres
def test_a_database_is_empty_and_utf8_and_ours(postgres_url: str) -> None:
    assert tables(postgres_url) == []
    with connect(postgres_url) as db:
        row = db.execute(
            "SELECT current_setting('server_encoding'), current_setting('timezone'), rolsuper"
            " FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert row == ("UTF8", "America/New_York", False)


@pytest.mark.postgres
def test_a_template_is_built_once_and_its_copies_are_apart(
    postgres_template: Callable[[str, Builder], str],
) -> None:
    built = []

    def build(url: str) -> None:
        built.append(connect(url))  # left open, like an engine's pool
        built[0].execute("CREATE TABLE cat (name text)")
        built[0].commit()

    first = postgres_template("cats", build)
    with connect(first) as db:
        db.execute("INSERT INTO cat VALUES ('Tom')")
    second = postgres_template("cats", build)
    with connect(second) as db:
        assert db.execute("SELECT count(*) FROM cat").fetchone() == (0,)
    assert len(built) == 1
    built[0].close()


@pytest.mark.postgres
def test_a_template_that_failed_is_built_again(
    postgres_server: PostgresServer, postgres_template: Callable[[str, Builder], str]
) -> None:
    def fail(url: str) -> None:
        with connect(url) as db:
            db.execute("CREATE TABLE half (id int)")
        raise ValueError(url)

    with pytest.raises(ValueError, match="postgresql"):
        postgres_template("dogs", fail)
    assert tables(postgres_template("dogs", str)) == []


@pytest.mark.postgres
def test_a_dropped_database_is_gone_whoever_is_connected(postgres_server: PostgresServer) -> None:
    name = postgres_server.create()
    with connect(postgres_server.url(name)) as db:
        db.execute("SELECT 1")
        postgres_server.drop(name)
        with pytest.raises(psycopg.OperationalError):
            db.execute("SELECT 1")
        db.close()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        connect(postgres_server.url(name))


def test_both_kinds_of_database_are_asked_for(database_url: str) -> None:
    assert database_url.partition(":")[0] in ("sqlite", "postgresql+psycopg")


@pytest.mark.postgres
def test_the_server_ends_with_a_run_that_is_killed(postgres_server: PostgresServer) -> None:
    """And its folder goes too, so that a week of interrupted runs does not fill the disk."""
    show = "import sys, time; print(sys.argv[1], flush=True); time.sleep(60)"
    command = [sys.executable, "-m", "tests.support.postgres", sys.executable, "-c", show]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as run:
        assert run.stdout is not None
        url = run.stdout.readline().strip()
        with connect(url.replace("petmsg@", "postgres@")) as db:
            row = db.execute("SHOW data_directory").fetchone()
        assert row is not None
        folder = Path(row[0]).parent
        assert folder.exists()
        os.killpg(run.pid, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while answers(url) or folder.exists():
        assert time.monotonic() < deadline, "the server or its folder is still there"
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("value", "required"), [("1", True), ("true", True), ("0", False), ("false", False)]
)
@pytest.mark.parametrize("name", ["CI", "PETMSG_REQUIRE_POSTGRES"])
def test_ci_fails_where_a_laptop_skips(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, required: bool
) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("PETMSG_REQUIRE_POSTGRES", raising=False)
    assert not is_required()
    monkeypatch.setenv(name, value)
    assert is_required() is required


def test_a_machine_without_postgres_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(Path, "glob", lambda *_: iter(()))
    with pytest.raises(NoPostgres, match="install postgresql"):
        find_programs()
