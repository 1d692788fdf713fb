"""media prune: files that no message has go, unless they are young."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from petmsg.media.folder_store import FolderStore
from petmsg.workflows import prune_media
from tests.support.fixtures import NOW, Cli
from tests.support.media_rows import TINY_GIF
from tests.workflows.test_forget_client import kept, left_in, pictured, store_of

__all__ = ["kept"]

HOUR = timedelta(hours=1)


def put(place: str, content: bytes, age: timedelta) -> str:
    sha256 = FolderStore(Path(place)).put(content)
    at = (NOW - age).timestamp()
    os.utime(Path(place) / sha256[:2] / sha256, (at, at))
    return sha256


def prune(url: str, place: str, *, dry_run: bool = False) -> prune_media.Pruned:
    store = store_of(url, place)
    store.dry_run = dry_run
    with store.at_end:
        return prune_media.prune(store, older_than=HOUR)


@pytest.fixture
def company(cli: Cli, migrated_url: str, kept: str) -> str:
    """Ann has a stored picture, and three files belong to nobody: two are old."""
    pictured(cli, migrated_url, kept)
    for each in Path(kept).rglob("*"):
        if each.is_file():
            os.utime(each, (0, 0))
    put(kept, TINY_GIF + b"old", HOUR * 2)
    put(kept, TINY_GIF + b"older", HOUR * 50)
    put(kept, TINY_GIF + b"young", HOUR / 2)
    (Path(kept) / "ab").mkdir(exist_ok=True)
    unfinished = Path(kept) / "ab" / ".0123.part"
    unfinished.write_bytes(b"x")
    os.utime(unfinished, (0, 0))
    return migrated_url


def test_old_files_without_a_message_are_deleted(company: str, kept: str) -> None:
    done = prune(company, kept)
    assert (done.files, done.bytes, done.unfinished) == (2, 2 * len(TINY_GIF) + 8, 1)
    assert len(left_in(kept)) == 2
    assert prune(company, kept).files == 0


def test_a_dry_run_counts_them_and_deletes_none(company: str, kept: str) -> None:
    told = prune(company, kept, dry_run=True)
    assert (told.files, told.unfinished) == (2, 1)
    assert len(left_in(kept)) == 4
    assert prune(company, kept).unfinished == 1


def test_a_file_that_is_put_again_is_young(company: str, kept: str) -> None:
    FolderStore(Path(kept)).put(TINY_GIF + b"old")
    assert prune(company, kept).files == 1


def test_the_command_takes_an_age(cli: Cli, company: str, kept: str) -> None:
    environ = {"PETMSG_MEDIA_DIR": kept}
    ran = cli("media", "prune", "--older-than", "1d", "-o", "json", **environ)
    assert (ran.code, ran.json["files"]) == (0, 1), ran.err
    ran = cli("media", "prune", "--older-than", "soon", "-o", "json", **environ)
    assert ran.code == 2
    assert "30m, 1h or 2d" in ran.err
