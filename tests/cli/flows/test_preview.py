"""`message send --preview` with files: what would be sent of them, and by which number."""

from pathlib import Path

import pytest

from tests.support.fixtures import Cli, working
from tests.support.pictures import photo_with_position
from tests.support.texting import MAYA, POOL, people_and_visit, send

LINK = "https://example.com/rex.png"


@pytest.fixture
def rex(tmp_path: Path) -> str:
    path = tmp_path / "rex.jpg"
    path.write_bytes(photo_with_position())
    return str(path)


def test_a_preview_says_what_is_sent_of_each_file_and_stores_nothing(
    sqlite_cli: Cli, rex: str, tmp_path: Path
) -> None:
    people_and_visit(sqlite_cli)
    store = tmp_path / "store"
    words = ("--preview", "--media", rex, "--media", LINK)
    ran = send(sqlite_cli, *words, PETMSG_MEDIA_DIR=str(store))
    assert ran.code == 0, ran.err
    assert (ran.json["from"], ran.json["segments"], ran.json["refused"]) == (MAYA, 1, None)
    picture, link = ran.json["media"]
    assert picture["name"] == "rex.jpg"
    assert picture["content_type"] == "image/jpeg"
    assert picture["original_size"] == Path(rex).stat().st_size
    assert picture["size"] < picture["original_size"]
    assert "position" in picture["removed"]
    assert (link["url"], link["size"], link["removed"]) == (LINK, None, [])
    assert not store.exists()
    assert sqlite_cli("message", "list", "-o", "json").json == []
    table = send(sqlite_cli, "--preview", "--media", rex, "-o", "table").out
    assert "position" in table


def test_a_preview_passes_over_a_number_that_cannot_send_pictures(
    sqlite_cli: Cli, migrated_sqlite: str, rex: str
) -> None:
    people_and_visit(sqlite_cli)
    with working(migrated_sqlite) as uow:
        uow.cursor.run("UPDATE message_number SET mms = false WHERE class = 'sitter'")
    assert send(sqlite_cli, "--preview", "--media", rex).json["from"] == POOL
    assert send(sqlite_cli, "--preview").json["from"] == MAYA
