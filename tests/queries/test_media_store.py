"""The rows that the media store is compared with."""

from petmsg.queries.media_store import has_files, kept_files, named_hashes, note_gone
from tests.support.consistency import raw
from tests.support.fixtures import Cli, looking
from tests.workflows.test_forget_client import kept, pictured

__all__ = ["kept"]


def test_only_rows_with_bytes_are_kept_files(cli: Cli, migrated_url: str, kept: str) -> None:
    with looking(migrated_url) as cursor:
        assert not has_files(cursor)
    stored, _, _ = pictured(cli, migrated_url, kept)
    with looking(migrated_url) as cursor:
        (row,) = kept_files(cursor)
        assert (row.id, row.status) == (stored, "stored")
        assert named_hashes(cursor, [row.sha256, "0" * 64]) == {row.sha256}
        assert has_files(cursor)


def test_a_row_that_changed_meanwhile_is_not_noted(cli: Cli, migrated_url: str, kept: str) -> None:
    stored, _, _ = pictured(cli, migrated_url, kept)
    with raw(migrated_url) as cursor:
        (row,) = kept_files(cursor)
        assert not note_gone(cursor, stored, "0" * 64)
        assert note_gone(cursor, stored, row.sha256)
        assert cursor.one("SELECT status, sha256 FROM media WHERE id = :i", i=stored) == {
            "status": "lost",
            "sha256": None,
        }
