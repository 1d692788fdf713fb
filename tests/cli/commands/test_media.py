"""petmsg media list, show, save; and pictures in what shows messages."""

from datetime import timedelta
from pathlib import Path

import pytest

from petmsg.enums.media import MediaStatus
from tests.support.fixtures import NOW, Cli
from tests.support.incoming import comes
from tests.support.media_rows import TINY_GIF, add_link, add_media
from tests.support.texting import people


@pytest.fixture
def ready(sqlite_cli: Cli, migrated_sqlite: str) -> Cli:
    """Message 1 to C-1 with a stored picture (1) and one at a web address (2), and message 2 from
    C-1 with a missing (3), a lost (4) and an erased one (5)."""
    people(sqlite_cli)
    sqlite_cli("message", "send", "C-1", "--body", "Walked and fed")
    comes(sqlite_cli, "Thanks", sender="+14155551001", to="+14155550100")
    url = migrated_sqlite
    add_media(
        url, 1, content=TINY_GIF, name="rex\x1b[31m.jpg", original_size=4_000_000,
        removed="position,camera",
    )  # fmt: skip
    add_media(url, 1, status=MediaStatus.LINKED, url="https://pets.example/a.png", name="a.png")
    add_media(url, 2, content_type="image/png")
    add_media(url, 2, status=MediaStatus.LOST, error="Twilio has deleted it")
    add_media(url, 2, status=MediaStatus.ERASED)
    return sqlite_cli


def test_a_list_says_what_and_where(ready: Cli) -> None:
    rows = ready("media", "list", "-o", "json").json
    assert [(row["media"], row["message"], row["direction"], row["status"]) for row in rows] == [
        (5, 2, "inbound", "erased"),
        (4, 2, "inbound", "lost"),
        (3, 2, "inbound", "missing"),
        (2, 1, "outbound", "linked"),
        (1, 1, "outbound", "stored"),
    ]
    table = ready("media", "list", "--message", "1", "-o", "table", COLUMNS="160").out
    assert "image/gif" in table
    assert "35 bytes" in table
    assert "\x1b[31m" not in table
    missing = ready("media", "list", "--missing", "-o", "json").json
    assert [(row["media"], row["error"]) for row in missing] == [
        (4, "Twilio has deleted it"),
        (3, None),
    ]


def test_show_says_all_of_it_but_no_token(ready: Cli, migrated_sqlite: str) -> None:
    add_link(migrated_sqlite, 1, token_hash="5ec" * 21, expires_at=NOW + timedelta(hours=2))
    ran = ready("media", "show", "1", "-o", "json")
    shown = ran.json
    assert (shown["size"], shown["original_size"]) == (len(TINY_GIF), 4_000_000)
    assert shown["removed"] == ["position", "camera"]
    assert shown["in_store"] is True
    assert shown["place"] == f"{migrated_sqlite.removeprefix('sqlite:///')}-media"
    assert shown["link"] == {
        "created_at": "2026-02-14T15:00:00Z",
        "expires_at": "2026-02-14T17:00:00Z",
        "expired": False,
    }
    assert "5ec5ec" not in ran.out
    assert ready("media", "show", "2", "-o", "json").json["url"] == "https://pets.example/a.png"
    later = ready("media", "show", "1", "-o", "table", now=NOW + timedelta(hours=3))
    assert "expired 2026-02-14 12:00 EST" in later.out
    unknown = ready("media", "show", "404", "-o", "json")
    assert (unknown.code, unknown.error["code"]) == (3, "media_not_found")


def test_save_writes_a_file_and_says_where(ready: Cli, tmp_path: Path) -> None:
    (row,) = ready("media", "save", "1", "--to", str(tmp_path / "out"), "-o", "json").json
    assert Path(row["file"]).read_bytes() == TINY_GIF
    assert Path(row["file"]).name == "1-1-rex_31m.gif"
    (again,) = ready("media", "save", "1", "--to", str(tmp_path / "out"), "-o", "json").json
    assert again == {**row, "reused": True}


@pytest.mark.parametrize(
    ("id_", "code", "hint"),
    [
        ("2", "media_not_stored", "https://pets.example/a.png"),
        ("3", "media_not_stored", "petmsg media fetch 3"),
        ("4", "media_not_stored", "petmsg media fetch 4"),
        ("5", "media_not_stored", "petmsg message show 2"),
    ],
)
def test_what_is_not_stored_is_refused_with_what_helps(
    ready: Cli, tmp_path: Path, id_: str, code: str, hint: str
) -> None:
    ran = ready("media", "save", id_, "--to", str(tmp_path), "-o", "json")
    assert (ran.code, ran.error["code"]) == (4, code)
    assert hint in ran.error["hint"]


def test_exits_of_save(ready: Cli, tmp_path: Path) -> None:
    to = ("--to", str(tmp_path), "-o", "json")
    assert ready("media", "save", "404", *to).code == 3
    assert ready("media", "save", "x", *to).code == 2
    several = ready("media", "save", "1", "4", "404", *to)
    assert several.code == 4
    assert [row.get("error", {}).get("code") for row in several.json] == [
        None,
        "media_not_stored",
        "media_not_found",
    ]
    assert ready("media", "save", "1", "--to", f"{tmp_path}/a/b", "-o", "json").code == 5


SAID = [
    "[rex\\x1b[31m.jpg, 35 bytes, GIF]",
    "[a.png, at a web address]",
    "[picture being fetched]",
    "[picture lost: Twilio has deleted it; petmsg media fetch 4]",
    "[picture erased]",
]


def test_a_person_reads_the_pictures_where_they_read_the_words(ready: Cli) -> None:
    wide = {"COLUMNS": "200"}
    thread = ready("thread", "show", "C-1", "-o", "table", **wide).out
    messages = ready("message", "list", "-o", "table", **wide).out
    messages = " ".join(messages.split())
    for said in SAID:
        assert said in thread
    assert "kept by the provider" not in thread + messages
    assert "[picture being fetched]" in messages
    for command in (("message", "show", "2"), ("inbox", "show", "2"), ("inbox", "list")):
        shown = " ".join(ready(*command, "-o", "table", COLUMNS="400").out.split())
        for said in SAID[2:]:
            assert said in shown, command


def test_json_has_the_pictures_of_each_message(ready: Cli) -> None:
    first = {
        "media": 3, "name": None, "content_type": "image/png", "size": None, "status": "missing",
    }  # fmt: skip
    found = [
        ready("message", "show", "2", "-o", "json").json["media"],
        ready("message", "list", "-o", "json").json[0]["media"],
        ready("thread", "show", "C-1", "-o", "json").json["messages"][1]["media"],
        ready("inbox", "show", "2", "-o", "json").json["media"],
        ready("inbox", "list", "-o", "json").json[0]["media"],
    ]
    for media in found:
        assert media[0] == first
        assert [each["status"] for each in media] == ["missing", "lost", "erased"]
