"""The private file with the URLs of the channels."""

import json
import os
import stat
import threading
from pathlib import Path

import pytest

from petmsg.errors import AlreadyExists, NotifyFileUnusable
from petmsg.notify.url_file import UrlFile

URL = "json://127.0.0.1/tok-SENTINEL"


@pytest.fixture
def file(tmp_path: Path) -> UrlFile:
    return UrlFile(tmp_path / "config" / "petmsg" / "notify.json")


def test_a_missing_file_has_no_urls(file: UrlFile) -> None:
    assert file.read() == {}
    assert file.url_of("happy-paws", "ops") is None
    assert file.drop("happy-paws", "ops") is False
    assert not file.path.parent.exists()


def test_a_url_is_kept_by_org_and_channel(file: UrlFile) -> None:
    assert file.keep("happy-paws", "ops", URL)
    assert file.keep("tail-waggers", "ops", f"{URL}2")
    assert file.url_of("happy-paws", "ops") == URL
    assert file.url_of("tail-waggers", "ops") == f"{URL}2"
    assert file.drop("happy-paws", "ops")
    assert file.read() == {"tail-waggers": {"ops": f"{URL}2"}}


def test_keeping_the_same_url_again_changes_nothing(file: UrlFile) -> None:
    file.keep("happy-paws", "ops", URL)
    assert file.keep("happy-paws", "ops", URL) is False


def test_another_url_is_refused_without_showing_either(file: UrlFile) -> None:
    """A second database on the machine may have an org and a channel of the same names."""
    file.keep("happy-paws", "ops", URL)
    with pytest.raises(AlreadyExists) as refused:
        file.keep("happy-paws", "ops", "json://127.0.0.1/other-SENTINEL")
    assert "SENTINEL" not in refused.value.message + refused.value.hint
    assert file.url_of("happy-paws", "ops") == URL


def test_only_its_owner_may_read_it_and_nothing_else_stays(file: UrlFile) -> None:
    old = os.umask(0)
    try:
        file.keep("happy-paws", "ops", URL)
    finally:
        os.umask(old)
    modes = {
        each.name: stat.S_IMODE(each.stat().st_mode) for each in sorted(file.path.parent.iterdir())
    }
    assert modes == {"notify.json": 0o600, "notify.json.lock": 0o600}
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700


def test_what_a_killed_process_left_is_removed(file: UrlFile) -> None:
    file.keep("happy-paws", "ops", URL)
    left = file.path.with_name(".notify.json.4711.new")
    left.write_text(URL)
    file.keep("happy-paws", "owner", f"{URL}2")
    assert not left.exists()
    assert set(file.read()["happy-paws"]) == {"ops", "owner"}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_that_others_may_read_is_refused(file: UrlFile, mode: int) -> None:
    file.keep("happy-paws", "ops", URL)
    file.path.chmod(mode)
    for step in (file.read, lambda: file.keep("happy-paws", "b", URL)):
        with pytest.raises(NotifyFileUnusable) as refused:
            step()
        assert f"readable by others (mode {mode:04o})" in refused.value.message
        assert refused.value.hint == f"Make it private: chmod 600 {file.path}"
    assert "b" not in file.path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"happy-paws": []}', '{"happy-paws": {"ops": 5}}', "\xff"]
)
def test_a_damaged_file_is_refused_without_a_traceback_or_its_content(
    file: UrlFile, content: str
) -> None:
    file.path.parent.mkdir(parents=True)
    file.path.write_bytes(content.encode("latin-1") if content == "\xff" else content.encode())
    file.path.chmod(0o600)
    with pytest.raises(NotifyFileUnusable, match="is damaged") as refused:
        file.read()
    assert refused.value.exit_code == 5


def test_what_is_no_file_is_refused(file: UrlFile, tmp_path: Path) -> None:
    file.path.mkdir(parents=True)
    with pytest.raises(NotifyFileUnusable, match="is not a regular file"):
        file.read()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    with pytest.raises(NotifyFileUnusable, match="is not a regular file"):
        UrlFile(pipe).read()
    with pytest.raises(NotifyFileUnusable, match="cannot be used"):
        UrlFile(Path("/dev/null/x.json")).keep("happy-paws", "ops", URL)


def test_a_link_stays_a_link(file: UrlFile, tmp_path: Path) -> None:
    real = tmp_path / "real.json"
    real.write_text("{}", encoding="utf-8")
    real.chmod(0o600)
    file.path.parent.mkdir(parents=True)
    file.path.symlink_to(real)
    file.keep("happy-paws", "ops", URL)
    assert file.path.is_symlink()
    assert json.loads(real.read_text(encoding="utf-8")) == {"happy-paws": {"ops": URL}}


def test_many_writers_lose_nothing(file: UrlFile) -> None:
    writers = [
        threading.Thread(target=file.keep, args=("happy-paws", f"c-{number}", URL))
        for number in range(24)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(file.read()["happy-paws"]) == 24
