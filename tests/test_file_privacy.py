"""Files that hold secrets are read only if nobody else may read them."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from petmsg.file_privacy import NotPrivate, own_command, read_private


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
