"""A backup or an export is written beside its place; what a killed one left goes with the next."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from petmsg.db.partial_files import temp_path_for

TWO_HOURS = 7200


@pytest.fixture
def gone() -> int:
    """The id of a process that has ended."""
    with subprocess.Popen(["true"]) as ended:
        pass
    return ended.pid


def left(folder: Path, name: str, *, seconds: float = TWO_HOURS, holds: str | None = None) -> Path:
    path = folder / name
    if holds is None:
        path.write_bytes(b"half")
    else:
        (path / holds).parent.mkdir(parents=True)
        (path / holds).write_bytes(b"half")
        for each in (path / holds, (path / holds).parent):
            os.utime(each, (time.time() - seconds,) * 2)
    os.utime(path, (time.time() - seconds,) * 2)
    return path


def test_it_is_written_in_the_same_folder_and_hidden(tmp_path: Path) -> None:
    path = temp_path_for(tmp_path / "backup.db")
    assert path == tmp_path / f".backup.db.{os.getpid()}.petmsg.partial"


def test_what_a_killed_process_left_long_ago_is_removed(tmp_path: Path, gone: int) -> None:
    file = left(tmp_path, f".monday.db.{gone}.petmsg.partial")
    folder = left(tmp_path, f".export.{gone}.petmsg.partial", holds="happy-paws/clients.csv")
    beside_it = [left(tmp_path, f"{file.name}{each}") for each in ("-journal", "-wal", "-shm")]
    temp_path_for(tmp_path / "tuesday.db")
    assert [each for each in (file, folder, *beside_it) if each.exists()] == []


def test_what_a_process_of_our_own_id_left_is_removed(tmp_path: Path) -> None:
    """In a container petmsg has the same id each time; nothing of this run is there yet."""
    file = left(tmp_path, f".monday.db.{os.getpid()}.petmsg.partial")
    temp_path_for(tmp_path / "tuesday.db")
    assert not file.exists()


def test_what_is_being_written_stays(tmp_path: Path, gone: int) -> None:
    """By somebody who runs, or by somebody on another machine, whom nobody here sees running."""
    kept = [
        left(tmp_path, f".a.db.{os.getppid()}.petmsg.partial"),
        left(tmp_path, f".b.db.{gone}.petmsg.partial", seconds=60),
        left(tmp_path, f".c.{gone}.petmsg.partial", holds="happy-paws/clients.csv", seconds=60),
    ]
    temp_path_for(tmp_path / "tuesday.db")
    assert [each.exists() for each in kept] == [True, True, True]


def test_what_is_not_petmsgs_stays(tmp_path: Path, gone: int) -> None:
    kept = [
        left(tmp_path, f".film.mkv.{gone}.partial"),
        left(tmp_path, ".film.mkv.petmsg.partial"),
        left(tmp_path, f"backup.{gone}.petmsg.partial"),
    ]
    temp_path_for(tmp_path / "tuesday.db")
    assert [each.exists() for each in kept] == [True, True, True]


def test_a_folder_that_cannot_be_read_is_no_matter(tmp_path: Path) -> None:
    assert temp_path_for(tmp_path / "nowhere" / "x.db").name.startswith(".x.db.")
