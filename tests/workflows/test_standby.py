"""Commands that only read may read a standby, and say how old its data is."""

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from petmsg.db.location import locate
from petmsg.errors import MediaStoreUnusable, Misconfigured
from petmsg.queries.server_settings import Staleness
from petmsg.workflows.health import why_unhealthy
from petmsg.workflows.standby import in_words, look_at
from tests.support import postgres
from tests.support.fixtures import Ran, add_org, build, run_cli

LEVEL = Staleness(is_standby=True, is_following=True, is_level=True, seconds=9999.0)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (LEVEL._replace(is_standby=False), None),
        (LEVEL, None),
        (LEVEL._replace(is_level=False, seconds=1.5), None),
        (
            LEVEL._replace(is_level=False, seconds=40.2),
            "The standby is 40 seconds behind its server.",
        ),
        (LEVEL._replace(is_level=False, seconds=7300), "The standby is 2 hours behind its server."),
        (
            LEVEL._replace(is_following=False, seconds=300),
            "The standby receives nothing from its server: its newest change is 5 minutes old.",
        ),
        (
            LEVEL._replace(is_following=False, seconds=None),
            (
                "The standby receives nothing from its server: its newest change is an unknown time"
                " old."
            ),
        ),
    ],
)
def test_the_age_of_the_data_is_said(found: Staleness, words: str | None) -> None:
    assert in_words(found) == words


@dataclass
class Pair:
    """A server and a standby that follows it."""

    main: postgres.PostgresServer
    standby: postgres.PostgresServer
    name: str

    def run(self, *words: str, **more: Any) -> Ran:
        read = {"PETMSG_READ_DATABASE_URL": self.standby.url(self.name, driver="postgresql")}
        return run_cli(self.main.url(self.name), *words, **(read | more))

    def catch_up(self) -> None:
        """Wait until the standby has all that was written."""
        row = self.main.admin.execute("SELECT pg_current_wal_lsn()::text").fetchone()
        assert row is not None
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            done = self.standby.admin.execute(
                "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", row
            ).fetchone()
            if done == (True,):
                return
            time.sleep(0.02)
        raise AssertionError("the standby does not catch up")


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    """A real streaming standby."""
    with contextlib.ExitStack() as stack:
        try:
            main = stack.enter_context(postgres.running_server(durable=True))
        except postgres.NoPostgres as problem:
            if postgres.is_required():
                pytest.fail(f"PostgreSQL is required here: {problem}", pytrace=False)
            pytest.skip(f"no PostgreSQL: {problem}")
        name = main.create()
        build(main.url(name))
        add_org(main.url(name))
        programs, identity = postgres.find_programs(), postgres.unprivileged()
        folder = postgres.new_folder(identity, durable=True)
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        subprocess.run(
            [programs / "pg_basebackup", "-D", folder / "data", "-h", "127.0.0.1", "-p",
             str(main.port), "-U", "postgres", "-R", "-X", "stream", "-c", "fast"],
            check=True, cwd=folder, env=postgres.server_environment(), **identity,
        )  # fmt: skip
        standby = stack.enter_context(postgres.started(programs, folder, identity, durable=True))
        stack.callback(standby.close)
        yield Pair(main, standby, name)


@pytest.mark.postgres
def test_reading_commands_read_the_standby_and_the_others_the_server(pair: Pair) -> None:
    assert pair.run("client", "add", "Ann", "--phone", "+12025550101", "--ref", "C-1").code == 0
    pair.catch_up()
    pair.standby.execute("SELECT pg_wal_replay_pause()")
    try:
        assert pair.run("client", "add", "Bo", "--phone", "+12025550102", "--ref", "C-2").code == 0
        time.sleep(2.5)
        shown = pair.run("client", "list", "-o", "json")
        assert [row["client"] for row in shown.json] == ["C-1"]
        assert "The standby is" in shown.err
        assert "seconds behind its server." in shown.err
        for line in (("doctor", "-o", "json"), ("db", "current"), ("db", "check")):
            ran = pair.run(*line)
            assert ran.code in (0, 10), ran.err
            assert "standby" not in ran.err
        # A writing command reads what it changes where it is written.
        assert pair.run("client", "set", "C-2", "--name", "Bob").code == 0
        # An address that was given counts for reading, too.
        given = pair.run("client", "list", "-o", "json", "--db", pair.main.url(pair.name))
        assert {row["name"] for row in given.json} == {"Ann", "Bob"}
        assert given.err == ""
    finally:
        pair.standby.execute("SELECT pg_wal_replay_resume()")
    pair.catch_up()
    shown = pair.run("client", "list", "-o", "json")
    assert {row["name"] for row in shown.json} == {"Ann", "Bob"}
    assert shown.err == ""


@pytest.mark.postgres
def test_a_standby_takes_no_writes(pair: Pair) -> None:
    url = pair.standby.url(pair.name)
    ran = run_cli(url, "client", "add", "Cy", "--phone", "+12025550103", "-o", "json")
    assert (ran.code, ran.error["code"]) == (5, "database_read_only")
    assert why_unhealthy(locate(url)) == "database_read_only"


@pytest.mark.postgres
def test_a_standby_that_is_away_is_named_by_its_setting(pair: Pair) -> None:
    ran = pair.run(
        "client", "list", "-o", "json", PETMSG_READ_DATABASE_URL="postgresql://127.0.0.1:1/x"
    )
    assert (ran.code, ran.error["code"]) == (5, "database_connection")
    assert "PETMSG_READ_DATABASE_URL" in ran.error["hint"]


@pytest.mark.postgres
def test_an_error_of_something_else_keeps_its_hint(pair: Pair) -> None:
    location = locate(pair.standby.url(pair.name))
    with pytest.raises(Misconfigured) as raised, look_at(location, warn=print):
        raise MediaStoreUnusable("The folder is not there.", hint="Make the folder.")
    assert raised.value.hint == "Make the folder."
    with pytest.raises(Misconfigured) as raised, look_at(location, warn=print) as cursor:
        cursor.run("DELETE FROM client")
    assert "PETMSG_READ_DATABASE_URL" in raised.value.hint


def test_a_standby_is_of_a_server(migrated_sqlite: str) -> None:
    """A file has none: what is written is what is read."""
    ran = run_cli(
        migrated_sqlite, "org", "list", "-o", "json",
        PETMSG_READ_DATABASE_URL="postgresql://127.0.0.1:1/x",
    )  # fmt: skip
    assert ran.json == []
