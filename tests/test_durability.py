"""What was written is there after a power failure: the file is flushed before it gets its name, and
the folder that holds the name after it."""

import errno
import os
from pathlib import Path

import pytest

from petmsg.durability import flush, flush_folder, flush_folders
from tests.support.fixtures import Cli, add_org, run_cli


class Flushed(list[tuple[Path, bool]]):
    """Each path that was flushed, in this order, and whether the result had its name by then."""

    def __init__(self, result: Path) -> None:
        super().__init__()
        self._result = result

    def add(self, descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        self.append((path, self._result.exists()))

    def paths(self, *, named: bool) -> list[Path]:
        return [path for path, was_named in self if was_named == named]


def flushed(monkeypatch: pytest.MonkeyPatch, result: Path) -> Flushed:
    seen = Flushed(result)
    monkeypatch.setattr(os, "fsync", seen.add)
    return seen


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "place"
    folder.mkdir()
    return folder


def test_a_folder_is_flushed_with_all_in_it(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "org" / "media").mkdir(parents=True)
    seen = flushed(monkeypatch, place)
    flush_folders(place)
    assert {path for path, _ in seen} == {place, place / "org", place / "org" / "media"}


def test_a_path_that_is_not_there_cannot_be_flushed(place: Path) -> None:
    with pytest.raises(FileNotFoundError):
        flush(place / "nothing")


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOTSUP, errno.EACCES])
def test_a_folder_that_cannot_be_flushed_stops_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def cannot(_descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", cannot)
    flush_folder(place)


def test_a_folder_on_a_broken_disk_is_an_error(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="Input/output error"):
        flush_folder(place)


def test_a_backup(
    sqlite_cli: Cli, migrated_sqlite: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_org(migrated_sqlite)
    backup = place / "petmsg-backup.db"
    seen = flushed(monkeypatch, backup)
    assert sqlite_cli("db", "backup", str(backup)).code == 0
    assert [path.parent for path in seen.paths(named=False)][-1:] == [place]
    assert seen.paths(named=True) == [place]


def test_an_export(migrated_sqlite: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_org(migrated_sqlite)
    folder = place / "company"
    seen = flushed(monkeypatch, folder)
    assert run_cli(migrated_sqlite, "export", str(folder)).code == 0
    partial = next(path.parent for path, _ in seen if path.name == "manifest.json")
    org = partial / "happy-paws"
    assert {partial, org, org / "client.csv"} <= {*seen.paths(named=False)}
    assert seen.paths(named=True) == [place]
