"""A folder of pictures: the contract of every store, and what is true of files only."""

import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from petmsg.errors import CONFIGURATION, MediaStoreUnusable
from petmsg.media import folder_store
from petmsg.media.folder_store import FolderStore
from tests.media.contract import CAT, REX, MediaStoreContract

LATER = timedelta(minutes=1)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestFolderStore(MediaStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> FolderStore:
        return FolderStore(tmp_path / "pets.db-media")

    @pytest.fixture
    def again(self, tmp_path: Path) -> FolderStore:
        return FolderStore(tmp_path / "pets.db-media")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "media"


@pytest.fixture
def store(folder: Path) -> FolderStore:
    return FolderStore(folder)


def test_only_the_owner_can_read_it(store: FolderStore, folder: Path) -> None:
    before = os.umask(0)
    try:
        name = store.put(REX)
    finally:
        os.umask(before)
    assert mode(folder) == mode(folder / name[:2]) == 0o700
    assert mode(folder / name[:2] / name) == 0o600


def test_reading_makes_no_folder(store: FolderStore, folder: Path) -> None:
    assert list(store.listed()) == []
    assert store.size("a" * 64) is None
    store.delete("a" * 64)
    assert not folder.exists()


def test_a_damaged_file_is_repaired_by_putting_it_again(store: FolderStore, folder: Path) -> None:
    name = store.put(REX)
    (folder / name[:2] / name).write_bytes(REX[::-1])
    store.put(REX)
    assert store.read(name) == REX
    assert [path.name for path in (folder / name[:2]).iterdir()] == [name]


def test_an_interrupted_put_leaves_nothing_that_is_seen(
    store: FolderStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = store.put(CAT)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder_store.os, "fsync", full)
    with pytest.raises(MediaStoreUnusable, match="No space left on device") as unusable:
        store.put(REX)
    assert unusable.value.exit_code == CONFIGURATION
    assert [file.sha256 for file in store.listed()] == [kept]
    assert [path.name for path in folder.rglob("*") if path.is_file()] == [kept]


def test_what_a_killed_process_left_is_cleared_when_it_is_old(
    store: FolderStore, folder: Path
) -> None:
    name = store.put(REX)
    left = folder / name[:2] / ".0123456789abcdef.part"
    left.write_bytes(b"half a pic")
    assert [file.sha256 for file in store.listed()] == [name]
    now = datetime.now(UTC)
    assert store.clear_unfinished(before=now - LATER) == 0
    assert left.exists()
    assert store.count_unfinished(before=now - LATER) == 0
    assert store.count_unfinished(before=now + LATER) == 1
    assert store.clear_unfinished(before=now + LATER) == 1
    assert not left.exists()
    assert store.read(name) == REX


def test_other_files_in_the_folder_are_passed_over(store: FolderStore, folder: Path) -> None:
    name = store.put(REX)
    (folder / "README").write_text("ours")
    (folder / "zz").mkdir()
    (folder / name[:2] / "notes.txt").write_text("ours")
    (folder / name[:2] / ("f" * 64)).symlink_to("/etc/hostname")
    misplaced = folder / "00" / ("f" * 64)
    misplaced.parent.mkdir(exist_ok=True)
    misplaced.write_bytes(b"in the wrong folder")
    assert [file.sha256 for file in store.listed()] == [name]


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(MediaStoreUnusable, match=r"Not a directory|File exists") as unusable:
        FolderStore(tmp_path / "file").put(REX)
    assert "PETMSG_MEDIA_DIR" in unusable.value.hint


def test_many_writers_of_the_same_bytes_leave_one_whole_file(
    store: FolderStore, folder: Path
) -> None:
    content = os.urandom(200_000)
    begin = threading.Barrier(8)

    def put(_number: int) -> str:
        begin.wait()
        names = {store.put(content) for _ in range(20)}
        (name,) = names
        assert store.read(name) == content
        return name

    with ThreadPoolExecutor(8) as pool:
        (name,) = set(pool.map(put, range(8)))
    assert [path.name for path in folder.rglob("*") if path.is_file()] == [name]
