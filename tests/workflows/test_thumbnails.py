"""Thumbnails for a page: what cannot be shown is left out and said."""

import sys
from pathlib import Path

import pytest

from petmsg.queries.media_of_messages import MessageMedia
from petmsg.workflows import thumbnails
from petmsg.workflows.environment import Environment
from petmsg.workflows.store import Store
from tests.support.fixtures import NOW
from tests.support.pictures import picture, saved


def row(sha256: str | None, content_type: str = "image/jpeg") -> MessageMedia:
    return MessageMedia(1, 1, None, content_type, 9, "stored", None, sha256, 1)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    environ = {"PETMSG_DATABASE_URL": f"{tmp_path}/a.db", "PETMSG_MEDIA_DIR": f"{tmp_path}/media"}
    return Store(Environment(environ, now=NOW))


def test_a_picture_has_one_small_jpeg_however_often_it_was_sent(store: Store) -> None:
    sha256 = store.media.put(saved(picture(800, 600), "PNG"))
    found = thumbnails.thumbnails_of(store, [row(sha256), row(sha256)])
    assert list(found.by_sha256) == [sha256]
    assert found.by_sha256[sha256].startswith(b"\xff\xd8\xff")
    assert found.remarks == []


def test_what_is_no_picture_or_not_there_has_none(store: Store) -> None:
    damaged = store.media.put(saved(picture())[:200])
    rows = [row(None), row("ab" * 32), row(damaged), row("cd" * 32, "application/pdf")]
    found = thumbnails.thumbnails_of(store, rows)
    assert found.by_sha256 == {}
    assert found.remarks == ["2 pictures could not be read: see petmsg doctor"]


def test_the_newest_are_shown(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnails, "MOST", 2)
    hashes = [store.media.put(saved(picture(seed=seed))) for seed in (1, 2, 3)]
    found = thumbnails.thumbnails_of(store, [row(each) for each in hashes])
    assert set(found.by_sha256) == set(hashes[1:])
    assert "newest 2 pictures" in found.remarks[0]


def test_without_pillow_there_are_names_and_the_command_that_installs_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = store.media.put(saved(picture()))
    monkeypatch.setitem(sys.modules, "PIL", None)
    found = thumbnails.thumbnails_of(store, [row(sha256)])
    assert found.by_sha256 == {}
    assert "only their names" in found.remarks[0]
    assert "petmsg[media]" in found.remarks[1]
