"""The bytes of erased pictures are deleted, unless another picture has them."""

import pytest

from petmsg.media.folder_store import FolderStore
from petmsg.services.people import erase
from petmsg.workflows import erase_media
from tests.support.consistency import raw
from tests.support.fixtures import Cli, working
from tests.workflows.test_forget_client import kept, left_in, pictured, store_of

__all__ = ["kept"]


def test_bytes_that_are_stored_again_meanwhile_are_put_back(
    cli: Cli, migrated_url: str, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process commits a row with the same bytes just when they are deleted."""
    first = pictured(cli, migrated_url, kept)[0]
    with working(migrated_url) as uow:
        erase.forget(uow, "C-1", reason="she asked")
    really = FolderStore.delete

    def delete(self: FolderStore, sha256: str) -> None:
        really(self, sha256)
        with raw(migrated_url) as cursor:
            cursor.run(
                "INSERT INTO media (org_id, message_id, position, status, sha256, attempts,"
                " created_at) SELECT org_id, message_id, 7, 'stored', sha256, 0, created_at"
                " FROM media WHERE id = :id",
                id=first,
            )

    monkeypatch.setattr(FolderStore, "delete", delete)
    store = store_of(migrated_url, kept)
    with store.at_end:
        assert erase_media.erase_bytes(store, store.orgs()) == 1
    assert len(left_in(kept)) == 1
