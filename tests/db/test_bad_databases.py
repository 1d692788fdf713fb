"""Databases that are missing, damaged, locked, full, foreign, behind, ahead or gone half way.

Whatever is wrong: one clear line with a hint, the documented exit code, an `error.code` of its
own, no traceback, and the data as it was.
"""

import io
import json
import os
import pwd
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, redirect_stderr, redirect_stdout, suppress
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from petmsg.cli import run_command_line
from petmsg.db import damage, migrate
from petmsg.db.driver_errors import translate
from petmsg.db.location import locate
from petmsg.models import metadata
from tests.support import postgres
from tests.support.consistency import content, problems, raw
from tests.support.fixtures import ACTOR, NOW, Ran, add_org, run_cli
from tests.support.swarm import ROOT, Hive

READ = ("client", "list")
WRITE = ("client", "add", "Berta", "--phone", "+12025550102")
EXPLAIN = ("route", "explain", "C-1")
BOTH = pytest.mark.parametrize("line", [READ, WRITE, EXPLAIN], ids=["read", "write", "explain"])


def attempt(url: str, *line: str, wait: float = 0.2, **more: str) -> Ran:
    """Run a command that waits for locks a moment only."""
    out, err = io.StringIO(), io.StringIO()
    environ = {"PETMSG_ACTOR": ACTOR, "HOME": "/nonexistent", "PETMSG_DATABASE_URL": url, **more}
    with redirect_stdout(out), redirect_stderr(err):
        code = run_command_line([*line, "-o", "json"], environ=environ, now=NOW, wait_seconds=wait)
    return Ran(code, out.getvalue(), err.getvalue())


def assert_told(ran: Ran, code: str, exit_code: int = 5) -> None:
    """The command said what is wrong, in the one way it may."""
    assert ran.code == exit_code, (ran.code, ran.err)
    assert ran.out == ""
    lines = ran.err.strip().splitlines()
    assert len(lines) == 1, ran.err
    error = json.loads(lines[0])["error"]
    assert error["code"] == code, error
    assert error["message"]
    assert error["hint"], "no hint"
    assert "Traceback" not in ran.err
    assert "bug" not in error["message"]


def assert_stumbled(ran: Ran) -> None:
    """The command met a value that it cannot read, and said who finds out which."""
    assert (ran.code, ran.error["code"]) == (1, "bug"), (ran.code, ran.err)
    assert ran.out == ""
    assert "petmsg doctor" in ran.error["hint"]
    assert "Traceback" not in ran.err


@pytest.fixture(scope="module")
def _good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("good") / "petmsg.db"
    fill(locate(str(path)).url)
    return path


def fill(url: str) -> None:
    migrate.upgrade(url, actor=ACTOR, now=NOW, create=True)
    add_org(url)
    for line in (
        "client add Anna --ref C-1 --phone +12025550101",
        "sitter add Maya --ref S-1 --phone +13035550101",
        "number add +14155550101 --class sitter",
        "number add +14155550102 --class pool",
        "sitter activate S-1",
        "booking add --ref B-1 --client C-1 --sitter S-1 --start -1h --end +2h",
        "booking confirm B-1",
        "message send C-1 --body Hello",
    ):
        assert run_cli(url, *line.split()).code == 0


@pytest.fixture
def good(_good: Path, tmp_path: Path) -> Path:
    """A database file with a bit of everything."""
    path = tmp_path / "petmsg.db"
    shutil.copy(_good, path)
    return path


@pytest.fixture(scope="module")
def hive() -> Iterator[Hive]:
    with Hive() as warm:
        yield warm


# --------------------------------------------------------------------------- what is not a database


@BOTH
def test_a_missing_file_is_named_and_not_made(tmp_path: Path, line: tuple[str, ...]) -> None:
    ran = attempt(str(tmp_path / "no.db"), *line)
    assert_told(ran, "database_missing")
    assert "petmsg init" in ran.error["hint"]
    assert list(tmp_path.iterdir()) == []


