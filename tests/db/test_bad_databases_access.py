"""Database files that may not be read or written, are locked, or are on a full disk."""

import json
import os
import pwd
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.support.bad_databases import READ, WRITE, assert_told, attempt
from tests.support.consistency import content, raw
from tests.support.fixtures import Ran
from tests.support.swarm import ROOT, Hive


@pytest.fixture(scope="module")
def hive() -> Iterator[Hive]:
    with Hive() as warm:
        yield warm


# ------------------------------------------------------------------------------------ who is let in


@pytest.fixture
def reachable(filled_once: Path) -> Iterator[Path]:
    """A copy of the database in a folder that every user of the machine can reach."""
    folder = Path(tempfile.mkdtemp(prefix="petmsg-"))
    folder.chmod(0o755)
    path = folder / "petmsg.db"
    shutil.copy(filled_once, path)
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
    for line in (
        WRITE,
        ("db", "downgrade", "0010_calls", "--yes"),
        ("db", "restored", "--since", "now"),
    ):
        ran = as_other(hive, reachable, *line)
        assert_told(ran, "database_read_only")
        assert f"The database {reachable} is read-only." in ran.err
    assert reachable.read_bytes() == before


def test_a_file_of_somebody_else_cannot_be_opened(reachable: Path, hive: Hive) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs two users")
    reachable.chmod(0o600)
    reachable.parent.chmod(0o777)
    ran = as_other(hive, reachable, *READ)
    assert_told(ran, "database_cannot_open")
    assert f"The database file {reachable} cannot be opened." in ran.err


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
