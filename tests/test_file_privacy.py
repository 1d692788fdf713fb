"""Files that hold secrets are read only if nobody else may read them."""

import os
import pwd
import shlex
import subprocess
from pathlib import Path

import pytest

from petmsg.db.liveness import worker
from petmsg.db.location import locate
from petmsg.db.write_lock import lock_file, write_lock
from petmsg.file_privacy import NotPrivate, give_to_owner_of, own_command, read_private
from petmsg.media.folder_store import FolderStore


def private(folder: Path, content: bytes = b"secret", mode: int = 0o600) -> Path:
    path = folder / "file"
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_private_file_is_read(tmp_path: Path, mode: int) -> None:
    assert read_private(private(tmp_path, mode=mode), most=6) == b"secret"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_file_that_others_may_use_is_refused_with_the_command(tmp_path: Path, mode: int) -> None:
    path = private(tmp_path, mode=mode)
    with pytest.raises(NotPrivate, match=f"readable by others \\(mode {mode:04o}\\)") as found:
        read_private(path, most=6)
    assert found.value.fix == f"chmod 600 {path}"


def test_the_command_can_be_typed_as_it_stands(tmp_path: Path) -> None:
    """Also on macOS, where settings are in a folder with a space in its name."""
    folder = tmp_path / "Application Support"
    folder.mkdir()
    path = private(folder, mode=0o644)
    with pytest.raises(NotPrivate) as found:
        read_private(path, most=6)
    subprocess.run(["sh", "-c", found.value.fix], check=True)
    assert read_private(path, most=6) == b"secret"
    assert shlex.split(own_command(path)) == [
        "chown", "$USER", str(path), "&&", "chmod", "600", str(path)
    ]  # fmt: skip


def test_a_long_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotPrivate, match="too large"):
        read_private(private(tmp_path), most=5)


def test_a_folder_and_a_pipe_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(NotPrivate, match="not a regular file"):
            read_private(path, most=6)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    path = private(tmp_path)
    os.chown(path, 12345, 12345)
    with pytest.raises(NotPrivate, match="belongs to another user"):
        read_private(path, most=6)


def test_a_missing_file_is_the_callers_matter(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_private(tmp_path / "none", most=6)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_what_root_makes_belongs_to_the_owner_of_the_data(tmp_path: Path) -> None:
    """A lock that root has made locked the user of the services out."""
    nobody = pwd.getpwnam("nobody")
    database = tmp_path / "petmsg.db"
    database.touch(0o600)
    os.chown(database, nobody.pw_uid, nobody.pw_gid)
    os.chown(tmp_path, nobody.pw_uid, nobody.pw_gid)
    store = FolderStore(tmp_path / "petmsg.db-media")
    store.put(b"rex")
    with write_lock(database), worker(locate(str(database))):
        made = [path.lstat() for path in tmp_path.rglob("*")]
    assert len(made) == 6  # the database, its lock, the worker, two folders, a picture
    assert {(each.st_uid, each.st_gid) for each in made} == {(nobody.pw_uid, nobody.pw_gid)}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_link_that_a_user_put_there_is_not_given_away(tmp_path: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    database, theirs = tmp_path / "petmsg.db", tmp_path / "secret"
    database.touch(0o600)
    os.chown(database, nobody.pw_uid, nobody.pw_gid)
    theirs.touch(0o600)
    lock_file(database).hardlink_to(theirs)
    with write_lock(database):
        assert theirs.stat().st_uid == 0


def test_nobody_but_root_gives_files_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    give_to_owner_of(tmp_path, -1)  # a descriptor that fchown would refuse