@BOTH
def test_a_folder_is_no_database(tmp_path: Path, line: tuple[str, ...]) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    assert_told(attempt(str(folder), *line), "database_cannot_open")


@BOTH
def test_an_empty_file_holds_no_tables(tmp_path: Path, line: tuple[str, ...]) -> None:
    path = tmp_path / "empty.db"
    path.touch()
    assert_told(attempt(str(path), *line), "schema_behind")
    assert path.stat().st_size == 0


@BOTH
@pytest.mark.parametrize("bytes_", [b"name,phone\n" * 999, b"\0" * 9999, bytes(range(256)) * 99])
def test_any_other_file_is_no_database(
    tmp_path: Path, line: tuple[str, ...], bytes_: bytes
) -> None:
    path = tmp_path / "clients.csv"
    path.write_bytes(bytes_)
    assert_told(attempt(str(path), *line), "database_not_a_database")
    assert path.read_bytes() == bytes_


@BOTH
def test_another_programs_database_is_left_alone(tmp_path: Path, line: tuple[str, ...]) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA application_id=1234567")
        other.execute("CREATE TABLE client (id)")
    before = path.read_bytes()
    assert_told(attempt(str(path), *line), "database_foreign")
    ran = attempt(str(path), "init", "--org", "x", "--name", "X", "--timezone", "UTC")
    assert_told(ran, "database_foreign")
    assert path.read_bytes() == before


# ---------------------------------------------------------------------------------- what is damaged


@BOTH
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_a_truncated_file_is_damaged(good: Path, line: tuple[str, ...], kept: float) -> None:
    whole = good.read_bytes()
    good.write_bytes(whole[: int(len(whole) * kept)])
    assert_told(attempt(str(good), *line), "database_corrupt")


def test_a_file_cut_inside_its_header_is_damaged(good: Path) -> None:
    good.write_bytes(good.read_bytes()[:60])
    assert_told(attempt(str(good), *READ), "database_corrupt")


def test_a_page_that_was_overwritten_is_damage_or_not_needed(good: Path) -> None:
    """Each page in turn: never a traceback, and never a wrong answer that claims to be right."""
    whole = good.read_bytes()
    damaged = 0
    for start in range(0, len(whole), 4096):
        at = start + (100 if start == 0 else 0)
        for suffix in ("-wal", "-shm"):
            good.with_name(good.name + suffix).unlink(missing_ok=True)
        good.write_bytes(whole[:at] + b"\xff" * 8 + whole[at + 8 :])
        for line in (READ, EXPLAIN, WRITE):
            ran = attempt(str(good), *line)
            if ran.code == 1:
                assert_stumbled(ran)
            elif ran.code:
                assert_told(ran, "database_corrupt")
                damaged += 1
    assert damaged > 10


def test_flipped_bits_never_become_a_traceback(good: Path) -> None:
    """Some hit text and change what is stored: the commands may go on, or say what they met."""
    whole = good.read_bytes()
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 - shown when it fails
    dice = random.Random(seed)
    codes = set()
    for _ in range(60):
        flipped = bytearray(whole)
        for _ in range(40):
            flipped[dice.randrange(100, len(flipped))] ^= 1 << dice.randrange(8)
        for suffix in ("-wal", "-shm"):
            good.with_name(good.name + suffix).unlink(missing_ok=True)
        good.write_bytes(flipped)
        for line in (("audit", "verify"), EXPLAIN, WRITE):
            ran = attempt(str(good), *line)
            assert "Traceback" not in ran.err
            codes.add(ran.code)
            if ran.code == 1:
                assert_stumbled(ran)
            assert ran.code in (0, 1, 3, 4, 5, 10), (seed, line, ran.err)
    assert 5 in codes


STUMBLES = (("audit", "verify"), EXPLAIN, WRITE, ("thread", "show", "C-1"), ("audit", "list"))


FINDS = ("doctor", "--check", "file_integrity", "--check", "words", "--findings")


