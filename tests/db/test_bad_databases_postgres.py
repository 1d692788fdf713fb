"""PostgreSQL servers that cannot be reached, refuse, are busy or end in the middle."""

import os
import shutil
import subprocess
import threading
import time
from contextlib import suppress

import psycopg
import pytest

from petmsg.db.driver_errors import translate
from tests.support import postgres
from tests.support.bad_databases import BOTH, EXPLAIN, READ, WRITE, assert_told, attempt, fill
from tests.support.consistency import content, problems, raw
from tests.support.fixtures import Ran


@BOTH
@pytest.mark.postgres
def test_a_wrong_port_is_out_of_reach(line: tuple[str, ...]) -> None:
    url = f"postgresql://petmsg@127.0.0.1:{postgres.free_port()}/petmsg"
    started = time.monotonic()
    assert_told(attempt(url, *line), "database_connection")
    assert time.monotonic() - started < 5


@BOTH
@pytest.mark.postgres
def test_a_wrong_database_name_is_named(
    postgres_server: postgres.PostgresServer, line: tuple[str, ...]
) -> None:
    assert_told(attempt(postgres_server.url("nowhere"), *line), "database_missing")


@BOTH
@pytest.mark.postgres
@pytest.mark.parametrize("user", ["guarded:wrong", "guarded", "stranger:x"])
def test_a_wrong_login_is_refused_without_its_password(
    postgres_server: postgres.PostgresServer, line: tuple[str, ...], user: str
) -> None:
    guard(postgres_server)
    url = postgres_server.url("postgres").replace("petmsg@", f"{user}@")
    ran = attempt(url, *line)
    assert_told(ran, "database_login")
    assert "wrong" not in ran.err


def guard(server: postgres.PostgresServer) -> None:
    """A role of that name needs a password, unlike those of the other tests."""
    rules = server.folder / "data" / "pg_hba.conf"
    written = rules.read_text()
    if "guarded" not in written:
        rules.write_text("host all guarded 127.0.0.1/32 scram-sha-256\n" + written)
        server.admin.execute("CREATE ROLE guarded LOGIN PASSWORD 'right'")
        server.admin.execute("SELECT pg_reload_conf()")
        time.sleep(0.2)


@pytest.mark.postgres
def test_a_session_that_is_ended_in_the_middle_leaves_nothing(
    filled_postgres: str, postgres_server: postgres.PostgresServer
) -> None:
    before = content(filled_postgres)
    done: list[Ran] = []
    with raw(filled_postgres) as cursor:
        cursor.run("LOCK TABLE audit_event IN SHARE MODE")  # the last table a command writes to
        command = threading.Thread(
            target=lambda: done.append(attempt(filled_postgres, *WRITE, wait=30))
        )
        command.start()
        deadline = time.monotonic() + 20
        ended = 0
        while not ended and time.monotonic() < deadline:
            row = postgres_server.admin.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE wait_event_type = 'Lock' AND datname = %s",
                (filled_postgres.rpartition("/")[2],),
            ).fetchone()
            ended = row[0] if row else 0
            time.sleep(0.02)
        command.join()
    assert ended == 1
    assert_told(done[0], "database_connection")
    assert content(filled_postgres) == before
    assert attempt(filled_postgres, *WRITE).code == 0


@pytest.mark.postgres
def test_a_server_that_is_killed_loses_nothing_that_was_committed() -> None:
    """kill -9 of every process of a server, then a new start on the same folder."""
    programs, identity = postgres.find_programs(), postgres.unprivileged()
    folder, after = postgres.new_folder(identity), postgres.new_folder(identity)
    try:
        postgres.run_initdb(programs, folder, identity)
        with postgres.started(programs, folder, identity) as server:
            server.execute("CREATE ROLE {} LOGIN", postgres.ROLE)
            name = server.create()
            url = server.url(name)
            fill(url)
            before = content(url)
            server.close()
            pid = int((folder / "data" / "postmaster.pid").read_text().split()[0])
            with suppress(psycopg.Error), raw(url) as cursor:
                cursor.run("UPDATE client SET name = 'half'")
                os.kill(pid, 9)
                subprocess.run(["pkill", "-9", "-P", str(pid)], check=False)
                deadline = time.monotonic() + 20
                while attempt(url, *READ).code == 0 and time.monotonic() < deadline:
                    time.sleep(0.05)
                for line in (READ, WRITE, EXPLAIN):
                    assert_told(attempt(url, *line), "database_connection")
            # Away from the folder that is removed when its server ends.
            subprocess.run(["cp", "-a", folder / "data", after / "data"], check=True)
        (after / "data" / "postmaster.pid").unlink(missing_ok=True)
        with postgres.started(programs, after, identity) as server:
            url = server.url(name)
            assert content(url) == before
            assert problems(url) == []
            assert attempt(url, *WRITE).code == 0
            server.close()
    finally:
        for each in (folder, after):
            shutil.rmtree(each, ignore_errors=True)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("connection to server at 127.0.0.1, port 1 failed: Connection refused", "connection"),
        ('FATAL:  database "x" does not exist', "missing"),
        ('FATAL:  password authentication failed for user "x"', "login"),
        ("fe_sendauth: no password supplied", "login"),
        ('FATAL:  role "x" does not exist', "login"),
        ("FATAL:  sorry, too many clients already", "resources"),
        ("server closed the connection unexpectedly", "connection"),
        ("something nobody has seen", "connection"),
    ],
)
def test_each_refusal_of_a_connection_has_its_code(words: str, code: str) -> None:
    found = translate(psycopg.OperationalError(words))
    assert (found.code, found.exit_code) == (f"database_{code}", 5)
    assert found.hint
