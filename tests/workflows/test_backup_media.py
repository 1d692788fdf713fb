"""A backup with its pictures has the bytes of every picture that the database names.

The file has its name only once the folder is complete. `tests/campaigns/test_syscalls.py` kills the
command at each call.
"""

import stat
from pathlib import Path

import pytest

from petmsg.media.folder_store import FolderStore
from petmsg.plurals import counted
from tests.support.fixtures import Cli, looking
from tests.support.pictures import photo_with_position
from tests.support.texting import people


def send(cli: Cli, tmp_path: Path, seed: int) -> None:
    photo = tmp_path / "rex.jpg"
    photo.write_bytes(photo_with_position(64 + seed, 48))
    assert cli("message", "send", "C-1", "--media", str(photo)).code == 0


def names(url: str) -> set[str]:
    with looking(url) as cursor:
        return {row[0] for row in cursor.tuples("SELECT sha256 FROM media")}


def test_all_pictures_are_copied_and_later_only_new_ones(
    sqlite_cli: Cli, migrated_sqlite: str, tmp_path: Path
) -> None:
    people(sqlite_cli)
    send(sqlite_cli, tmp_path, 1)
    send(sqlite_cli, tmp_path, 2)
    folder = tmp_path / "kept"
    first = sqlite_cli("db", "backup", str(tmp_path / "1.db"), "--media", str(folder))
    assert first.code == 0, first.err
    assert f"Copied 2 pictures to {folder}; 0 were there already." in first.err
    send(sqlite_cli, tmp_path, 3)
    second = sqlite_cli("db", "backup", str(tmp_path / "2.db"), "--media", str(folder))
    assert f"Copied 1 picture to {folder}; 2 were there already." in second.err
    copies = FolderStore(folder)
    assert {each.sha256 for each in copies.listed()} == names(migrated_sqlite)
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_without_all_pictures_there_is_no_backup_and_a_repeated_command_completes_it(
    sqlite_cli: Cli, migrated_sqlite: str, tmp_path: Path
) -> None:
    people(sqlite_cli)
    for seed in range(4):
        send(sqlite_cli, tmp_path, seed)
    folder, target = tmp_path / "kept", tmp_path / "kept.db"
    folder.mkdir()
    last = max(names(migrated_sqlite))
    in_the_way = folder / last[:2]
    in_the_way.write_text("no folder")
    line = ("db", "backup", str(target), "--media", str(folder), "-o", "json")
    stopped = sqlite_cli(*line)
    assert (stopped.code, stopped.error["code"]) == (5, "media_store")
    assert not target.exists()
    assert not [*tmp_path.glob(".*.partial*")]
    assert [*folder.glob("*/*")]  # those before it were copied
    in_the_way.unlink()
    ran = sqlite_cli(*line)
    assert ran.code == 0, ran.err
    assert target.exists()
    assert {each.sha256 for each in FolderStore(folder).listed()} == names(migrated_sqlite)


@pytest.mark.parametrize(("revision", "pictures"), [("0005", 0), ("0006", 1)])
def test_a_database_of_an_older_schema_is_backed_up_with_the_pictures_it_names(
    sqlite_cli: Cli, tmp_path: Path, revision: str, pictures: int
) -> None:
    """As before an upgrade. The schemas before the sixth know no pictures."""
    people(sqlite_cli)
    send(sqlite_cli, tmp_path, 1)
    down = sqlite_cli("db", "downgrade", revision, "--discard-data", "--no-backup", "--yes")
    assert down.code == 0, down.err
    ran = sqlite_cli("db", "backup", str(tmp_path / "1.db"), "--media", str(tmp_path / "kept"))
    assert ran.code == 0, ran.err
    assert f"Copied {counted(pictures, 'picture')}" in ran.err


def test_a_copy_that_was_cut_off_is_copied_again(
    sqlite_cli: Cli, migrated_sqlite: str, tmp_path: Path
) -> None:
    people(sqlite_cli)
    send(sqlite_cli, tmp_path, 1)
    folder = tmp_path / "kept"
    sqlite_cli("db", "backup", str(tmp_path / "1.db"), "--media", str(folder))
    (name,) = names(migrated_sqlite)
    (path,) = [path for path in folder.rglob("*") if path.is_file()]
    path.write_bytes(path.read_bytes()[:100])
    again = sqlite_cli("db", "backup", str(tmp_path / "2.db"), "--media", str(folder))
    assert "Copied 1 picture" in again.err
    assert (FolderStore(folder).size(name) or 0) > 100


def test_a_picture_that_the_store_lost_is_told(
    sqlite_cli: Cli, migrated_sqlite: str, tmp_path: Path
) -> None:
    people(sqlite_cli)
    send(sqlite_cli, tmp_path, 1)
    for path in tmp_path.rglob("petmsg.db-media/**/*"):
        if path.is_file():
            path.unlink()
    ran = sqlite_cli("db", "backup", str(tmp_path / "1.db"), "--media", str(tmp_path / "kept"))
    assert ran.code == 0
    assert "1 picture could not be copied" in ran.err
