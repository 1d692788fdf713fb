"""Files that are no database or a damaged one, and databases of another version: what is told."""

import random
import sqlite3
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from petmsg.db import damage, migrate
from petmsg.models import metadata
from tests.support.bad_databases import BOTH, EXPLAIN, READ, WRITE, assert_told, attempt
from tests.support.consistency import raw
from tests.support.fixtures import Ran


def assert_stumbled(ran: Ran) -> None:
    """The command met a value that it cannot read, and said who finds out which."""
    assert (ran.code, ran.error["code"]) == (1, "bug"), (ran.code, ran.err)
    assert ran.out == ""
    assert "petmsg doctor" in ran.error["hint"]
    assert "Traceback" not in ran.err


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


@pytest.mark.parametrize(
    "line",
    [
        ("client", "list"),
        ("client", "add", "Berta", "--phone", "+12025550102"),
        ("db", "upgrade"),
        ("db", "downgrade", "0010_calls", "--yes"),
        ("init", "--org", "paws", "--name", "Paws", "--timezone", "UTC"),
    ],
    ids=" ".join,
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, line: tuple[str, ...]) -> None:
    path = tmp_path / "pets {1}.db"
    path.write_bytes(b"no database" * 1000)
    path.chmod(0o600)
    assert f"file {path} is not" in attempt(str(path), *line).err
    path.unlink()
    with closing(sqlite3.connect(path)) as theirs:
        theirs.execute("CREATE TABLE theirs (id)")
        theirs.execute("PRAGMA application_id=1")
    assert f"{path} belongs to another program" in attempt(str(path), *line).err


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
