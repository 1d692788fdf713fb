"""Bytes that another process deletes since they were put are in the store when a row with them is
committed: a process that is killed right after its commit leaves no row without bytes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from petmsg.media.folder_store import FolderStore
from petmsg.services.unit_of_work import UnitOfWork
from tests.support.fixtures import Cli, looking
from tests.support.incoming import MAYAS_PHONE
from tests.support.pictures import photo_with_position
from tests.support.texting import MAYA, people_and_visit


def one(cli: Cli, photo: Path) -> None:
    assert cli("message", "send", "C-1", "--media", str(photo), "--queue-only").code == 0


def a_file(cli: Cli, photo: Path) -> None:
    rows = photo.with_name("rows.csv")
    rows.write_text(f"client,media\nC-1,{photo.name}\n")
    assert cli("message", "send", "--file", str(rows)).code == 0


def relayed(cli: Cli, photo: Path) -> None:
    came = cli(
        "message", "receive", "--from", MAYAS_PHONE, "--to", MAYA, "--media", str(photo),
    )  # fmt: skip
    assert came.code == 0, came.err


@pytest.mark.parametrize(
    ("way", "which"),
    [(one, "clean"), (a_file, "clean"), (relayed, "clean"), (relayed, "as it came")],
    ids=["sent", "queued from a file", "relayed", "received"],
)
def test_what_is_deleted_before_the_commit_is_there_when_it_comes(
    sqlite_cli: Cli,
    migrated_sqlite: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    way: Callable[[Cli, Path], None],
    which: str,
) -> None:
    people_and_visit(sqlite_cli, "--relay", "on")
    photo = tmp_path / "rex.jpg"
    photo.write_bytes(photo_with_position())
    really, deleted = FolderStore.put, set[str]()

    def put(self: FolderStore, content: bytes) -> str:
        sha256 = really(self, content)
        is_as_it_came = content == photo.read_bytes()
        if sha256 not in deleted and is_as_it_came == (which == "as it came"):
            deleted.add(sha256)
            self.delete(sha256)
        return sha256

    store = FolderStore(Path(f"{tmp_path}/petmsg.db-media"))
    missing: list[str] = []
    finish = UnitOfWork.finish

    def committed(self: UnitOfWork) -> None:
        finish(self)
        stored = self.cursor.tuples("SELECT sha256 FROM media WHERE status = 'stored'")
        missing.extend(sha256 for (sha256,) in stored if store.size(sha256) is None)

    monkeypatch.setattr(FolderStore, "put", put)
    monkeypatch.setattr(UnitOfWork, "finish", committed)
    way(sqlite_cli, photo)
    assert (len(deleted), missing) == (1, [])
    with looking(migrated_sqlite) as cursor:
        stored = {row[0] for row in cursor.tuples("SELECT sha256 FROM media")}
    assert deleted <= stored
    assert {each.sha256 for each in store.listed()} == stored
