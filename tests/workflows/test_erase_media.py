"""The bytes of erased pictures are deleted, unless another picture has them."""

import threading
from pathlib import Path

import pytest

from petmsg.media.folder_store import FolderStore
from petmsg.services.people import erase
from petmsg.workflows import erase_media
from tests.support.fixtures import Cli, working
from tests.workflows.test_forget_client import kept, left_in, pictured, store_of

__all__ = ["kept"]


def test_a_process_that_stores_the_same_bytes_waits_for_their_deletion(
    cli: Cli, migrated_url: str, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And then finds them gone, and stores them again before its commit."""
    first = pictured(cli, migrated_url, kept)[0]
    with working(migrated_url) as uow:
        erase.forget(uow, "C-1", reason="she asked")
    pictures = FolderStore(Path(kept))
    (sha256,) = left_in(kept)
    content, really = pictures.read(sha256), FolderStore.delete

    def another_process() -> None:
        with working(migrated_url) as uow:
            erase_media.keep_bytes(uow, pictures, {sha256: content})
            uow.cursor.run(
                "INSERT INTO media (org_id, message_id, position, status, sha256, attempts,"
                " created_at) SELECT org_id, message_id, 7, 'stored', :sha256, 0, created_at"
                " FROM media WHERE id = :id",
                id=first,
                sha256=sha256,
            )

    other = threading.Thread(target=another_process)

    def delete(self: FolderStore, name: str) -> None:
        other.start()
        other.join(0.3)
        assert other.is_alive()
        really(self, name)

    monkeypatch.setattr(FolderStore, "delete", delete)
    store = store_of(migrated_url, kept)
    with store.at_end:
        assert erase_media.erase_bytes(store, store.orgs()) == 1
    other.join()
    assert left_in(kept) == [sha256]


def test_bytes_that_a_picture_has_meanwhile_are_not_deleted(
    cli: Cli, migrated_url: str, kept: str
) -> None:
    pictured(cli, migrated_url, kept)
    store = store_of(migrated_url, kept)
    (sha256,) = left_in(kept)
    with store.at_end:
        assert not erase_media.delete_unused(store, sha256)
    assert left_in(kept) == [sha256]
