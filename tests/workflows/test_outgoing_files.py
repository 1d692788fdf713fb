"""Files to send are read, cleaned and stored before any transaction."""

from pathlib import Path

import pytest

from petmsg.enums.media import MediaStatus
from petmsg.errors import MediaNotAccepted, MediaUnreadable, OutOfRange
from petmsg.media.web_address import MalformedLink
from petmsg.workflows.environment import Environment
from petmsg.workflows.outgoing_files import prepare_files, store_files
from petmsg.workflows.store import Store
from tests.support.pictures import photo_with_position

LINK = "https://example.com/rex.png"


@pytest.fixture
def rex(tmp_path: Path) -> Path:
    path = tmp_path / "rex.jpg"
    path.write_bytes(photo_with_position())
    return path


def store_in(folder: Path, **options: bool) -> Store:
    environ = {"PETMSG_MEDIA_DIR": str(folder / "media")}
    return Store(Environment(environ=environ), db=str(folder / "petmsg.db"), **options)


def test_files_and_links_keep_their_order(rex: Path) -> None:
    first, second, third = prepare_files([LINK, str(rex), LINK])
    assert (first.new.status, first.new.url, first.prepared) == (MediaStatus.LINKED, LINK, None)
    assert (second.new.status, second.new.name) == (MediaStatus.STORED, "rex.jpg")
    assert second.new.content_type == "image/jpeg"
    assert "position" in second.new.removed
    assert second.new.original_size == rex.stat().st_size
    assert third.new == first.new


def test_the_bytes_are_in_the_store_under_the_hash_of_the_row(rex: Path, tmp_path: Path) -> None:
    store = store_in(tmp_path)
    files = prepare_files([str(rex), LINK])
    new, _ = store_files(store, files)
    assert new.sha256 is not None
    assert files[0].prepared is not None
    assert store.media.read(new.sha256) == files[0].prepared.content
    assert new.size == len(files[0].prepared.content)


def test_a_dry_run_stores_nothing(rex: Path, tmp_path: Path) -> None:
    new, *_ = store_files(store_in(tmp_path, dry_run=True), prepare_files([str(rex)]))
    assert new.sha256 is not None
    assert not (tmp_path / "media").exists()


def test_what_cannot_be_sent_is_refused(rex: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.jpg"
    page.write_bytes(b"<html>")
    for texts, problem in (
        ([str(tmp_path / "none.jpg")], MediaUnreadable),
        ([str(page)], MediaNotAccepted),
        (["http://example.com/rex.jpg"], MalformedLink),
        ([LINK] * 11, OutOfRange),
    ):
        with pytest.raises(problem):
            prepare_files(texts)


def test_metadata_is_kept_when_asked_for(rex: Path) -> None:
    [kept] = prepare_files([str(rex)], keep_metadata=True)
    assert kept.prepared is not None
    assert kept.prepared.content == rex.read_bytes()
    assert kept.new.removed == ()
