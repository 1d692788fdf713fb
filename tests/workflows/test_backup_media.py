"""A backup with its pictures has the bytes of every picture that the database names."""

import stat
from pathlib import Path

from petmsg.media.folder_store import FolderStore
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
