"""The file that somebody names: read if it is one, refused before it is read whole if large."""

import os
from pathlib import Path

import pytest

from petmsg.errors import MediaTooLarge, MediaUnreadable
from petmsg.media.read_file import read_file
from tests.support import pictures


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "rex.jpg"
    file.write_bytes(pictures.photo())
    assert read_file(file) == pictures.photo()


def test_what_is_not_a_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, words in (
        ("none.jpg", "No such file"),
        (".", "is not a file"),
        ("pipe", "is not a file"),
        ("a\0b", "null"),
        ("x" * 300, "too long"),
    ):
        with pytest.raises(MediaUnreadable, match=words) as refused:
            read_file(tmp_path / name)
        assert (refused.value.exit_code, refused.value.code) == (2, "media_unreadable")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "rex.jpg"
    file.write_bytes(b"x")
    file.chmod(0)
    with pytest.raises(MediaUnreadable, match="Permission denied"):
        read_file(file)


def test_a_large_file_is_refused_without_being_read(tmp_path: Path) -> None:
    file = tmp_path / "rex.jpg"
    with file.open("wb") as sparse:
        sparse.truncate(10**11)
    with pytest.raises(MediaTooLarge, match=r"'rex.jpg' has 100,000,000,000 bytes") as refused:
        read_file(file)
    assert refused.value.exit_code == 4