def strange(path: Path, column: str, value: object) -> bool:
    """Write a value into every row of a table, whatever stands against it; whether SQLite did."""
    table, _, name = column.partition(".")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA ignore_check_constraints=ON")
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (trigger,) in triggers.fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        with suppress(sqlite3.IntegrityError), connection:
            connection.execute(f"UPDATE {table} SET {name} = ?", (value,))
            return True
    return False


@pytest.mark.parametrize("value", [b"\xff\x00", "1"], ids=["bytes", "text"])
def test_doctor_names_the_value_that_a_command_stumbled_over(good: Path, value: object) -> None:
    """Every column in turn; of all the flipped bits those that SQLite itself never notices."""
    whole = good.read_bytes()
    columns = [
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
    ]
    stumbled = 0
    for column in columns:
        good.write_bytes(whole)
        if not strange(good, column, value):
            continue
        for line in STUMBLES:
            ran = attempt(str(good), *line)
            assert ran.code in (0, 1, 2, 3, 4, 5, 10), (column, line, ran.err)
            if ran.code == 5:  # SQLite itself says so
                assert_told(ran, "database_error")
            if ran.code != 1:
                continue
            assert_stumbled(ran)
            stumbled += 1
            table, _, name = column.partition(".")
            messages = [row["message"] for row in attempt(str(good), *FINDS).json]
            assert any(table in each and name in each for each in messages), (column, messages)
            break
    assert stumbled > 10


def test_doctor_names_the_value_of_another_type(good: Path) -> None:
    assert strange(good, "client.name", b"\x00")
    ran = attempt(str(good), "doctor", "--check", "file_integrity")
    assert ran.code == 10
    assert "client.name of row 1" in ran.json[0]["message"]


def test_who_wants_to_know_sees_where_a_command_stumbled_over_damage(good: Path) -> None:
    assert strange(good, "message_number.class", b"\x00")
    assert_stumbled(attempt(str(good), *EXPLAIN))
    ran = attempt(str(good), *EXPLAIN, PETMSG_DEBUG="1")
    assert "Traceback" in ran.err
    assert '"bug"' in ran.err


def test_every_table_is_looked_through() -> None:
    assert set(metadata.tables) == damage.TABLES


def test_a_bug_on_a_whole_database_is_called_one(
    good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever somebody else keeps in the file."""

    def stumble(*_: object, **__: object) -> None:
        raise TypeError

    with raw(str(good)) as cursor:
        cursor.run('CREATE TABLE "my notes" ("order" VARCHAR PRIMARY KEY) WITHOUT ROWID')
        cursor.run("CREATE TABLE mine (at DATETIME)")
        cursor.run("INSERT INTO mine VALUES (1767225600)")
    assert attempt(str(good), "doctor", "--check", "file_integrity").code == 0
    monkeypatch.setattr("petmsg.queries.client.list_clients", stumble)
    ran = attempt(str(good), *READ)
    assert (ran.code, ran.error["code"]) == (1, "bug")


@pytest.mark.parametrize(
    "written",
    ["2026-02-31", "2026-02-31 15:00:00.000000", "2026-02-14 15:00:00.00000x", "soon", ""],
)
def test_doctor_names_a_stored_time_that_is_none(good: Path, written: str) -> None:
    with raw(str(good)) as cursor:
        cursor.run("UPDATE client SET created_at = :written", written=written)
    assert_stumbled(attempt(str(good), *READ))
    (row,) = attempt(str(good), "doctor", "--check", "file_integrity").json
    assert "client.created_at of row 1" in row["message"]


def test_a_stored_text_that_is_not_utf_8_is_damage_and_not_repeated(good: Path) -> None:
    with raw(str(good)) as cursor:
        cursor.run("UPDATE client SET name = CAST(x'416e6e61ff' AS TEXT)")
    ran = attempt(str(good), *READ)
    assert_told(ran, "database_corrupt")
    assert "Anna" not in ran.err


# ------------------------------------------------------------------------------------ who is let in


@pytest.fixture
def reachable(_good: Path) -> Iterator[Path]:
    """A copy of the database in a folder that every user of the machine can reach."""
    folder = Path(tempfile.mkdtemp(prefix="petmsg-"))
    folder.chmod(0o755)
    path = folder / "petmsg.db"
    shutil.copy(_good, path)
    path.chmod(0o644)
    with suppress(OSError):
        os.chown(folder, 0, 0)
    yield path
    folder.chmod(0o700)
    shutil.rmtree(folder)


def other_user() -> int | None:
    """Somebody who is not root, whom permissions hold."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def as_other(hive: Hive, path: Path, *line: str) -> Ran:
    if os.geteuid() != 0:
        path.chmod(0o444)
        path.parent.chmod(0o555)
    done = hive.run(str(path), [[[*line, "-o", "json"]]], user=other_user())
    assert done.jobs[0][0] is not None
    return done.jobs[0][0]


def test_a_read_only_folder_is_read(reachable: Path, hive: Hive) -> None:
    ran = as_other(hive, reachable, *READ)
    if ran.code:  # a WAL file cannot be read where its index cannot be made
        assert_told(ran, "database_read_only")
    else:
        assert ran.json[0]["client"] == "C-1"


def test_a_read_only_folder_is_not_written_to(reachable: Path, hive: Hive) -> None:
    before = reachable.read_bytes()
    ran = as_other(hive, reachable, *WRITE)
    assert_told(ran, "database_read_only")
    assert reachable.read_bytes() == before


def test_a_read_only_file_in_a_folder_of_ones_own_is_not_written_to(
    reachable: Path, hive: Hive
) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs two users")
    reachable.parent.chmod(0o777)
    before = reachable.read_bytes()
    assert_told(as_other(hive, reachable, *WRITE), "database_read_only")
    assert reachable.read_bytes() == before


def test_a_file_of_somebody_else_cannot_be_opened(reachable: Path, hive: Hive) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs two users")
    reachable.chmod(0o600)
    reachable.parent.chmod(0o777)
    assert_told(as_other(hive, reachable, *READ), "database_cannot_open")


# ------------------------------------------------------------------------------------------- locked


@pytest.fixture
def locked(good: Path) -> Iterator[Path]:
    """A file that another program writes to and does not let go of."""
    with closing(sqlite3.connect(good, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE client SET name = 'half'")
        yield good
        other.execute("ROLLBACK")


def test_a_writer_gives_up_on_a_lock_after_its_time(locked: Path) -> None:
    started = time.monotonic()
    ran = attempt(str(locked), *WRITE)
    assert_told(ran, "busy", 75)
    assert 0.2 <= time.monotonic() - started < 5
    assert "Try again" in ran.error["hint"]


def test_a_reader_does_not_wait_for_a_writer(locked: Path) -> None:
    ran = attempt(str(locked), *READ)
    assert ran.code == 0
    assert ran.json[0]["name"] == "Anna"


def test_a_writer_waits_for_the_petmsg_before_it(good: Path) -> None:
    from petmsg.db.write_lock import write_lock

    done: list[Ran] = []
    waiting = threading.Thread(target=lambda: done.append(attempt(str(good), *WRITE, wait=20)))
    with write_lock(good):
        assert_told(attempt(str(good), *WRITE), "busy", 75)
        waiting.start()
        time.sleep(0.3)
        assert done == []
    waiting.join()
    assert done[0].code == 0


@pytest.mark.postgres
def test_a_locked_table_is_busy(filled_postgres: str) -> None:
    before = content(filled_postgres)
    with raw(filled_postgres) as cursor:
        cursor.run("LOCK TABLE client IN SHARE MODE")
        ran = attempt(filled_postgres, *WRITE)
        cursor.run("LOCK TABLE client IN ACCESS EXCLUSIVE MODE")
        read = attempt(filled_postgres, *READ)
    assert_told(ran, "busy", 75)
    assert_told(read, "busy", 75)
    assert content(filled_postgres) == before


# --------------------------------------------------------------------------------------------- full


def test_a_file_that_may_not_grow_is_a_full_disk(good: Path, hive: Hive) -> None:
    """`ulimit -f`, as a batch system sets it."""
    before = content(str(good))
    done = hive.run(str(good), [[[*WRITE, "-o", "json"]]], file_bytes=8192)
    assert done.jobs[0][0] is not None
    assert_told(done.jobs[0][0], "database_full")
    assert content(str(good)) == before
    assert attempt(str(good), *WRITE).code == 0


FILL_A_DISK = """
mount -t tmpfs -o size=1m,mode=700 none "$1" || exit 99
cp "$2" "$1/petmsg.db"
head -c 1m /dev/zero >"$1/ballast" 2>/dev/null
"$3" -m petmsg client add Berta --phone +12025550102 --db "$1/petmsg.db" -o json
echo $? >>"$4"
rm "$1/ballast"
"$3" -m petmsg client add Berta --phone +12025550102 --db "$1/petmsg.db" -o json
echo $? >>"$4"
"""


def test_a_full_disk_is_said_to_be_full(good: Path, tmp_path: Path) -> None:
    """On a disk of one megabyte, where the machine lets the tests mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    codes_file = tmp_path / "codes"
    command = ["unshare", "--mount", "sh", "-c", FILL_A_DISK, "sh"]
    try:
        done = subprocess.run(
            [*command, str(disk), str(good), sys.executable, str(codes_file)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        pytest.skip("no unshare on this machine")
    codes = codes_file.read_text().split() if codes_file.exists() else []
    if not codes:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    assert codes == ["5", "0"], done.stderr
    error = json.loads(done.stderr.strip().splitlines()[0])["error"]
    assert error["code"] == "database_full"
    assert "Free some space" in error["hint"]


# ------------------------------------------------------------------------------------ behind, ahead


@BOTH
def test_a_database_behind_is_not_used(migrated_url: str, line: tuple[str, ...]) -> None:
    migrate.downgrade(migrated_url, "0001")
    ran = attempt(migrated_url, *line)
    assert_told(ran, "schema_behind")
    assert "petmsg db upgrade" in ran.error["hint"]


@BOTH
def test_a_database_ahead_is_not_used(migrated_url: str, line: tuple[str, ...]) -> None:
    with raw(migrated_url) as cursor:
        cursor.run("UPDATE alembic_version SET version_num = '0099_of_next_year'")
    for each in (line, ("db", "upgrade")):
        assert_told(attempt(migrated_url, *each), "schema_ahead")


@BOTH
@pytest.mark.postgres
def test_a_postgresql_database_that_was_never_migrated(
    postgres_url: str, line: tuple[str, ...]
) -> None:
    ran = attempt(postgres_url, *line)
    assert_told(ran, "schema_behind")
    assert "petmsg init" in ran.error["hint"]


# --------------------------------------------------------------------------------------- PostgreSQL


@pytest.fixture
def filled_postgres(postgres_template: Callable[[str, Callable[[str], None]], str]) -> str:
    return postgres_template("filled", fill)


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


@pytest.mark.parametrize(
    "url", ["", " ", "mysql://x/y", "sqlite://", "postgresql://h", "postgresql://h:port/x", "\0"]
)
def test_an_address_that_means_nothing_is_refused(url: str) -> None:
    assert_told(attempt("x", *READ, "--db", url), "database_url")


def test_a_wait_is_half_a_minute_unless_set(good: Path) -> None:
    from petmsg.db.location import Location
    from petmsg.db.snapshot import busy_seconds
    from petmsg.db.write_lock import WAIT_SECONDS

    assert Location(good, None).wait_seconds is None
    assert timedelta(seconds=busy_seconds(Location(good, None))) == timedelta(seconds=30)
    assert timedelta(seconds=WAIT_SECONDS) == timedelta(seconds=30)
